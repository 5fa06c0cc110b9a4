#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rehearsal: what it finds that facts do not, what the real criu then says, that it changes nothing,
# and that nothing stays of one that was killed.
load common

setup_file() {
	CRIU=$("$TOP/tests/lab/get-criu.sh")
	export CRIU
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	T=$BATS_TEST_TMPDIR
	CG=/sys/fs/cgroup/unified/migcheck-e2e-$$
	PIDS_CG=/sys/fs/cgroup/pids/migcheck-e2e-$$
	cd "$T"
}

teardown() {
	stop_quiet
	chattr -f -a "$T/append" "$T/there/here" || true
	[ -z "${RESTORED:-}" ] || kill -KILL "$RESTORED" 2>/dev/null
	for _ in $(seq 50); do
		find "$CG" "$PIDS_CG" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -e "$CG" ] || [ -e "$PIDS_CG" ] || break
		sleep 0.1
	done
	[ -z "${OPEN:-}" ] || rm -rf "$OPEN"
	return 0
}

# in_cgroup FOLDER COMMAND...
in_cgroup() {
	local folder=$1
	shift
	mkdir -p "$folder"
	# shellcheck disable=SC2016 # for the inner shell
	start_quiet sh -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$folder" "$@"
}

empty_cgroup() {
	kill -KILL "$QUIET_PID"
	for _ in $(seq 100); do
		rmdir "$1" 2>/dev/null && return
		sleep 0.1
	done
	return 1
}

# rehearse SNAPSHOT [WRAPPER...]: the report with a rehearsal in with.json, without in without.json.
rehearse() {
	local source=$1 how
	shift
	"$@" "$MIGCHECK" probe -q -s "$source" --rehearse -o with.mc
	"$@" "$MIGCHECK" probe -q -s "$source" -o without.mc
	for how in with without; do
		"$MIGCHECK" check -f json -o "$how.json" "$source" "$how.mc" || true
	done
}

# found REPORT: the findings of the rehearsal.
found() {
	json "$1" '"\n".join(f["rule"] + " " + f["thing"] + " " + f["there"]["value"] for f in r["findings"] if f["rule"].startswith("rehearse-"))'
}

verdict() {
	json "$1" 'r["verdict"]'
}

dump_and_end() {
	mkdir img
	"$CRIU" dump -t "$QUIET_PID" -D "$T/img" -o dump.log
	for _ in $(seq 100); do
		[ -e "/proc/$QUIET_PID" ] || break
		sleep 0.1
	done
}

restore() {
	"$@" "$CRIU" restore -d -D "$T/img" -o restore.log --pidfile "$T/pid"
}

# forged TEXT: the snapshot of a source host that says what it likes, in forged.mc.
forged() {
	{
		echo 'header { format: 1 kind: SNAPSHOT_SOURCE tool: "migcheck 0.1.0" }'
		echo 'tree { root_pid: 77 root_start_time: 1 } criu_place { pid: 1 ns { pid: 1 net: 1 mnt: 1 user: 1 } }'
		cat
	} | "$BATS_TEST_DIRNAME/forge" "$TOP/facts" > forged.mc
}

@test "it is off unless asked for" {
	start_quiet sleep 100
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	rehearse s.mc
	[ "$("$MIGCHECK" show -f json without.mc | grep -c '"trial"')" = 0 ]
	[ "$("$MIGCHECK" show -f json with.mc | grep -c '"trial"')" = 1 ]
	[ "$(json without.json '[o["outcome"] for o in r["rules"] if o["rule"].startswith("rehearse-")]' | grep -c passed)" = 0 ]
	"$MIGCHECK" dry-run -q -p "$QUIET_PID" --rehearse -f json -o dry.json || true
	[ "$(found dry.json)" = "" ]
	[ "$(json dry.json '[o["outcome"] for o in r["rules"] if o["rule"] == "rehearse-id"][0]')" = passed ]
}

@test "over ssh too, and on files that lie elsewhere there" {
	: > here
	mkdir there
	: > there/here
	chattr +a there/here || skip "this file system has no attributes"
	# shellcheck disable=SC2016 # for the inner shell
	start_quiet sh -c 'exec 3<> "$0"; exec sleep 100' "$T/here"
	# shellcheck disable=SC2016 # for the carrier
	printf '#!/bin/bash\nfor command; do :; done\nexec bash -c "$command"\n' > carrier
	chmod +x carrier
	"$MIGCHECK" dry-run -q -p "$QUIET_PID" --to node7 --ssh "$T/carrier" --remote "$MIGCHECK" --rehearse \
		--map "$T/here=$T/there/here" -f json -o r.json || true
	chattr -a there/here
	[ "$(found r.json)" = "rehearse-file $T/here EPERM" ]
}

@test "a file that is append-only there: found by trying alone, and criu agrees" {
	: > append
	# shellcheck disable=SC2016 # for the inner shell
	start_quiet sh -c 'exec 3<> "$0"; exec sleep 100' "$T/append"
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	dump_and_end
	chattr +a append || skip "this file system has no attributes"
	rehearse s.mc
	[ "$(verdict without.json)" = ready ]
	[ "$(verdict with.json)" = blocked ]
	[ "$(found with.json)" = "rehearse-file $T/append EPERM" ]
	! restore || false
	grep -q "Can't open file.*append.*Operation not permitted" img/restore.log
	chattr -a append
	rehearse s.mc
	[ "$(found with.json)" = "" ]
	# What the failed restore has left has to be reaped first.
	for _ in $(seq 100); do
		[ -e "/proc/$QUIET_PID" ] || break
		sleep 0.1
	done
	restore
	RESTORED=$(cat pid)
}

@test "a cgroup below which no folder may be made: as criu says" {
	[ -d /sys/fs/cgroup/unified ] || skip "no cgroup2 here"
	in_cgroup "$CG/app" sleep 100
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	dump_and_end
	rmdir "$CG/app"
	echo 0 > "$CG/cgroup.max.descendants"
	rehearse s.mc
	[ "$(verdict with.json)" = blocked ]
	[ "$(found with.json)" = "rehearse-cgroup cgroup2:${CG#/sys/fs/cgroup/unified}/app EAGAIN" ]
	! restore || false
	grep -q "Can't make cgroup dir.*Resource temporarily unavailable" img/restore.log
	echo max > "$CG/cgroup.max.descendants"
	rehearse s.mc
	[ "$(found with.json)" = "" ]
	restore
	RESTORED=$(cat pid)
}

@test "what criu loses without a word: a nice value that it may not set, a limit, a policy" {
	start_quiet nice -n -5 setpriv --bounding-set -sys_nice sleep 100
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	dump_and_end
	rehearse s.mc setpriv --bounding-set -sys_nice
	[ "$(found with.json)" = "rehearse-task nice value -5 EACCES" ]
	[ "$(verdict with.json)" = ready ]
	restore setpriv --bounding-set -sys_nice
	RESTORED=$(cat pid)
	[ "$(($(ps -o ni= -p "$RESTORED")))" = 0 ]

	rehearse s.mc prlimit --nofile=64:64
	if ! grep -q "^CapEff:.*[13579bdf]......$" /proc/self/status; then
		[[ $(found with.json) == *"rehearse-task Max open files "*" EPERM"* ]]
	fi
}

@test "a port below 1024 without the capability: as criu says" {
	start_quiet python3 -c 'import os, socket, time
s = socket.socket(); s.bind(("127.0.0.1", 81)); s.listen()
os.chdir("/"); time.sleep(100)'
	for _ in $(seq 100); do
		[ -n "$(ss -Hltn 'sport = 81')" ] && break
		sleep 0.05
	done
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	rehearse s.mc setpriv --bounding-set -net_bind_service
	[ "$(found with.json)" = "rehearse-socket tcp port 81 EACCES" ]
	rehearse s.mc
	[ "$(found with.json)" = "" ]
}

@test "a file whose folder its user may not enter: a warning of the rehearsal alone" {
	OPEN=$(mktemp -d /var/tmp/migcheck-rehearse.XXXXXX)
	cd "$OPEN"
	mkdir folder
	chmod 755 . folder
	: > folder/log
	chmod 666 folder/log
	# shellcheck disable=SC2016 # for the inner shell
	start_quiet setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'exec 3>> "$0"; exec sleep 100' "$OPEN/folder/log"
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	chmod 700 folder
	rehearse s.mc
	[ "$(found without.json)" = "" ]
	[[ $(found with.json) == *"rehearse-file-as-user $OPEN/folder/log as user 65534 EACCES"* ]]
	[ "$(json with.json '[f["severity"] for f in r["findings"] if f["rule"] == "rehearse-file-as-user"][0]')" = warning ]
}

@test "ids, mount options and namespaces that this kernel refuses" {
	forged <<-TEXT
		process { pid: 77 start_time: 1 comm: "app" ns { pid: 1 net: 9 mnt: 9 user: 1 } thread { tid: 77 } thread { tid: 5000000 } }
		ns { kind: NS_NET ino: 9 of_criu: false } ns { kind: NS_MNT ino: 9 of_criu: false }
		mount { mnt_ns: 9 id: 2 root: "/" mountpoint: "/tmp" fs_type: "tmpfs" super_options: "rw,size=64k,no-such-option=1" }
		mount { mnt_ns: 9 id: 3 root: "/" mountpoint: "/run" fs_type: "tmpfs" super_options: "rw,size=64k,mode=755" }
		mount { mnt_ns: 9 id: 4 root: "/" mountpoint: "/dev/pts" fs_type: "devpts" super_options: "rw,gid=5,mode=620,ptmxmode=666" }
		mount { mnt_ns: 9 id: 5 root: "/" mountpoint: "/o" fs_type: "overlay" super_options: "rw,lowerdir=/etc,upperdir=/root/u,workdir=/root/w" }
		mount { mnt_ns: 9 id: 6 root: "/" mountpoint: "/layers" fs_type: "overlay" super_options: "rw,lowerdir=/etc:/usr,xino=no-such" }
		mount { mnt_ns: 9 id: 7 root: "/no-such" mountpoint: "/" fs_type: "ext4" super_options: "rw" }
	TEXT
	grep -q '\boverlay$' /proc/filesystems || modprobe overlay
	rehearse forged.mc
	[ "$(found with.json | sort)" = "rehearse-id thread 5000000 EINVAL
rehearse-mount overlay at /layers EINVAL
rehearse-mount tmpfs at /tmp EINVAL" ]
	"$MIGCHECK" show with.mc > facts
	grep -qE 'trial.* thing="?overlay at /o"? .*error=0' facts
	grep -qE 'trial.* thing="?root folder /"? .*error=0' facts
	# A host on which no network namespace can be made.
	rehearse forged.mc unshare -Urpf --mount-proc sh -c 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"' sh
	[[ $(found with.json) == *"rehearse-namespace network namespace 9 ENOSPC"* ]]
}

@test "a hostile source has nothing opened, mounted or made that is not regular" {
	mkfifo fifo
	forged <<-TEXT
		process { pid: 77 start_time: 1 comm: "app" ns { pid: 1 net: 1 mnt: 9 user: 1 }
		  thread { tid: 77 sched_policy: 4000000000 rt_priority: 4000000000 nice: -2000000000 } thread { tid: -5 } thread { tid: 2147483647 }
		  oom_score_adj: -2000000000 limit { name: "Max cpu time" soft: 0 hard: 0 } limit { name: "Max open files" soft: 3 hard: 2 }
		  fd { number: 0 kind: FD_REGULAR flags: 0xffffffff file: 0 } fd { number: 1 kind: FD_REGULAR flags: 1 file: 1 }
		  fd { number: 2 kind: FD_REGULAR flags: 1 file: 2 } fd { number: 3 kind: FD_REGULAR flags: 1 file: 99 }
		  fd { number: 4 kind: FD_REGULAR flags: 01001 file: 3 } }
		file { path: "/dev/watchdog" fs_type: "ext4" } file { path: "$T/fifo" fs_type: "ext4" } file { path: "/proc/sysrq-trigger" }
		file { path: "$T/kept" fs_type: "ext4" mode: 0100644 }
		ns { kind: NS_MNT ino: 9 of_criu: false } ns { kind: NS_USER ino: 8 of_criu: false uid_map { inside: 4000000000 outside: 4000000000 count: 4000000000 } }
		mount { mnt_ns: 9 id: 2 root: "/" mountpoint: "/" fs_type: "ext4" source: "/dev/vda" super_options: "rw" }
		mount { mnt_ns: 9 id: 3 root: "/" mountpoint: "/b" fs_type: "tmpfs" source: "/etc" super_options: "rw,mpol=bind:0,x=/etc/shadow" }
		socket { ino: 1 in_tree: true family: SOCKET_INET type: 3 protocol: 255 source_port: 99999 } socket { ino: 2 in_tree: true family: SOCKET_NETLINK protocol: 31 }
		cgroup { controllers: "pids" path: "/../../../../tmp/x/y" } cgroup { controllers: "" path: "/a/../../b" } cgroup { controllers: "pids" path: "no-slash" }
	TEXT
	echo kept > kept
	find /sys/fs/cgroup -type d | sort > before
	strace -f -o trace -e trace=openat,openat2,open,mount,mkdirat,unlinkat "$MIGCHECK" probe -q -s forged.mc --rehearse -o d.mc
	find /sys/fs/cgroup -type d | sort > after
	diff before after
	[ "$(cat kept)" = kept ]
	! grep -E '"(/dev/watchdog|dev/watchdog|[^"]*fifo|[^"]*sysrq-trigger|proc/sysrq-trigger)"' trace | grep -v O_PATH || false
	! grep -E 'mkdirat\(.*"[^"]*"' trace | grep -v '"migcheck-rehearsal-' || false
	! grep -E '(O_CREAT|O_TRUNC)' trace | grep -vE 'd\.mc|O_RDONLY.*= -1'
}

# world FILE [NAME]: what a rehearsal must leave as it is; of the cgroups those with NAME in their path. Namespaces live
# by a process (those that we started bear a mark) or by a mount.
world() {
	{
		find /sys/fs/cgroup -type d -path "*${2:-}*"
		cat /proc/self/mountinfo
		for p in /proc/[0-9]*; do
			tr '\0' '\n' < "$p/environ" | grep -qx "MARK=$T" && echo "$p $(cat "$p/comm")"
		done 2>/dev/null
		find "$T/files" -printf '%p %s %m %T@ %C@\n'
	} | sort > "$1"
}

# A tree with something of each subject.
start_rich() {
	mkdir -p files
	: > files/a
	in_cgroup "$PIDS_CG/one/two" unshare -mnu sh -c 'mount -t tmpfs -o size=64k t /mnt; exec 3<> "$0"; exec sleep 100' "$T/files/a"
	for _ in $(seq 100); do
		[ "$(cat "/proc/$QUIET_PID/comm")" = sleep ] && break
		sleep 0.02
	done
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	kill -KILL "$QUIET_PID"
	for _ in $(seq 400); do
		find "$PIDS_CG" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -e "$PIDS_CG" ] || break
		sleep 0.05
	done
	[ ! -e "$PIDS_CG" ]
}

@test "it changes nothing: cgroups, mounts, namespaces, processes and files are as before" {
	start_rich
	# Others may be at it on this host at the same moment, and then it is looked at again.
	for _ in 1 2 3; do
		world before
		MARK=$T "$MIGCHECK" probe -q -s s.mc --rehearse -o d.mc
		world after
		! cmp -s before after || break
	done
	diff before after
	"$MIGCHECK" show -f json d.mc > d.json
	for what in pid namespace cgroup mount file task; do
		[ "$(json d.json "[t['error'] for t in r['trial'] if t['subject'] == '$what' and t['tried']] != []")" = true ]
	done
}

# strike WHO DELAY: ends processes of a rehearsal after so many seconds, and counts in HITS who was there. strace(1) makes
# it slow enough for that.
strike() {
	local run prober guardian worker
	MARK=$T strace -f -o /dev/null "$MIGCHECK" probe -q -s s.mc --rehearse -o struck.mc 2>/dev/null &
	run=$!
	sleep "$2"
	prober=$(pgrep -P "$run" -x migcheck) || true
	guardian=$(pgrep -P "${prober:-0}" -x migcheck-crew) || true
	worker=$(pgrep -P "${guardian:-0}" -x migcheck-trial) || true
	case $1 in
	worker) kill -KILL "$worker" ;;
	guardian) kill -KILL "$guardian" ;;
	both) kill -KILL "$worker" "$guardian" ;;
	all) kill -KILL "$prober" ;;
	esac 2>/dev/null && HITS=$((HITS + 1))
	wait "$run" 2>/dev/null || true
}

@test "killed at any of 20 points, the next run leaves nothing behind" {
	local who i HITS=0
	start_rich
	world before migcheck
	for who in worker guardian both all; do
		for i in $(seq 20); do
			strike "$who" "0.$(printf %03d $((i * 10 + 50)))"
		done
	done
	echo "# struck $HITS times" >&3
	[ "$HITS" -ge 10 ]
	"$MIGCHECK" probe -q -s s.mc --rehearse -o d.mc
	sleep 2.5
	world after migcheck
	diff before after
}

# left_over: the folders that rehearsals have left.
left_over() {
	find /sys/fs/cgroup -name 'migcheck-rehearsal-*' | wc -l
}

@test "killed just after a folder of a cgroup was made: the same run removes it, or the next one by its name" {
	local prober
	start_rich
	world before migcheck
	# The worker is killed: migcheck goes on, and says of the rest that it was not tried.
	strace -f -o trace -e trace=mkdirat -e inject="mkdirat:signal=KILL:when=1" \
		env "MARK=$T" "$MIGCHECK" probe -q -s s.mc --rehearse -o struck.mc
	[ "$(left_over)" = 0 ]
	"$MIGCHECK" show -f json struck.mc > d.json
	[ "$(json d.json "[t['tried'] for t in r['trial'] if t['subject'] == 'cgroup']")" = "[False]" ]
	[ "$(json d.json "[t['tried'] for t in r['trial'] if t['subject'] == 'task'][0]")" = true ]

	# All of them are: the folder stays until the next run.
	strace -f -o trace -e trace=mkdirat -e inject="mkdirat:delay_exit=1000000:when=1" \
		env "MARK=$T" "$MIGCHECK" probe -q -s s.mc --rehearse -o struck.mc &
	for _ in $(seq 200); do
		[ "$(left_over)" = 0 ] || break
		sleep 0.02
	done
	prober=$(pgrep -P $! -x migcheck)
	kill -KILL "$prober"
	wait $! || true
	[ "$(left_over)" = 1 ]
	"$MIGCHECK" probe -q -s s.mc --rehearse -o d.mc
	[ "$(left_over)" = 0 ]

	mkdir "/sys/fs/cgroup/pids/migcheck-rehearsal-4194000-7" "/sys/fs/cgroup/pids/migcheck-rehearsal-$$-7" \
		"/sys/fs/cgroup/pids/migcheck-rehearsal-$$-$(awk '{ print $22 }' /proc/$$/stat)" /sys/fs/cgroup/pids/migcheck-rehearsal-mine
	"$MIGCHECK" probe -q -s s.mc --rehearse -o d.mc
	# Only ours, and only of who is gone.
	[ "$(left_over)" = 2 ]
	rmdir "/sys/fs/cgroup/pids/migcheck-rehearsal-$$-$(awk '{ print $22 }' /proc/$$/stat)" /sys/fs/cgroup/pids/migcheck-rehearsal-mine
	world after migcheck
	diff before after
}

@test "without the privileges it is unknown, with the reason, and no finding" {
	start_quiet sleep 100
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	OPEN=$(mktemp -d /var/tmp/migcheck-rehearse.XXXXXX)
	chmod 755 "$OPEN"
	chmod 644 s.mc
	mv s.mc "$OPEN/"
	cd "$OPEN"
	mkdir -m 777 out
	cp "$MIGCHECK" out/migcheck
	setpriv --reuid 65534 --regid 65534 --clear-groups out/migcheck probe -q -s s.mc --rehearse -o out/d.mc || true
	[ -e out/d.mc ]
	"$MIGCHECK" check -f json -o d.json s.mc out/d.mc || true
	[ "$(found d.json)" = "" ]
	[ "$(json d.json '[o["outcome"] for o in r["rules"] if o["rule"] == "rehearse-id"][0]')" = unknown ]
	[[ $(json d.json '[u["because"] for u in r["unknowns"] if u["rule"] == "rehearse-id"][0]') == *EPERM* ]]
}

@test "as another process, or of a recorded machine, it is unknown" {
	start_quiet sleep 100
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o s.mc
	"$MIGCHECK" probe -q -s s.mc --rehearse --criu-as $$ -o d.mc
	"$MIGCHECK" check -f json -o d.json s.mc d.mc || true
	[ "$(json d.json '[o["outcome"] for o in r["rules"] if o["rule"] == "rehearse-id"][0]')" = unknown ]
	mkdir recorded
	"$MIGCHECK" probe -q -s s.mc --rehearse --sysroot recorded -o d.mc
	"$MIGCHECK" check -f json -o d.json s.mc d.mc || true
	[ "$(json d.json '[o["outcome"] for o in r["rules"] if o["rule"] == "rehearse-id"][0]')" = unknown ]
}
