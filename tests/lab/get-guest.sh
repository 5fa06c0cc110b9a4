#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# get-guest.sh: QEMU and the kernels of three Debian releases with all of their modules, for virtual
# machines that are another host: another CPU, another kernel, pure cgroup v2. Prints the folder that
# holds them; a suite whose kernel cannot be had is left out, and said. Takes about 30 s and 260 MB; a
# second call takes none.
#
#	qemu/                 qemu-system-x86_64 of this machine's own release, unpacked, not installed
#	kernel-SUITE/         boot/ and lib/modules/VERSION/ of its cloud kernel, with depmod's index
#
# The cloud kernel has the serial port built in, so a guest needs no module to talk to us.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

out=$LAB_CACHE/guest
suites=(bookworm trixie forky)

get_qemu() {
	local packages

	mapfile -t packages < <(fetch_closure -- qemu-system-x86)
	((${#packages[@]} > 0)) || lab_die 'this release has no qemu-system-x86'
	fetch_unpack "$work/qemu" "$work/debs-qemu" -- "${packages[@]}"
	rm -rf "$work"/qemu/usr/share/{doc,icons,locale,man}
	mv "$work/qemu" "$out/qemu"
}

# In a release of ours the kernel is one package; later ones split it into binary, modules and base.
get_kernel() {
	local suite=$1 root=$work/kernel-$1 packages version

	fetch_state "$work/$suite" "$suite"
	mapfile -t packages < <(fetch_closure "${FETCH_APT[@]}" -- linux-image-cloud-amd64 |
		grep -E '^linux-(image|binary|modules|base)-[0-9]')
	((${#packages[@]} > 0)) || lab_die "$suite has no linux-image-cloud-amd64"
	fetch_unpack "$root" "$work/debs-$suite" "${FETCH_APT[@]}" -- "${packages[@]}"
	[[ -e $root/lib ]] || ln -s usr/lib "$root/lib"
	version=$(ls "$root/lib/modules")
	[[ -e $root/boot/vmlinuz-$version ]] ||
		install -D "$root/lib/modules/$version/vmlinuz" "$root/boot/vmlinuz-$version"
	depmod -b "$root" "$version"
	mv "$root" "$out/kernel-$suite"
}

lab_lock guest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
[[ -d $out/qemu ]] || get_qemu
for suite in "${suites[@]}"; do
	[[ -d $out/kernel-$suite ]] || (get_kernel "$suite") ||
		printf 'get-guest.sh: no kernel of %s\n' "$suite" >&2
done
compgen -G "$out/kernel-*" > /dev/null || lab_die 'no kernel for a guest'
lab_unlock
printf '%s\n' "$out"
