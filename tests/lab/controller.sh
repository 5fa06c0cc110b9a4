# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the lab: a cgroup v1 controller that is there while a tree is dumped and not when it is
# restored. The kernel knows cgroup hierarchies once for all namespaces, so this machine changes for
# a moment: a controller that nobody uses (hugetlb) is mounted as v1, and afterwards given to v2,
# from where no v1 mount can take it. That is what a host with systemd and pure v2 looks like.
#
#	controller_v1_up 4211     puts 4211 into /lab of a v1 hierarchy of hugetlb
#	… dump …
#	controller_v1_down        (the tree must have ended) takes the hierarchy away
#	controller_v2_up          binds the controller to v2
#	… restore …
#	controller_v2_down

LAB_CONTROLLER=hugetlb

# Succeeds where this can be done: v2 must be mounted and hold the controller unused.
controller_possible() {
	LAB_UNIFIED=$(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) == "cgroup2") {print $5; exit} }' \
		/proc/self/mountinfo)
	[[ -n $LAB_UNIFIED ]] &&
		grep -qw "$LAB_CONTROLLER" "$LAB_UNIFIED/cgroup.controllers" &&
		! grep -qw "$LAB_CONTROLLER" "$LAB_UNIFIED/cgroup.subtree_control"
}

# controller_v1_up PID…
controller_v1_up() {
	local pid

	LAB_V1=$(mktemp -d "${TMPDIR:-/tmp}/lab-v1-XXXXXX")
	mount -t cgroup -o "$LAB_CONTROLLER" none "$LAB_V1" || return 1
	mkdir "$LAB_V1/lab"
	for pid in "$@"; do
		echo "$pid" > "$LAB_V1/lab/cgroup.procs" || return 1
	done
}

# The kernel lets go of a hierarchy some time after its last mount has gone: 50 ms on an idle machine,
# seconds on one where many processes begin and end. If a removed group was still being torn down at
# that moment it stays for good, until another mount of it has come and gone. A mount namespace made
# meanwhile has a copy of the mount: no destination may be up.
controller_v1_down() {
	local try

	[[ -n ${LAB_V1:-} ]] || return 0
	for try in 1 2 3 4; do
		((try == 1)) || mount -t cgroup -o "$LAB_CONTROLLER" none "$LAB_V1" || continue
		[[ ! -d $LAB_V1/lab ]] || lab_wait 10 rmdir "$LAB_V1/lab" 2> /dev/null || return 1
		! mountpoint -q "$LAB_V1" || umount "$LAB_V1"
		if lab_wait "$try" controller_is_free; then
			rmdir "$LAB_V1"
			LAB_V1=''
			return 0
		fi
	done
	return 1
}

controller_is_free() {
	grep -qP "^$LAB_CONTROLLER\t0\t" /proc/cgroups
}

controller_v2_up() {
	echo "+$LAB_CONTROLLER" > "$LAB_UNIFIED/cgroup.subtree_control"
	mkdir -p "$LAB_UNIFIED/lab"
}

controller_v2_down() {
	[[ -n ${LAB_UNIFIED:-} && -d $LAB_UNIFIED/lab ]] || return 0
	rmdir "$LAB_UNIFIED/lab"
	echo "-$LAB_CONTROLLER" > "$LAB_UNIFIED/cgroup.subtree_control"
}
