#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The ways to the peers of a tree's connections: a host without any is a network namespace of our own.
# Real CRIU 4.2.1 in such a place: "Can't connect inet socket back: Network is unreachable".
load common

setup() {
	T=$BATS_TEST_TMPDIR
	cat > "$T/peers" <<-'END'
		import socket, time
		l = socket.socket(); l.bind(('127.0.0.1', 0)); l.listen()
		a = socket.create_connection(l.getsockname()); b, _ = l.accept()
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(('127.0.0.1', 9))
		time.sleep(600)
	END
	start_quiet python3 "$T/peers"
	for _ in $(seq 200); do
		[ "$(find "/proc/$QUIET_PID/fd" -lname 'socket:*' | wc -l)" -lt 4 ] || break
		sleep 0.02
	done
	"$MIGCHECK" dump -p "$QUIET_PID" -q -o "$T/source"
}

teardown() { stop_quiet; }

@test "a host that knows the way" {
	run "$MIGCHECK" check "$T/source" -f json -o "$T/report"
	[ "$(json "$T/report" 'len([f for f in r["findings"] if f["rule"] in ("net-tcp-route", "net-udp-connect")])')" = 0 ]
}

@test "a host that does not" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	run unshare --net "$MIGCHECK" check "$T/source" -f json -o "$T/report"
	[ "$status" -eq 1 ]
	[ "$(json "$T/report" '" ".join(sorted({f["rule"] for f in r["findings"]} & {"net-tcp-route", "net-udp-connect"}))')" = "net-tcp-route net-udp-connect" ]
}
