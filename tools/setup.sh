# SPDX-License-Identifier: MIT
# Sourced by tools/run and tools/test: installs the Debian packages that are missing, and says which.
# shellcheck shell=sh

build_packages="build-essential cmake ninja-build pkg-config libsimgrid-dev libglib2.0-dev libjson-glib-dev
	libfyaml-dev librandom123-dev libgsl-dev libsqlite3-dev gnuplot-nox"

# Needs the packages' names as its arguments; installs with apt-get, through sudo where the user is not root.
install_missing()
{
	missing=
	for package in "$@"; do
		state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)
		[ "$state" = installed ] || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	echo "msirace: installing:$missing" >&2
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || {
			echo "msirace: not root and no sudo: install these packages yourself:$missing" >&2
			return 1
		}
		as_root=sudo
	fi
	log=$(mktemp)
	# shellcheck disable=SC2086
	if { $as_root apt-get -q update && $as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install $missing; } >"$log" 2>&1 </dev/null; then
		rm -f "$log"
		return 0
	fi
	tail -n 20 "$log" >&2
	echo "msirace: the packages could not be installed; the whole log is $log" >&2
	return 1
}

# configure_and_build PRESET TARGET...: quiet where all is well; two at once wait for each other.
configure_and_build()
{
	preset=$1
	shift
	mkdir -p build
	log=build/$preset.log
	(
		flock 9
		if [ ! -f "build/$preset/build.ninja" ]; then
			echo "msirace: configuring build/$preset" >&2
			cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
		fi
		cmake --build "build/$preset" --target "$@" >"$log" 2>&1 || { tail -n 60 "$log" >&2; exit 1; }
	) 9>"build/$preset.lock"
}
