#!/bin/sh
# SPDX-License-Identifier: MIT
# usage.sh MSIRACE FOLDER: commands, options and exit statuses that need no simulation.
. "$2/suite.sh"
cd "$2" || exit 1

# check STATUS STDERR-PATTERN ARGUMENTS...: with status 2 and 3 stdout must be empty, with 0 and no pattern stderr.
check()
{
	wanted=$1
	pattern=$2
	shift 2
	"$msirace" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ $status -ne "$wanted" ]; then
		echo "FAILED: msirace $*: exit status $status, not $wanted"
		cat "$work/err"
		failed=1
	elif [ -n "$pattern" ] && ! grep -q -e "$pattern" "$work/err"; then
		echo "FAILED: msirace $*: no '$pattern' in:"
		cat "$work/err"
		failed=1
	elif [ -z "$pattern" ] && [ -s "$work/err" ]; then
		echo "FAILED: msirace $*: on stderr:"
		cat "$work/err"
		failed=1
	elif [ "$wanted" -ne 0 ] && [ -s "$work/out" ]; then
		echo "FAILED: msirace $*: on stdout:"
		cat "$work/out"
		failed=1
	fi
}

# out PATTERN: on stdout of the last check.
out()
{
	grep -q -e "$1" "$work/out" || {
		echo "FAILED: no '$1' in:"
		cat "$work/out"
		failed=1
	}
}

check 2 "a command is missing"
check 2 "unknown command 'rnu', did you mean 'run'" rnu
check 0 "" --help
out "^Usage: msirace COMMAND"
check 0 "" --version
out "^msirace [0-9]"
for command in run check replay validate explain list import compare plot report review manual; do
	check 0 "" $command --help
	out "^Usage: msirace $command"
	out "^Example:"
	check 2 "is missing" $command
	check 2 "unknown option '--bogus'" $command --bogus x
	check 0 "" $command x --bogus -h
done
check 2 "unknown option '--jsn', did you mean '--json'" run --jsn x valid.yaml
check 2 "needs a value: FILE" run valid.yaml --json
check 2 "takes no value" run --quiet=yes valid.yaml
check 2 "jobs: 1 to 1024" run --jobs 0 valid.yaml
check 2 "jobs: 'x' is not a number" run -j x valid.yaml
check 2 "only one of" run --json - --csv=- valid.yaml
check 2 "needs --trace" run --trace-window 1ms..2ms valid.yaml
check 2 "FROM..TO" run --trace "$work/t" --trace-window 1ms valid.yaml
check 2 "'1' has no unit" run --trace "$work/t" --trace-window 1..2ms valid.yaml
check 2 "is empty" run --trace "$work/t" --trace-window 2ms..2ms valid.yaml
check 2 "needs a file of its own" run --trace - valid.yaml
check 2 "--set needs PATH=VALUE" run --set machine.cpus valid.yaml
check 2 "^--set machine.cpsu: error: unknown key 'cpsu', did you mean 'cpus'" validate --set machine.cpsu=3 valid.yaml
check 2 "^--set machine.cpus: error: cpus: 0 is out of range" validate --set machine.cpus=0 valid.yaml
check 2 "^--set machine.cpus: error: there is no value" validate --set machine.cpus= valid.yaml
check 2 "^--set machine.cpus.x: error: there is nothing below" validate --set machine.cpus.x=1 valid.yaml
check 2 "^--set devices.ed.kind: error: nothing in the list is named 'ed', did you mean 'edu'" \
	validate --set devices.ed.kind=msix valid.yaml
check 2 "^--set devices\[1\].kind: error: there is no item 1" validate --set "devices[1].kind=msix" valid.yaml
check 2 "^--set machine: error: machine must be a mapping" validate --set machine=3 valid.yaml
check 2 "^--set machine.cpus: error: not YAML" validate --set "machine.cpus=[1" valid.yaml
check 2 "^--seed: error: seed: '-1' is negative" validate --seed -1 valid.yaml
check 2 "^--duration: error: duration: '1' has no unit" validate --duration 1 valid.yaml
check 2 "^--replications: error: replications: 0 is out of range" validate --replications 0 valid.yaml
check 2 "^--strategy x86-drect: error: unknown strategy 'x86-drect', did you mean 'x86-direct'" \
	validate --strategy x86-drect valid.yaml
check 2 "^--strategy x86-masked: error: 'x86-masked' needs devices with mask bits: 'edu' in line 6" \
	validate --strategy x86-masked valid.yaml
check 2 "nowhere.yaml: error: cannot be opened: No such file" validate nowhere.yaml
mkdir "$work/empty" "$work/folder.yaml"
check 2 "there is no .yaml file" validate "$work/empty"
cp valid.yaml "$work/folder.yaml/b.yaml"
cp valid.yaml "$work/folder.yaml/a.yaml"
echo "devices: []" >"$work/folder.yaml/.hidden.yaml"
check 0 "" validate "$work/folder.yaml"
[ "$(sed 's/.*folder.yaml.\(.*\): valid.*/\1/' "$work/out" | tr '\n' ' ')" = "a.yaml b.yaml " ] || {
	echo "FAILED: folder"; cat "$work/out"; failed=1
}
mkdir "$work/empty/x.yaml"
check 2 "x.yaml: error: is a directory" validate "$work/empty"
: >"$work/none.yaml"
check 2 "none.yaml: error: the document is empty" validate "$work/none.yaml"
printf 'name: a\0b\n' >"$work/binary.yaml"
check 2 "binary.yaml:1:8: error: not a text file: byte 0x00" validate "$work/binary.yaml"
printf 'name: a\n  \377\376\n' >"$work/binary.yaml"
check 2 "binary.yaml:2:3: error: not a text file: byte 0xff" validate "$work/binary.yaml"
check 2 "zero: error: too large" validate /dev/zero
head -c 100000 /dev/zero | tr '\0' '[' >"$work/deep.yaml"
check 2 "error: .*deep\|error: not YAML" validate "$work/deep.yaml"
printf 'a: [[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]\n' >"$work/deep.yaml"
check 2 "nested too deeply: more than 24 levels" validate "$work/deep.yaml"
{
	echo "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"
	for i in 1 2 3 4 5 6 7 8 9; do
		p=$((i - 1))
		echo "a$i: &a$i [*a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p]"
	done
	echo "devices: *a9"
} >"$work/bomb.yaml"
check 2 "unknown key 'a9'" validate "$work/bomb.yaml"
{
	echo "a: &a {b0: 1"
	i=1
	while [ $i -lt 3000 ]; do echo "  , b$i: 1"; i=$((i + 1)); done
	echo "  }"
	i=0
	while [ $i -lt 3000 ]; do echo "c$i: {<<: *a}"; i=$((i + 1)); done
} >"$work/merges.yaml"
check 2 "too large: more than" validate "$work/merges.yaml"

check 0 "" validate --resolved valid.yaml
cp "$work/out" "$work/resolved.yaml"
check 0 "" validate --resolved "$work/resolved.yaml"
cmp "$work/out" "$work/resolved.yaml" || failed=1
check 0 "" validate --resolved --set devices.edu.raise.rate=20kHz --set "actions[0].on=2" --set drain=0us \
	--seed 7 --duration 5ms --strategy vtd --set machine.remap=vtd valid.yaml
out "rate: 20kHz"
out "on: 2"
out "drain: 0us"
out "seed: 7"
out "duration: 5ms"
out "^  - vtd$"
! grep -q "x86-tmp" "$work/out" || { echo "FAILED: --strategy keeps the file's"; failed=1; }

check 0 "" explain devices.raise.rate
out "^devices\[\].raise.rate$"
check 0 "" explain "devices[].raise.rate"
check 0 "" explain rate
out "^actions\[\].rate$"
check 0 "" explain jiffy
out "default  4ms$"
check 0 "" explain posted_write
out "an estimate"
check 0 "" explain stale
out "a metric"
check 0 "" explain x86-tmp
out "a strategy"
check 2 "nothing is called 'maskabel', did you mean 'maskable'" explain maskabel
check 2 "too many" explain a b
check 0 "" list strategies
out "x86-direct"
check 0 "" list timings
out "posted_write .*estimate"
check 0 "" list metrics
out "latency_p99.9"
check 0 "" list keys
out "^devices\[\].raise.rate "
check 2 "there is no list of 'strateges', did you mean 'strategies'" list strateges
if [ -w /dev/full ]; then
	"$msirace" list keys >/dev/full 2>"$work/err"
	[ $? -eq 3 ] && grep -q "No space left" "$work/err" || { echo "FAILED: /dev/full"; failed=1; }
fi
exit $failed
