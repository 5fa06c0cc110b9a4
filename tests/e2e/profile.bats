#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One profile of a host, for checks of several trees: each is judged by the answers to it.
load common

setup_file() {
	export D=$BATS_FILE_TMPDIR
	QUIET_PIDS=()
	for n in 1 2 3; do
		head -c 1000 /dev/urandom > "$D/file$n"
		start_quiet python3 -Sc 'import sys, time; f = open(sys.argv[1]); time.sleep(1000)' "$D/file$n"
		for _ in $(seq 300); do ls -l "/proc/$QUIET_PID/fd" | grep -q "file$n" && break; sleep 0.01; done
		"$MIGCHECK" dump -q --no-cache -p "$QUIET_PID" -o "$D/tree$n"
	done
	export PIDS="${QUIET_PIDS[*]}"
	rm "$D/file2"
	"$MIGCHECK" probe -q --no-cache --for "$D/tree1" --for "$D/tree2" -o "$D/host"
}

teardown_file() { kill -KILL $PIDS; }

setup() { T=$BATS_TEST_TMPDIR; }

# missing TREE PROFILE: the files that are told to be missing there.
missing() {
	"$MIGCHECK" check -f json "$1" "$2" > "$T/report.json" || [ $? -ne 2 ]
	json "$T/report.json" '" ".join(f["thing"] for f in r["findings"] if f["rule"] == "dst-file-missing")'
}

@test "check: each tree by its own answers" {
	[ -z "$(missing "$D/tree1" "$D/host")" ]
	[ "$(missing "$D/tree2" "$D/host")" = "$D/file2" ]
}

@test "recheck: by the answers to the tree" {
	run "$MIGCHECK" recheck -f json -o "$T/1" "$D/tree1" "$D/host"
	[ "$status" -ne 2 ]
	run grep -c '"dst-file-missing"' "$T/1"
	[ "$status" -eq 1 ] || { grep -n dst-file-missing "$T/1"; false; }
	run "$MIGCHECK" recheck "$D/tree2" "$D/host"
	[ "$status" -ne 2 ]
	[[ $output == *dst-file-missing* ]] || { echo "$output"; false; }
}

@test "a tree that the profile does not answer is refused, with what it answers" {
	local command
	for command in check recheck; do
		run "$MIGCHECK" $command "$D/tree3" "$D/host"
		[ "$status" -eq 2 ]
		[[ $output == *"answers other trees than this one: SHA-256 "*", "*" there, "*" here"* ]] || { echo "$output"; false; }
	done
	"$MIGCHECK" probe -q --no-cache -s "$D/tree1" -o "$T/one"
	run "$MIGCHECK" check "$D/tree3" "$T/one"
	[ "$status" -eq 2 ]
	"$MIGCHECK" probe -q --no-cache -o "$T/plain"
	run "$MIGCHECK" check "$D/tree3" "$T/plain"
	[ "$status" -ne 2 ]
	[[ $output == *"probe that host again with this source"* ]] || { echo "$output"; false; }
}
