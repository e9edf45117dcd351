#!/bin/sh
# SPDX-License-Identifier: MIT
# `msirace check` and `replay` from the outside: verdicts, exit codes, documents. Arguments: the program, the source folder,
# and "all", or "few" where the program is too slow for the whole library.
set -u
msirace=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# expect CODE DESCRIPTION COMMAND...: output goes to $work/out and $work/err.
expect() {
	code=$1
	what=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err"
	got=$?
	if [ "$got" -ne "$code" ]; then
		echo "$what: exit code $got, not $code"
		cat "$work/out" "$work/err"
		failed=1
	fi
}

# contains FILE PATTERN DESCRIPTION
contains() {
	if ! grep -q -e "$2" "$work/$1"; then
		echo "$3: '$2' is not in the output:"
		cat "$work/$1"
		failed=1
	fi
}

msi=$source/scenarios/check/msi.yaml

library=$source/scenarios
if [ "$3" = few ]; then
	library=$work/scenarios
	mkdir -p "$library/check"
	cp "$msi" "$library/check"
	cp "$source/scenarios/affinity-race.yaml" "$library"
fi
expect 0 "the library" "$msirace" check "$library" --no-timing
contains out '^Observation msi/x86-direct Sometimes stale; lost=Sometimes' "the library"
contains out '^Observation msi/x86-tmp Never stale; lost=Never .*bounds: up to 2 raises of 1 of 2 devices, 1 migration, 3 CPUs, fabric ordered$' "bounds"
contains out 'no handler, LOST$' "the witness of x86-direct"
contains out '^Expectations: \([0-9]*\) of \1 held$' "expectations"
contains err "without a 'check' part left out" "what is left out"
if awk 'length > 100 && !/^Observation|path to/ { exit 1 }' "$work/out"; then :; else
	echo "a line of a witness is longer than 100 columns"
	failed=1
fi
cp "$work/out" "$work/first"
expect 0 "again" "$msirace" check "$library" --no-timing
cmp -s "$work/out" "$work/first" || { echo "two checks differ"; failed=1; }

expect 0 "one witness" "$msirace" check "$msi" --strategy x86-direct --witness "$work/w.json" --dot "$work/w.dot"
token=$(sed -n 's/^  path to stale: //p' "$work/out")
sed -n '/^     CPU/,/STALE/p' "$work/out" >"$work/columns"
expect 0 "replay" "$msirace" replay "$msi" --path "$token" --json "$work/r.json" --dot "$work/r.dot"
sed -n '/^     CPU/,/STALE/p' "$work/out" | cmp -s - "$work/columns" || { echo "replay draws another path"; failed=1; }
[ -s "$work/columns" ] || { echo "no columns"; failed=1; }
cmp -s "$work/w.dot" "$work/r.dot" || { echo "the graphs differ"; failed=1; }
grep -v '"resolved"' "$work/w.json" >"$work/w"
grep -v '"resolved"' "$work/r.json" | cmp -s - "$work/w" || { echo "the JSON differs"; failed=1; }
grep -q "\"token\": \"$token\"" "$work/w.json" || { echo "the JSON has no token"; failed=1; }
expect 0 "witness of lost" "$msirace" check "$msi" --strategy x86-direct-deferred --witness-of lost
contains out 'path to lost: c1' "witness of lost"
contains out '^Observation msi/x86-direct-deferred Never stale' "witness of lost"

# A path with every way that there is not.
expect 2 "replay of another strategy's path" "$msirace" replay "$msi" --path "$token" --strategy x86-tmp
expect 2 "replay of another scenario's path" "$msirace" replay "$source/scenarios/check/msix.yaml" --path "$token"
expect 2 "replay of a path that goes nowhere" "$msirace" replay "$msi" --path "${token}zz0"
expect 2 "replay of a damaged path" "$msirace" replay "$msi" --path "${token}!"
expect 2 "replay without a path" "$msirace" replay "$msi"

sed 's/x86-tmp: \[stale never/x86-tmp: [stale sometimes/' "$msi" >"$work/wrong.yaml"
expect 1 "an expectation that fails" "$msirace" check "$work/wrong.yaml" --quiet
contains out 'wrong.yaml:[0-9]*: expectation not held: x86-tmp: stale Never, not Sometimes' "an expectation that fails"
expect 3 "too few states" "$msirace" check "$msi" --states 50
contains out 'Unknown stale: more than 50 states' "too few states"
if grep -q Never "$work/out"; then
	grep -v 'not Never\|not held' "$work/out" | grep -q 'Observation.*Never' && { echo "Never past a budget"; failed=1; }
fi
expect 3 "too many CPUs" "$msirace" check "$msi" --set machine.cpus=16
contains err 'more than 8 CPUs' "too many CPUs"
expect 2 "a bad number" "$msirace" check "$msi" --raises 17
expect 2 "a bad subject" "$msirace" check "$msi" --witness-of nothing
expect 0 "weak" "$msirace" check "$msi" --strategy x86-tmp-local --set machine.fabric=weak --set check.expect=[]
contains out '^Observation msi/x86-tmp-local Sometimes stale.*fabric weak' "weak"

# Choices are taken in every way: some CPU is always the right one for a lost message.
expect 0 "random targets" "$msirace" check "$msi" --strategy x86-direct --set 'actions[0].to=random' --set check.expect=[]
contains out '^Observation msi/x86-direct Sometimes stale' "random targets"
# A closed loop raises again only after it was serviced, or timed out.
closed='{process: closed, depth: 1, service: 1us, timeout: 1ms}'
expect 0 "a closed loop" "$msirace" check "$msi" --strategy x86-direct --stalls --set "devices.edu.raise=$closed" \
	--set check.expect=[]
contains out 'command time-outs$' "a closed loop"

# An interrupted check has not found that anything fails, and says what it does not know. SIGHUP and SIGTERM are the same.
for signal in INT TERM HUP; do
	"$msirace" check "$msi" --strategy x86-tmp --raises 9 --migrations 6 --stalls --no-reduction --states 1000000000 \
		--set check.expect='[x86-tmp: stale never]' >"$work/out" 2>"$work/err" &
	pid=$!
	sleep 2
	kill -$signal $pid
	wait $pid
	[ $? -eq 130 ] || { echo "$signal: not 130"; cat "$work/out" "$work/err"; failed=1; }
	contains out 'expectation inconclusive: x86-tmp: stale Never: interrupted$' "$signal"
	contains out '^Expectations: 0 of 1 held, 1 inconclusive$' "$signal"
	contains err 'interrupted' "$signal"
	grep -q "not held" "$work/out" && { echo "$signal: an expectation fails"; cat "$work/out"; failed=1; }
done
exit $failed
