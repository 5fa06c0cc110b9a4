# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # the ORACLE_ variables are for whoever sources this
#
# Sourced by the lab: asks the real CRIU. Each question prints one line:
#
#	oracle_dump 4211 /tmp/img              dumped
#	oracle_dump 4211 /tmp/img              refused: Error (criu/tty.c:1252): tty: Found dangling tty …
#	oracle_restore /tmp/img                restored
#	oracle_restore /tmp/img                refused: Error (criu/files-reg.c:2138): File … has bad size 5 …
#	oracle_restore /tmp/img                died: restored, but 2 of 3 tasks were left after a moment
#
# A restore happens in a destination: a PID, a network and a mount namespace of its own on this
# kernel, with the files of this host until one is changed. The tree that was dumped may live on
# meanwhile: nothing of it is seen in there. A single change makes the destination another host:
#
#	destination_up
#	destination_change grow /var/lib/app/data
#	oracle_restore /tmp/img --file-locks
#	destination_down
#
# Everything a destination is made of ends with its first process.

# shellcheck source-path=SCRIPTDIR source=programs.sh
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"

# As whom CRIU runs: a command prefix. Where root lacks CAP_SYS_RESOURCE, prlimit() reads the limits
# of another user's task only for a caller whose real ids are that user's.
ORACLE_AS=()

# Such a caller, with every capability that root has here (setpriv cannot add others; bit 24).
ORACLE_CAPS=+all
grep -qE '^CapBnd:.*[13579bdf].{6}$' /proc/self/status || ORACLE_CAPS+=,-sys_resource
ORACLE_NOBODY=("${LAB_NOBODY[@]}" "--inh-caps=$ORACLE_CAPS" "--ambient-caps=$ORACLE_CAPS")

oracle_setup() {
	local criu

	programs_setup || return 1
	criu=$("$LAB_DIR/get-criu.sh") || return 1
	# Not through the wrapper: its shell lives on this host's libc, which a change may have damaged,
	# and drops privileges when the real user is another than the effective one.
	LAB_CRIU=("${criu%/*}/lib/ld-linux-x86-64.so.2" --library-path "${criu%/*}/lib" "${criu%/*}/sbin/criu.bin")
	LAB_DEST='' LAB_DEST_DIR='' LAB_DEST_HOLDER=''
}

# The line that says why. CRIU logs an error about raising its own RLIMIT_NOFILE wherever it lacks
# CAP_SYS_RESOURCE, and goes on: that is never the cause. Nor is that a helper exited: what it did
# follows. What comes after the first of the rest is consequence.
oracle_error() {
	sed -nE 's/^(\([0-9.]+\))? *(pie: )?([0-9]+: )?(Error .*)$/\4/p' "$1" 2> /dev/null |
		grep -vE 'RLIMIT_NOFILE for self|exited, status=' | head -n 1
}

# oracle_dump PID DIR [OPTION…]: the tree under PID runs on afterwards.
oracle_dump() {
	local pid=$1 dir=$2
	shift 2

	rm -rf "$dir"
	mkdir -p "$dir"
	if (lab_clean "${LAB_ENTER[@]}" "${ORACLE_AS[@]}" "${LAB_CRIU[@]}" dump -t "$pid" -D "$dir" -o dump.log --leave-running "$@" \
		< /dev/null > "$dir/dump.out" 2>&1); then
		printf 'dumped\n'
	else
		printf 'refused: %s\n' "$(oracle_error "$dir/dump.log")"
	fi
}

# --- the destination ---

destination_up() {
	local ready

	LAB_DEST_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-dest-XXXXXX")
	ready=$LAB_DEST_DIR/ready
	mkdir "$LAB_DEST_DIR/own"
	# The first process is a shell that waits for children, because it inherits and must reap what
	# CRIU restores; its own folder is a tmpfs, so that no change leaves anything behind.
	# shellcheck disable=SC2016
	(lab_clean unshare --pid --fork --net --mount --propagation private /bin/sh -c '
		mount -t proc proc /proc && mount -t tmpfs own "$1/own" && ip link set lo up && : > "$1/ready"
		while :; do sleep 3600 & wait; done' sh "$LAB_DEST_DIR" < /dev/null > /dev/null 2>&1) &
	LAB_DEST_HOLDER=$!
	lab_wait 5 test -e "$ready" || lab_die 'no destination: unshare or mount fails'
	LAB_DEST=$(< "/proc/$LAB_DEST_HOLDER/task/$LAB_DEST_HOLDER/children")
	LAB_DEST=${LAB_DEST%% *}
}

# When its first process dies, the kernel kills every other in the PID namespace.
destination_down() {
	[[ -n $LAB_DEST ]] || return 0
	lab_kill "$LAB_DEST" "$LAB_DEST_HOLDER" 2> /dev/null || true
	rm -rf "$LAB_DEST_DIR"
	LAB_DEST='' LAB_DEST_DIR='' LAB_DEST_HOLDER=''
}

# destination_run COMMAND…: there.
destination_run() {
	(lab_clean nsenter -t "$LAB_DEST" --pid --net --mount -- "$@")
}

# destination_change KIND ARGUMENT…: one difference between here and there.
destination_change() {
	local kind=$1
	shift

	"destination_$kind" "$@"
}

# remove FILE: not there. The folder is covered by an overlay, in which the file is deleted.
destination_remove() {
	# shellcheck disable=SC2016
	destination_run /bin/sh -ec '
		dir=$(dirname "$1"); up=$(mktemp -d "$2/own/XXXXXX"); mkdir "$up/u" "$up/w"
		mount -t overlay overlay -o "lowerdir=$dir,upperdir=$up/u,workdir=$up/w" "$dir"
		rm "$1"' sh "$1" "$LAB_DEST_DIR"
}

# byte FILE: another content of the same size. The last byte of an ELF file belongs to its section
# headers, which no loader reads: the program still runs.
destination_byte() {
	# shellcheck disable=SC2016
	destination_replace "$1" 'printf "\001" | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 1)) conv=notrunc status=none'
}

# grow FILE: a line longer.
destination_grow() {
	# shellcheck disable=SC2016
	destination_replace "$1" 'echo more >> "$1"'
}

# mode FILE MODE
destination_mode() {
	destination_replace "$1" "chmod $2 \"\$1\""
}

# remount FOLDER OPTION: the file system that holds FOLDER is mounted with OPTION there (ro, noexec).
destination_remount() {
	# shellcheck disable=SC2016
	destination_run /bin/sh -ec 'mount --bind "$1" "$1"; mount -o "remount,bind,$2" "$1"' sh "$1" "$2"
}

# replace FILE SCRIPT: bind-mounts over FILE a copy that SCRIPT ($1 is the copy) has altered.
destination_replace() {
	# shellcheck disable=SC2016
	destination_run /bin/sh -ec '
		copy=$(mktemp "$2/own/XXXXXX"); cp -pL "$1" "$copy"; sh -ec "$3" sh "$copy"
		mount --bind "$copy" "$1"' sh "$1" "$LAB_DEST_DIR" "$2"
}

# pid NUMBER [leader]: taken by a process that sleeps; with "leader", by a session leader.
destination_pid() {
	# shellcheck disable=SC2016
	destination_run /bin/sh -ec '
		echo $(($1 - 1)) > /proc/sys/kernel/ns_last_pid
		$2 sleep 3600 < /dev/null > /dev/null 2>&1 & [ $! = "$1" ]' sh "$1" "${2:+setsid}"
}

# port ADDRESS NUMBER: a listener that shares it with nobody.
destination_port() {
	destination_run /bin/sh -c '"$@" < /dev/null > /dev/null 2>&1 & :' sh "$LAB_PYTHON" -c '
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen()
time.sleep(3600)' "$1" "$2"
	lab_wait 5 destination_listens "$2"
}

destination_listens() {
	[[ -n $(destination_run ss -Htln "sport = :$1") ]]
}

# --- restoring ---

# oracle_restore DIR [OPTION…]: into the destination. ORACLE_INPUT is what CRIU finds as its descriptor 0.
oracle_restore() {
	local dir=$1
	shift

	rm -f "$dir/restore.log" "$dir/root.pid"
	if destination_run "${LAB_CRIU[@]}" restore -d -D "$dir" -o restore.log --pidfile "$dir/root.pid" "$@" \
		< "${ORACLE_INPUT:-/dev/null}" > "$dir/restore.out" 2>&1; then
		oracle_lives "$dir"
	else
		printf 'refused: %s\n' "$(oracle_error "$dir/restore.log")"
	fi
}

# oracle_restore_job DIR [OPTION…]: the same, typed into a shell on a terminal there, as a job that
# used a terminal needs it.
oracle_restore_job() {
	local dir=$1 line
	shift

	rm -f "$dir/restore.log" "$dir/root.pid" "$dir/status"
	printf -v line '%q ' "${LAB_CRIU[@]}" restore -d -D "$dir" -o restore.log --pidfile "$dir/root.pid" \
		--shell-job "$@"
	line+="; echo \$? > $(printf %q "$dir")/status.new; mv $(printf %q "$dir")/status{.new,}"
	(lab_clean nsenter -t "$LAB_DEST" --pid --net --mount -- "$LAB_PYTHON" "$LAB_DIR/terminal.py" "$line" \
		< /dev/null > /dev/null 2>&1) &
	lab_wait 10 test -s "$dir/status" || lab_die 'no answer from the terminal'
	if [[ $(< "$dir/status") == 0 ]]; then
		oracle_lives "$dir"
	else
		printf 'refused: %s\n' "$(oracle_error "$dir/restore.log")"
	fi
}

# oracle_restore_here DIR [OPTION…]: on this host, under the numbers that the tree had.
oracle_restore_here() {
	local dir=$1
	shift

	rm -f "$dir/restore.log"
	if (lab_clean "${LAB_ENTER[@]}" "${LAB_CRIU[@]}" restore -d -D "$dir" -o restore.log "$@" \
		< /dev/null > "$dir/restore.out" 2>&1); then
		printf 'restored\n'
	else
		printf 'refused: %s\n' "$(oracle_error "$dir/restore.log")"
	fi
}

# A restore that CRIU calls a success may be none: a program with other code under it dies at once.
oracle_lives() {
	local dir=$1 pids have

	mapfile -t pids < <(oracle_pids "$dir")
	sleep 0.3
	# shellcheck disable=SC2016
	have=$(destination_run /bin/sh -c 'n=0; for p in "$@"; do
		grep -qs "^State:.[^ZX]" "/proc/$p/status" && n=$((n + 1)); done; echo $n' sh "${pids[@]}")
	if ((have == ${#pids[@]})); then
		printf 'restored\n'
	else
		printf 'died: restored, but %d of %d tasks were left after a moment\n' "$have" "${#pids[@]}"
	fi
}

# The pids that an image holds a memory of (zombies have none), as its own PID namespace counts them.
oracle_pids() {
	find "$1" -name 'mm-*.img' | sed -E 's/.*mm-([0-9]+)\.img$/\1/'
}
