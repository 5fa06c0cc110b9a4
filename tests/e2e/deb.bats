# SPDX-License-Identifier: Apache-2.0
# The Debian package: made, checked, installed by apt into a copy of this machine's root, used there,
# and removed without a trace. The copy is an overlay in a mount namespace of its own: this machine's
# files and its own list of packages are only read.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	load common
	export SOURCE_DATE_EPOCH DEB IN=$BATS_FILE_TMPDIR/in NS_PID
	# What the make that runs the tests was told is not for these.
	unset MAKEFLAGS MAKELEVEL MFLAGS
	SOURCE_DATE_EPOCH=$(git -C "$TOP" log -1 --format=%ct 2> /dev/null || echo 1790000000)
	make -s -C "$TOP" deb
	DEB=$(echo "$TOP"/build/migcheck_*_"$(dpkg --print-architecture)".deb)
	[ -f "$DEB" ]

	mkdir "$IN"
	unshare --mount --propagation private bash -ec '
		mount -t tmpfs none "$1"
		mkdir "$1"/upper "$1"/work "$1"/root
		mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$1/root"
		for dir in dev proc sys; do mount --rbind "/$dir" "$1/root/$dir"; done
		touch "$1/ready"
		exec sleep 1000' - "$IN" 3>&- > "$BATS_FILE_TMPDIR/log" 2>&1 &
	NS_PID=$!
	for _ in $(seq 100); do
		[ -e "/proc/$NS_PID/root$IN/ready" ] && break
		sleep 0.05
	done
}

teardown_file() {
	kill -KILL "$NS_PID"
}

# inside COMMAND...: in the copy.
inside() {
	nsenter --target "$NS_PID" --mount -- chroot "$IN/root" \
		env -C / -u SOURCE_DATE_EPOCH DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

# What the copy has changed so far, a path a line.
changes() {
	# What was removed from the machine below stands there as a device.
	nsenter --target "$NS_PID" --mount -- sh -c 'cd "$1" && find . ! -type c | cut -c2- | LC_ALL=C sort' - "$IN/upper"
}

need_copy() {
	[ -e "/proc/$NS_PID/root$IN/ready" ] || skip "no overlay of / here: $(tail -1 "$BATS_FILE_TMPDIR/log")"
}

@test "the package says what it is and what it needs" {
	[ "$(dpkg-deb -f "$DEB" Package Version)" = "$(printf 'Package: migcheck\nVersion: %s-1' "$("$MIGCHECK" --version | cut -d' ' -f2)")" ]
	[ "$(dpkg-deb -f "$DEB" Recommends)" = 'criu, openssh-client' ]
	# All libraries that the program is linked with.
	local library package n=0
	for library in $(readelf -d "$MIGCHECK" | sed -n 's/.*(NEEDED).*\[\(lib.*\)\]/\1/p'); do
		package=$(dpkg -S "*/$library" | sed 's/:.*//' | head -1)
		dpkg-deb -f "$DEB" Depends | grep -qE "(^|, )$package " || { echo "$library: no $package"; false; }
		n=$((n + 1))
	done
	[ "$n" -ge 7 ]
	# Root's, and writable by nobody else.
	dpkg-deb -c "$DEB" > "$BATS_TEST_TMPDIR/list"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/list")" -gt 20 ]
	run ! grep -v ' root/root ' "$BATS_TEST_TMPDIR/list"
	run ! grep -E '^.{5}w|^.{8}w' "$BATS_TEST_TMPDIR/list"
}

@test "lintian finds no error" {
	run lintian --allow-root --fail-on error "$DEB"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "made again, and made in another folder, it is the same byte by byte" {
	local copy=$BATS_TEST_TMPDIR/a-longer-name/copy
	cp "$DEB" "$BATS_TEST_TMPDIR/first.deb"
	make -s -C "$TOP" deb
	cmp "$DEB" "$BATS_TEST_TMPDIR/first.deb"
	mkdir -p "$copy"
	git -C "$TOP" ls-files -z --cached --others --exclude-standard |
		tar -C "$TOP" --null --ignore-failed-read -T - -c 2> /dev/null | tar -C "$copy" -x
	umask 077
	TZ=Pacific/Auckland LC_ALL=C.UTF-8 make -s -j"$(nproc)" -C "$copy" deb
	cmp "$copy/build/${DEB##*/}" "$DEB"
}

@test "apt installs it with what it needs, it runs, and nothing of it is left when it is removed" {
	local path
	need_copy
	# As on a host that does not have all libraries yet.
	inside dpkg --purge --force-depends libcpuid-dev libcpuid16
	run ! inside sh -c 'ldconfig -p | grep libcpuid.so.16'
	run ! inside "$MIGCHECK" --version
	changes > "$BATS_TEST_TMPDIR/before"
	cp "$DEB" "/proc/$NS_PID/root$IN/root/tmp/migcheck.deb"

	inside apt-get -qq install -y --no-install-recommends -o Dpkg::Options::=--path-include=/usr/share/* \
		/tmp/migcheck.deb
	inside dpkg-query -W -f '${Status}\n' migcheck libcpuid16 | uniq -c | grep -q '2 install ok installed'
	[ -z "$(inside dpkg --verify migcheck)" ]

	# From the installed place, not from ours.
	[ "$(inside sh -c 'command -v migcheck')" = /usr/bin/migcheck ]
	[ "$(inside migcheck --version)" = "$("$MIGCHECK" --version)" ]
	start_quiet sleep 1000
	run inside migcheck dry-run -p "$QUIET_PID" -f json -o /tmp/report.json
	echo "$output"
	[[ $status =~ ^[0134]$ ]]
	[ "$(json "/proc/$NS_PID/root$IN/root/tmp/report.json" 'r["verdict"]')" = \
		"$(case $status in 0) echo ready ;; 1) echo blocked ;; 3) echo retry ;; 4) echo undecided ;; esac)" ]
	[ "$(json "/proc/$NS_PID/root$IN/root/tmp/report.json" 'r["tree"]["comm"]')" = sleep ]
	stop_quiet
	inside test -e /var/cache/migcheck/digests.mdb

	for path in migcheck.1 migcheck-dry-run.1 migcheck-rules.7; do
		[ "$(inside man -w "${path##*.}" "${path%.*}")" = "/usr/share/man/man${path##*.}/$path.gz" ]
		[ -z "$(inside man --warnings -E UTF-8 -Tutf8 -Z "${path##*.}" "${path%.*}" 2>&1 > /dev/null)" ]
	done
	inside bash --norc -c '. /usr/share/bash-completion/completions/migcheck && complete -p migcheck'
	inside zsh -f -c '[[ " $fpath " == *" /usr/share/zsh/vendor-completions "* ]]'
	inside test -f /usr/share/zsh/vendor-completions/_migcheck

	inside apt-get -qq remove -y migcheck
	inside test -e /var/cache/migcheck/digests.mdb
	inside apt-get -qq purge -y migcheck libcpuid16
	run ! inside test -e /var/cache/migcheck
	run ! inside dpkg-query -W migcheck
	# New since then, and not a folder of this machine: only apt's and dpkg's own notes.
	changes | comm -13 "$BATS_TEST_TMPDIR/before" - > "$BATS_TEST_TMPDIR/after"
	while read -r path; do
		[ -d "$path" ] || echo "$path"
	done < "$BATS_TEST_TMPDIR/after" |
		grep -vE '^/var/(log|cache)/|^/var/lib/apt/|^/var/lib/dpkg/[a-z-]+$|^/var/lib/dpkg/triggers/|^/tmp/(migcheck.deb|report.json)$' > "$BATS_TEST_TMPDIR/left" || true
	cat "$BATS_TEST_TMPDIR/left"
	[ ! -s "$BATS_TEST_TMPDIR/left" ]
	[ "$(changes | grep -v ^/tmp/ | grep -c migcheck)" -eq 0 ]
}
