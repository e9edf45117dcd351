#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh MSIRACE FOLDER: what `run` writes where, and its exit statuses.
. "$2/suite.sh"
cd "$2" || exit 1
json_ok()
{
	python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" || fail "$1 is not JSON"
}

"$msirace" run valid.yaml >"$work/table" 2>"$work/err" || fail "run"
[ -s "$work/err" ] && fail "the table run writes on stderr"
grep -q "^x86-tmp" "$work/table" || fail "no table"
"$msirace" run --no-timing --json - valid.yaml >"$work/a.json" || fail "json"
"$msirace" run --no-timing --json - valid.yaml --jobs 1 >"$work/b.json" || fail "json"
cmp "$work/a.json" "$work/b.json" || fail "the same seed gives other bytes"
"$msirace" run --no-timing --json - --seed 2 valid.yaml >"$work/c.json" || fail "json"
cmp -s "$work/a.json" "$work/c.json" && fail "another seed gives the same bytes"
json_ok "$work/a.json"
python3 - "$work/a.json" "$work/resolved.yaml" <<-'END' || fail "no resolved scenario"
	import json, sys
	open(sys.argv[2], "w").write(json.load(open(sys.argv[1]))["scenario"]["resolved"])
	END
"$msirace" run --no-timing --csv - valid.yaml >"$work/a.csv" || fail "csv"
"$msirace" run --no-timing --csv - "$work/resolved.yaml" >"$work/b.csv" || fail "the resolved scenario"
cmp "$work/a.csv" "$work/b.csv" || fail "the resolved scenario gives other figures"
[ "$(wc -l <"$work/a.csv")" -eq 5 ] || fail "csv: a header, and a row for each strategy and replication"
"$msirace" run valid.yaml --json "$work/d.json" --csv "$work/d.csv" --junit "$work/d.xml" --trace "$work/trace.json" \
	--trace-window 0us..500us >"$work/table2" || fail "all documents"
for file in d.json trace.json; do json_ok "$work/$file"; done
[ -s "$work/table2" ] || fail "no table beside the files"

sed 's/^duration:.*/&\nexpect: [all: raised > 0, x86-direct: lost < 0]/' valid.yaml >"$work/fails.yaml"
"$msirace" run "$work/fails.yaml" >"$work/out" 2>&1
[ $? -eq 1 ] || fail "an expectation that fails"
"$msirace" run "$work/fails.yaml" --junit - >"$work/out.xml"
[ $? -eq 1 ] || fail "an expectation that fails, with JUnit"
grep -q "<failure" "$work/out.xml" || fail "no <failure>"
"$msirace" run "$work/fails.yaml" --strategy x86-tmp >"$work/out" 2>&1 || fail "expectations of strategies left out"
sed 's/^duration:.*/&\nexpect: [all: raised > 0]/' valid.yaml >"$work/holds.yaml"
"$msirace" run --quiet "$work/holds.yaml" >"$work/out" || fail "an expectation that holds"
[ -s "$work/out" ] && fail "--quiet prints though all held"

mkdir "$work/folder"
cp valid.yaml "$work/folder/a.yaml"
cp valid.yaml "$work/folder/b.yaml"
"$msirace" run "$work/folder" --json "$work/two.json" --junit "$work/two.xml" --csv "$work/two.csv" >"$work/out" ||
	fail "a folder"
[ "$(grep -c "^SCENARIO" "$work/out")" -eq 1 ] || fail "a folder's titles"
[ "$(grep -c "^  x86-.* -$" "$work/out")" -eq 4 ] || fail "a folder's lines"
"$msirace" run "$work/folder" --tables >"$work/out" || fail "a folder, with tables"
[ "$(grep -c "^RAISES" "$work/out")" -eq 2 ] || fail "a folder's tables"
cp "$work/fails.yaml" "$work/holds.yaml" "$work/folder/"
"$msirace" run "$work/folder" >"$work/out"
[ $? -eq 1 ] || fail "a folder with an expectation that fails"
grep -q "^  x86-direct .* 1 FAILED$" "$work/out" || fail "a folder's failed line"
grep -q "^  x86-tmp .* as expected (1)$" "$work/out" || fail "a folder's line that holds"
grep -q "^  FAILED: x86-direct" "$work/out" || fail "a folder does not say what failed"
rm "$work/folder/fails.yaml" "$work/folder/holds.yaml"
json_ok "$work/two.json"
[ "$(grep -c '^scenario' "$work/two.csv")" -eq 1 ] && [ "$(wc -l <"$work/two.csv")" -eq 9 ] || fail "a folder's CSV"
if command -v xmllint >/dev/null; then
	for file in d.xml two.xml out.xml; do
		xmllint --noout --schema ../data/junit.xsd "$work/$file" 2>"$work/err" || { cat "$work/err"; fail "$file"; }
	done
fi
"$msirace" run "$work/folder" errors/keys.yaml >"$work/out" 2>"$work/err"
[ $? -eq 2 ] || fail "a wrong file among good ones"
[ -s "$work/out" ] && fail "something is run though a file is wrong"
"$msirace" run "$work/folder" --trace "$work/t.json" >/dev/null 2>"$work/err"
[ $? -eq 2 ] || fail "a trace of two scenarios"
"$msirace" run valid.yaml --json "$work/none/x.json" >/dev/null 2>"$work/err"
[ $? -eq 3 ] || fail "a file that cannot be written"
if [ -w /dev/full ]; then
	"$msirace" run valid.yaml >/dev/full 2>"$work/err"
	[ $? -eq 3 ] || fail "a full disk"
fi

# An interrupt keeps what is finished and says so; also one that reaches the workers, as those of a terminal do.
for signal in INT TERM HUP; do
	for group in "" -; do
		setsid "$msirace" run valid.yaml --duration 2000s --replications 100 --jobs 2 >"$work/out" 2>"$work/err" &
		pid=$!
		sleep 1
		kill -$signal $group$pid
		wait $pid
		[ $? -eq 130 ] || fail "interrupted by $signal: $(cat "$work/err")"
		grep -q "partial" "$work/err" || fail "nothing says that the results are partial: $(cat "$work/err")"
	done
done
exit $failed
