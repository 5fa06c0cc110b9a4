#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fleet.sh up NAME[:trixie]…    a controller, and hosts that it reaches by ssh as root; prints the addresses:
#                               a name and an address a line
# fleet.sh controller COMMAND…  runs COMMAND on the controller: this machine in another network
# fleet.sh on NAME COMMAND…     runs COMMAND on a host
# fleet.sh root NAME            prints where the root file system of a host is seen from here
# fleet.sh down                 ends all of them
#
# A host is a copy of this machine's own root (so it has apt, python3 and what is installed here), or a
# Debian 13 that lacks our libraries; see netns.sh. LAB_FLEET names the folder of their state: in it are
# keys/user for ssh, and keys/host.pub.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=programs.sh
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"
# shellcheck source-path=SCRIPTDIR source=netns.sh
. "$LAB_DIR/netns.sh"

state=${LAB_FLEET:-$LAB_CACHE/fleet}

# Its PID namespace ends what ssh leaves behind for the next connection, too.
fleet_make_controller() {
	local holder first

	(lab_clean unshare --net --pid --fork sleep infinity < /dev/null > /dev/null 2>&1) &
	holder=$!
	lab_wait 5 netns_other_net "$holder"
	lab_wait 5 netns_has_child "$holder"
	read -r first _ < "/proc/$holder/task/$holder/children" || true
	netns_remember controller "$first"
	nsenter -t "$first" --net ip link set lo up
}

# fleet_add NAME KIND NUMBER
fleet_add() {
	local name=$1 lower=/ layer number=$3 controller

	case $2 in
	trixie)
		lower=$("$LAB_DIR/get-rootfs.sh")
		layer=$("$LAB_DIR/get-layer.sh" python)
		;;
	*)
		layer=$("$LAB_DIR/get-layer.sh" sshd)
		;;
	esac
	controller=$(netns_pid controller)
	netns_make "$name" "$lower" lab0 "10.77.2.$number peer 10.77.2.1" "$layer"
	ip link add "lab$number" netns "$controller" type veth peer name lab0 netns "$(netns_pid "$name")"
	nsenter -t "$controller" --net sh -ec "ip link set lab$number up
		ip addr add 10.77.2.1 peer 10.77.2.$number dev lab$number"
	netns_go "$name" || lab_die "$name does not answer"
	printf '%s 10.77.2.%s\n' "$name" "$number"
}

fleet_up() {
	local name number=10

	fleet_down
	mkdir -p "$state"
	netns_keys
	fleet_make_controller
	for name; do
		fleet_add "${name%:*}" "${name#*:}" $((++number))
	done
}

fleet_controller() {
	nsenter -t "$(netns_pid controller)" --net --pid -- "$@"
}

fleet_root() {
	printf '/proc/%s/root\n' "$(netns_pid "$1")"
}

fleet_down() {
	local file

	for file in "$state"/*.pid; do
		[[ ! -e $file ]] || netns_down "$(basename "$file" .pid)"
	done
}

case ${1:-} in
on)
	shift
	netns_on "$@"
	;;
up | down | controller | root)
	command=$1
	shift
	"fleet_$command" "$@"
	;;
*)
	sed -n '4,9s/^# //p' "$0" >&2
	exit 2
	;;
esac
