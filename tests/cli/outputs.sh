#!/bin/sh
# SPDX-License-Identifier: MIT
# outputs.sh MSIRACE FOLDER: a document that cannot be written leaves the one that was there, and nothing beside it.
set -u
msirace=$1
cd "$2" || exit 1
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
failed=0
fail()
{
	echo "FAILED: $*"
	failed=1
}
# expect STATUS ARGS...: runs msirace, with its output in $work/out and its messages in $work/err.
expect()
{
	status=$1
	shift
	"$msirace" "$@" >"$work/out" 2>"$work/err" </dev/null
	found=$?
	[ $found -eq "$status" ] || fail "$*: exit status $found, not $status: $(cat "$work/err")"
}
says()
{
	grep -qF -e "$1" "$work/err" || fail "no '$1' in: $(cat "$work/err")"
}

# No file may become larger than 4 KiB, which is less than any of these documents has.
mkdir "$work/keep"
for name in json trace html; do echo good >"$work/keep/$name"; done
expect 0 run valid.yaml --no-timing --json "$work/a.json"
small()
{
	(
		ulimit -f 8
		"$msirace" "$@" >"$work/out" 2>"$work/err"
	)
	found=$?
	[ $found -eq 3 ] || fail "$*: exit status $found, not 3: $(cat "$work/err")"
	says "cannot write: File too large"
}
small run -q valid.yaml --json "$work/keep/json"
small run -q valid.yaml --trace "$work/keep/trace"
small run -q valid.yaml --json "$work/keep/new"
small report "$work/a.json" -o "$work/keep/html"
cat >"$work/good" <<-END
	good
	good
	good
	END
cat "$work"/keep/* | cmp - "$work/good" || fail "a document was destroyed"
[ "$(ls -A "$work/keep" | tr '\n' ' ')" = "html json trace " ] || fail "left over: $(ls -A "$work/keep")"
expect 0 manual "$work/manual"
cp -r "$work/manual" "$work/manual.before"
small manual "$work/manual"
for page in msirace.bash msirace-scenario.5; do
	cmp "$work/manual/$page" "$work/manual.before/$page" || fail "the manual was destroyed"
done
[ "$(ls -A "$work/manual")" = "$(ls -A "$work/manual.before")" ] || fail "left over: $(ls -A "$work/manual")"

# A violent death in the middle of a trace leaves nothing.
mkdir "$work/dead"
"$msirace" run valid.yaml --duration 2000s --jobs 1 --trace "$work/dead/trace" >/dev/null 2>&1 &
pid=$!
sleep 0.5
kill -9 $pid
wait $pid 2>/dev/null
sleep 0.2
[ -z "$(ls -A "$work/dead")" ] || fail "left over: $(ls -A "$work/dead")"

# What is no file is written directly.
"$msirace" run -q valid.yaml --no-timing --json /dev/stdout | cmp - "$work/a.json" || fail "/dev/stdout, a pipe"
"$msirace" run -q valid.yaml --no-timing --json /dev/stdout >"$work/b.json" || fail "/dev/stdout"
cmp "$work/a.json" "$work/b.json" || fail "/dev/stdout, a file"
mkfifo "$work/fifo"
cat "$work/fifo" >"$work/c.json" &
expect 0 run -q valid.yaml --no-timing --json "$work/fifo"
wait
cmp "$work/a.json" "$work/c.json" || fail "a fifo"
[ -p "$work/fifo" ] || fail "the fifo is gone"
exit $failed
