#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kit.sh OUT PROGRAM TREES [PATHS]: makes OUT/trees.tar of the snapshots in the folder TREES, and of the
# list PATHS; and OUT/program.tar of PROGRAM: migcheck with the libraries it needs and the loader that they belong
# to, so that it runs on a host that has none of them, or others.
set -euo pipefail
export LC_ALL=C
umask 077

out=$1 trees=$3 paths=${4:-}
program=$(command -v "$2") || {
	printf 'kit.sh: no program %s here: name it with migcheck_program\n' "$2" >&2
	exit 1
}
# One archive is unpacked by root on hosts with other users: its files are root's.
pack=(tar --owner=0 --group=0 --numeric-owner --sort=name)

mkdir "$out/trees" "$out/program" "$out/program/lib"
found=
for tree in "$trees"/*.mc; do
	[[ -e $tree ]] || continue
	cp "$tree" "$out/trees/"
	found=yes
done
[[ -n $found ]] || {
	printf 'kit.sh: no snapshot (*.mc) in %s: make some with migcheck dump\n' "$trees" >&2
	exit 1
}
[[ -z $paths ]] || cp "$paths" "$out/trees/paths"
"${pack[@]}" -C "$out" -cf "$out/trees.tar" trees

cp "$program" "$out/program/migcheck.bin"
# Of a line "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x7f…)" the path; the loader stands alone.
ldd "$program" | sed -nE 's/^.* => (\/[^ ]+) \(.*/\1/p' | while read -r library; do
	cp -L "$library" "$out/program/lib/"
done
loader=$(ldd "$program" | sed -nE 's/^[[:space:]]*(\/[^ ]+) \(.*/\1/p')
cp -L "$loader" "$out/program/lib/loader"
cat > "$out/program/migcheck" <<'SCRIPT'
#!/bin/sh
here=$(dirname "$0")
exec "$here/lib/loader" --library-path "$here/lib" "$here/migcheck.bin" "$@"
SCRIPT
chmod 700 "$out/program/migcheck" "$out/program/lib/loader"
"${pack[@]}" -C "$out" -czf "$out/program.tar" program
rm -rf "$out/trees" "$out/program"
mkdir "$out/incoming"
