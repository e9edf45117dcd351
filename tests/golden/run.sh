#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh MSIRACE NAME: a fixed seed gives the same bytes, with one worker and with two, today and when NAME.csv
# was written. After a change that is meant to change them: run.sh MSIRACE NAME --write, and say why in the commit.
set -eu
msirace=$1
name=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$(dirname "$0")"

for jobs in 1 2; do
	"$msirace" run --jobs $jobs --no-timing --json "$folder/$jobs.json" --csv "$folder/$jobs.csv" "$name.yaml" \
		>"$folder/$jobs.txt"
done
cmp "$folder/1.json" "$folder/2.json"
cmp "$folder/1.csv" "$folder/2.csv"
cmp "$folder/1.txt" "$folder/2.txt"
if [ "${3-}" = --write ]; then
	cp "$folder/1.csv" "$name.csv"
fi
diff -u "$name.csv" "$folder/1.csv"
