#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mkproc makes what it says, says what it made, and leaves nothing behind.

setup() {
	MKPROC=${MKPROC:-$BATS_TEST_DIRNAME/../../build/release/mkproc}
	[ -x "$MKPROC" ]
	export TMPDIR=$BATS_TEST_TMPDIR/scratch
	mkdir -p "$TMPDIR"
}

# Starts a factory; sets line, pid, and the descriptor that ends it. Its stderr must stay empty.
start() {
	coproc SCENE { exec "$MKPROC" "$@" 2>"$BATS_TEST_TMPDIR/stderr"; }
	scene=$SCENE_PID out=${SCENE[0]} in=${SCENE[1]}
	line=
	IFS= read -r -u "$out" line || true
	pid=${line#* }
	pid=${pid%% *}
}

finish() {
	status=0
	exec {in}>&-
	wait "$scene" || status=$?
}

# The value of a fact of the line, nothing if it is not there.
fact() {
	local word
	for word in $line; do
		[[ $word == "$1="* ]] || continue
		echo "${word#*=}"
		return
	done
}

complain() {
	echo "$name: $*"
	bad=$((bad + 1))
}

# Holds each fact of the line against /proc.
check_visible() {
	local word key value
	for word in $line; do
		key=${word%%=*} value=${word#*=}
		case $word in
		*-ino=*)
			key=${key%-ino}
			[ "$(stat -Lc %i "/proc/$pid/fd/$(fact "$key")" 2>&1)" = "$value" ] ||
				complain "descriptor $key is not inode $value"
			;;
		at=*)
			grep -q "^0*$value-" "/proc/$pid/maps" || complain "no mapping at $value"
			;;
		tid=*)
			[ -d "/proc/$pid/task/$value" ] || [ -d "/proc/$value" ] ||
				complain "no thread $value"
			;;
		child=* | zombie=*)
			[ -d "/proc/$pid/root" ] || complain "no root"
			[ -n "$(cat "/proc/$pid/task/$pid/children")" ] || [ -d "/proc/$value" ] ||
				complain "no child $value"
			;;
		uts=* | ipc=* | net=* | pid=* | mnt=* | user=* | time=* | cgroup=[0-9]*)
			[ "$(readlink "/proc/$pid/ns/$key")" = "$key:[$value]" ] ||
				[ "$key" = time ] || complain "not in $key:[$value]"
			;;
		cgroup=/*)
			cat "/proc/$pid"/task/*/cgroup "/proc/$pid"/task/*/children 2>/dev/null |
				grep -qF "${value##*/}" ||
				grep -qF "${value##*/}" "/proc/$(fact child)/cgroup" 2>/dev/null ||
				[[ $name == cg-above-ns-root ]] || complain "not in $value"
			;;
		mount=*)
			grep -q " $value " "/proc/$pid/mountinfo" ||
				[[ $name == mnt-file-unmounted ]] || complain "no mount $value"
			;;
		exe=*)
			[[ $(readlink "/proc/$pid/exe") == "$value"* ]] || complain "not $value"
			;;
		policy=*)
			[ "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f39)" = "$value" ] ||
				complain "policy is not $value"
			;;
		esac
	done
}

# A session leader, and alive, unless the subject of the factory is just that.
check_root() {
	local state session
	state=$(awk '$1 == "State:" {print $2}' "/proc/$pid/status")
	session=$(awk '$1 == "NSsid:" {print $2}' "/proc/$pid/status")
	[ -n "$state" ] || complain "no such task: $pid"
	case $name in
	task-zombie-root | task-zombie-leader) [ "$state" = Z ] || complain "state is $state" ;;
	task-stopped) [ "$state" = T ] || complain "state is $state" ;;
	task-vfork | cg-frozen-v1) [ "$state" = D ] || complain "state is $state" ;;
	*) [[ $state == [SRDt] ]] || complain "state is $state" ;;
	esac
	case $name in
	task-not-leader | ns-pid-outside-session)
		[ "$session" != "$pid" ] || complain "is a session leader"
		;;
	*) [ "$session" = "$pid" ] || complain "is no session leader" ;;
	esac
}

# What is left of a scene that has ended: groups, mounts, queues and files bear its name.
check_gone() {
	local left
	left=$(
		find /sys/fs/cgroup -name "mkproc-$scene" 2>/dev/null
		grep -F "$TMPDIR" /proc/self/mountinfo
		awk -v id="$(fact msqid)" '$2 == id' /proc/sysvipc/msg
		ls -A "$TMPDIR"
	)
	[ -z "$left" ] || complain "left behind: $left"
	[ ! -d "/proc/$pid" ] || complain "task $pid is left"
	for pid in $(fact tid) $(fact child) $(fact zombie); do
		[ ! -d "/proc/$pid" ] || complain "task $pid is left"
	done
}

@test "the list is sane" {
	"$MKPROC" --list >"$BATS_TEST_TMPDIR/list"
	run "$MKPROC" --list-names
	[ "$status" -eq 0 ]
	[ "$output" = "$(cut -f1 "$BATS_TEST_TMPDIR/list")" ]
	[ "${#lines[@]}" -ge 90 ]
	[ -z "$(sort <<<"$output" | uniq -d)" ]
	[ -z "$(awk -F'\t' 'NF != 7 || $1 !~ /^[a-z0-9]+(-[a-z0-9]+)*$/ ||
		$2 !~ /^(ok|refused|needs:--[a-z].*|host:.+)$/ || $6 == ""' "$BATS_TEST_TMPDIR/list")" ]
}

@test "usage errors are told" {
	run "$MKPROC" no-such-thing
	[ "$status" -eq 2 ]
	[[ $output == *"no such factory"* ]]
	run "$MKPROC" file-deleted-large colour=blue
	[ "$status" -eq 2 ]
	[[ $output == *"no such argument: colour=blue"*size=* ]]
	run "$MKPROC" file-deleted-large size=many </dev/null
	[ "$status" -eq 1 ]
	run "$MKPROC"
	[ "$status" -eq 2 ]
}

@test "an argument takes effect" {
	start file-deleted-small size=12345
	[ "$(stat -Lc '%s %h' "/proc/$pid/fd/$(fact fd)")" = "12345 0" ]
	finish
	[ "$status" -eq 0 ]
}

@test "a line ends it as well as the end of the input, or a signal" {
	start plain
	echo >&"$in"
	wait "$scene"
	! kill -0 "$pid" 2>/dev/null || false
	start plain
	kill -TERM "$scene"
	wait "$scene"
	! kill -0 "$pid" 2>/dev/null || false
	exec {in}>&-
}

@test "no descriptor, signal or folder of the caller gets into the tree" {
	exec 7</etc/passwd
	trap '' USR1
	start plain
	[ "$(ls "/proc/$pid/fd" | xargs)" = "0 1 2" ]
	[ "$(readlink /proc/"$pid"/fd/* | sort -u)" = /dev/null ]
	[ "$(readlink "/proc/$pid/cwd")" = / ]
	grep -q '^SigIgn:[[:space:]]*0*$' "/proc/$pid/status" || { grep ^Sig "/proc/$pid/status"; false; }
	grep -q '^SigBlk:[[:space:]]*0*$' "/proc/$pid/status"
	finish
	[ "$status" -eq 0 ]
}

@test "each factory makes what it says and leaves nothing behind" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	local name bad=0
	for name in $("$MKPROC" --list-names); do
		start "$name"
		if [[ $line == "SKIP $name: "?* ]]; then
			echo "# $line" >&3
			finish
			[ "$status" -eq 77 ] || complain "exit status $status, not 77"
		elif [[ $line == "$name "[1-9]* ]]; then
			check_root
			check_visible
			finish
			[ "$status" -eq 0 ] || complain "exit status $status"
		else
			complain "no line: $line"
			finish
		fi
		[ ! -s "$BATS_TEST_TMPDIR/stderr" ] || complain "$(cat "$BATS_TEST_TMPDIR/stderr")"
		check_gone
	done
	[ "$bad" -eq 0 ]
}
