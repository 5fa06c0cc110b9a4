#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL 15 under pgbench. CRIU cannot take a SysV shared memory segment out of the host's IPC
# namespace, and every PostgreSQL has one.

setup() {
	. "$BATS_TEST_DIRNAME/judge.sh"
	judge_setup
	chown 65534 "$JUDGE"
	# As root without CAP_SYS_RESOURCE, CRIU fails before it comes to memory: see OBSERVED.md.
	ORACLE_AS=("${ORACLE_NOBODY[@]}")
}

teardown() {
	judge_teardown
}

@test "postgres: under load, its SysV segment is the host's" {
	program_start postgres service
	judge_dump
	judge_check
	JUDGE_DUMP=$(oracle_dump "$LAB_PID" "$JUDGE/img" --unprivileged --tcp-close)
	agree
	verdict_is blocked
	finds ns-sysv-shm-host-ipc permanent dump
	criu_said refused 'SysVIPC shmem map'
}

@test "postgres: at a terminal, its SysV segment is the host's" {
	program_start postgres terminal
	judge_dump
	judge_check
	JUDGE_DUMP=$(oracle_dump "$LAB_PID" "$JUDGE/img" --unprivileged --tcp-close --shell-job)
	agree
	verdict_is blocked
	finds ns-sysv-shm-host-ipc permanent dump
	requires dump --shell-job
	criu_said refused 'SysVIPC shmem map'
}

@test "postgres: in an IPC namespace of its own there is nothing to say of its segment" {
	LAB_ENTER=(unshare --ipc)
	program_start postgres service
	LAB_ENTER=()
	judge_dump
	judge_check
	JUDGE_DUMP=$(oracle_dump "$LAB_PID" "$JUDGE/img" --unprivileged --tcp-close)
	finds_nothing_of ns-sysv-shm-host-ipc
	criu_said dumped
}
