#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# get-layer.sh sshd|python: packages unpacked for laying them over a root file system that lacks them.
# sshd is that of this machine's Debian, for hosts that are made of this machine's own root; python is
# Debian 13's, for those made by get-rootfs.sh. Prints the path of the layer, which has a usr only: a
# folder lib would hide the link of that name.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

layer=${1:-}
case $layer in
sshd) packages=(openssh-server libwrap0) ;;
python) packages=(python3-minimal python3.13-minimal libpython3.13-minimal libpython3.13-stdlib libexpat1 libffi8) ;;
*) lab_die 'which layer, sshd or python?' ;;
esac
out=$LAB_CACHE/layer-$layer

lab_lock "layer-$layer"
if [[ ! -d $out ]]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	FETCH_APT=()
	fetch_lists
	[[ $layer != python ]] || fetch_state "$work" trixie
	fetch_unpack "$work/all" "$work/debs" "${FETCH_APT[@]}" -- "${packages[@]}"
	mkdir -p "$work/layer"
	mv "$work/all/usr" "$work/layer/usr"
	rm -rf "$work"/layer/usr/share/{doc,man,locale,info}
	chmod 755 "$work/layer"
	mv "$work/layer" "$out"
fi
lab_unlock
printf '%s\n' "$out"
