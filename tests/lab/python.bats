#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# python3 with four threads.

setup() {
	. "$BATS_TEST_DIRNAME/judge.sh"
	judge_setup
}

teardown() {
	judge_teardown
}

@test "python: as a service, nothing changed there" {
	program_start python service
	judge
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "python: as a job on a terminal" {
	program_start python terminal
	judge
	verdict_is ready
	requires dump --shell-job
	criu_said restored
}

@test "python: its binary is not there" {
	program_start python service
	judge remove "$LAB_BINARY"
	verdict_is blocked
	finds dst-file-missing permanent restore "$LAB_BINARY"
	finds_only dst-file-missing
	criu_said refused 'on restore: No such file or directory'
}

@test "python: a library of the same size with one byte changed" {
	program_start python service
	judge byte "$LAB_LIBRARY"
	verdict_is blocked
	finds dst-file-content permanent afterwards "$LAB_LIBRARY"
	finds_only dst-file-content
	criu_said restored
}

@test "python: its binary has one byte changed" {
	program_start python service
	judge byte "$LAB_BINARY"
	verdict_is blocked
	finds dst-file-content permanent afterwards "$LAB_BINARY"
	criu_said restored
}

@test "python: a file that it reads has grown there" {
	program_start python service
	judge grow "$LAB_OPEN_FILE"
	verdict_is blocked
	finds dst-file-size permanent restore "$LAB_OPEN_FILE"
	finds_only dst-file-size
	criu_said refused 'has bad size'
}

@test "python: its script is not there, and that is no matter" {
	program_start python service
	judge remove "$LAB_SCRATCH/threads.py"
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "python: a process there has its pid" {
	program_start python service
	judge pid "$LAB_PID"
	verdict_is retry
	finds pid-in-use transient restore
	finds_only pid-in-use
	criu_said refused 'File exists'
}

@test "python: a process there has the number of one of its threads" {
	program_start python service
	judge pid "$(lab_thread)"
	verdict_is retry
	finds pid-in-use transient restore
	finds_only pid-in-use
	criu_said refused 'Unable to create a thread'
}

@test "python: its v1 controller is not there" {
	controller_test python
}

@test "python: on this same host, after it has ended here" {
	program_start python service
	judge_here
	((JUDGE_EXIT == 0))
	verdict_is ready
	finds_no_blocker
	criu_said restored
}
