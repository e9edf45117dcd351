#!/bin/sh
# SPDX-License-Identifier: MIT
# compare.sh MSIRACE FOLDER: what `compare` says of real runs, and its exit statuses.
. "$2/suite.sh"
cd "$2" || exit 1
# expect STATUS ARGS...: runs compare, with its output in $work/out and its messages in $work/err
expect()
{
	status=$1
	shift
	"$msirace" compare "$@" >"$work/out" 2>"$work/err"
	found=$?
	[ $found -eq "$status" ] || fail "compare $*: exit status $found, not $status: $(cat "$work/err")"
}
says()
{
	grep -qF -e "$2" "$work/$1" || fail "no '$2' in: $(cat "$work/$1")"
}


"$msirace" run valid.yaml --set replications=5 --json "$work/base.json" >"$work/table" 2>&1 || fail "run"
"$msirace" run valid.yaml --set replications=5 --seed 2 --json "$work/other.json" >"$work/table" || fail "run --seed"

# A document in which the first strategy loses 50 more in each replication, and one of another scenario.
python3 - "$work" <<-'END' || fail "no documents"
	import json, sys
	work = sys.argv[1]
	run = json.load(open(work + "/base.json"))
	for each in run["contenders"][0]["each"]:
	    each["lost"] += 50
	    each["stale"] += 50
	json.dump(run, open(work + "/worse.json", "w"))
	run = json.load(open(work + "/base.json"))
	run["scenario"]["resolved"] = run["scenario"]["resolved"].replace("cpus: ", "cpus: 1")
	json.dump(run, open(work + "/machine.json", "w"))
	json.dump([run, run], open(work + "/two.json", "w"))
	END

expect 0 "$work/base.json" "$work/base.json"
says out "all the same"
says out "no regression"
expect 0 "$work/base.json" "$work/other.json"
says out "no regression"
expect 1 "$work/base.json" "$work/worse.json"
says out "worse"
says out "2 regressions"
expect 0 "$work/worse.json" "$work/base.json"
says out "2 better"
expect 0 "$work/base.json" "$work/worse.json" --fail-on p99,spurious
says out "worse (allowed)"
expect 1 "$work/base.json" "$work/worse.json" --fail-on lost --alpha 0.05
says out "1 regression"

# Of a contender that an interrupt left without a replication nobody knows whether it is worse.
python3 - "$work" <<-'END' || fail "no document"
	import json, sys
	run = json.load(open(sys.argv[1] + "/base.json"))
	run["partial"] = True
	run["contenders"][1].update(replications=0, each=[])
	json.dump(run, open(sys.argv[1] + "/cut.json", "w"))
	base = json.load(open(sys.argv[1] + "/base.json"))
	other = json.load(open(sys.argv[1] + "/base.json"))
	other["scenario"]["name"] = "later"
	json.dump([base, other], open(sys.argv[1] + "/both.json", "w"))
	base["partial"] = True
	json.dump(base, open(sys.argv[1] + "/first.json", "w"))
	END
expect 1 "$work/both.json" "$work/first.json"
says err "first.json: regression unknown"
expect 0 "$work/both.json" "$work/base.json"
for fail_on in "" "--fail-on=lost"; do
	# shellcheck disable=SC2086
	expect 1 "$work/base.json" "$work/cut.json" $fail_on
	says out "regression unknown: 1 not finished in new"
	says out "has no finished replication in new"
	says err "cut.json: regression unknown"
done
expect 0 "$work/cut.json" "$work/base.json"

expect 2 "$work/base.json" "$work/machine.json"
says err "--any-scenario compares different ones"
expect 0 "$work/base.json" "$work/machine.json" --any-scenario
expect 0 "$work/base.json" "$work/two.json" --any-scenario
says out "the last ones are left out"

expect 1 "$work/base.json" "$work/worse.json" --json -
python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["regressions"] == 2' "$work/out" || fail "--json -"
expect 1 "$work/base.json" "$work/worse.json" --junit "$work/out.xml" --markdown "$work/out.md"
xmllint --noout --nonet --schema ../data/junit.xsd "$work/out.xml" 2>"$work/err" || fail "JUnit: $(cat "$work/err")"
grep -q "^| .*worse |$" "$work/out.md" || fail "Markdown: $(cat "$work/out.md")"
expect 3 "$work/base.json" "$work/worse.json" --json /dev/full

# Documents that would take the parser's stack, or hide that.
python3 - "$work" <<-'END' || fail "no documents"
	import sys
	for name, text in (("array", "[" * 100000), ("object", '{"a":' * 100000), ("string", '["\\"", "]", ' + "[" * 100000),
			   ("comment", '/* " */' + "[" * 100000), ("line", '// "\n' + "[" * 100000), ("quote", "'\"'" + "[" * 100000),
			   ("empty", ""), ("open", '["'), ("two", "{} {}")):
	    open(sys.argv[1] + "/deep-" + name + ".json", "w").write(text)
	END
for name in array object string comment line quote empty open two; do
	expect 2 "$work/deep-$name.json" "$work/base.json"
	says err "deep-$name.json:"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "deep-$name.json: $(cat "$work/err")"
	"$msirace" report "$work/deep-$name.json" -o "$work/deep.html" >"$work/out" 2>"$work/err"
	[ $? -eq 2 ] || fail "report of deep-$name.json: $(cat "$work/err")"
done
expect 2 "$work/base.json" "$work/deep-array.json"
says err "deep-array.json:1:25: nested too deeply: more than 24 levels"
"$msirace" compare "$work/base.json" /dev/stdin <"$work/base.json" >"$work/out" || fail "a document from a pipe"

expect 2 "$work/base.json"
expect 2 "$work/base.json" "$work/none.json"
says err "none.json: "
expect 2 "$work/base.json" valid.yaml
expect 2 "$work/base.json" "$work/base.json" --fail-on lots
says err "unknown metric 'lots'"
expect 2 "$work/base.json" "$work/base.json" --alpha 1
expect 2 "$work/base.json" "$work/base.json" --alpha 1%
expect 2 "$work/base.json" "$work/base.json" --margin 5
expect 2 "$work/base.json" "$work/base.json" --json - --markdown -
exit $failed
