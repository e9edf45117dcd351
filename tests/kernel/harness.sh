# SPDX-License-Identifier: MIT
# Sourced by the scripts of the kernel harness.
# shellcheck shell=sh

fail()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# need COMMAND:PACKAGE...: says which Debian packages are missing.
need()
{
	missing=
	for pair in "$@"; do
		command -v "${pair%%:*}" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null ||
			missing="$missing ${pair##*:}"
	done
	[ -z "$missing" ] || fail "not installed:$missing (apt-get install$missing)"
	PATH=$PATH:/usr/sbin:/sbin
}

# section NAME FILE: the lines of a guest's report between its marker "=== NAME" and the next
# marker.
section()
{
	tr -d '\r' <"$2" | awk -v name="$1" '/^=== / { inside = $0 == "=== " name; next } inside'
}
