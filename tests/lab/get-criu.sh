#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# get-criu.sh: fetches the CRIU that judges us (4.2.1, Debian forky) with exactly the libraries it
# loads, and prints the path of the wrapper that starts it. Takes about 6 s and 14 MB; a second call
# takes none.
#
# It is forky's and not the release before, because CRIU up to 4.1 asks sockets for SO_PASSCRED in a
# way that Linux 6.16 and later refuse, and so can dump no TCP socket there. It brings its own libc
# and loader: the lab must be able to damage the host's libraries without stopping CRIU itself.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

suite=forky
wanted=4.2.1
out=$LAB_CACHE/criu

lab_lock criu
if [[ ! -x $out/criu ]]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	fetch_state "$work" "$suite"

	# criu's packages also bring Python tools, for which we have no use.
	mapfile -t packages < <(fetch_closure "${FETCH_APT[@]}" -- criu |
		grep -E '^(criu|lib.*|zlib1g)$' |
		grep -vE 'python|perl|systemd|pam|sqlite|ncurses|apt|gcc|stdc')
	((${#packages[@]} > 0)) || lab_die "$suite has no criu"
	fetch_unpack "$work/root" "$work/debs" "${FETCH_APT[@]}" -- "${packages[@]}"

	new=$work/criu
	libs=$work/root/usr/lib/x86_64-linux-gnu
	mkdir -p "$new/lib" "$new/sbin"
	cp "$work/root/usr/sbin/criu" "$new/sbin/criu.bin"
	"$libs/ld-linux-x86-64.so.2" --library-path "$libs" --list "$new/sbin/criu.bin" > "$work/needed"
	if grep 'not found' "$work/needed" >&2; then
		lab_die "criu of $suite needs a library that was not fetched"
	fi
	while read -r lib; do
		cp -L "$lib" "$new/lib/"
	done < <(sed -nE 's/^.*=> (\/[^ ]*) \(.*/\1/p' "$work/needed")
	cp -L "$libs/ld-linux-x86-64.so.2" "$new/lib/"

	# The wrapper runs inside destinations whose files may be damaged: a shell from the host, but
	# nothing else of it (no dirname, no readlink).
	cat > "$new/criu" <<-WRAPPER
		#!/bin/sh
		exec "$out/lib/ld-linux-x86-64.so.2" --library-path "$out/lib" "$out/sbin/criu.bin" "\$@"
	WRAPPER
	chmod 755 "$new" "$new/criu"
	rm -rf "$out"
	mv "$new" "$out"
fi
lab_unlock

found=$("$out/criu" --version 2>/dev/null | awk '$1 == "Version:" {print $2}')
[[ -n $found ]] || lab_die "$out/criu does not start; remove $out and try again"
[[ $found == "$wanted" ]] ||
	printf 'get-criu.sh: %s is %s; the lab was written against %s\n' "$suite" "$found" "$wanted" >&2
printf '%s\n' "$out/criu"
