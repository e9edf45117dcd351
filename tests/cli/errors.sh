#!/bin/sh
# SPDX-License-Identifier: MIT
# errors.sh MSIRACE FOLDER: each FOLDER/errors/*.yaml ends in comments "# expect LINE:COLUMN: error: ..." that are exactly what
# `validate` says about it, no more and no less, with exit status 2 and nothing on stdout.
. "$2/suite.sh"
cd "$2/errors" || exit 1
files=0
for file in *.yaml; do
	files=$((files + 1))
	sed -n 's/^# expect //p' "$file" >"$work/expected"
	"$msirace" validate "$file" >"$work/out" 2>"$work/err"
	status=$?
	grep 'error:' "$work/err" | sed "s/^$file:* *//" >"$work/found"
	if [ $status -ne 2 ] || [ -s "$work/out" ] || [ ! -s "$work/expected" ] ||
		! diff -u "$work/expected" "$work/found"; then
		echo "FAILED: $file (exit status $status)"
		failed=1
	fi
	# Every error with a position shows its line and a caret.
	positions=$(grep -c '^[0-9]*:[0-9]*:' "$work/expected")
	carets=$(grep -c '^      |' "$work/err")
	if [ "$positions" -ne "$carets" ]; then
		echo "FAILED: $file: $positions positions, $carets carets"
		failed=1
	fi
done
[ "$files" -ge 15 ] || { echo "FAILED: only $files files"; failed=1; }
exit $failed
