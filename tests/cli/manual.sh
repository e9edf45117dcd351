#!/bin/sh
# SPDX-License-Identifier: MIT
# manual.sh MSIRACE FOLDER: man pages and completion that their readers take.
. "$2/suite.sh"
"$msirace" manual "$work/pages" || fail "manual"
for command in $("$msirace" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	page=$work/pages/msirace-$command.1
	[ -s "$page" ] || fail "no page for $command"
	"$msirace" "$command" --help | grep -o -- '--[a-z-]*' | sort -u | while read -r option; do
		grep -q -F -- "$(echo "$option" | sed 's/-/\\-/g')" "$page" || echo "$option"
	done >"$work/missing"
	[ -s "$work/missing" ] && fail "options of $command that are not in its page: $(tr '\n' ' ' <"$work/missing")"
done
for page in "$work"/pages/*.[15]; do
	groff -man -Tutf8 -ww "$page" >/dev/null 2>"$work/err" || fail "$page"
	[ -s "$work/err" ] && fail "$page: $(head -n 3 "$work/err")"
done
grep -q 'devices\[\].raise.rate' "$work/pages/msirace-scenario.5" || fail "keys of a scenario"
bash -n "$work/pages/msirace.bash" || fail "completion for bash"
reply=$(bash -c '. "$1"; COMP_WORDS=(msirace run --repl); COMP_CWORD=2; _msirace; echo "${COMPREPLY[@]}"' bash \
	"$work/pages/msirace.bash")
[ "$reply" = --replications ] || fail "bash completes --repl to '$reply'"
reply=$(bash -c '. "$1"; COMP_WORDS=(msirace run --strategy x86-tmp-r); COMP_CWORD=3; _msirace; echo "${COMPREPLY[@]}"' bash \
	"$work/pages/msirace.bash")
[ "$reply" = x86-tmp-remote ] || fail "bash completes a strategy to '$reply'"
zsh -n "$work/pages/_msirace" || fail "completion for zsh"
"$msirace" manual "$work/pages/msirace.1/below" 2>/dev/null
[ $? -eq 3 ] || fail "a folder that cannot be made"
exit $failed
