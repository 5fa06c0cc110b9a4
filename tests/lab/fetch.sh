# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the get-*.sh scripts: where the lab keeps what it fetched, and how Debian packages get
# there without being installed.
#
# Nothing here touches the machine's own package state. A foreign suite (forky, trixie) gets an apt
# state of its own in a temporary folder; packages of the machine's own suite are downloaded with the
# machine's lists, but unpacked beside it. The archive's address is always the one this machine's apt
# already uses: the lab names no host.

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ -z ${LAB_CACHE:-} ]]; then
	LAB_CACHE=$(cd "$LAB_DIR/../.." && pwd)/build/lab
	mkdir -p "$LAB_CACHE"
	# PostgreSQL refuses to be root: whoever else it is must reach its programs, and a clone below
	# /root is out of reach.
	setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$LAB_CACHE" || LAB_CACHE=/var/tmp/migcheck-lab
	export LAB_CACHE
fi

lab_die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# Two test files may want the same thing at the same moment: the second one waits and finds it done.
lab_lock() {
	mkdir -p "$LAB_CACHE"
	exec {LAB_LOCK_FD}> "$LAB_CACHE/.$1.lock"
	flock -w 300 "$LAB_LOCK_FD" || lab_die "another fetch of $1 holds the lock for 5 minutes"
}

lab_unlock() {
	exec {LAB_LOCK_FD}>&-
}

# A machine that was just made has package lists of nothing yet.
fetch_lists() {
	compgen -G '/var/lib/apt/lists/*_Packages*' > /dev/null && return 0
	apt-get -qq update >&2 || lab_die 'apt has no package lists, and apt-get update fails'
}

# An archive that serves this machine's own release also serves the others.
fetch_mirror() {
	local codename mirror

	fetch_lists
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' |
		awk -v c="$codename" '$2 == c {print $1; exit}')
	[[ -n $mirror ]] ||
		lab_die "apt knows no archive for ${codename:-this release}: run apt-get update first"
	printf '%s\n' "$mirror"
}

# fetch_state DIR SUITE: an apt state below DIR that knows SUITE only; sets FETCH_APT, the options
# with which apt-get uses it. Its dpkg status is empty, so a simulated install lists a whole closure.
fetch_state() {
	local dir=$1 suite=$2 mirror
	local keys=/usr/share/keyrings/debian-archive-keyring.gpg

	mirror=$(fetch_mirror)
	[[ -r $keys ]] || lab_die "$keys is missing: install debian-archive-keyring"
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,etc/preferences.d,etc/apt.conf.d,debs}
	: > "$dir/status"
	printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' "$keys" "$mirror" "$suite" > "$dir/sources.list"
	FETCH_APT=(
		-o "Dir::Etc=$dir/etc" -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=-
		-o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists" -o "Dir::State::status=$dir/status"
		-o "Dir::Cache=$dir/cache" -o APT::Architecture=amd64 -o APT::Architectures=amd64
		-o Acquire::Languages=none -o APT::Sandbox::User= -o Acquire::Retries=2
	)
	apt-get "${FETCH_APT[@]}" -qq update >&2 || lab_die "cannot read the index of $suite from $mirror"
}

# fetch_closure APT_OPTION… -- PACKAGE…: the names of PACKAGEs and all they depend on that the
# given state does not hold yet.
fetch_closure() {
	local options=()

	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	apt-get "${options[@]}" install -s --no-install-recommends "$@" | awk '/^Inst /{print $2}'
}

# fetch_unpack ROOT DEBDIR APT_OPTION… -- PACKAGE…: downloads PACKAGEs into DEBDIR, unpacks them
# below ROOT. No maintainer script runs, so no service starts and no user is made.
fetch_unpack() {
	local root=$1 debs=$2 options=() deb
	shift 2

	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	mkdir -p "$root" "$debs"
	(cd "$debs" && apt-get "${options[@]}" -qq download "$@" >&2) ||
		lab_die "cannot download: $*"
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$root"
	done
}
