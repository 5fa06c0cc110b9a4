#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What stands in the way at the destination: real kernel objects in namespaces that stand for another
# host. What passes by itself is "retry" and ends untouched within --settle; what does not is "blocked",
# outlasts ten seconds and ends by an act. holders.py holds each. All are looked at side by side, before
# the tests, which only judge what was seen.
load common

SCENES=()
BEFORE=()
declare -A HOLDER TREE WITH

# make FACTORY: a tree of mkproc's; its line in LINE, its root's pid in ROOT.
make() {
	local in=$T/${#SCENES[@]}.in
	mkfifo "$in"
	"$MKPROC" "$1" < "$in" > "$in.line" 2> /dev/null 3>&- &
	SCENES+=("$!")
	# shellcheck disable=SC2034 # held open: the scene ends with it
	exec {HOLD}> "$in"
	for _ in $(seq 500); do
		read -r LINE < "$in.line" && break
		sleep 0.01
	done
	read -r _ ROOT _ <<< "$LINE"
}

# value KEY: of the line that mkproc has printed.
value() {
	grep -oE "(^| )$1=[^ ]*" <<< "$LINE" | head -n 1 | cut -d= -f2-
}

# start_python ARGUMENT...: a tree of this file's own, from standard input; it makes the file $1 when it is complete.
start_python() {
	start_quiet python3 -c "$(cat)" "$@"
	ROOT=$QUIET_PID
	for _ in $(seq 500); do [ ! -s "$1" ] || break; sleep 0.01; done
}

# there NAME SECONDS NAMESPACES WHAT [ARGUMENT...]: a destination in which something is held so long, and a
# carrier into it. NAMESPACES: p (with mounts and its own /proc), m, n, C.
there() {
	local name=$1 seconds=$2 spaces=$3 enter='' unshare=() init
	shift 3
	[[ $spaces != *p* ]] || { unshare+=(--pid --fork --mount-proc); enter+=' -p -m'; }
	[[ $spaces != *m* ]] || { unshare+=(--mount); enter+=' -m'; }
	[[ $spaces != *n* ]] || { unshare+=(--net); enter+=' -n'; }
	[[ $spaces != *C* ]] || { unshare+=(--cgroup); enter+=' -C'; }
	start_quiet "${BEFORE[@]}" unshare "${unshare[@]}" python3 "$BATS_TEST_DIRNAME/holders.py" \
		"$seconds" "$T/$name.held" "$@"
	for _ in $(seq 1000); do [ ! -e "$T/$name.held" ] || break; sleep 0.01; done
	[ -e "$T/$name.held" ] || { echo "$name: nothing is held"; return 1; }
	init=$QUIET_PID
	[[ $spaces != *p* ]] || init=$(tr -d ' ' < "/proc/$init/task/$init/children")
	HOLDER[$name]=$init
	TREE[$name]=$ROOT
	printf '#!/bin/bash\nfor command; do :; done\nexec nsenter -t %s%s bash -c "$command"\n' "$init" "$enter" \
		> "$T/$name.carrier"
	chmod +x "$T/$name.carrier"
}

# look NAME AS [OPTION...]: a dry run to that destination; its report is AS.json, its exit code AS.code.
look() {
	local name=$1 as=$2 code=0 with
	shift 2
	read -ra with <<< "${WITH[$name]:-}"
	timeout 90 "$MIGCHECK" dry-run -p "${TREE[$name]}" --to "$name" --ssh "$T/$name.carrier" --remote "$MIGCHECK" \
		-f json -o "$T/$as.json" "${with[@]}" "$@" 2> "$T/$as.err" 3>&- || code=$?
	echo "$code" > "$T/$as.code"
}

# passes NAME RULE: looked at once, and then again and again beside what follows.
passes() {
	printf '%s %s\n' "$1" "$2" >> "$T/passing"
	look "$1" "$1.first"
	look "$1" "$1" --settle 40 &
	LOOKS+=("$!")
}

# stays NAME RULE: looked at once; the rest comes when ten seconds have passed.
stays() {
	printf '%s %s\n' "$1" "$2" >> "$T/staying"
	look "$1" "$1.first"
}

# all_stay AS: looks at those once more, two at a time.
all_stay() {
	local name last=''
	while read -r name _; do
		look "$name" "$name.$1" &
		[ -z "$last" ] || wait "$last"
		last=$!
	done < "$T/staying"
	wait "$last"
}

ids_pass() {
	local name
	make plain
	for name in process zombie thread group session; do
		there "$name" 7 p "$name" "$ROOT"
		passes "$name" pid-in-use
	done
	make task-threads
	there of-thread 7 p process "$(value tid)"
	passes of-thread pid-in-use
	start_python "$T/group" <<-'PYTHON'
		import os, sys, time
		wait, go = os.pipe()
		leader = os.fork()
		if leader == 0:
		    os.setpgrp()
		    os.close(go)
		    os.read(wait, 1)
		    os._exit(0)
		while os.getpgid(leader) != leader:
		    time.sleep(0.001)
		member = os.fork()
		if member:
		    while os.getpgid(member) != leader:
		        time.sleep(0.001)
		else:
		    os.setpgid(0, leader)
		os.close(wait)
		os.close(go)
		if member:
		    os.waitpid(leader, 0)
		    open(sys.argv[1], "w").write(str(leader))
		time.sleep(600)
	PYTHON
	there of-group 7 p process "$(cat "$T/group")"
	passes of-group pid-in-use
}

names_pass() {
	make pty-pair
	there terminal 7 p terminal "$(value index)"
	passes terminal tty-pty-index
	make tcp-listen
	there connection 7 n connection "$(value port)"
	passes connection net-port-in-use
	there fin-wait 7 n fin_wait "$(value port)"
	passes fin-wait net-port-in-use
	make udp-bound
	there datagrams 7 n datagrams "$(value port)"
	passes datagrams net-port-in-use
	make unix-listen-abstract
	there name-client 7 n name_client "$(value name)"
	passes name-client net-unix-abstract
}

# two_in_cgroup CONTROLLER NAME LIMIT VALUE: two tasks with 24 MiB each in a cgroup of their own, in CGROUP.
two_in_cgroup() {
	CGROUP=/sys/fs/cgroup/$1/$CG.$2
	mkdir "$CGROUP"
	echo "$4" > "$CGROUP/$3"
	start_python "$T/$2.two" "$CGROUP" <<-'PYTHON'
		import os, sys, time
		open(sys.argv[2] + "/cgroup.procs", "w").write("0")
		wait, go = os.pipe()
		child = os.fork()
		taken = b"\1" * (24 << 20)
		if child:
		    os.read(wait, 1)
		    open(sys.argv[1], "w").write("complete")
		else:
		    os.write(go, b".")
		os.close(wait)
		os.close(go)
		time.sleep(600)
	PYTHON
}

room_passes() {
	local folder name
	make file-deleted-small
	folder=$(value path)
	for name in space inodes; do
		there "$name" 7 m "$name" "${folder%/*}"
		passes "$name" dst-ghost-space
	done
	two_in_cgroup pids tasks pids.max 20
	there tasks 7 p tasks "$CGROUP" 18
	passes tasks cg-limits-vs-need
	two_in_cgroup memory memory memory.limit_in_bytes 160M
	there memory 7 p memory "$CGROUP" 60
	passes memory cg-limits-vs-need
	# Another cgroup of cgroup2 is the root there, and a folder below it is all that it allows.
	make cg-v2
	folder=/sys/fs/cgroup/unified/$CG.root
	mkdir "$folder"
	echo 1 > "$folder/cgroup.max.descendants"
	# shellcheck disable=SC2016 # for the inner shell
	BEFORE=(sh -c 'for own in /sys/fs/cgroup/*/ "$0"; do echo 0 > "$own/cgroup.procs"; done; exec "$@"' "$folder")
	there below 7 pC folder_below /sys/fs/cgroup/unified/dying
	BEFORE=()
	passes below cg-dir-create
}

names_stay() {
	make plain
	there leader 600 p leader "$ROOT"
	stays leader pid-in-use
	make tcp-listen
	there service 600 n service "$(value port)"
	stays service net-port-in-use
	there no-loopback 600 n act true 'ip link set lo up'
	stays no-loopback dst-loopback
	make udp-bound
	there datagram-service 600 n datagrams "$(value port)" 0
	stays datagram-service net-port-in-use
	make unix-listen-abstract
	there name-service 600 n name_service "$(value name)"
	stays name-service net-unix-abstract
}

files_stay() {
	local path folder
	make file-readonly
	path=$(value path) folder=${path%/*}
	there missing 600 m act "mount -t tmpfs tmpfs $folder" "umount $folder"
	stays missing dst-file-missing
	there mode 600 m act "cp -a $path $T/other && chmod 600 $T/other && mount --bind $T/other $path" \
		"chmod $(stat -c %a "$path") $path"
	stays mode dst-file-mode
	there grown 600 m act "cp -a $path $T/grown && echo >> $T/grown && mount --bind $T/grown $path" "umount $path"
	stays grown dst-file-size
	make file-readwrite
	path=$(value path) folder=${path%/*}
	there read-only 600 m act "mount --bind $folder $folder && mount -o remount,bind,ro $folder" \
		"mount -o remount,bind,rw $folder"
	stays read-only dst-file-ro
	make file-deleted-small
	path=$(value path)
	there left-over 600 m act "touch $path.cr.1.ghost" "rm $path.cr.1.ghost"
	stays left-over dst-ghost-collision
}

room_stays() {
	two_in_cgroup pids limit pids.max max
	there limit 600 p act "echo 1 > $CGROUP/pids.max" "echo max > $CGROUP/pids.max"
	stays limit cg-limits-vs-need
	make plain
	WITH[criu]="--criu $T/criu"
	there criu 600 m act "cp /bin/false $T/criu" "ln -sf $CRIU $T/criu"
	stays criu dst-criu-present
}

setup_file() {
	local name
	[ "$(id -u)" -eq 0 ] || return 0
	T=$BATS_FILE_TMPDIR CG=migcheck-e2e-$$ LOOKS=()
	export TMPDIR=$T CG
	chmod 755 "$T"
	CRIU=$("$TOP/tests/lab/get-criu.sh")
	names_stay
	files_stay
	room_stays
	ids_pass
	names_pass
	room_passes
	wait "${LOOKS[@]}"
	sleep 1
	all_stay later
	while read -r name _; do
		kill -USR1 "${HOLDER[$name]}"
		for _ in $(seq 500); do [ ! -e "$T/$name.held.gone" ] || break; sleep 0.01; done
	done < "$T/staying"
	all_stay free
}

teardown_file() {
	local pid
	# With the children of trees that have a session of their own.
	for pid in "${QUIET_PIDS[@]}"; do
		pkill -KILL -s "$pid" || true
	done
	stop_quiet
	for pid in "${SCENES[@]}"; do
		kill "$pid" 2> /dev/null || true
	done
	for _ in $(seq 50); do
		find /sys/fs/cgroup/*/"$CG".* -depth -type d -exec rmdir {} + 2> /dev/null
		compgen -G "/sys/fs/cgroup/*/$CG.*" > /dev/null || break
		sleep 0.1
	done
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	T=$BATS_FILE_TMPDIR
}

# blockers AS LIFETIME: rule and thing of each, a line each.
blockers() {
	json "$T/$1.json" "'\n'.join(sorted({f['rule'] + ' ' + f['thing'] for f in r['findings'] if f['severity'] == 'blocker' and f['lifetime'] == '$2'}))"
}

# tell NAME RULE: what was found, as a comment.
tell() {
	printf '# %-16s %s\n' "$1" "$(json "$T/$1.first.json" "'; '.join('%s %s: %s%s' % (f['rule'], f['thing'], f.get('there', {}).get('value'), ' (%s)' % f['observed'] if f.get('observed') else '') for f in r['findings'] if f['rule'] == '$2')")" >&3
}

# passed NAME RULE: retry for this alone, then ready, and its finding gone within the time.
passed() {
	local first
	first=$(blockers "$1.first" transient)
	[ "$(cat "$T/$1.first.code")" = 3 ] && [[ $first == "$2 "* && $first != *$'\n'* ]] ||
		{ echo "$1: at first $(cat "$T/$1.first.code"): $first $(blockers "$1.first" permanent)"; return 1; }
	[ "$(cat "$T/$1.code")" = 0 ] ||
		{ echo "$1: ended with $(cat "$T/$1.code"): $(cat "$T/$1.err")"; return 1; }
	[ "$(json "$T/$1.json" "[(s['rule'], s['end'], s['gone_after_ms'] > 0) for s in r['settled']] == [('$2', 'gone', True)]")" = true ] ||
		{ echo "$1: $(json "$T/$1.json" 'r["settled"]')"; return 1; }
}

# stayed NAME RULE: blocked by this alone, still after ten seconds, and ready after the act.
stayed() {
	local first later apart
	first=$(blockers "$1.first" permanent) later=$(blockers "$1.later" permanent)
	apart=$(($(stat -c %Y "$T/$1.later.json") - $(stat -c %Y "$T/$1.first.json")))
	[ "$(cat "$T/$1.first.code") $(cat "$T/$1.later.code") $(cat "$T/$1.free.code")" = "1 1 0" ] &&
		[[ $first == "$2 "* && $first != *$'\n'* && $first == "$later" && $apart -ge 10 ]] ||
		{ echo "$1: '$first', after $apart s '$later', at last $(blockers "$1.free" permanent)"; return 1; }
}

# each_of LIST JUDGE LEAST: every situation of the list is told and judged.
each_of() {
	local name rule bad=0 n=0
	while read -r name rule; do
		tell "$name" "$rule"
		"$2" "$name" "$rule" || bad=$((bad + 1))
		n=$((n + 1))
	done < "$T/$1"
	[ "$bad" -eq 0 ] && [ "$n" -ge "$3" ]
}

@test "what passes at the destination ends untouched: retry at first, then ready" {
	each_of passing passed 12
}

@test "what stays at the destination outlasts ten seconds, and ends by an act" {
	each_of staying stayed 10
}
