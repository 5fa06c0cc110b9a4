#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A pipeline of shell tools, with and without a terminal.

setup() {
	. "$BATS_TEST_DIRNAME/judge.sh"
	judge_setup
}

teardown() {
	judge_teardown
}

@test "pipeline: as a service, nothing changed there" {
	program_start pipeline service
	judge
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "pipeline: in the background of a script" {
	program_start pipeline background
	judge
	verdict_is ready
	requires dump --shell-job
	requires restore --shell-job
	criu_said restored
}

@test "pipeline: in the background of a script, and no options for CRIU" {
	program_start pipeline background
	judge_given ""
	judge
	verdict_is blocked
	finds root-not-session-leader permanent dump
	criu_said refused 'is not a session leader'
}

@test "pipeline: a job on a terminal" {
	program_start pipeline terminal
	judge
	verdict_is ready
	requires dump --shell-job
	requires restore --shell-job
	criu_said restored
}

@test "pipeline: a job on a terminal, and no options for CRIU" {
	program_start pipeline terminal
	judge_given ""
	judge
	verdict_is blocked
	finds tty-sid-dangling permanent dump
	criu_said refused 'Found dangling tty'
}

@test "pipeline: the interactive shell itself" {
	program_start pipeline shell
	judge
	verdict_is ready
	requires dump --shell-job
	criu_said restored
}

@test "pipeline: the interactive shell itself, and no options for CRIU" {
	program_start pipeline shell
	judge_given ""
	judge
	verdict_is blocked
	finds tty-slave-no-master permanent dump
	criu_said refused 'Found slave peer index'
}

@test "pipeline: the binary of one of its tools is not there" {
	program_start pipeline service
	judge remove "$LAB_BINARY"
	verdict_is blocked
	finds dst-file-missing permanent restore "$LAB_BINARY"
	finds_only dst-file-missing
	criu_said refused 'on restore: No such file or directory'
}

@test "pipeline: libc of the same size with one byte changed" {
	program_start pipeline service
	judge byte "$LAB_LIBRARY"
	verdict_is blocked
	finds dst-file-content permanent afterwards "$LAB_LIBRARY"
	finds_only dst-file-content
	criu_said restored
}

@test "pipeline: its input has grown there" {
	program_start pipeline service
	judge grow "$LAB_OPEN_FILE"
	verdict_is blocked
	finds dst-file-size permanent restore "$LAB_OPEN_FILE"
	finds_only dst-file-size
	criu_said refused 'has bad size'
}

@test "pipeline: a process there has the pid of its last tool" {
	program_start pipeline service
	judge pid "$(lab_tree "$LAB_PID" | tail -n 1)"
	verdict_is retry
	finds pid-in-use transient restore
	criu_said refused 'File exists'
}

@test "pipeline: its v1 controller is not there" {
	controller_test pipeline
}

@test "pipeline: on this same host, after it has ended here" {
	program_start pipeline service
	judge_here
	((JUDGE_EXIT == 0))
	verdict_is ready
	finds_no_blocker
	criu_said restored
}
