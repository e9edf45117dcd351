#!/bin/sh
# SPDX-License-Identifier: MIT
# review.sh MSIRACE FOLDER: everything that a design review gets, in one folder.
. "$2/suite.sh"
cd "$2" || exit 1
"$msirace" review review.yaml -o "$work/review" >"$work/out" 2>"$work/err" || fail "review: $(cat "$work/err")"
for file in review.json review.xml review.trace.json review.sweep review.sweep.json review.witness.json report.html; do
	[ -s "$work/review/$file" ] || fail "no $file"
done
ls "$work"/review/plots/*.svg >/dev/null 2>&1 || fail "no pictures"
ls "$work"/review/plots/*.gp >/dev/null 2>&1 || fail "no gnuplot files"
grep -q "<svg" "$work/review/report.html" || fail "no picture in the report"
grep -q "Does the review hold everything?" "$work/review/report.html" || fail "no question in the report"
python3 - "$work/review/review.sweep.json" <<-'END' || fail "the sweep"
	import json, sys
	rates = [c["keys"]["devices.edu.raise.rate"] for c in json.load(open(sys.argv[1]))["cells"]]
	assert rates == ["5kHz", "15kHz", "50kHz", "150kHz"], rates
	END
"$msirace" review missing.yaml -o "$work/none" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] || fail "a missing scenario"
[ -e "$work/none" ] && fail "a folder is made for a missing scenario"
exit $failed
