#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Trees of this machine against a pool of hosts: this one, and what becomes of its profile when
# something in it is another.
load common

setup_file() {
	export POOL=$BATS_FILE_TMPDIR
	QUIET_PIDS=()
	mkdir "$POOL/trees" "$POOL/hosts"
	start_quiet sleep 1000
	PIDS=$QUIET_PID
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$POOL/trees/sleep.mc"
	start_quiet python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); time.sleep(1000)'
	for _ in $(seq 300); do grep -q : "/proc/$QUIET_PID/net/tcp" && ls -l "/proc/$QUIET_PID/fd" | grep -q socket && break; sleep 0.01; done
	PIDS="$PIDS $QUIET_PID"
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$POOL/trees/listen.mc"
	"$MIGCHECK" probe -q --for "$POOL/trees/sleep.mc" --for "$POOL/trees/listen.mc" -o "$POOL/this.mc"
	export PIDS
	"$TOP/tests/e2e/unforge" "$TOP/facts" < "$POOL/this.mc" > "$POOL/this.txt"
	# Whether this machine has a criu is nothing that these tests are about.
	host a
}

teardown_file() { kill -KILL $PIDS; }

setup() {
	T=$BATS_TEST_TMPDIR
	mkdir "$T/hosts"
}

# host NAME [SED-SCRIPT]: a host of the pool that is this one but for what the script changes.
host() {
	sed "s/^  name: .*/  name: \"$1\"/; s/^  machine_id: .*/  machine_id: \"${1//[^a-z0-9]/}\"/
		/^  tool {/,/^  }/{ /name: \"criu\"/,/^  }/ s/state: .*/state: TOOL_RUNS\n    version: \"Version: 4.2.1\"/ }
		${2:-}" "$POOL/this.txt" | "$TOP/tests/e2e/forge" "$TOP/facts" > "${T:-$POOL}/hosts/${3:-$1}.mc"
}

NO_CR='/name: "checkpoint_restore"/{n;s/true/false/}'

gate() {
	run "$MIGCHECK" gate "$POOL/trees" "$T/hosts" "$@"
}

# is STATUS RESULT: how the gate ended.
is() {
	[ "$status" -eq "$1" ] && [[ ${lines[-1]} == "$2 (exit $1)" ]] || { echo "$status"; echo "$output"; false; }
}

@test "equal hosts are one class, and each tree can land on all of them" {
	host a; host b; host c
	"$MIGCHECK" probe -q --for "$POOL/trees/sleep.mc" --for "$POOL/trees/listen.mc" -o "$T/later.mc"
	"$TOP/tests/e2e/unforge" "$TOP/facts" < "$T/later.mc" > "$T/later.txt"
	cp "$T/later.txt" "$POOL/later.txt"
	gate
	is 0 met
	[[ $output == *"2 trees on 3 hosts in 1 class"* ]]
	[[ $output == *"listen: everywhere"* ]]
	# A second look at the same machine, in another moment, with another uptime: the same class.
	sed 's/^  name: .*/  name: "d"/; s/^  machine_id: .*/  machine_id: "d"/
		/^  tool {/,/^  }/{ /name: "criu"/,/^  }/ s/state: .*/state: TOOL_RUNS\n    version: "Version: 4.2.1"/ }' \
		"$T/later.txt" | "$TOP/tests/e2e/forge" "$TOP/facts" > "$T/hosts/d.mc"
	gate
	[[ $output == *"2 trees on 4 hosts in 1 class"* ]] || { echo "$output"; false; }
}

@test "a host that differs is told by name, with what would help" {
	host a; host b; host c; host odd "$NO_CR"
	gate
	is 1 broken
	[[ $output == *"4 hosts in 2 classes"* ]]
	[[ $output == *"sleep is blocked on 1 of 4 hosts"* ]]
	[[ $output == *"The odd ones out"*"dst-checkpoint-restore"*"1 of 4 hosts: odd"* ]]
	[[ $output == *"1 change would make the pool whole"* ]]
}

@test "--min-hosts: enough places are enough, and too few are too few" {
	host a; host b; host odd "$NO_CR"
	gate --min-hosts 2
	is 0 met
	gate --min-hosts 3
	is 1 broken
	[[ $output == *"is ready on 2 of the 3 hosts that it needs"* ]]
	[[ $output == *"1 change would make each tree ready where it has to be"* ]]
	gate --min-hosts 4
	is 1 broken
}

@test "the smallest set of changes: the host that lacks least, and what opens it for all trees" {
	# The library of every program: a change that both trees want, and that is one.
	local other='/path: ".*\/libc.so.6"/,/}/{s/size: .*/size: 1/}'
	host a; host twice "$NO_CR
$other"; host once "$other"
	gate --min-hosts 2
	is 1 broken
	[[ $output == *"1 change would make each tree ready where it has to be"*"libc.so.6"*"on once, twice"* ]] ||
		{ echo "$output"; false; }
	gate --min-hosts 3
	[[ $output == *"2 changes would make each tree ready where it has to be"* ]]
	gate
	[[ $output == *"2 changes would make the pool whole"* ]]
}

@test "--fail-on: which kinds break the policy" {
	host a; host odd "$NO_CR"
	gate --fail-on undecided
	is 0 met
	gate --fail-on transient,permanent
	is 1 broken
	printf 'no profile' > "$T/hosts/x.mc"
	gate --fail-on transient
	is 0 met
	gate --fail-on undecided
	is 4 unjudged
	gate --fail-on sometimes
	[ "$status" -eq 2 ]
	[[ $output == *"takes permanent, transient and undecided"* ]]
	gate --fail-on ''
	[ "$status" -eq 2 ]
	[[ $output == *"takes permanent, transient and undecided"* ]]
}

@test "--now: a port that is taken there counts, and only then" {
	local port
	port=$("$MIGCHECK" show "$POOL/trees/listen.mc" | sed -n 's/.*source_port=\([0-9]*\) .*/\1/p' | head -n 1)
	# Somebody else's, on another machine: not the tree itself.
	host a "s/boot_id: .*/boot_id: \"another\"/; s/holder_comm: .*/holder_comm: \"stranger\"/"
	[ -n "$port" ]
	gate
	is 0 met
	gate --now
	[ "$status" -ne 0 ]
	[[ $output == *"net-port-in-use"* ]] || { echo "$output"; false; }
}

@test "--now agrees with migcheck check, tree by tree" {
	local tree said
	host a; host b "$NO_CR"
	for tree in sleep listen; do
		"$MIGCHECK" probe -q -s "$POOL/trees/$tree.mc" -o "$T/one.mc"
		"$TOP/tests/e2e/unforge" "$TOP/facts" < "$T/one.mc" | sed '
			/^  tool {/,/^  }/{ /name: "criu"/,/^  }/ s/state: .*/state: TOOL_RUNS\n    version: "Version: 4.2.1"/ }' |
			"$TOP/tests/e2e/forge" "$TOP/facts" > "$T/same.mc"
		said=$("$MIGCHECK" check -q "$POOL/trees/$tree.mc" "$T/same.mc" || true)
		run "$MIGCHECK" gate "$POOL/trees/$tree.mc" "$T/hosts/a.mc" --now
		[[ ${said%% *} == ready && $status -eq 0 ]] || { echo "$tree: $said"; echo "$output"; false; }
	done
}

@test "trees of all kinds, asked for at once, are judged as each by itself" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	run "$TOP/tests/e2e/gate-check.py" "$MIGCHECK" "$MKPROC" "$T" 6
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "${lines[-1]%% *}" -ge 40 ]
	[[ ${lines[-1]} == *" 0 differ, "[1-9]* ]]
}

@test "without answers to a tree, its files are not asked, and the host is judged" {
	"$MIGCHECK" probe -q -o "$T/plain.mc"
	"$TOP/tests/e2e/unforge" "$TOP/facts" < "$T/plain.mc" > "$T/plain.txt"
	sed '/^  tool {/,/^  }/{ /name: "criu"/,/^  }/ s/state: .*/state: TOOL_RUNS\n    version: "Version: 4.2.1"/ }' \
		"$T/plain.txt" | "$TOP/tests/e2e/forge" "$TOP/facts" > "$T/hosts/plain.mc"
	gate
	is 0 met
	[[ $output == *"ready*"* ]]
	[[ $output == *"probe with --for TREE"* ]]
	[[ $output == *"MET   listen is called ready on 1 host whose profile was not asked about just this tree"* ]]
	sed "$NO_CR" "$T/plain.txt" | "$TOP/tests/e2e/forge" "$TOP/facts" > "$T/hosts/plain.mc"
	gate
	is 1 broken
}

@test "a pool with profiles that are no good: each is named, and the rest is judged" {
	host good
	host good "s/uptime_ms: .*/uptime_ms: 1/; s/taken_at_ns: .*/taken_at_ns: 1/" again
	host stale "s/taken_at_ns: .*/taken_at_ns: 1000000000000000000/"
	host foreign 's/machine: "x86_64"/machine: "riscv64"/'
	head -c 3000 "$T/hosts/good.mc" > "$T/hosts/truncated.mc"
	{ head -c 3000 "$T/hosts/good.mc"; printf x; tail -c +3002 "$T/hosts/good.mc"; } > "$T/hosts/corrupt.mc"
	mkfifo "$T/hosts/fifo.mc"
	gate --max-age 30d
	is 4 unjudged
	[[ $output == *"stale"*"days ago, which is longer than --max-age"* ]]
	[[ $output == *"foreign"*"another architecture: it is riscv64"* ]]
	[[ $output == *"truncated.mc): cut off after"* ]]
	[[ $output == *"corrupt.mc): damaged: "* ]]
	[[ $output == *"again.mc): "*"days ago"* ]]
	[[ $output == *"listen: 1 of "*": good"* ]]
	gate --min-hosts 1 --max-age 30d
	is 0 met
	gate
	[[ $output == *"again.mc): a second profile of this host, older than"* ]] || { echo "$output"; false; }
}

@test "hosts of one name, looks of one host, and clocks that are wrong" {
	mkdir "$T/hosts/x" "$T/hosts/y"
	host one
	host one "/^  machine_id: /s/one/two/" x/one
	host one "/^  machine_id: /s/one/three/" y/one
	run "$MIGCHECK" gate "$POOL/trees" "$T/hosts" "$T/hosts/x" "$T/hosts/y"
	is 0 met
	[[ $output == *"2 trees on 3 hosts in 1 class"* ]]
	[[ $output == *"one, one ($T/hosts/"*"/one.mc), one ($T/hosts/"*"/one.mc)"* ]] || { echo "$output"; false; }
	# An old look at a host that was seen again is no host that nobody saw.
	host one "s/taken_at_ns: .*/taken_at_ns: 1000000000000000000/" old
	gate --max-age 30d
	is 0 met
	host late "s/taken_at_ns: .*/taken_at_ns: 4000000000000000000/"
	gate
	is 4 unjudged
	[[ $output == *"days from now: a clock is wrong"* ]]
}

@test "what a host lacks for good counts without --now: memory in all" {
	host a 's/^    total_kb: .*/    total_kb: 10/'
	gate
	is 1 broken
	[[ $output == *"mem-free"*"10 KiB (10240) in all"* ]] || { echo "$output"; false; }
}

@test "what cannot be judged at all is trouble" {
	run "$MIGCHECK" gate "$POOL/trees" "$T/hosts"
	[ "$status" -eq 2 ] && [[ $output == *"no host is among them"* ]]
	host a
	run "$MIGCHECK" gate "$T/hosts"
	[ "$status" -eq 2 ] && [[ $output == *"no tree is among them"* ]]
	run "$MIGCHECK" gate
	[ "$status" -eq 2 ] && [[ $output == *"which trees and hosts?"* ]]
	run "$MIGCHECK" gate "$POOL/trees" "$T/nothing"
	[ "$status" -eq 2 ] && [[ $output == *"No such file"* ]]
	gate --max-age soon
	[ "$status" -eq 2 ] && [[ $output == *"12h, 7d"* ]]
	gate --report pdf=x
	[ "$status" -eq 2 ] && [[ $output == *"no such format 'pdf'"* ]]
	gate --waivers "$T/nothing"
	[ "$status" -eq 2 ]
	head -c 5000 "$POOL/trees/sleep.mc" > "$T/cut.mc"
	gate --min-hosts 1 "$T/cut.mc"
	[ "$status" -eq 2 ] && [[ $output == *"cut.mc: cut off after"* ]]
	cp "$POOL/trees/sleep.mc" "$T/sleep.mc"
	gate "$T/sleep.mc"
	[ "$status" -eq 2 ] && [[ $output == *"two trees of one name"* ]]
}

@test "--expect: a host from which no profile came is named, with the reason where it is known" {
	host a; host b; host odd "" web3.example.org
	printf '# the pool\n\n a \r\nb\nb\nweb3.example.org\nodd\n' > "$T/hosts.txt"
	gate --expect "$T/hosts.txt"
	is 0 met
	[[ $output == *"2 trees on 3 hosts in 1 class"* ]]
	# By its own name, or by that of its file; what is there counts, whatever else is said of it.
	printf 'c\nd10\nd9\ne' >> "$T/hosts.txt"
	printf '\n  unreachable: \033[31mno route to host\nmore\n' > "$T/hosts/c.failed"
	mkdir "$T/hosts/e.failed"
	printf 'wrong\n' > "$T/hosts/a.failed"
	gate --expect "$T/hosts.txt" -f json -o "$T/json" --report junit="$T/junit" --report sarif="$T/sarif"
	[ "$status" -eq 4 ]
	[ "$(json "$T/json" '[(h["name"], h["reason"], h["again"]) for h in r["not_judged"]]')" = "[\
('c', 'no profile came from it: unreachable: \\x1b[31mno route to host', False), \
('d9', 'it is expected, and no profile came from it', False), \
('d10', 'it is expected, and no profile came from it', False), \
('e', 'no profile came from it: e.failed, which would say why, cannot be read: not a regular file', False)]" ] ||
		{ cat "$T/json"; false; }
	[ "$(json "$T/json" 'r["hosts_judged"], r["hosts_unseen"], {h["file"] for h in r["not_judged"]}')" = "(3, 4, {'$T/hosts.txt'})" ]
	grep -q 'unreachable: \\x1b' "$T/junit" && grep -q 'unreachable' "$T/sarif"
	gate --expect "$T/hosts.txt"
	is 4 unjudged
	[[ $output == *"3 hosts in 1 class; 4 more could not be judged"* ]] || { echo "$output"; false; }
	[[ $output == *"c ($T/hosts.txt): no profile came from it: unreachable"* ]] || { echo "$output"; false; }
	gate --expect "$T/hosts.txt" --min-hosts 3
	is 0 met
}

@test "--expect: nobody came; and lists that are no good" {
	printf 'a\nb\n' > "$T/hosts.txt"
	printf 'unreachable' > "$T/hosts/a.failed"
	gate --expect "$T/hosts.txt" --report html="$T/html" --report markdown="$T/md"
	is 4 unjudged
	[[ $output == *"a ($T/hosts.txt): no profile came from it: unreachable"* ]]
	[[ $output == *"b ($T/hosts.txt): it is expected, and no profile came from it"* ]]
	[ -s "$T/html" ] && [ -s "$T/md" ]
	gate --min-hosts 1 --expect "$T/hosts.txt"
	is 4 unjudged

	local line
	for line in '[web]' 'web1 ansible_host=10.0.0.1' '../../etc/passwd' '.hidden' $'a\033[31m' "$(printf '%0300d' 1)" 'a,b'; do
		printf 'a\n%s\n' "$line" > "$T/bad.txt"
		gate --expect "$T/bad.txt"
		[ "$status" -eq 2 ] && [[ $output == *"bad.txt:2: the name of one host is wanted"* ]] || { echo "$output"; false; }
		[[ $output != *$'\033'* ]]
	done
	printf '# none yet\n\n' > "$T/bad.txt"
	gate --expect "$T/bad.txt"
	[ "$status" -eq 2 ] && [[ $output == *"bad.txt: no host is named in it"* ]]
	gate --expect "$T"
	[ "$status" -eq 2 ] && [[ $output == *"not a regular file"* ]]
	gate --expect "$T/nothing"
	[ "$status" -eq 2 ] && [[ $output == *"No such file"* ]]
}

@test "waivers: shown, for their hosts only, until their day, and told when they are for nothing" {
	host a; host odd "$NO_CR"; host odder "$NO_CR"
	cat > "$T/w.yaml" <<-'YAML'
		waivers:
		  - {rule: dst-checkpoint-restore, host: odd, reason: being replaced, owner: ops, until: 2099-12-31}
		  - {rule: dst-checkpoint-restore, host: "odder*", reason: was to be replaced, owner: ops, until: 2020-12-31}
		  - {rule: cpu-ins, host: odd, reason: never, owner: ops, until: 2099-12-31}
	YAML
	gate --waivers "$T/w.yaml"
	is 1 broken
	[[ $output == *"3 hosts in 3 classes"* ]]
	[[ $output == *"is blocked on 1 of 3 hosts"* ]]
	[[ $output == *"the waiver of ops ran out with 2020-12-31"* ]]
	[[ $output == *"being replaced"* ]]
	[[ $output == *"it has run out, and counts no more"* ]]
	[[ $output == *"cpu-ins"*"it matches nothing"* ]]
	rm "$T/hosts/odder.mc"
	gate --waivers "$T/w.yaml"
	is 0 met
	[[ $output == *"ready, waived"* ]]
}

@test "reports are for us alone, but for the one that a service reads" {
	host a
	(umask 0; "$MIGCHECK" gate "$POOL/trees" "$T/hosts" -q --report json="$T/j" --report html="$T/h" \
		--report prometheus="$T/p")
	[ "$(stat -c %a "$T/j" "$T/h" "$T/p" | tr '\n' ' ')" = "600 600 644 " ]
}

@test "the same files give the same bytes, in whatever order they are named" {
	host a; host b "$NO_CR"; host c
	"$MIGCHECK" gate "$POOL/trees" "$T"/hosts/{a,b,c}.mc -o "$T/1" || true
	"$MIGCHECK" gate "$T"/hosts/{c,b,a}.mc "$POOL/trees" -o "$T/2" || true
	cmp "$T/1" "$T/2"
}
