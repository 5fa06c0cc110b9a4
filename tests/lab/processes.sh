# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # the LAB_ variables are for whoever sources this
#
# Sourced by the lab: processes and what surrounds them. Starting one that inherits nothing by chance,
# finding a tree, ending it by pid, waiting for something to come true.

# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

# In which namespaces the programs and their clients run: a command prefix, empty for this host's own.
LAB_ENTER=()

# Whom a program runs as that refuses to be root; needs no entry in any passwd file.
LAB_NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# lab_wait SECONDS COMMAND…: until COMMAND succeeds.
lab_wait() {
	local end=$((SECONDS + $1))
	shift

	until "$@"; do
		((SECONDS <= end)) || return 1
		sleep 0.02
	done
}

# lab_clean COMMAND…: runs COMMAND in this shell's place with no descriptor above 2: those of the
# test harness (bats keeps 3 and 4) would be facts of the tree otherwise.
lab_clean() {
	local fd

	for fd in /proc/"$BASHPID"/fd/*; do
		fd=${fd##*/}
		((fd <= 2)) || eval "exec $fd>&-" 2> /dev/null || true
	done
	exec "$@"
}

# lab_program COMMAND…: the same for a program of the lab, which may need libraries that this machine
# has not installed. Nobody else gets to see them.
lab_program() {
	export LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS
	lab_clean "${LAB_ENTER[@]}" "$@"
}

# The pids below a root, the root first.
lab_tree() {
	local child children

	printf '%s\n' "$1"
	# One line of numbers a thread, without a line end.
	read -ra children -d '' < <(cat "/proc/$1/task/"*/children 2> /dev/null) || true
	for child in "${children[@]}"; do
		lab_tree "$child"
	done
}

# A thread of the tree's root that is not its first.
lab_thread() {
	local task

	for task in "/proc/$LAB_PID/task"/*; do
		[[ ${task##*/} == "$LAB_PID" ]] || break
	done
	printf '%s\n' "${task##*/}"
}

# lab_network: a network namespace that has an address of its own, 10.77.1.1; what starts from here on
# runs in it, and CRIU, too, so that the namespace is none of the tree's.
lab_network() {
	(lab_clean unshare --net sleep infinity < /dev/null > /dev/null 2>&1) &
	LAB_NETWORK=$!
	lab_wait 5 lab_network_ready
	LAB_ENTER=(nsenter --net="/proc/$LAB_NETWORK/ns/net")
	"${LAB_ENTER[@]}" sh -c 'ip link set lo up; ip addr add 10.77.1.1/32 dev lo'
}

lab_network_ready() {
	[[ $(readlink "/proc/$LAB_NETWORK/ns/net") != "$(readlink /proc/self/ns/net)" ]]
}

lab_network_down() {
	[[ -n ${LAB_NETWORK:-} ]] || return 0
	lab_kill "$LAB_NETWORK"
	LAB_NETWORK='' LAB_ENTER=()
}

lab_gone() {
	local state

	state=$(awk '/^State:/ {print $2}' "/proc/$1/status" 2> /dev/null) || true
	[[ -z $state ]]
}

lab_dead() {
	local state

	state=$(awk '/^State:/ {print $2}' "/proc/$1/status" 2> /dev/null) || true
	[[ -z $state || $state == Z ]]
}

# Kills pids and waits until they are dead. Their numbers may stay taken for longer: see lab_reaped.
lab_kill() {
	local pid

	for pid in "$@"; do
		kill -KILL "$pid" 2> /dev/null || true
	done
	for pid in "$@"; do
		wait "$pid" 2> /dev/null || true
		lab_wait 10 lab_dead "$pid" || return 1
	done
}

# Waits until even the zombies of pids are gone: the init of a small machine takes seconds to reap
# orphans, and until then nobody else can have the number.
lab_reaped() {
	local pid

	for pid in "$@"; do
		wait "$pid" 2> /dev/null || true
		lab_wait 10 lab_gone "$pid" || return 1
	done
}

lab_free_port() {
	local port

	for ((port = 20000 + RANDOM % 20000; ; port++)); do
		[[ -n $("${LAB_ENTER[@]}" ss -Htan "sport = :$port") ]] || break
	done
	printf '%s\n' "$port"
}

lab_listens() {
	[[ -n $("${LAB_ENTER[@]}" ss -Htln "sport = :$1") ]]
}
