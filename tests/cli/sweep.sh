#!/bin/sh
# SPDX-License-Identifier: MIT
# sweep.sh MSIRACE FOLDER: a sweep's document, its errors, and that whatever ends it loses at most the cell in progress.
. "$2/suite.sh"
cd "$2" || exit 1
run()
{
	store=$1
	shift
	"$msirace" run sweep.yaml --store "$work/$store" "$@"
}

run reference --json "$work/reference.json" >"$work/reference.txt" || fail "the sweep fails"
grep -q "^12 of 12 cells" "$work/reference.txt" || fail "not every cell is in the table"
[ "$(grep -c x86-direct "$work/reference.txt")" -eq 12 ] || fail "a row for each cell and strategy"
run jobs --jobs 1 --json "$work/jobs.json" >/dev/null || fail "the sweep fails with one job"
cmp -s "$work/reference.json" "$work/jobs.json" || fail "other figures with another number of jobs"
python3 - "$work/reference.json" <<-'END' || fail "the document"
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert d["kind"] == "sweep" and d["schema_version"] == 1 and not d["partial"]
	assert d["keys"] == ["devices.edu.raise.rate", "machine.timings.cfg_pair"]
	assert len(d["cells"]) == 12
	for cell in d["cells"]:
	    assert cell["result"]["kind"] == "msirace run" and "timing" not in cell["result"]
	    assert "rate: " + cell["keys"]["devices.edu.raise.rate"] in cell["result"]["scenario"]["resolved"]
	lost = [c["result"]["contenders"][0]["derived"]["lost_per_migration"]["value"] for c in d["cells"]]
	assert lost[-1] > lost[0]
	END

# Twenty violent deaths, each at another moment.
kills=0
while [ $kills -lt 20 ]; do
	# Not through the function: the process itself has to die, not a shell around it.
	"$msirace" run sweep.yaml --store "$work/victim" --resume --json "$work/victim.json" >/dev/null 2>&1 &
	victim=$!
	sleep "0.$(printf %02d $((kills % 10 + 1)))"
	kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
	kills=$((kills + 1))
done
run victim --resume --json "$work/victim.json" >"$work/victim.txt" || fail "the sweep does not go on after a kill"
cmp -s "$work/reference.json" "$work/victim.json" || fail "a resumed sweep has other figures"
cmp -s "$work/reference.txt" "$work/victim.txt" || fail "a resumed sweep has another table"

# A finished sweep gives its document again.
run victim --resume --json - >"$work/again.json" || fail "a finished sweep cannot be resumed"
cmp -s "$work/reference.json" "$work/again.json" || fail "a finished sweep changes"

# What the store holds is checked as any document is; a cell whose document is not sound is run again, and that is said.
python3 - "$work/victim" <<-'END' || fail "the store cannot be damaged"
	import json, sqlite3, sys
	database = sqlite3.connect(sys.argv[1])
	rows = database.execute("SELECT digest, document FROM cell ORDER BY rowid").fetchall()
	assert len(rows) == 12
	good = rows[0][1]
	def changed(document, change):
	    d = json.loads(document)
	    change(d)
	    return json.dumps(d)
	bad = ["not json", "{}", "", good[:len(good) // 2], good + good, "[" * 100000, "[" + rows[6][1] + "]",
	       changed(rows[7][1], lambda d: d.update(schema_version=99)),
	       changed(rows[8][1], lambda d: d["contenders"][0].update(name="x86-unknown")),
	       changed(rows[9][1], lambda d: d.update(partial=True)),
	       rows[11][1],
	       changed(rows[11][1], lambda d: d["contenders"][0]["derived"].pop("lost_per_migration"))]
	for (digest, _), document in zip(rows, bad):
	    database.execute("UPDATE cell SET document = ? WHERE digest = ?", (document, digest))
	database.commit()
	END
run victim --resume --json "$work/mended.json" >"$work/mended.txt" 2>"$work/err" || fail "a damaged store: $(cat "$work/err")"
cmp -s "$work/reference.json" "$work/mended.json" || fail "a damaged store changes the document"
cmp -s "$work/reference.txt" "$work/mended.txt" || fail "a damaged store changes the table"
[ "$(grep -c "^msirace: .*victim: *.*; cell [0-9]* of 12 is run again$" "$work/err")" -eq 12 ] ||
	fail "a damaged store: $(cut -c1-200 "$work/err")"
[ "$(wc -l <"$work/err")" -eq 12 ] || fail "more is said: $(cut -c1-200 "$work/err")"
run victim --resume --json "$work/mended.json" >"$work/mended.txt" 2>"$work/err" || fail "a mended store"
[ -s "$work/err" ] && fail "a mended store: $(cat "$work/err")"

# Errors: of a value, of a path, of a store that is something else, of documents that a sweep has not.
run bad --set "sweep={devices.edu.raise.rate: [10]}" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] || fail "a value without a unit is not refused"
grep -q "^sweep devices.edu.raise.rate: error: .*unit" "$work/err" || fail "no place for a bad value: $(cat "$work/err")"
run bad --set "sweep={machine.cpu: [1]}" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] || fail "an unknown key is not refused"
grep -q "did you mean 'cpus'" "$work/err" || fail "no suggestion: $(cat "$work/err")"
run bad --set "sweep={machine.cpus: []}" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] || fail "an empty list is not refused"
run bad --csv "$work/a.csv" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] || fail "--csv of a sweep is not refused"
echo "not a database, but long enough to be looked at as one" >"$work/text"
run text >"$work/out" 2>"$work/err"
[ $? -eq 3 ] || fail "a store that is no database is taken"
[ "$(head -c 3 "$work/text")" = not ] || fail "a file that is no store was changed"
exit $failed
