#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A dry run over real ssh to another Debian: network, processes and root file system of its own.

setup() {
	. "$BATS_TEST_DIRNAME/judge.sh"
	judge_setup
	export LAB_HOSTS=$JUDGE/hosts
	hosts=$LAB_DIR/hosts.sh
	"$hosts" up > /dev/null
	"$hosts" give "$MIGCHECK" migcheck
	program_start python service
}

teardown() {
	"$LAB_DIR/hosts.sh" down
	judge_teardown
}

# over_ssh OPTION…: a dry run from the source host; sets status and output.
over_ssh() {
	run "$hosts" source env "PATH=$LAB_HOSTS/bin:$PATH" "$MIGCHECK" dry-run -p "$LAB_PID" --to destination "$@"
}

@test "hosts: another Debian has another libc, and no python3" {
	over_ssh -f json -o "$JUDGE/report"
	echo "$output"
	((status == 1))
	verdict_is blocked
	finds dst-file-missing permanent restore "$LAB_BINARY"
	finds dst-file-size permanent restore /libc.so.6
}

@test "hosts: the destination speaks for itself in the report" {
	over_ssh
	echo "$output"
	((status == 1))
	[[ $output == *destination* && $output == *blocked* ]]
}

# Every file and process of the destination, but for migcheck's own cache, and the folders that it made larger.
everything() {
	"$hosts" destination /usr/bin/find / -xdev -printf '%p %s %m\n' |
		grep -vE '^(/run/(sshd.log|written)|/|/var|/var/cache|/var/cache/migcheck(/.*)?) ' | sort
	"$hosts" destination /usr/bin/ps -eo pid,ppid,comm | grep -vE ' (ps|sleep)$'
}

@test "hosts: nothing is left behind" {
	everything > "$JUDGE/before"
	over_ssh --quiet
	((status == 1))
	everything > "$JUDGE/after"
	diff "$JUDGE/before" "$JUDGE/after"
}

@test "hosts: no migcheck there is said clearly" {
	over_ssh --remote /nonexistent/migcheck
	echo "$output"
	((status == 2))
	[[ $output == *migcheck* ]]
}

@test "hosts: no such host is said clearly" {
	run "$hosts" source env "PATH=$LAB_HOSTS/bin:$PATH" "$MIGCHECK" dry-run -p "$LAB_PID" --to 10.77.0.9
	echo "$output"
	((status == 2))
}
