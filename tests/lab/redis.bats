#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# redis-server with a client connected from outside the tree.

setup() {
	. "$BATS_TEST_DIRNAME/judge.sh"
	judge_setup
}

teardown() {
	judge_teardown
}

@test "redis: as a service, nothing changed there" {
	program_start redis service
	judge
	verdict_is ready
	finds_no_blocker
	requires dump --tcp-established
	requires restore --tcp-established
	criu_said restored
}

@test "redis: a user who gives CRIU no options" {
	program_start redis service
	judge_given ""
	judge
	verdict_is blocked
	finds tcp-established permanent dump
	criu_said refused 'consider using --tcp-established'
}

@test "redis: as a job on a terminal" {
	program_start redis terminal
	judge
	verdict_is ready
	requires dump --shell-job
	requires restore --shell-job
	criu_said restored
}

@test "redis: its binary is not there" {
	program_start redis service
	judge remove "$LAB_BINARY"
	verdict_is blocked
	finds dst-file-missing permanent restore "$LAB_BINARY"
	finds_only dst-file-missing
	criu_said refused 'on restore: No such file or directory'
}

@test "redis: a library of the same size with one byte changed" {
	program_start redis service
	judge byte "$LAB_LIBRARY"
	verdict_is blocked
	finds dst-file-content permanent afterwards "$LAB_LIBRARY"
	finds_only dst-file-content
	criu_said restored
}

@test "redis: its append-only file has grown there, and that is no matter" {
	program_start redis service
	judge grow "$LAB_OPEN_FILE"
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "redis: a process there has the number of one of its threads" {
	program_start redis service
	judge pid "$(lab_thread)"
	verdict_is retry
	finds pid-in-use transient restore
	finds_only pid-in-use
	criu_said refused 'Unable to create a thread'
}

@test "redis: its port is listened on there" {
	program_start redis service
	judge port 127.0.0.1 "$LAB_PORT"
	verdict_is blocked
	finds net-port-in-use permanent restore
	finds_only net-port-in-use
	criu_said refused 'Address already in use'
}

@test "redis: its v1 controller is not there" {
	controller_test redis
}

@test "redis: on this same host, after it has ended here" {
	program_start redis service
	judge_here
	((JUDGE_EXIT == 0))
	verdict_is ready
	finds_no_blocker
	criu_said restored
}
