#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# nginx with two workers: what migcheck says of it, and what the real CRIU then does.

setup() {
	. "$BATS_TEST_DIRNAME/judge.sh"
	judge_setup
}

teardown() {
	judge_teardown
}

@test "nginx: as a daemon, nothing changed there" {
	program_start nginx daemon
	judge
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "nginx: as a service, nothing changed there" {
	program_start nginx service
	judge
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "nginx: its binary is not there" {
	program_start nginx service
	judge remove "$LAB_BINARY"
	verdict_is blocked
	finds dst-file-missing permanent restore "$LAB_BINARY"
	finds_only dst-file-missing
	criu_said refused 'on restore: No such file or directory'
}

@test "nginx: a library of the same size with one byte changed" {
	program_start nginx service
	judge byte "$LAB_LIBRARY"
	verdict_is blocked
	finds dst-file-content permanent afterwards "$LAB_LIBRARY"
	finds_only dst-file-content
	criu_said restored
}

@test "nginx: a library of another size" {
	program_start nginx service
	judge grow "$LAB_LIBRARY"
	verdict_is blocked
	finds dst-file-size permanent restore "$LAB_LIBRARY"
	finds_only dst-file-size
	criu_said refused 'has bad size'
}

@test "nginx: its log has grown there, and that is no matter" {
	program_start nginx service
	judge grow "$LAB_OPEN_FILE"
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "nginx: its log has another mode there" {
	program_start nginx service
	judge mode "$LAB_OPEN_FILE" 0600
	verdict_is blocked
	finds dst-file-mode permanent restore "$LAB_OPEN_FILE"
	criu_said refused 'has bad mode'
}

@test "nginx: a process there has the master's pid" {
	program_start nginx service
	judge pid "$LAB_PID"
	verdict_is retry
	finds pid-in-use transient restore
	finds_only pid-in-use
	criu_said refused 'File exists'
}

@test "nginx: a session leader there has the master's pid" {
	program_start nginx service
	judge pid "$LAB_PID" leader
	verdict_is blocked
	finds pid-in-use permanent restore
	finds_only pid-in-use
	criu_said refused 'File exists'
}

@test "nginx: its port is listened on there" {
	program_start nginx service
	judge port 127.0.0.1 "$LAB_PORT"
	verdict_is blocked
	finds net-port-in-use permanent restore
	finds_only net-port-in-use
	criu_said refused 'Address already in use'
}

@test "nginx: its port is listened on there, on every address" {
	program_start nginx service
	judge port 0.0.0.0 "$LAB_PORT"
	verdict_is blocked
	finds net-port-in-use permanent restore
	criu_said refused 'Address already in use'
}

@test "nginx: its port is listened on there, on another address only" {
	program_start nginx service
	judge port 127.0.0.2 "$LAB_PORT"
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "nginx: the address it listens on is not there" {
	lab_network
	program_start nginx service 10.77.1.1
	judge
	verdict_is blocked
	finds net-addr-missing permanent restore 10.77.1.1
	finds_only net-addr-missing
	criu_said refused 'Cannot assign requested address'
}

@test "nginx: the folder of its logs is read-only there" {
	program_start nginx service
	judge remount "$LAB_SCRATCH" ro
	verdict_is blocked
	finds dst-file-ro permanent restore "$LAB_SCRATCH"
	criu_said refused 'Read-only file system'
}

@test "nginx: its binary is on a noexec mount there" {
	program_start nginx service
	judge remount "${LAB_BINARY%/*}" noexec
	verdict_is blocked
	finds dst-file-noexec permanent restore "$LAB_BINARY"
	criu_said refused 'Operation not permitted'
}

@test "nginx: its v1 controller is not there" {
	controller_test nginx
}

@test "nginx: on this same host, after it has ended here" {
	program_start nginx service
	judge_here
	((JUDGE_EXIT == 0))
	verdict_is ready
	finds_no_blocker
	criu_said restored
}

@test "nginx: its workers are another user's, as Debian has it" {
	program_start nginx service
	nginx_as_nobody
	judge
	if grep -qE '^CapBnd:.*[13579bdf].{6}$' /proc/self/status; then
		verdict_is ready
		criu_said restored
	else
		verdict_is blocked
		finds src-cap-sys-resource permanent dump
		finds_only src-cap-sys-resource
		criu_said refused "Can't get rlimit"
	fi
}
