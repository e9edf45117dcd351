#!/bin/sh
# SPDX-License-Identifier: MIT
# Whether `msirace check` and a hand-written Promela model of the same move agree: is it possible, and in how few steps.
# Arguments: the program, the source folder, spin, the C compiler, the strategy.
set -u
msirace=$1
source=$2
spin=$3
compiler=$4
strategy=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

case $strategy in
x86-direct) protocol=DIRECT ;;
x86-tmp) protocol=TMP ;;
x86-tmp-remote) protocol=TMP_REMOTE ;;
*) echo "no model of $strategy"; exit 1 ;;
esac

# ask_spin SUBJECT: prints the length of the shortest path, or "never".
ask_spin() {
	rm -f pan*
	"$spin" -a -D"$protocol" -D"$1" "$source/tests/check/move.pml" >spin.out 2>&1 || { cat spin.out >&2; return 1; }
	# Breadth first: the first error is the nearest. VECTORSZ: the whole state of the model.
	"$compiler" -O1 -w -DBFS -DSAFETY -DVECTORSZ=512 -o pan pan.c >cc.out 2>&1 || { cat cc.out >&2; return 1; }
	# -E: that nothing is left to happen is no error.
	./pan -E -m10000 >pan.out 2>&1
	if grep -q 'assertion violated' pan.out; then
		sed -n 's/.*assertion violated.*(at depth \([0-9]*\)).*/\1/p' pan.out
	elif grep -q 'errors: 0' pan.out && ! grep -q 'search depth too small\|out of memory' pan.out; then
		echo never
	else
		cat pan.out >&2
		return 1
	fi
}

# ask_check SUBJECT: the same of msirace.
ask_check() {
	"$msirace" check "$source/scenarios/check/msi.yaml" --strategy "$strategy" --witness-of "$1" >check.out 2>&1 ||
		{ cat check.out >&2; return 1; }
	length=$(sed -n 's/^The shortest path of .* to .*, \([0-9]*\) steps:$/\1/p' check.out)
	echo "${length:-never}"
}

for subject in stale lost; do
	by_spin=$(ask_spin "$(echo $subject | tr a-z A-Z)") || exit 1
	by_check=$(ask_check $subject) || exit 1
	echo "$strategy $subject: spin $by_spin, check $by_check"
	[ "$by_spin" = "$by_check" ] || failed=1
done
exit $failed
