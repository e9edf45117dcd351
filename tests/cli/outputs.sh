#!/bin/sh
# SPDX-License-Identifier: MIT
# outputs.sh MSIRACE FOLDER: a document that cannot be written leaves the one that was there, and nothing beside it; no
# command writes a file that it reads, or one file twice.
. "$2/suite.sh"
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$2" || exit 1
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

# Nothing is written where that would cost an input or another output.
trace=../data/recordings/affinity-4cpu.trace.xz
mkdir "$work/in" "$work/in/folder"
cp valid.yaml "$work/in/m.yaml"
cp valid.yaml "$work/in/folder/m.yaml"
cp sweep.yaml "$work/in/sweep.yaml"
cp "$work/a.json" "$work/in/a.json"
cp "$work/a.json" "$work/in/b.json"
cp "$work/a.json" "$work/in/report.html"
xz -dc "$trace" >"$work/in/x.trace"
cp "$work/in/x.trace" "$work/in/s.ktdump"
ln -s a.json "$work/in/link.json"
ln "$work/in/a.json" "$work/in/hard.json"
ln -s new "$work/in/newer"
{ cat valid.yaml; echo "recording: x.trace"; } >"$work/in/recorded.yaml"
cp -r "$work/in" "$work/before"
msirace=$(realpath "$msirace")
cd "$work/in" || exit 1
refused()
{
	pattern=$1
	shift
	expect 2 "$@"
	says "$pattern"
	diff -r --no-dereference "$work/before" "$work/in" || fail "$*: something was written"
	[ -s "$work/out" ] && fail "$*: something was done"
}
refused "--json: './m.yaml' would overwrite 'm.yaml', which is read" run m.yaml --json ./m.yaml
refused "would overwrite 'folder/m.yaml'" run folder --junit folder/m.yaml
refused "which is read" run recorded.yaml --csv x.trace
refused "--store: 'sweep.yaml' would overwrite" run sweep.yaml --store sweep.yaml
refused "which is written too" run sweep.yaml --json sweep.sweep
refused "--json and --csv: 'o' and '../in/o' are the same file" run m.yaml --json o --csv ../in/o
refused "--json and --trace" run m.yaml --json newer --trace new
refused "--json: 'a.json' would overwrite" compare a.json b.json --json a.json
refused "--markdown: 'link.json' would overwrite 'a.json'" compare b.json a.json --markdown link.json
refused "--junit: 'hard.json' would overwrite 'a.json'" compare b.json a.json --junit hard.json
refused "--output: 'a.json'" report a.json -o a.json
refused "'report.html' would overwrite" report b.json report.html
refused "--output: 'x.trace'" import x.trace -o x.trace
refused "--output and --json" import x.trace -o y --json y
refused "would overwrite 's.ktdump'" import x.trace --snapshot s.ktdump --json s.ktdump
refused "--witness and --dot" check m.yaml --witness y --dot y
refused "--dot: 'm.yaml'" replay m.yaml --path c1 --dot m.yaml
refused "--store is for a sweep" run m.yaml --store o
refused "--resume is for a sweep" run m.yaml --resume
"$msirace" run m.yaml --json "$work/log" >"$work/log" 2>"$work/err"
[ $? -eq 2 ] || fail "a document where standard output goes"
says "is where standard output goes"
expect 0 compare a.json link.json --json /dev/null --markdown /dev/null
expect 0 run folder sweep.yaml --store "$work/store" --resume
exit $failed
