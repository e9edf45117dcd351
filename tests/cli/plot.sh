#!/bin/sh
# SPDX-License-Identifier: MIT
# plot.sh MSIRACE FOLDER: what `plot` and `report` make of fixed documents, of hostile ones, and of what is none of ours.
# MSIRACE_GOLDEN=write in the environment rewrites tests/data/plot/golden: look at the difference before it is committed.
. "$2/suite.sh"
cd "$2/../data/plot" || exit 1
says()
{
	grep -qF -e "$2" "$work/$1" || fail "no '$2' in: $(cat "$work/$1")"
}
quiet()
{
	[ ! -s "$work/err" ] || fail "on stderr: $(cat "$work/err")"
}
well_formed()
{
	xmllint --noout --nonet "$@" 2>"$work/xml" || fail "not well-formed: $(head -n 5 "$work/xml")"
}

# Scripts and data are the same, byte for byte; every name on stdout is a picture, and each is well-formed.
expect 0 plot sweep.json leak.json witness.json trace.json -o "$work/all" --format svg
quiet
well_formed "$work"/all/*.svg
[ "$(sort "$work/out")" = "$(ls "$work"/all/*.svg | sort)" ] || fail "stdout does not name the pictures"
if [ "${MSIRACE_GOLDEN:-}" = write ]; then
	rm -f golden/*
	cp "$work"/all/*.gp "$work"/all/*.dat* golden
fi
for file in golden/*; do
	diff -u "$file" "$work/all/${file#golden/}" || fail "$file differs"
done
[ "$(ls golden | wc -l)" -eq "$(ls "$work"/all | grep -cv 'svg$')" ] || fail "files that are not golden: $(ls "$work/all")"
for kind in loss-sweep loss causes latency occupancy race; do
	ls "$work"/all/affinity-race-$kind*.svg >/dev/null || fail "no picture of $kind"
done

# A picture is drawn again from what lies beside it, to the same bytes.
(cd "$work/all" && cp affinity-race-loss.svg first.svg && gnuplot --default-settings affinity-race-loss.gp 2>/dev/null &&
	cmp first.svg affinity-race-loss.svg && rm first.svg) || fail "the script does not stand for itself"

# The user's locale changes nothing.
LC_ALL=C "$msirace" plot sweep.json -o "$work/locale" --format svg --kind loss >"$work/out" 2>"$work/err" || fail "plot with LC_ALL=C"
quiet
cmp "$work/locale/affinity-race-loss.svg" "$work/all/affinity-race-loss.svg" || fail "another picture with LC_ALL=C"

expect 0 plot sweep.json -o "$work/formats" --format png,pdf --kind loss
[ "$(head -c 4 "$work/formats/affinity-race-loss.pdf")" = %PDF ] || fail "no PDF"
[ "$(head -c 4 "$work/formats/affinity-race-loss.png" | tail -c 3)" = PNG ] || fail "no PNG"
expect 0 plot sweep.json --all-cells --kind latency -o "$work/cells"
[ "$(wc -l <"$work/out")" -eq 3 ] || fail "--all-cells: $(cat "$work/out")"

# Documents changed on purpose: an overflow, two keys of which one is of words, nothing to draw, names that are not nice.
python3 - "$work" <<-'END' || fail "no documents"
	import copy, json, sys
	work = sys.argv[1]
	sweep = json.load(open("sweep.json"))
	run = sweep["cells"][0]["result"]
	def write(name, document):
	    json.dump(document, open(work + "/" + name + ".json", "w"))
	over = copy.deepcopy(run)
	for c in over["contenders"]:
	    c["latency"]["overflow"] += 7
	    c["latency"]["count"] += 7
	write("overflow", over)
	words = copy.deepcopy(sweep)
	words["keys"].append("machine.fabric")
	for cell in words["cells"]:
	    cell["keys"]["machine.fabric"] = "ordered"
	words["cells"] += copy.deepcopy(words["cells"])
	for cell in words["cells"][3:]:
	    cell["keys"]["machine.fabric"] = "weak"
	write("words", words)
	empty = copy.deepcopy(run)
	empty["contenders"] = []
	write("empty", empty)
	nasty = copy.deepcopy(sweep)
	name = "</title><script>alert(1)</script> `touch pwned1` $(touch pwned2) @x \"q\" 'q' \\ \n\t\x1b[31m \uffff é {/Bold x}_y^2"
	nasty["keys"] = [name]
	for cell in nasty["cells"]:
	    cell["keys"] = {name: cell["keys"]["devices.edu.raise.rate"] + name}
	    s = cell["result"]["scenario"]
	    s["name"] = s["file"] = s["question"] = s["resolved"] = name
	    cell["result"]["version"] = name
	    cell["result"]["expectations"] = [{"text": name, "contender": name, "verdict": name, "message": name}]
	    for i, c in enumerate(cell["result"]["contenders"]):
	        c["name"] = name + "'\nsystem('touch pwned3')\n" + str(i)
	write("nasty", nasty)
	many = copy.deepcopy(run)
	many["contenders"] = [dict(copy.deepcopy(run["contenders"][i % 2]), name="../strategy %d" % i) for i in range(40)]
	write("many", many)
	witness = json.load(open("witness.json"))
	witness["scenario"] = witness["strategy"] = witness["token"] = name
	for step in witness["steps"]:
	    for cell in step["happens"]:
	        cell["where"] += name
	        cell["what"] += name
	write("nasty-witness", [witness])
	sweep["schema_version"] = 2
	write("version", sweep)
	del words["cells"][1]["keys"]["machine.fabric"]
	write("key", words)
	witness["steps"][3]["set_off_by"] = 9
	write("loop", witness)
	END
cd "$work" || exit 1
expect 0 plot overflow.json -o overflow --kind latency
quiet
well_formed overflow/*.svg
grep -q "overflow: longer than this" overflow/*.svg || fail "the overflow is not marked"
grep -q "17.5921860444	" overflow/*.dat2 || fail "the overflow is not in the data"
expect 0 plot words.json -o words --kind loss --against devices.edu.raise.rate
[ "$(grep -c sweep out)" -eq 2 ] || fail "a picture for each value of the other key: $(cat out)"
grep -q "machine.fabric = weak" words/affinity-race-loss-sweep.2.gp || fail "the other key is not told"
expect 0 plot words.json -o words2 --kind loss --against machine.fabric
[ "$(grep -c sweep out)" -eq 3 ] || fail "words on the axis: $(cat out)"
grep -q "^x_words = 1" words2/affinity-race-loss-sweep.gp || fail "words on the axis"
expect 2 plot words.json -o words3 --against machine.fabrik
says err "words.json: nothing was swept over 'machine.fabrik': the keys are devices.edu.raise.rate, machine.fabric"
expect 2 plot overflow.json -o words3 --against machine.fabric
says err "it is no sweep"
expect 0 plot empty.json -o empty
says err "nothing to draw"
expect 0 plot many.json -o many
quiet
well_formed many/*.svg
[ ! -e strategy ] || fail "a file outside of the folder"
expect 0 plot nasty.json nasty-witness.json -o nasty
quiet
well_formed nasty/*.svg
expect 0 report nasty.json nasty-witness.json many.json -o nasty.html
quiet
well_formed nasty.html
! grep -qF "<script>alert" nasty.html nasty/*.svg || fail "a script of somebody else's"
grep -qF "&lt;script&gt;alert(1)" nasty.html || fail "the name is gone"
[ -z "$(find . -name 'pwned*')" ] || fail "a command was run"

# The report: pictures inline, nothing from outside, the scenario to run again.
cd - >/dev/null || exit 1
expect 0 report sweep.json leak.json witness.json trace.json -o "$work/report.html"
quiet
well_formed "$work/report.html"
[ "$(grep -c "^<svg" "$work/report.html")" -eq "$(ls "$work"/all/*.svg | wc -l)" ] || fail "not all pictures are in the report"
! grep -oE "(src|href)=['\"][^#][^'\"]*" "$work/report.html" | grep . || fail "the report loads something"
! grep -qE "url\(['\"]?[^#]" "$work/report.html" || fail "the report loads something"
for text in "Which protocol moves a busy MSI" "again.yaml --seed 1" "leaves devices waiting" "msirace replay --path c1." \
	"All 3 cells" 'class="sortable"'; do
	grep -qF -e "$text" "$work/report.html" || fail "no '$text' in the report"
done
python3 - "$work/report.html" <<-'END' || fail "ids are not unique, or lead nowhere"
	import re, sys
	page = open(sys.argv[1]).read()
	ids = re.findall(r'''\sid=['"]([^'"]+)''', page)
	assert len(ids) == len(set(ids))
	for reference in re.findall(r'''href=['"]#([^'"]+)''', page):
	    assert reference in ids, reference
	END
expect 0 report leak.json -o -
mv "$work/out" "$work/stdout.html"
well_formed "$work/stdout.html"

# What is wrong is told, with the file.
expect 2 plot sweep.json
says err "-o DIR is missing"
expect 2 plot sweep.json -o "$work/x" --format svg,gif
says err "--format: unknown 'gif'; there are svg, png, pdf"
expect 2 plot sweep.json -o "$work/x" --kind losses
says err "unknown 'losses', did you mean 'loss'"
expect 2 plot "$work/none.json" -o "$work/x"
says err "none.json: "
echo '{"a": 1}' >"$work/other.json"
for command in plot report; do
	expect 2 $command "$work/other.json" leak.json -o "$work/x"
	says err "other.json: not a document of"
	expect 2 $command "$work/version.json" -o "$work/x"
	says err "version.json: schema_version: is 2, and this program reads 1"
	expect 2 $command "$work/key.json" -o "$work/x"
	says err "cells[1].keys.machine.fabric: missing"
	expect 2 $command "$work/loop.json" -o "$work/x"
	says err "loop.json: a step is not as it should be"
done
[ ! -e "$work/x" ] || fail "something was written in spite of an error"
expect 3 report leak.json -o "$work/none/report.html"
says err "cannot write"
: >"$work/file"
expect 3 plot leak.json -o "$work/file"
says err "$work/file: "
expect 3 plot leak.json -o "$work/file/below"
says err "cannot be made: Not a directory"

# gnuplot missing, failing, and warning.
mkdir "$work/bin" "$work/none-here"
path=$PATH
PATH=$work/none-here
export PATH
expect 3 plot leak.json -o "$work/y"
PATH=$path
says err "gnuplot cannot be run"
printf '#!/bin/sh\necho "line 7: it broke" >&2\nexit 1\n' >"$work/bin/gnuplot"
chmod +x "$work/bin/gnuplot"
PATH=$work/bin:$path
for command in "plot leak.json -o $work/y" "report leak.json -o $work/y.html"; do
	# shellcheck disable=SC2086
	expect 3 $command
	says err "gnuplot failed: line 7: it broke"
done
[ ! -e "$work/y.html" ] || fail "a report without pictures"
printf '#!/bin/sh\necho "warning: odd" >&2\n' >"$work/bin/gnuplot"
expect 3 report leak.json -o "$work/y.html"
says err "gnuplot: warning: odd"
says err "gnuplot drew nothing"
mkdir "$work/kept"
for format in svg png pdf; do
	echo good >"$work/kept/affinity-race-loss-sweep.$format"
	printf '#!/bin/sh\nPATH=%s\ngnuplot "$@" | head -c 4000\n' "$path" >"$work/bin/gnuplot"
	expect 3 plot sweep.json -o "$work/kept" --kind loss --format $format
	says err "loss-sweep.$format: gnuplot drew only a part"
	[ "$(cat "$work/kept/affinity-race-loss-sweep.$format")" = good ] || fail "a part of a picture"
done
PATH=$path

# A disk with no room for a picture, but for its script and data.
(
	ulimit -f 24
	"$msirace" plot sweep.json -o "$work/kept" --kind loss >"$work/out" 2>"$work/err"
)
[ $? -eq 3 ] || fail "a picture that does not fit: $(cat "$work/err")"
says err "loss-sweep.svg: gnuplot drew only a part"
[ "$(cat "$work/kept/affinity-race-loss-sweep.svg")" = good ] || fail "a part of a picture"
[ -s "$work/out" ] && fail "a picture that does not fit is told: $(cat "$work/out")"
[ -z "$(ls -A "$work/kept" | grep '^[.]')" ] || fail "left over: $(ls -A "$work/kept")"
exit $failed
