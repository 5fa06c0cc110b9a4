#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A runc container over a busybox root file system. It is moved as its users move it, by "runc
# checkpoint" and "runc restore", into a copy of its bundle with one thing changed.

setup() {
	. "$BATS_TEST_DIRNAME/judge.sh"
	judge_setup
	program_start runc service
	echo 'network-lock nftables' > "$LAB_SCRATCH/criu.conf"
	copy=$JUDGE/bundle
}

teardown() {
	judge_teardown
}

# judge_runc SCRIPT: SCRIPT works in the root file system of the copy. CRIU gets what runc gives it.
judge_runc() {
	judge_dump
	cp -a "$LAB_BUNDLE" "$copy"
	(cd "$copy/rootfs" && eval "$1")
	JUDGE_PROBE=(--root "$copy/rootfs")
	judge_given '--external mnt[]' --network-lock nftables --root "$copy/rootfs"
	judge_check
	JUDGE_DUMP=dumped
	runc_do --criu "$LAB_CACHE/criu/criu" checkpoint --leave-running --image-path "$JUDGE/img" \
		--work-path "$JUDGE/work" "$LAB_CONTAINER" > "$JUDGE/out" 2>&1 ||
		JUDGE_DUMP="refused: $(oracle_error "$JUDGE/work/dump.log")"
	runc_do delete -f "$LAB_CONTAINER"
	JUDGE_RESTORE=restored
	(lab_program "$LAB_RUNC" --root "$LAB_RUNC_ROOT" --criu "$LAB_CACHE/criu/criu" restore -d \
		--image-path "$JUDGE/img" --work-path "$JUDGE/work" -b "$copy" "$LAB_CONTAINER" \
		< /dev/null > "$JUDGE/out" 2>&1) ||
		JUDGE_RESTORE="refused: $(oracle_error "$JUDGE/work/restore.log")"
	agree
}

@test "runc: its binds need --external, or CRIU refuses" {
	judge_dump
	judge_given --network-lock nftables
	JUDGE_PROBE=(--root "$LAB_BUNDLE/rootfs")
	judge_check
	JUDGE_DUMP=$(oracle_dump "$LAB_PID" "$JUDGE/img" --network-lock nftables)
	agree
	verdict_is blocked
	finds mnt-bind-no-root permanent dump
	criu_said refused 'have a proper root mount'
}

@test "runc: nothing changed there" {
	judge_runc :
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "runc: its binary is not there" {
	judge_runc 'rm bin/busybox'
	verdict_is blocked
	finds dst-file-missing permanent restore /bin/busybox
	criu_said refused 'on restore: No such file or directory'
}

@test "runc: its binary has one byte changed" {
	# shellcheck disable=SC2016
	judge_runc 'printf "\001" | dd of=bin/busybox bs=1 seek=$(($(stat -c %s bin/busybox) - 1)) conv=notrunc status=none'
	verdict_is blocked
	finds dst-file-content permanent afterwards /bin/busybox
	criu_said restored
}

@test "runc: a file that it reads has grown there" {
	judge_runc 'echo more >> etc/data'
	verdict_is blocked
	finds dst-file-size permanent restore /etc/data
	criu_said refused 'has bad size'
}

@test "runc: a file that it reads has another mode there" {
	judge_runc 'chmod 0600 etc/data'
	verdict_is blocked
	finds dst-file-mode permanent restore /etc/data
	criu_said refused 'has bad mode'
}

@test "runc: its root folder has another mode there" {
	judge_runc 'chmod 0700 .'
	verdict_is blocked
	finds dst-file-mode permanent restore
	criu_said refused 'has bad mode'
}
