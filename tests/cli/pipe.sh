#!/bin/sh
# SPDX-License-Identifier: MIT
# pipe.sh MSIRACE FOLDER: a reader of standard output that leaves before the end, as `head -1` does, is no error: every command
# ends silently, by SIGPIPE, and what it writes to files is whole.
. "$2/suite.sh"
cd "$2" || exit 1
mkfifo "$work/gone"
# unread STATUS ARGS...: runs msirace with a pipe as its standard output that nobody reads; its messages are in $work/err.
unread()
{
	status=$1
	shift
	{
		read -r _ <"$work/gone"
		env --default-signal=PIPE "$msirace" "$@" 2>"$work/err" </dev/null
		echo $? >"$work/status"
	} | {
		exec <&-
		echo >"$work/gone"
	}
	[ "$(cat "$work/status")" -eq "$status" ] || fail "$*: status $(cat "$work/status"), not $status: $(cat "$work/err")"
}
silent()
{
	unread "$@"
	[ -s "$work/err" ] && fail "$*: says $(cat "$work/err")"
}

check=../../scenarios/check/msi-weak.yaml
trace=../data/recordings/affinity-4cpu.trace.xz
sed '/^expect:/,$d' valid.yaml >"$work/held.yaml"
printf 'expect:\n  - x86-direct: raised == 0\n' | cat "$work/held.yaml" - >"$work/fails.yaml"
token=$("$msirace" check "$check" --strategy x86-direct-data-first | sed -n 's/.*path to .*: \(c1[^ ]*\)$/\1/p' | head -n 1)
"$msirace" run "$work/held.yaml" --no-timing --json "$work/results.json" >/dev/null || fail "run"

# As many bytes as a pipe holds, and more; before and after processes of their own have run.
silent 141 --help
silent 141 --version
silent 141 explain maskable
silent 141 list strategies
silent 141 list keys
silent 141 list scenarios ../../scenarios
silent 141 validate "$work/held.yaml"
silent 141 validate "$work/held.yaml" --resolved
silent 141 compare "$work/results.json" "$work/results.json"
silent 141 import "$trace"
silent 141 check "$check" --strategy x86-direct-data-first
silent 141 replay "$check" --path "$token"
silent 141 run "$work/held.yaml"
silent 141 run "$work/held.yaml" --jobs 1 --json -
silent 141 run "$work/held.yaml" "$work/held.yaml" --csv -
[ "$("$msirace" import "$trace" --no-strategies 2>"$work/err" | head -n 1 | cut -c1-9)" = recording ] || fail "head"
[ -s "$work/err" ] && fail "head: $(cat "$work/err")"

# What says more than that stays.
silent 1 run "$work/fails.yaml"
unread 2 run "$work/missing.yaml"
grep -q "missing.yaml" "$work/err" || fail "a missing file is not named"
unread 2 list strateges
grep -q "did you mean 'strategies'" "$work/err" || fail "a wrong word is not named"

# Files are written, or reported.
silent 141 run "$work/held.yaml" --no-timing --json "$work/unread.json" --csv "$work/unread.csv" --junit "$work/unread.xml"
cmp "$work/results.json" "$work/unread.json" || fail "another document than with a reader"
[ -s "$work/unread.csv" ] || fail "no CSV"
grep -q "</testsuites>" "$work/unread.xml" || fail "the JUnit document has no end"
silent 141 import "$trace" --no-strategies -o "$work/unread.yaml" --json "$work/import.json"
"$msirace" import "$trace" --no-strategies -o "$work/read.yaml" --json "$work/read.json" >/dev/null || fail "import"
cmp "$work/read.yaml" "$work/unread.yaml" && cmp "$work/read.json" "$work/import.json" || fail "import's files"
silent 141 review review.yaml -o "$work/review"
tail -n 1 "$work/review/report.html" | grep -q "</html>" || fail "the review's report has no end"
silent 141 plot "$work/review/review.json" -o "$work/plots"
[ -s "$work/plots/review-loss.svg" ] || fail "no picture"
unread 3 run "$work/held.yaml" --json "$work/none/x.json"
grep -q "none/x.json: cannot write: No such file" "$work/err" || fail "a file that cannot be written: $(cat "$work/err")"
grep -q "standard output" "$work/err" && fail "standard output is spoken of"

# What only the reader would have seen is not worked out: the second strategy's expectation is not looked at.
sed '/^check:/,$d' "$check" >"$work/check.yaml"
cat >>"$work/check.yaml" <<-'END'
	check:
	  raises: 2
	  migrations: 1
	  expect:
	    - x86-tmp: stale always
	END
set -- check "$work/check.yaml" --strategy x86-direct-data-first --strategy x86-tmp
"$msirace" "$@" --witness "$work/read.witness" >/dev/null
[ $? -eq 1 ] || fail "the expectation holds"
silent 141 "$@"
silent 1 "$@" --witness "$work/unread.witness"
cmp "$work/read.witness" "$work/unread.witness" || fail "another witness than with a reader"

# Who starts the program with SIGPIPE ignored wants the error.
(
	trap '' PIPE
	{
		read -r _ <"$work/gone"
		"$msirace" list keys 2>"$work/err"
		echo $? >"$work/status"
	} | {
		exec <&-
		echo >"$work/gone"
	}
)
[ "$(cat "$work/status")" -eq 3 ] || fail "SIGPIPE ignored: status $(cat "$work/status")"
grep -q "standard output: cannot write: Broken pipe" "$work/err" || fail "SIGPIPE ignored: $(cat "$work/err")"
exit $failed
