#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# hosts.sh up [FOLDER]            two hosts, joined by a cable: "source" 10.77.0.1, "destination" 10.77.0.2
# hosts.sh source COMMAND…        runs COMMAND on the source: this machine in another network namespace
# hosts.sh destination COMMAND…   runs COMMAND on the destination
# hosts.sh give FILE [NAME]       puts a program into the destination's /usr/local/bin, with its libraries
# hosts.sh down                   ends both
#
# The destination is another Debian (get-rootfs.sh) in namespaces of its own (netns.sh), with that
# Debian's own sshd in it. "up" prints a folder; with its bin/ first in PATH, "ssh destination" finds the
# host with key and all. Everything ends with the hosts. LAB_HOSTS names the folder of their state; two
# pairs can live at once in different folders.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=programs.sh
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"
# shellcheck source-path=SCRIPTDIR source=netns.sh
. "$LAB_DIR/netns.sh"

state=${LAB_HOSTS:-$LAB_CACHE/hosts}

hosts_keys() {
	netns_keys
	mkdir -p "$state/bin"
	{
		printf 'destination '
		cut -d' ' -f1,2 "$state/keys/host.pub"
	} > "$state/keys/known"
	cat > "$state/config" <<-CONF
		Host destination
			HostName 10.77.0.2
			HostKeyAlias destination
			User root
			IdentityFile $state/keys/user
			UserKnownHostsFile $state/keys/known
			BatchMode yes
			ConnectTimeout 5
	CONF
	cat > "$state/bin/ssh" <<-WRAPPER
		#!/bin/sh
		exec $LAB_SSH -F $state/config "\$@"
	WRAPPER
	chmod 755 "$state/bin/ssh"
}

hosts_up() {
	local rootfs destination source

	hosts_down
	programs_setup
	rootfs=$("$LAB_DIR/get-rootfs.sh")
	mkdir -p "$state"
	hosts_keys

	# Each host's network namespace is made first and empty, then the cable, then the rest.
	(lab_clean unshare --net sleep infinity < /dev/null > /dev/null 2>&1) &
	source=$!
	lab_wait 5 netns_other_net "$source"
	netns_remember source "$source"
	netns_make destination "$rootfs" lab1 10.77.0.2/24
	destination=$(netns_pid destination)
	ip link add lab0 netns "$source" type veth peer name lab1 netns "$destination"
	nsenter -t "$source" --net sh -ec 'ip link set lo up; ip link set lab0 up; ip addr add 10.77.0.1/24 dev lab0'
	if ! netns_go destination; then
		hosts_down
		lab_die 'the destination does not answer'
	fi
	printf '%s\n' "$state"
}

hosts_down() {
	netns_down source destination
}

hosts_source() {
	local pid

	pid=$(netns_pid source) || lab_die 'the hosts are not up'
	nsenter -t "$pid" --net -- "$@"
}

hosts_destination() {
	netns_on destination "$@"
}

# Only libraries that the other Debian lacks are given: it is to run on its own libc.
hosts_give() {
	local file=$1 root name lib

	root=/proc/$(netns_pid destination)/root || lab_die 'the hosts are not up'
	name=${2:-$(basename "$file")}
	mkdir -p "$root/usr/local/bin"
	cp "$file" "$root/usr/local/bin/$name"
	ldd "$file" | sed -nE 's/^.*=> (\/[^ ]*) \(.*/\1/p' | while read -r lib; do
		[[ -n $(find "$root/usr/lib" -name "$(basename "$lib")" -print -quit) ]] ||
			cp -L "$lib" "$root/usr/lib/x86_64-linux-gnu/"
	done
}

case ${1:-} in
up | down | source | destination | give)
	command=$1
	shift
	"hosts_$command" "$@"
	;;
*)
	sed -n '4,8s/^# //p' "$0" >&2
	exit 2
	;;
esac
