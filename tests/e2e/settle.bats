#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What passes by itself, and what does not: real kernel objects that end untouched within --settle,
# others that outlast ten seconds and end by an act, and bad input.
load common

setup() {
	T=$BATS_TEST_TMPDIR
	export TMPDIR=$T
}

teardown() {
	local pid
	stop_quiet
	for pid in "${SCENES[@]:-}"; do
		[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	done
	SCENES=()
}

# make NAME FACTORY: starts a scene, which ends with its fifo; its root's pid in ROOT, "" where it cannot be had.
make() {
	local line
	mkfifo "$T/$1.in"
	"$MKPROC" "$2" < "$T/$1.in" > "$T/$1.line" 2>/dev/null 3>&- &
	SCENES+=("$!")
	# shellcheck disable=SC2034 # held open: the scene ends with it
	exec {HOLD}> "$T/$1.in"
	for _ in $(seq 500); do
		read -r line < "$T/$1.line" && break
		sleep 0.01
	done
	ROOT=$(cut -d' ' -f2 <<<"$line")
	case $line in
	SKIP*) ROOT= ;;
	esac
}

# look NAME PID OPTIONS...: a dry run whose report is NAME.json and whose exit code is NAME.code.
look() {
	local code=0
	timeout 60 "$MIGCHECK" dry-run -p "$2" -f json -o "$T/$1.json" "${@:3}" 2> "$T/$1.err" 3>&- || code=$?
	echo "$code" > "$T/$1.code"
}

# The rules that block for now, and those that block for good.
transient() {
	json "$1" '" ".join(sorted({f["rule"] for f in r["findings"] if f["severity"] == "blocker" and f["lifetime"] == "transient"}))'
}

permanent() {
	json "$1" '" ".join(sorted({f["rule"] + " " + f["thing"] for f in r["findings"] if f["severity"] == "blocker" and f["lifetime"] == "permanent"}))'
}

# passed NAME RULE: retry first, then ready, with this rule gone within the time.
passed() {
	[ "$(cat "$T/$1.first.code")" = 3 ] && [[ " $(transient "$T/$1.first.json") " == *" $2 "* ]] ||
		{ echo "$1: at first $(cat "$T/$1.first.code"): $(transient "$T/$1.first.json")"; return 1; }
	[ "$(cat "$T/$1.code")" = 0 ] || { echo "$1: ended with $(cat "$T/$1.code")"; return 1; }
	[ "$(json "$T/$1.json" "any(s['rule'] == '$2' and s['end'] == 'gone' and 0 < s['gone_after_ms'] <= 30000 for s in r['settled'])")" = true ] ||
		{ echo "$1: $(json "$T/$1.json" 'r["settled"]')"; return 1; }
}

@test "what ends untouched: retry at first, then ready, and the report says how long it took" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	local names=() factory rule bad=0 jobs=()
	declare -A of
	export MKPROC_WORKS_AFTER=4000
	while read -r factory rule; do
		make "$factory" "$factory"
		[ -n "$ROOT" ] || { echo "$factory: $(cat "$T/$factory.line")"; continue; }
		of[$factory]=$rule
		names+=("$factory")
		look "$factory.first" "$ROOT"
		look "$factory" "$ROOT" --settle 30 &
		jobs+=("$!")
	done <<-'TABLE'
		task-vfork task-vfork-pending
		netlink-unread netlink-rx-data
		tcp-accept-queue tcp-inflight-accept
		tcp-accept-queue-inside tcp-inflight-accept
		unix-pending-data unix-inflight-data
		unix-pending-closed unix-inflight-closed
		unix-scm-credentials unix-queue-cmsg
		udp-corked-data udp-corked
		task-pending-sigtrap task-pending-sigtrap
	TABLE
	wait "${jobs[@]}"
	for factory in "${names[@]}"; do
		passed "$factory" "${of[$factory]}" || bad=$((bad + 1))
	done
	echo "${#names[@]} situations"
	[ "$bad" -eq 0 ] && [ "${#names[@]}" -ge 8 ]
	# The report as it is published.
	python3 -c 'import json,sys,jsonschema
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' "$T/task-vfork.json" "$TOP/docs/report.schema.json"
	# What was seen over time stands in the finding.
	[[ $(json "$T/task-vfork.first.json" 'r["findings"][0]["observed"]') == *"5 of 5 looks in 1"* ]]
}

@test "strace looks on for a while" {
	command -v strace >/dev/null || skip "no strace"
	make plain plain
	timeout 4 strace -f -o /dev/null -p "$ROOT" 3>&- >/dev/null 2>&1 &
	for _ in $(seq 200); do grep -q '^TracerPid:	0$' "/proc/$ROOT/status" || break; sleep 0.01; done
	look plain.first "$ROOT"
	look plain "$ROOT" --settle 30
	passed plain task-traced
}

# there PID OPTIONS...: a carrier into those namespaces of that process.
there() {
	printf '#!/bin/bash\nfor command; do :; done\nexec nsenter -t %s bash -c "$command"\n' "$*" > "$T/carrier"
	chmod +x "$T/carrier"
}

@test "a pid that a short-lived process has at the destination" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	local init
	make plain plain
	ROOT=$ROOT start_quiet unshare --pid --fork --mount-proc bash -c '
		echo $((ROOT - 1)) > /proc/sys/kernel/ns_last_pid && sleep 5 &
		wait; sleep 600 & wait'
	for _ in $(seq 300); do
		init=$(cat "/proc/$QUIET_PID/task/$QUIET_PID/children")
		[ -z "$init" ] || nsenter -t "${init% }" -p -m test -d /proc/"$ROOT" && break
		sleep 0.01
	done
	there "${init% }" -p -m
	look plain.first "$ROOT" --to there --ssh "$T/carrier" --remote "$MIGCHECK"
	look plain "$ROOT" --to there --ssh "$T/carrier" --remote "$MIGCHECK" --settle 30
	passed plain pid-in-use
}

@test "a port that a connection has at the destination" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	make listener tcp-listen
	start_quiet unshare --net python3 -c '
import os, socket, struct, sys, time
os.system("ip link set lo up")
port = int(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname(), source_address=("127.0.0.1", port))
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
open(sys.argv[2], "w").close()
time.sleep(4)
client.close()
time.sleep(600)' "$(grep -o 'port=[0-9]*' "$T/listener.line" | cut -d= -f2)" "$T/connected"
	for _ in $(seq 500); do [ ! -e "$T/connected" ] || break; sleep 0.01; done
	there "$QUIET_PID" -n
	look listener.first "$ROOT" --to there --ssh "$T/carrier" --remote "$MIGCHECK"
	look listener "$ROOT" --to there --ssh "$T/carrier" --remote "$MIGCHECK" --settle 30
	passed listener net-port-in-use
}

@test "what stays: permanent findings outlast ten seconds, and end by an act" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	local factory names=() bad=0 before after
	declare -A root
	export MKPROC_GIVES_BACK=1
	for factory in userfaultfd fscontext landlock-ruleset perf-event bpf-prog bpf-map-lpm-trie mount-detached \
		dev-loop-control dev-fuse dev-block vsock mptcp-listen unix-stream-outside unix-seqpacket-outside \
		unix-stream-outside-client netlink-high-group packet-multicast-twice pidfd-foreign \
		pipe-many-empty unix-foreign-netns tcp-foreign-netns ns-file-foreign epoll-escaped socket-filter-ebpf; do
		make "$factory" "$factory"
		[ -n "$ROOT" ] || { echo "$factory: $(cat "$T/$factory.line")"; continue; }
		names+=("$factory")
		root[$factory]=$ROOT
		look "$factory.first" "$ROOT"
	done
	sleep 10
	for factory in "${names[@]}"; do look "$factory" "${root[$factory]}"; done
	for factory in "${names[@]}"; do kill -USR1 "${root[$factory]}"; done
	sleep 0.2
	for factory in "${names[@]}"; do
		before=$(permanent "$T/$factory.first.json") after=$(permanent "$T/$factory.json")
		[ "$(cat "$T/$factory.first.code")$(cat "$T/$factory.code")" = 11 ] && [ -n "$before" ] &&
			[ "$before" = "$after" ] || { echo "$factory: '$before', after 10 s '$after'"; bad=$((bad + 1)); }
		look "$factory.free" "${root[$factory]}"
		[ "$(cat "$T/$factory.free.code")" = 0 ] ||
			{ echo "$factory: given back, and still $(permanent "$T/$factory.free.json")"; bad=$((bad + 1)); }
	done
	echo "${#names[@]} situations"
	[ "$bad" -eq 0 ] && [ "${#names[@]}" -ge 15 ]
}

@test "what stays although it is transient: the report says so, and the exit code is that of the last look" {
	make unread netlink-unread
	look unread "$ROOT" --settle 2
	[ "$(cat "$T/unread.code")" = 3 ]
	[ "$(json "$T/unread.json" 'r["settled"][0]["end"] == "stayed" and r["settled"][0]["stayed_ms"] >= 2000 and r["settled"][0]["lifetime"] == "transient"')" = true ]
	run timeout 30 "$MIGCHECK" dry-run -p "$ROOT" --settle 1
	[ "$status" -eq 3 ]
	[[ $output == *"Settled: looked again"* && $output == *"netlink-rx-data   stayed"* && $output == *"retry (exit 3)"* ]]
}

@test "nothing suspicious: neither the span nor the time is waited" {
	make plain plain
	look plain "$ROOT" --settle 600 --span 60000
	[ "$(cat "$T/plain.code")" = 0 ]
	[ "$(json "$T/plain.json" 'r["settled"] == [] and r["settle"]["looks"] == 0 and r["source"]["took_us"] < 5000000')" = true ]
}

@test "a blocker that is permanent does not keep from waiting for the others" {
	export MKPROC_WORKS_AFTER=3000
	make queue tcp-accept-queue-inside
	look queue "$ROOT" --settle 30 --criu-options ''
	[ "$(cat "$T/queue.code")" = 1 ]
	[[ $(permanent "$T/queue.json") == tcp-established* ]]
	[ "$(json "$T/queue.json" '[(s["rule"], s["end"]) for s in r["settled"]]')" = "[('tcp-inflight-accept', 'gone')]" ]
}

@test "on a terminal it says what it waits for" {
	make unread netlink-unread
	TERM=xterm run timeout 30 script -qec "$MIGCHECK dry-run -p $ROOT --settle 2" /dev/null
	[[ $output == *"waiting for 1 transient finding, 1 s of 2"* ]]
	TERM=xterm run timeout 30 script -qec "$MIGCHECK dry-run -q -p $ROOT --settle 2" /dev/null
	[[ $output != *"waiting for"* ]]
}

@test "an interrupt ends the waiting, and the last state is told" {
	make unread netlink-unread
	env --default-signal=INT "$MIGCHECK" dry-run -p "$ROOT" --settle 600 -f json -o "$T/unread.json" 3>&- &
	local waiting=$! code=0
	sleep 1.5
	kill -INT "$waiting"
	wait "$waiting" || code=$?
	[ "$code" = 3 ]
	[ "$(json "$T/unread.json" 'r["settle"]["interrupted"] and r["settled"][0]["end"] == "stayed" and r["settle"]["waited_ms"] < 30000')" = true ]
}

# ends_during SECONDS OPTIONS...: a child with an unread netlink socket ends, and is reaped, so long after the look began.
ends_during() {
	python3 -c '
import os, signal, socket, subprocess, sys, time
child = os.fork()
if child == 0:
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.send(b"\x14\0\0\0\x12\0\x01\x03" + bytes(12))
    time.sleep(600)
time.sleep(0.3)
look = subprocess.Popen([sys.argv[1], "dry-run", "-p", str(child), *sys.argv[3:]])
time.sleep(float(sys.argv[2]))
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
sys.exit(look.wait())' "$MIGCHECK" "$@"
}

@test "a tree that ends while it is waited for is never ready" {
	run ends_during 2 --settle 30
	[ "$status" -eq 2 ]
	[[ $output == *"settle: after "*" ms the tree has ended"* && $output != *ready* ]]
	# Not yet reaped: the root is dead, and the waiting goes on no more.
	make unread netlink-unread
	(sleep 2; kill -STOP "${SCENES[0]}"; kill -KILL "$ROOT") 3>&- &
	look unread "$ROOT" --settle 30
	wait $!
	kill -CONT "${SCENES[0]}"
	[ "$(cat "$T/unread.code")" = 1 ]
	[[ $(permanent "$T/unread.json") == task-zombie-root* ]]
}

@test "a tree that is gone, or ends within the span" {
	start_quiet sleep 600
	kill -KILL "$QUIET_PID"
	wait "$QUIET_PID" || true
	run "$MIGCHECK" dry-run -p "$QUIET_PID" --settle 3
	[ "$status" -eq 2 ]
	[[ $output == *"no process $QUIET_PID"* ]]
	run ends_during 1 --span 3000
	[ "$status" -eq 2 ]
	[[ $output == *"no process "* && $output != *ready* ]]
}

@test "bad input" {
	start_quiet sleep 600
	local word
	for word in 0 -1 86401 1.5 x ''; do
		run "$MIGCHECK" dry-run -p "$QUIET_PID" --settle "$word"
		[ "$status" -eq 2 ]
		[[ $output == *"--settle wants a number from 1 to 86400"* ]]
	done
	for word in -1 60001 x; do
		run "$MIGCHECK" dump -p "$QUIET_PID" --span "$word"
		[ "$status" -eq 2 ]
		[[ $output == *"--span wants a number from 0 to 60000"* ]]
	done
	run "$MIGCHECK" dump -p "$QUIET_PID" --settle 3
	[ "$status" -eq 2 ]
	"$MIGCHECK" dump -p "$QUIET_PID" -o "$T/s"
	"$MIGCHECK" probe -s "$T/s" -o "$T/d"
	run "$MIGCHECK" check "$T/s" "$T/d" --settle 3
	[ "$status" -eq 2 ]
	[[ $output == *"two files stay what they are"* ]]
}

@test "a saved source: only what the destination lacks is waited for" {
	make unread netlink-unread
	"$MIGCHECK" dump -p "$ROOT" -o "$T/s"
	run timeout 30 "$MIGCHECK" check "$T/s" --settle 600 -f json -o "$T/r"
	[ "$status" -eq 3 ]
	[ "$(json "$T/r" 'r["settled"] == [] and r["settle"]["looks"] == 0')" = true ]
}
