#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where criu will run: --criu-as takes it from a process, at each end, and what that lacks is held
# against what the real CRIU does in that place.
load common

setup() {
	T=$BATS_TEST_TMPDIR
}

teardown() {
	stop_quiet
	! declare -F destination_down > /dev/null || destination_down
}

# A tree that holds nothing: no capability, no descriptor but /dev/null.
start_poor() {
	start_quiet setpriv --bounding-set=-all --inh-caps=-all sleep 600
	for _ in $(seq 100); do
		[[ $(readlink "/proc/$QUIET_PID/exe") != */sleep ]] || break
		sleep 0.02
	done
	TREE=$QUIET_PID
}

# start_place COMMAND…: the process as which criu would run.
start_place() {
	start_quiet "$@" sleep 601
	for _ in $(seq 100); do
		[[ $(readlink "/proc/$QUIET_PID/exe") != */sleep ]] || break
		sleep 0.02
	done
	PLACE=$QUIET_PID
}

needs_root() {
	[ "$(id -u)" = 0 ] || skip 'needs root'
}

# dry_run OPTION…: into $T/report.
dry_run() {
	"$MIGCHECK" dry-run -q -p "$TREE" -f json -o "$T/report" "$@" || true
}

# The rules that block at a stage, one a line; and whether an option is required there.
blockers() {
	json "$T/report" "'\n'.join(sorted({f['rule'] for f in r['findings'] if f['severity'] == 'blocker' and f['stage'] == '$1'}))"
}

requires() {
	[ "$(json "$T/report" "any(q['stage'] == '$1' and q['option'] == '$2' for q in r['requirements'])")" = true ]
}

@test "without --criu-as both ends are where migcheck runs, and as root no line is spent on it" {
	needs_root
	start_poor
	dry_run
	[ "$(json "$T/report" "r['source']['criu_place']['given']")" = false ]
	[ "$(json "$T/report" "r['source']['criu_place']['comm']")" = migcheck ]
	[ "$(json "$T/report" "r['destination']['criu_place']['given']")" = false ]
	run "$MIGCHECK" dry-run -q -p "$TREE"
	run "$MIGCHECK" dry-run -p "$TREE"
	[[ $output != *"criu here:"* ]]
}

@test "--criu-as is recorded in both snapshots and told in the head of the report" {
	needs_root
	start_poor
	start_place
	"$MIGCHECK" dump -q -p "$TREE" --criu-as "$PLACE" -o "$T/source"
	"$MIGCHECK" probe -q -s "$T/source" --criu-as "$PLACE" -o "$T/there"
	"$MIGCHECK" check "$T/source" "$T/there" -f json -o "$T/report" || true
	for side in source destination; do
		[ "$(json "$T/report" "r['$side']['criu_place']['given']")" = true ]
		[ "$(json "$T/report" "r['$side']['criu_place']['pid']")" = "$PLACE" ]
		[ "$(json "$T/report" "r['$side']['criu_place']['session']")" = "$PLACE" ]
		[ "$(json "$T/report" "r['$side']['criu_place']['terminal']")" = false ]
	done
	run "$MIGCHECK" check "$T/source" "$T/there"
	[[ $output == *"criu here: started by sleep $PLACE, root"* ]]
	[[ $output == *"criu there: started by sleep $PLACE, root"* ]]
	run "$MIGCHECK" show "$T/source"
	[[ $output == *"given=true"* && $output == *"Max open files"* ]]
}

@test "--criu-as-there is another process than --criu-as" {
	needs_root
	start_poor
	start_place
	local here=$PLACE
	start_place setpriv --bounding-set=-sys_time
	dry_run --criu-as "$here" --criu-as-there "$PLACE"
	[ "$(json "$T/report" "r['source']['criu_place']['pid']")" = "$here" ]
	[ "$(json "$T/report" "r['destination']['criu_place']['pid']")" = "$PLACE" ]
	[ "$(blockers restore)" = dst-cap-sys-time ]
	[ -z "$(blockers dump)" ]
}

@test "a criu in the tree's own namespace does not dump it" {
	needs_root
	start_quiet unshare --net --uts sleep 600
	for _ in $(seq 100); do
		[[ $(readlink "/proc/$QUIET_PID/exe") != */sleep ]] || break
		sleep 0.02
	done
	TREE=$QUIET_PID
	start_place
	dry_run --criu-as "$PLACE"
	"$MIGCHECK" dump -q -p "$TREE" --criu-as "$PLACE" -o "$T/source"
	run "$MIGCHECK" check "$T/source"
	[[ $output == *"dumps the tree's net, uts namespaces"* ]]
	start_place nsenter -t "$TREE" --net --uts
	"$MIGCHECK" dump -q -p "$TREE" --criu-as "$PLACE" -o "$T/source"
	run "$MIGCHECK" check "$T/source"
	[[ $output == *"criu here: started by sleep $PLACE, root"* ]]
	[[ $output != *"dumps the tree's"* ]]
}

@test "a criu that cannot see the tree, or has no rights over it" {
	needs_root
	start_poor
	start_quiet unshare --user --map-root-user sleep 601
	sleep 0.3
	dry_run --criu-as "$QUIET_PID" --criu-as-there "$TREE"
	[[ $(blockers dump) == *src-criu-userns* && $(blockers dump) != *src-criu-pidns* ]]
	start_quiet unshare --pid --fork --mount-proc --kill-child sleep 601
	sleep 0.3
	PLACE=$(tr -d ' ' < "/proc/$QUIET_PID/task/$QUIET_PID/children")
	dry_run --criu-as "$PLACE" --criu-as-there "$TREE"
	[[ $(blockers dump) == *src-criu-pidns* ]]
	# A tree that is below is seen: this one's parent, as criu, and its own PID namespace.
	TREE=$PLACE
	dry_run --criu-as "$QUIET_PID"
	[[ $(blockers dump) != *src-criu-pidns* ]]
	dry_run --criu-as "$TREE"
	[[ $(blockers dump) != *src-criu-pidns* ]]
}

@test "a destination whose criu lives in other namespaces than the probe: undecided, and how to ask there" {
	needs_root
	start_poor
	start_quiet unshare --mount --net --pid --fork --kill-child sleep 601
	sleep 0.3
	PLACE=$(tr -d ' ' < "/proc/$QUIET_PID/task/$QUIET_PID/children")
	run "$MIGCHECK" dry-run -p "$TREE" --criu-as-there "$PLACE"
	[ "$status" = 4 ]
	[[ $output == *"nsenter -t $PLACE --mount --root migcheck"* && $output == *"nsenter -t $PLACE --pid migcheck"* ]]
	[[ $output == *dst-file-missing* && $output == *pid-in-use* ]]
}

@test "a bad PID ends the command before anything else is done" {
	needs_root
	start_poor
	local bad
	start_quiet python3 -c 'import os, time
if os.fork() == 0: os._exit(0)
time.sleep(600)'
	for _ in $(seq 100); do
		bad=$(cat "/proc/$QUIET_PID/task/$QUIET_PID/children")
		[ -z "$bad" ] || ! grep -q 'State:.Z' "/proc/${bad% }/status" || break
		sleep 0.02
	done
	run "$MIGCHECK" dump -p "$TREE" --criu-as "${bad% }" -o "$T/none"
	[ "$status" = 2 ] && [[ $output == *"has ended and waits to be reaped"* ]]
	run "$MIGCHECK" dump -p "$TREE" --criu-as 2147483646 -o "$T/none"
	[ "$status" = 2 ] && [[ $output == *"there is none"* ]]
	for bad in 0 -1 abc 1.5 ''; do
		run "$MIGCHECK" dump -p "$TREE" --criu-as "$bad" -o "$T/none"
		[ "$status" = 2 ]
	done
	[ ! -e "$T/none" ]
	run "$MIGCHECK" dry-run -p "$TREE" --criu-as-there 2147483646
	[ "$status" = 2 ]
	"$MIGCHECK" dump -q -p "$TREE" -o "$T/source"
	run "$MIGCHECK" probe -s "$T/source" --criu-as 2147483646 -o "$T/none"
	[ "$status" = 2 ] && [ ! -e "$T/none" ]
	run "$MIGCHECK" check "$T/source" --criu-as 2147483646
	[ "$status" = 2 ]
	"$MIGCHECK" probe -q -s "$T/source" -o "$T/there"
	run "$MIGCHECK" check "$T/source" "$T/there" --criu-as "$TREE"
	[ "$status" = 2 ] && [[ $output == *"--criu-as belongs to the probe"* ]]
}

@test "a kernel thread, a thread, another user's process" {
	needs_root
	start_poor
	if [ -e /proc/2/status ] && grep -q kthreadd /proc/2/comm; then
		run "$MIGCHECK" dump -p "$TREE" --criu-as 2 -o "$T/none"
		[ "$status" = 2 ] && [[ $output == *"kernel thread"* ]]
	fi
	start_quiet python3 -c 'import threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
time.sleep(600)'
	local tid=
	for _ in $(seq 100); do
		tid=$(cd "/proc/$QUIET_PID/task" && echo * | cut -d' ' -f2)
		[ "$tid" = "$QUIET_PID" ] || [ -z "$tid" ] || break
		sleep 0.02
	done
	run "$MIGCHECK" dump -p "$TREE" --criu-as "$tid" -o "$T/none"
	[ "$status" = 2 ] && [[ $output == *"there is none"* ]]
	# Somebody else's namespaces are not shown.
	cp "$MIGCHECK" "$T/migcheck"
	chmod 755 "$T" "$T/migcheck"
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$T/migcheck" dump -p "$TREE" --criu-as "$TREE" -o -
	[ "$status" = 2 ] && [[ $output == *"not shown to this user"* ]]
}

@test "criu as somebody else's user: --unprivileged with CAP_CHECKPOINT_RESTORE, refused without" {
	needs_root
	start_quiet setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all sleep 600
	sleep 0.2
	TREE=$QUIET_PID
	start_place setpriv --reuid=65534 --regid=65534 --clear-groups
	dry_run --criu-as "$PLACE"
	[[ $(blockers dump) == *src-criu-caps* && $(blockers restore) == *dst-criu-caps* ]]
	start_place setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=+checkpoint_restore --ambient-caps=+checkpoint_restore
	dry_run --criu-as "$PLACE"
	[ -z "$(blockers dump)" ]
	requires dump --unprivileged
	# The bounding set of the tree is empty, and each capability of it must be dropped again.
	[ "$(blockers restore)" = dst-cap-setpcap ]
}

# agree CAPABILITY: criu as root without it, and what the real one does with the tree.
agree() {
	local cap=$1 dumped restored criu=("${LAB_CRIU[@]}") option=()

	start_place setpriv "--bounding-set=-$cap"
	dry_run --criu-as "$PLACE"
	! requires dump --unprivileged || option=(--unprivileged)
	ORACLE_AS=(setpriv "--bounding-set=-$cap")
	dumped=$(oracle_dump "$TREE" "$T/img" "${option[@]}")
	if [ -n "$(blockers dump)" ]; then
		[[ $dumped == refused* ]] || { echo "$cap: we say $(blockers dump), CRIU $dumped"; return 1; }
		ORACLE_AS=()
		dumped=$(oracle_dump "$TREE" "$T/img" "${option[@]}")
	fi
	[ "$dumped" = dumped ] || { echo "$cap: CRIU $dumped, and we say nothing"; return 1; }
	LAB_CRIU=(setpriv "--bounding-set=-$cap" "${criu[@]}")
	destination_up
	restored=$(oracle_restore "$T/img" "${option[@]}")
	destination_down
	LAB_CRIU=("${criu[@]}") ORACLE_AS=()
	if [ -n "$(blockers restore)" ]; then
		[[ $restored == refused* || $restored == died* ]] || { echo "$cap: we say $(blockers restore), CRIU $restored"; return 1; }
	else
		[ "$restored" = restored ] || { echo "$cap: CRIU $restored, and we say nothing"; return 1; }
	fi
	if ((${#option[@]})); then
		[[ $(ORACLE_AS=(setpriv "--bounding-set=-$cap") oracle_dump "$TREE" "$T/img") == refused* ]] ||
			[ -e /run/criu.kdat ]	# what an earlier criu found out it does not try again
	fi
}

real_criu() {
	needs_root
	# shellcheck source=tests/lab/oracle.sh
	. "$TOP/tests/lab/oracle.sh"
	oracle_setup || skip 'the real CRIU cannot be had'
}

@test "each capability that criu lacks, against the real CRIU: a tree without any" {
	real_criu
	start_poor
	for cap in sys_ptrace net_admin sys_chroot sys_time setpcap sys_admin chown kill lease mknod dac_read_search; do
		agree "$cap"
	done
}

@test "each capability that criu lacks, against the real CRIU: a tree that holds them all" {
	real_criu
	start_quiet sleep 600
	TREE=$QUIET_PID
	for cap in sys_ptrace chown net_raw; do
		agree "$cap"
	done
}

@test "cap_net_admin for a connection, cap_dac_read_search for what is watched" {
	real_criu
	start_quiet python3 -c 'import ctypes, socket, time
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen()
c = socket.create_connection(l.getsockname()); a, _ = l.accept()
time.sleep(600)'
	sleep 0.5
	TREE=$QUIET_PID
	start_place setpriv --bounding-set=-net_admin
	dry_run --criu-as "$PLACE"
	[[ $(blockers dump) == *src-cap-net-admin* ]]
	ORACLE_AS=(setpriv --bounding-set=-net_admin)
	[[ $(oracle_dump "$TREE" "$T/img" --tcp-established --network-lock nftables) == refused* ]]
	ORACLE_AS=()
	[ "$(oracle_dump "$TREE" "$T/img" --tcp-established --network-lock nftables)" = dumped ]

	start_quiet python3 -c 'import ctypes, time
c = ctypes.CDLL(None); c.inotify_add_watch(c.inotify_init1(0), b"/tmp", 2)
time.sleep(600)'
	sleep 0.5
	TREE=$QUIET_PID
	start_place setpriv --bounding-set=-dac_read_search
	dry_run --criu-as "$PLACE"
	[ "$(blockers dump)" = src-cap-dac-read-search ]
	ORACLE_AS=(setpriv --bounding-set=-dac_read_search)
	[[ $(oracle_dump "$TREE" "$T/img") == *"Can't dump that handle"* ]]
	ORACLE_AS=()
	[ "$(oracle_dump "$TREE" "$T/img")" = dumped ]
}
