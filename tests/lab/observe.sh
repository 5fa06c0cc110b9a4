#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# observe.sh: asks the real CRIU about every program and change of the lab and prints the answers as
# the tables of OBSERVED.md. Takes a minute and a half. Not a test: it is how the truth is refreshed
# that the tests hold migcheck against.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=oracle.sh
. "$(dirname "${BASH_SOURCE[0]}")/oracle.sh"
# shellcheck source-path=SCRIPTDIR source=controller.sh
. "$(dirname "${BASH_SOURCE[0]}")/controller.sh"

img=$(mktemp -d)
bin=$(mktemp -d)
bare=()
iptables=()

finish() {
	destination_down
	program_stop
	[[ -z ${LAB_V1:-} ]] || controller_v1_down
	controller_v2_down
	lab_network_down
	rm -rf "$img" "$bin"
}

# What differs from run to run is no part of an observation.
plain() {
	sed -E "s#/?${LAB_SCRATCH#/}#SCRATCH#g; s#/?${LAB_CACHE#/}/programs/#PROGRAMS/#g
		s#\b${LAB_PID:-nopid}\b#PID#g; s#(pid|fork for) [0-9]+#\1 N#g; s#0x[0-9a-f]+|@[0-9a-f]{8,}#ADDRESS#g; s#\b${LAB_PORT:-noport}\b#PORT#g
		s#criu\.cgyard\.[A-Za-z0-9]+#criu.cgyard.XXXXXX#; s#(sid|pgid) [0-9]+#\1 N#g; s#Task [0-9]+#Task N#; s#mnt: [0-9]+#mnt: N#
		s#connection [0-9a-f]+#connection INODE#; s#\|#\\|#g"
}

# row CHANGE OPTIONS ANSWER RULE: one line of the current table.
row() {
	printf '| %s | %s | %s | %s |\n' "$1" "${2:+\`$2\`}" "$3" "$4" | plain
}

table() {
	printf '\n### %s\n\n| change | options | CRIU | rule |\n|---|---|---|---|\n' "$1"
}

# dump OPTIONS RULE: a row of a dump.
dump() {
	# shellcheck disable=SC2086
	row 'dump, as it is' "$1" "$(oracle_dump "$LAB_PID" "$img/i" $1)" "${2:-}"
}

# restore OPTIONS RULE CHANGE…: a row of a restore of the last dump in a destination with CHANGE.
restore() {
	local given=$1 rule=$2 ask=oracle_restore name
	shift 2

	destination_up
	name=${*:-restore, nothing changed}
	(($# == 0)) || destination_change "$@"
	if [[ " $given " == *' --shell-job '* ]]; then
		ask=oracle_restore_job
	fi
	# shellcheck disable=SC2086
	row "$name" "$given" "$($ask "$img/i" ${given//--shell-job/})" "$rule"
	destination_down
}

# here OPTIONS RULE: on this same host, after the tree has ended.
here() {
	local pids

	mapfile -t pids < <(lab_tree "$LAB_PID")
	lab_kill "${pids[@]}"
	lab_reaped "${pids[@]}"
	# shellcheck disable=SC2086
	row 'restore on this host, tree ended' "$1" "$(oracle_restore_here "$img/i" $1)" "${2:-}"
}

observe_nginx() {
	table 'nginx daemon: as typed by a person; master and 2 workers, all root'
	program_start nginx daemon
	dump ''
	restore '' ''
	here ''
	program_stop

	table 'nginx service: setsid, daemon off'
	program_start nginx service
	dump ''
	restore '' ''
	restore '' dst-file-missing remove "$LAB_BINARY"
	restore '' dst-file-missing remove "$LAB_LIBRARY"
	restore '' 'dst-file-content (CRIU cannot see it)' byte "$LAB_BINARY"
	restore '' 'dst-file-content (CRIU cannot see it)' byte "$LAB_LIBRARY"
	restore '' dst-file-size grow "$LAB_LIBRARY"
	restore '' 'none: O_WRONLY and O_APPEND, size not compared' grow "$LAB_OPEN_FILE"
	restore '' dst-file-mode mode "$LAB_OPEN_FILE" 0600
	restore --skip-file-rwx-check 'dst-file-mode, option' mode "$LAB_OPEN_FILE" 0600
	restore '' dst-file-missing remove "$LAB_OPEN_FILE"
	restore '' 'pid-in-use (root of the tree)' pid "$LAB_PID"
	restore '' 'pid-in-use (a session leader holds it)' pid "$LAB_PID" leader
	restore '' 'pid-in-use (a worker)' pid "$(lab_tree "$LAB_PID" | tail -n 1)"
	restore '' net-port-in-use port 127.0.0.1 "$LAB_PORT"
	restore '' 'net-port-in-use (held on the wildcard)' port 0.0.0.0 "$LAB_PORT"
	restore '' 'none: another address' port 127.0.0.2 "$LAB_PORT"
	restore '' dst-file-ro remount "$LAB_SCRATCH" ro
	restore '' dst-file-noexec remount "${LAB_BINARY%/*}" noexec
	program_stop

	table 'nginx service, its address only in the network namespace where it and criu run'
	lab_network
	program_start nginx service 10.77.1.1
	dump ''
	restore '' net-addr-missing
	program_stop
	lab_network_down

	table 'nginx service, a worker of another user (Debian default)'
	program_start nginx service
	nginx_as_nobody
	dump '' 'src-cap-sys-resource'
	program_stop
}

observe_redis() {
	local net='--tcp-established --network-lock nftables'

	table 'redis service: a client connected over TCP from outside the tree'
	program_start redis service
	ORACLE_AS=("${bare[@]}")
	dump '' tcp-established
	dump --tcp-established 'tcp-lock-host-netns (no iptables in PATH)'
	dump '--tcp-established --network-lock skip' ''
	ORACLE_AS=("${iptables[@]}")
	dump --tcp-established
	ORACLE_AS=("${bare[@]}")
	dump --tcp-close
	restore '' 'dst-opts-carryover (tcp_close)'
	restore --tcp-close ''
	dump "$net"
	restore '' 'dst-opts-carryover (tcp-established)'
	restore --tcp-established ''
	restore --tcp-established dst-file-missing remove "$LAB_BINARY"
	restore --tcp-established 'dst-file-content (CRIU cannot see it)' byte "$LAB_LIBRARY"
	restore --tcp-established 'none: O_WRONLY and O_APPEND, size not compared' grow "$LAB_OPEN_FILE"
	restore --tcp-established pid-in-use pid "$LAB_PID"
	restore --tcp-established 'pid-in-use (a thread)' pid "$(lab_thread)"
	restore --tcp-established net-port-in-use port 127.0.0.1 "$LAB_PORT"
	here --tcp-established
	ORACLE_AS=()
	program_stop

	table 'redis terminal: typed at a shell, in the background'
	program_start redis terminal
	dump "$net" 'tty-sid-dangling, root-not-session-leader'
	dump "$net --shell-job"
	restore '--tcp-established --shell-job' ''
	program_stop
}

observe_pipeline() {
	table 'pipeline service: sh, and children with pipes between them'
	program_start pipeline service
	dump ''
	restore '' ''
	restore '' 'dst-file-missing (of a child)' remove "$LAB_BINARY"
	restore '' 'dst-file-content (CRIU cannot see it)' byte "$LAB_LIBRARY"
	restore '' dst-file-size grow "$LAB_OPEN_FILE"
	restore '' 'dst-file-missing (the script that sh reads)' remove "$LAB_SCRATCH/pipeline"
	restore '' 'dst-file-size (O_WRONLY without O_APPEND)' grow "$LAB_SCRATCH/output"
	restore '' 'pid-in-use (of a child)' pid "$(lab_tree "$LAB_PID" | tail -n 1)"
	here ''
	program_stop

	table 'pipeline background: neither session nor terminal of its own'
	program_start pipeline background
	dump '' root-not-session-leader
	dump --shell-job
	restore '' 'dst-opts-carryover (shell-job)'
	restore --shell-job ''
	program_stop

	table 'pipeline terminal: a job in a shell on a terminal, whose master is outside'
	program_start pipeline terminal
	dump '' 'tty-sid-dangling, root-not-session-leader'
	dump --shell-job
	restore '' 'dst-opts-carryover (shell-job), tty-stdin-inherit'
	restore --shell-job ''
	program_stop

	table 'pipeline shell: the interactive shell itself is the root'
	program_start pipeline shell
	dump '' tty-slave-no-master
	dump --shell-job
	restore --shell-job ''
	program_stop

	table 'pipeline follow: tail -f sleeps in poll() when it is frozen'
	program_start pipeline follow
	dump '' 'task-call-cut-short (poll() ends with EINTR in the original, too, and tail -f exits)'
	restore '' 'task-call-cut-short'
	program_stop
}

observe_python() {
	table 'python service: 4 threads, a file open for reading, one for reading and writing'
	program_start python service
	dump ''
	restore '' ''
	restore '' dst-file-missing remove "$LAB_BINARY"
	restore '' 'dst-file-content (CRIU cannot see it)' byte "$LAB_BINARY"
	restore '' 'dst-file-content (CRIU cannot see it)' byte "$LAB_LIBRARY"
	restore '' 'dst-file-mode (of a library)' mode "$LAB_LIBRARY" 0755
	restore '' dst-file-size grow "$LAB_OPEN_FILE"
	restore '' 'dst-file-size (O_RDWR)' grow "$LAB_SCRATCH/state"
	restore '' dst-file-mode mode "$LAB_OPEN_FILE" 0600
	restore '' 'none: a script is not held open' remove "$LAB_SCRATCH/threads.py"
	restore '' pid-in-use pid "$LAB_PID"
	restore '' 'pid-in-use (a thread)' pid "$(lab_thread)"
	here ''
	program_stop

	table 'python terminal'
	program_start python terminal
	dump '' 'tty-sid-dangling, root-not-session-leader'
	dump --shell-job
	restore --shell-job ''
	restore --shell-job dst-file-size grow "$LAB_OPEN_FILE"
	program_stop
}

observe_postgres() {
	table 'postgres service: under pgbench, criu as root without CAP_SYS_RESOURCE'
	program_start postgres service
	dump '' 'src-cap-sys-resource; it hides ns-sysv-shm-host-ipc here'

	table 'postgres service: criu as that user with every capability'
	ORACLE_AS=("${ORACLE_NOBODY[@]}")
	chown 65534 "$img"
	dump --unprivileged ns-sysv-shm-host-ipc
	dump '--unprivileged --tcp-close' ns-sysv-shm-host-ipc
	ORACLE_AS=()
	program_stop

	table 'postgres service in an IPC namespace of its own, criu as that user'
	LAB_ENTER=(unshare --ipc)
	program_start postgres service
	LAB_ENTER=()
	ORACLE_AS=("${ORACLE_NOBODY[@]}")
	dump --unprivileged tcp-established
	# Under load its files soon have another size than in the image: the load rests, then it ends.
	kill -STOP "${LAB_HELPERS[@]}"
	sleep 0.2
	dump '--unprivileged --tcp-close'
	ORACLE_AS=()
	mapfile -t pids < <(lab_tree "$LAB_PID")
	postgres_shared > "$img/shared"
	lab_kill "${pids[@]}"
	restore --tcp-close 'none: the two backends end because their connections were closed'
	postgres_remove_shared < "$img/shared"
	program_stop

	table 'postgres terminal: criu as that user with every capability'
	program_start postgres terminal
	ORACLE_AS=("${ORACLE_NOBODY[@]}")
	dump '--unprivileged --shell-job --tcp-close' ns-sysv-shm-host-ipc
	ORACLE_AS=()
	program_stop
}

# checkpoint RULE: by runc, with what stands in criu.conf; the container goes on.
checkpoint() {
	local answer=dumped

	rm -rf "$img/i" "$img/w"
	"${bare[@]}" "LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS" "$LAB_RUNC" --root "$LAB_RUNC_ROOT" --criu "$LAB_CRIU_WRAPPER" checkpoint --leave-running \
		--image-path "$img/i" --work-path "$img/w" "$LAB_CONTAINER" > /dev/null 2>&1 ||
		answer="refused: $(oracle_error "$img/w/dump.log")"
	row 'runc checkpoint' "$(tr '\n' ' ' < "$LAB_SCRATCH/criu.conf")" "$answer" "$1"
}

# again RULE CHANGE SCRIPT: runc restore from a copy of the bundle on which SCRIPT has worked.
again() {
	local answer=restored bundle

	bundle=$(mktemp -d "$img/bundle-XXXXXX")
	cp -a "$LAB_BUNDLE/." "$bundle"
	(cd "$bundle/rootfs" && eval "$3")
	"${bare[@]}" "LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS" "$LAB_RUNC" --root "$LAB_RUNC_ROOT" --criu "$LAB_CRIU_WRAPPER" restore -d --image-path "$img/i" \
		--work-path "$img/w" -b "$bundle" "$LAB_CONTAINER" < /dev/null > /dev/null 2>&1 ||
		answer="refused: $(oracle_error "$img/w/restore.log")"
	row "runc restore, $2" "$(tr '\n' ' ' < "$LAB_SCRATCH/criu.conf")" "$answer" "$1"
	runc_do delete -f "$LAB_CONTAINER" > /dev/null 2>&1 || true
}

observe_runc() {
	local external='--network-lock nftables --external mnt[]'

	table 'runc: busybox, its own pid, mount, net, ipc and uts namespaces; criu called directly'
	program_start runc service
	ORACLE_AS=("${bare[@]}")
	dump '' 'src-iptables-missing'
	dump '--network-lock nftables' 'mnt-bind-no-root'
	dump "$external"
	ORACLE_AS=()

	table 'runc: by "runc checkpoint" and "runc restore"'
	checkpoint 'src-iptables-missing'
	echo 'network-lock nftables' > "$LAB_SCRATCH/criu.conf"
	checkpoint ''
	runc_do delete -f "$LAB_CONTAINER"
	again '' 'nothing changed' :
	again dst-file-missing 'binary removed' 'rm bin/busybox'
	# shellcheck disable=SC2016
	again 'dst-file-content (CRIU cannot see it)' 'binary: last byte' \
		'printf "\001" | dd of=bin/busybox bs=1 seek=$(($(stat -c %s bin/busybox) - 1)) conv=notrunc status=none'
	again dst-file-size 'open file grown' 'echo more >> etc/data'
	again dst-file-mode 'open file mode 0600' 'chmod 0600 etc/data'
	again dst-file-mode 'root folder mode 0700' 'chmod 0700 .'
	again 'none: runc makes it before CRIU looks' 'mount point /proc removed' 'rmdir proc'
	program_stop
}

observe_controller() {
	controller_possible || return 0
	table 'python service in /lab of the v1 hierarchy of hugetlb'
	program_start python service
	controller_v1_up "$LAB_PID"
	dump ''
	restore '' ''
	lab_kill "$LAB_PID"
	lab_reaped "$LAB_PID"
	rmdir "$LAB_V1/lab"
	restore '' 'cg-dir-missing: none, CRIU makes the path (/lab was removed)'
	controller_v1_down
	controller_v2_up
	row 'hugetlb is bound to cgroup v2 from here on' '' '' ''
	restore '' cg-hierarchy-missing
	restore --manage-cgroups=ignore 'cg-hierarchy-missing, option'
	controller_v2_down
	program_stop
}

oracle_setup
LAB_CRIU_WRAPPER=$LAB_CACHE/criu/criu
trap finish EXIT
# A PATH with everything that CRIU calls but iptables, whatever this machine has installed.
for tool in sh ip tar gzip cat nft runc sed stat dd rm cp tr mktemp; do
	! path=$(command -v "$tool") || ln -s "$path" "$bin/$tool"
done
bare=(env "PATH=$bin")
iptables=(env "PATH=$LAB_NETFILTER_PATH:$PATH" "XTABLES_LIBDIR=$XTABLES_LIBDIR"
	"LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS")

(($# > 0)) || set -- nginx redis pipeline python postgres runc controller
for subject in "$@"; do
	"observe_$subject"
done
