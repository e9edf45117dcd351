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

# A scenario's name is no path, and may be longer than a file's.
mkdir "$work/names"
long=$(printf '%0300d' 0)
for name in ../escaped a/b "$long" "-x y"; do
	rm -rf "$work/names"/*
	{ echo "name: '$name'"; grep -v '^name:' review.yaml; } >"$work/named.yaml"
	"$msirace" review "$work/named.yaml" -o "$work/names/review" >"$work/out" 2>"$work/err" || fail "$name: $(cat "$work/err")"
	[ "$(ls -A "$work/names")" = review ] || fail "$name: files outside of the folder: $(ls -A "$work/names")"
	[ "$(ls "$work/names/review" | wc -l)" -eq 8 ] || fail "$name: files: $(ls "$work/names/review")"
done
mkdir "$work/names/store"
sed "s|^name:.*||; 1i name: ../escaped" sweep.yaml >"$work/swept.yaml"
msirace=$(realpath "$msirace")
(cd "$work/names/store" && "$msirace" run "$work/swept.yaml" --duration 50ms >"$work/out" 2>"$work/err") || fail "$(cat "$work/err")"
[ -e "$work/names/store/_._escaped.sweep" ] || fail "the store is elsewhere: $(ls -A "$work/names" "$work/names/store")"
exit $failed
