# SPDX-License-Identifier: MIT
# Read by each suite, which is given MSIRACE FOLDER: a folder for its files that goes with it, and how it says what is wrong.
set -u
msirace=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail()
{
	echo "FAILED: $*"
	failed=1
}
