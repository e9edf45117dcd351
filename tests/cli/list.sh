#!/bin/sh
# SPDX-License-Identifier: MIT
# list.sh MSIRACE FOLDER: the listings of scenarios, and that the library's README is the one that its files make.
. "$2/suite.sh"
cd "$2/../.." || exit 1
has()
{
	grep -q -e "$1" "$work/out" || fail "no '$1' in: $(cat "$work/out")"
}

sh scenarios/make-readme "$msirace" >"$work/README.md" || fail "make-readme"
diff -u scenarios/README.md "$work/README.md" || fail "scenarios/README.md is stale: scenarios/make-readme makes it"
for file in scenarios/*.yaml scenarios/museum/*.yaml scenarios/check/*.yaml; do
	grep -q "(${file#scenarios/})" scenarios/README.md || fail "$file is not in the README"
done

"$msirace" list domains tests/data/scenarios/every_domain.yaml >"$work/out" || fail "list domains"
[ "$(grep -c "^  .- " "$work/out")" -eq 5 ] || fail "five domains"
has "^  .- PCI MSI-X: 9 vectors, 5 allocated"
has "^  .- IMS, queue contexts: 2000 vectors, 1 allocated"
has "^       .- Intel VT-d remapping"
has "set_affinity: vtd: remap entry in one store"
has "^            .- x86 vectors"
has "index 3: MSI, count 3"
has "index 6: REQ, count 1"
"$msirace" list domains tests/data/scenarios/every_domain.yaml --strategy vtd+qemu-realloc >"$work/out" || fail "list"
has "index 4: MSI-X, count 9, eventfd noresize"
"$msirace" list domains scenarios/affinity-race.yaml >"$work/out" || fail "list domains"
[ "$(grep -c "set_affinity: x86-direct: " "$work/out")" -eq 3 ] || fail "a strategy for each device"
has "x86-tmp: .*, in the acknowledge on the old CPU"
has "^       .- x86 vectors"
# Where a protocol runs is said once, wherever it is described.
{
	"$msirace" list domains scenarios/affinity-race.yaml --strategy x86-direct-deferred --strategy x86-tmp \
		--strategy x86-tmp-local --strategy x86-tmp-no-check --strategy x86-linux-5.6
	"$msirace" list domains scenarios/riscv-affinity-race.yaml --strategy imsic-tmp
	"$msirace" list strategies
	"$msirace" explain x86-linux-5.6
} >"$work/out" || fail "the descriptions of strategies"
grep -E "acknowledge.*acknowledge|on the old.*on the old" "$work/out" && fail "said twice"
for once in x86-direct-deferred x86-tmp x86-linux-5.6 imsic-tmp; do
	has "$once: .*, in the acknowledge on the old CPU$"
	has "^  $once  .*, in the acknowledge on the old CPU$"
done
has "^  Linux before 6f1a4891a592.*, in the acknowledge on the old CPU$"
has "x86-tmp-no-check: .*, on the old CPU in process context$"
has "x86-tmp-local: .*, on the old CPU in process context$"
"$msirace" list domains scenarios/arm-its-queues.yaml >"$work/out" || fail "list domains"
has "GICv3 ITS"

for wrong in "domains" "scenarios" "keys x" "domains nowhere.yaml" "scenarios tests/cli/errors/keys.yaml"; do
	"$msirace" list $wrong >"$work/out" 2>"$work/err"
	[ $? -eq 2 ] && [ -s "$work/err" ] && [ ! -s "$work/out" ] || fail "list $wrong"
done
exit $failed
