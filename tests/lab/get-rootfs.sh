#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# get-rootfs.sh: a small root file system of another Debian release (13, trixie; glibc 2.41), for a
# destination whose libc, os-release and packages are not ours. Prints its path. It has a shell, the
# core tools, sshd, and the libraries that a migcheck built here asks for; nothing in it is configured, and
# proc, sys and dev are empty folders for hosts.sh to fill.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

suite=trixie
out=$LAB_CACHE/rootfs-$suite
packages=(
	base-files libc6 libc-bin dash coreutils findutils grep sed gawk procps util-linux mount iproute2 tar gzip
	libprotobuf-c1 libssl3t64 libkmod2 libjson-c5 libcpuid17 libmount1 libelf1t64 libsmartcols1
	libmnl0 libcap2 liblmdb0 zlib1g openssh-server
)

lab_lock rootfs
if [[ ! -d $out ]]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	fetch_state "$work" "$suite"

	# A name that this release does not know must not cost the rest.
	mapfile -t known < <(apt-cache "${FETCH_APT[@]}" show "${packages[@]}" 2> /dev/null |
		awk '$1 == "Package:" {print $2}' | sort -u)
	for package in "${packages[@]}"; do
		[[ " ${known[*]} " == *" $package "* ]] ||
			printf 'get-rootfs.sh: %s has no %s\n' "$suite" "$package" >&2
	done
	mapfile -t closure < <(fetch_closure "${FETCH_APT[@]}" -- "${known[@]}" |
		grep -vE '^(perl|python|systemd|udev|dbus|debconf|tzdata|passwd|adduser|login)')
	((${#closure[@]} > 0)) || lab_die "$suite resolves to no package"

	new=$work/rootfs
	# trixie's packages rely on these links being there before they are unpacked (merged /usr).
	mkdir -p "$new"/usr/{bin,sbin,lib,lib64} "$new"/{proc,sys,dev,run,tmp,root,etc,var/tmp}
	for dir in bin sbin lib lib64; do
		ln -s "usr/$dir" "$new/$dir"
	done
	fetch_unpack "$new" "$work/debs" "${FETCH_APT[@]}" -- "${closure[@]}"
	rm -rf "$new"/usr/share/{doc,man,locale,info}
	[[ -e $new/bin/sh ]] || ln -s dash "$new/usr/bin/sh"
	[[ -e $new/usr/bin/awk ]] || ln -s gawk "$new/usr/bin/awk"
	printf 'root:x:0:0:root:/root:/bin/sh\n' > "$new/etc/passwd"
	printf 'root:x:0:\n' > "$new/etc/group"
	chmod 755 "$new"
	chmod 1777 "$new/tmp" "$new/var/tmp"
	"$new/lib64/ld-linux-x86-64.so.2" --library-path "$new/usr/lib/x86_64-linux-gnu" \
		"$new/bin/dash" -c true || lab_die "the shell of $suite does not start"
	rm -rf "$out"
	mv "$new" "$out"
fi
lab_unlock
printf '%s\n' "$out"
