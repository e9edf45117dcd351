# SPDX-License-Identifier: MIT
# Read by each suite, which is given MSIRACE FOLDER: a folder for its files that goes with it, and how it says what is wrong.
set -u
msirace=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail()
{
	echo "FAILED: $*"
	failed=1
}
# expect STATUS ARGS...: runs msirace, with its output in $work/out and its messages in $work/err
expect()
{
	status=$1
	shift
	"$msirace" "$@" >"$work/out" 2>"$work/err" </dev/null
	found=$?
	[ $found -eq "$status" ] || fail "$*: exit status $found, not $status: $(cat "$work/err")"
}
