#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad and hostile input: a clear error or an unknown; never a hang, a crash, a wrong "ready", a
# leak or a half-written file. Every call has a time limit: a hang fails.
load common

setup() {
	T=$BATS_TEST_TMPDIR
}

teardown() { stop_quiet; }

limited() {
	run timeout -k 1 20 "$@"
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ] && [ "$status" -lt 128 ]
}

real_source() {
	start_quiet sleep 600
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$T/source"
}

# forge NAME: a source from text form on standard input.
forge() {
	"$TOP/tests/e2e/forge" "$TOP/facts" > "$T/$1"
}

# A path in the form of a tree that holds it open and wants its content compared.
source_with_path() {
	cat <<TEXT
header { format: 1 kind: SNAPSHOT_SOURCE }
tree { root_pid: 42 }
process { pid: 42 comm: "x" thread { tid: 42 } fd { number: 3 kind: FD_REGULAR file: 0 } }
file { path: "$1" mode: $((0100644)) nlink: 1 size: $2 digest_state: DIGEST_DONE used_fd: true path_state: PATH_SAME
  sha256: "$(printf '\\000%.0s' $(seq 32))" }
TEXT
}

answer_to() {
	"$MIGCHECK" show -f json "$T/there" | python3 -c 'import json,sys
print(json.dumps([a for a in json.load(sys.stdin).get("path_answer", []) if a["path"] == sys.argv[1]]))' "$1"
}

@test "a pid that is gone" {
	limited "$MIGCHECK" dump -p 4194303 -o "$T/out"
	[ "$status" -eq 2 ]
	[[ $output == *"no process 4194303"* ]]
	[ ! -e "$T/out" ]
}

@test "a kernel thread" {
	[ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ] || skip "no kernel thread is seen in this PID namespace"
	limited "$MIGCHECK" dry-run -p 2
	[ "$status" -eq 2 ]
	[[ $output == *"kernel thread"* ]]
}

@test "a list for --cpu-cap that criu would refuse" {
	for list in foo "a b" cpu,foo; do
		limited "$MIGCHECK" dry-run -p $$ --cpu-cap "$list"
		[ "$status" -eq 2 ]
		[[ $output == *"--cpu-cap: '$list' is not a list of"* ]] || { echo "$output"; false; }
	done
}

@test "no pid, a pid that is no number" {
	for arguments in "" "-p" "-p 0" "-p -1" "-p 12x" "-p 99999999999999999999" "--pid=1.5" "--nonsense" "-p 1 extra"; do
		limited "$MIGCHECK" dump $arguments
		[ "$status" -eq 2 ]
		[ -n "$output" ]
	done
}

@test "the own shell is blocked by task-criu-inside-tree, not an error" {
	limited bash -c "$MIGCHECK dry-run -f json -p \$\$ > $T/report"
	[ "$status" -eq 1 ]
	[ "$(json "$T/report" '[f["lifetime"] for f in r["findings"] if f["rule"] == "task-criu-inside-tree"]')" = "['permanent']" ]
}

@test "a snapshot that is cut off, damaged, foreign, empty, a folder, or not there" {
	real_source
	head -c 500 "$T/source" > "$T/cut"
	limited "$MIGCHECK" show "$T/cut"; [ "$status" -eq 2 ]; [[ $output == *"cut off"* ]]
	cp "$T/source" "$T/damaged"; printf X | dd of="$T/damaged" bs=1 seek=100 conv=notrunc status=none
	limited "$MIGCHECK" check "$T/damaged"; [ "$status" -eq 2 ]; [[ $output == *"damaged"* ]]
	echo "Welcome" > "$T/foreign"
	limited "$MIGCHECK" probe -s "$T/foreign" -o "$T/out"; [ "$status" -eq 2 ]; [[ $output == *"not a migcheck snapshot"* || $output == *"cut off"* ]]
	: > "$T/empty"
	limited "$MIGCHECK" show "$T/empty"; [ "$status" -eq 2 ]; [[ $output == *"empty"* ]]
	limited "$MIGCHECK" show "$T"; [ "$status" -eq 2 ]; [[ $output == *"not a regular file"* || $output == *"directory"* ]]
	limited "$MIGCHECK" show "$T/nothing"; [ "$status" -eq 2 ]; [[ $output == *"No such file"* ]]
	printf 'MIGCHECK\x09\0\0\0' > "$T/newer"
	limited "$MIGCHECK" show "$T/newer"; [ "$status" -eq 2 ]; [[ $output == *"format 9"* ]]
	[ ! -e "$T/out" ]
}

@test "a snapshot that never ends" {
	limited "$MIGCHECK" show /dev/zero
	[ "$status" -eq 2 ]
	run bash -c "timeout -k 1 20 $MIGCHECK show - < /dev/zero"
	[ "$status" -eq 2 ]
	[[ $output == *"not a migcheck snapshot"* ]]
	mkfifo "$T/fifo"
	run timeout -k 1 3 "$MIGCHECK" show "$T/fifo"	# nobody writes: the end of an empty pipe
	[ "$status" -eq 2 ]
}

@test "a destination given as the source, and the answer to another source" {
	real_source
	cp "$T/source" "$T/first"
	"$MIGCHECK" probe -q -s "$T/first" -o "$T/there"
	limited "$MIGCHECK" check "$T/there"; [ "$status" -eq 2 ]; [[ $output == *"source"* ]]
	real_source
	limited "$MIGCHECK" check "$T/source" "$T/there"; [ "$status" -eq 2 ]
	[[ $output =~ "other trees than this one: SHA-256 "[0-9a-f]+.*" there, "[0-9a-f]+" here" ]]
}

@test "an output that cannot be written leaves nothing behind, and an old one whole" {
	real_source
	limited "$MIGCHECK" check "$T/source" -o /nonexistent/folder/out; [ "$status" -eq 2 ]
	limited "$MIGCHECK" dump -q -p "$QUIET_PID" -o /dev/null; [ "$status" -eq 2 ]
	limited bash -c "$MIGCHECK show $T/source > /dev/full"; [ "$status" -eq 2 ]
	echo old > "$T/out"
	limited "$MIGCHECK" dump -q -p 4194303 -o "$T/out"; [ "$status" -eq 2 ]
	[ "$(cat "$T/out")" = old ]
	[ "$(stat -c %a "$T/source")" = 600 ]
	[ -z "$(find "$T" -name 'source.*' -o -name 'out.*')" ]
}

@test "names with control characters, ::, shell syntax and bytes that are no UTF-8" {
	name=$'e\033[31m::$(id)`\n\xff\xe2\x80\xae'
	printf '#!/bin/sh\nsleep 600 & wait\n' > "$T/script"
	cp "$(command -v sleep)" "$T/$name"
	start_quiet "$T/$name" 600
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$T/source"
	"$MIGCHECK" show "$T/source" > "$T/text"
	"$MIGCHECK" show -f json "$T/source" > "$T/json"
	run "$MIGCHECK" dry-run -p "$QUIET_PID"; [ "$status" -ne 2 ]; echo "$output" > "$T/report"
	run "$MIGCHECK" dry-run -f json -p "$QUIET_PID" -o "$T/report.json"; [ "$status" -ne 2 ]
	for f in text report; do
		! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$T/$f" || false
		iconv -f UTF-8 -t UTF-8 "$T/$f" > /dev/null
	done
	grep -qF '\x1b[31m::$(id)`' "$T/text"
	python3 -c 'import json,sys; [json.load(open(f, encoding="utf-8")) for f in sys.argv[1:]]' "$T/json" "$T/report.json"
}

@test "a hostile source asks a root probe for devices, FIFOs, /proc/kmsg and links" {
	mkfifo "$T/fifo"
	for path in /dev/zero /proc/kmsg "$T/fifo" /dev/watchdog /sys/kernel/debug /proc/self/mem; do
		source_with_path "$path" 100 | forge source
		limited strace -f -y -qq -o "$T/trace" "$MIGCHECK" probe -q -s "$T/source" -o "$T/there"
		[ "$status" -eq 0 ]
		# It was looked at, and never opened for reading.
		run grep -F "$path" "$T/trace"
		run grep -E 'open.*O_RDONLY' <<<"$(grep -F "\"$path\"" "$T/trace" | grep -v O_PATH)"
		[ "$status" -eq 1 ]
		answer=$(answer_to "$path")
		[[ $answer != *sha256* && $answer != *same_as_asked* ]]
	done
}

@test "a hostile source asks for /etc/shadow: no digest comes out" {
	size=$(stat -c %s /etc/shadow)
	source_with_path /etc/shadow "$size" | sed "s/mode: [0-9]*/mode: $((0100640))/" | forge source
	limited "$MIGCHECK" probe -q -s "$T/source" -o "$T/there"
	[ "$status" -eq 0 ]
	answer=$(answer_to /etc/shadow)
	[[ $answer == *'"kind": "regular"'* ]]
	[[ $answer != *sha256* ]]
	! "$MIGCHECK" show "$T/there" | grep -q "$(sha256sum < /etc/shadow | cut -d' ' -f1)"
}

@test "a link out of the root leads nowhere" {
	mkdir -p "$T/root/etc"
	ln -s /etc/passwd "$T/root/etc/out"
	ln -s ../../../../../../../../etc/passwd "$T/root/etc/up"
	for path in /etc/out /etc/up /etc/../../../../../etc/passwd; do
		source_with_path "$path" "$(stat -c %s /etc/passwd)" | forge source
		limited "$MIGCHECK" probe -q -s "$T/source" --root "$T/root" -o "$T/there"
		[ "$status" -eq 0 ]
		[[ $(answer_to "$path") == *'"error": 2'* ]]
	done
}

@test "a root that is not there" {
	real_source
	limited "$MIGCHECK" probe -s "$T/source" --root "$T/nothing" -o "$T/there"
	[ "$status" -eq 2 ]
	[[ $output == *"--root"* ]]
	[ ! -e "$T/there" ]
}

@test "a file of 1 TiB of holes is not read, on either side" {
	truncate -s 1T "$T/holes" || skip "this file system holds no file of 1 TiB"
	start_quiet python3 -c "import time; f = open('$T/holes'); time.sleep(600)"
	sleep 0.3
	limited "$MIGCHECK" dump -q -p "$QUIET_PID" -o "$T/source"
	[ "$status" -eq 0 ]
	"$MIGCHECK" show "$T/source" | grep -F "$T/holes" | grep -q 'digest_state=over-limit'
	limited "$MIGCHECK" probe -q -s "$T/source" -o "$T/there"
	[ "$status" -eq 0 ]
	source_with_path "$T/holes" $((1 << 40)) | forge hostile
	run timeout -k 1 40 "$MIGCHECK" probe -q --timeout 2 -s "$T/hostile" -o "$T/there"
	[ "$status" -eq 0 ]
}

@test "a FUSE mount that never answers is a gap, not a hang" {
	gcc -O2 -D_GNU_SOURCE -o "$T/deaf-fuse" "$TOP/tests/e2e/deaf-fuse.c"
	mkdir "$T/mnt"
	source_with_path "$T/mnt/file" 100 | forge source
	# All in a mount namespace of its own: the mount ends with it.
	run timeout -k 1 60 unshare --mount bash -c '
		T=$1 migcheck=$2
		exec {input}<> <(:)
		mkfifo $T/in
		$T/deaf-fuse $T/mnt < $T/in > $T/state & daemon=$!
		exec 9> $T/in
		for _ in $(seq 100); do grep -q mounted $T/state && break; kill -0 $daemon 2>/dev/null || exit 77; sleep 0.05; done
		start=$(date +%s)
		$migcheck probe -q --timeout 1 -s $T/source -o $T/there || exit 1
		[ $(($(date +%s) - start)) -lt 15 ] || exit 2
		exec 9>&-
		wait $daemon
	' bash "$T" "$MIGCHECK"
	[ "$status" -ne 77 ] || skip "no FUSE here: $output"
	[ "$status" -eq 0 ] || { echo "$status $output"; false; }
	[[ $(answer_to "$T/mnt/file") == *timed_out* ]]
}

@test "a snapshot's numbers that point nowhere" {
	forge source <<'TEXT'
header { format: 1 kind: SNAPSHOT_SOURCE }
tree { root_pid: 42 }
process { pid: 42 comm: "x" exe { path: "/x" file: 4000000000 } thread { tid: 42 cgroup_set: 4000000000 }
  fd { number: 3 kind: FD_REGULAR file: 77 } fd { number: 4 kind: FD_SECRETMEM file: 4294967295 } mapping { start: 18446744073709551615 end: 0 file: 9 } }
process { pid: 42 }
process { }
socket { }
mount { }
ns { }
cgroup { }
TEXT
	limited "$MIGCHECK" check "$T/source"
	[ "$status" -ne 0 ] && [ "$status" -ne 2 ]
	limited "$MIGCHECK" show "$T/source"
	[ "$status" -eq 0 ]
}

@test "an empty source is never ready" {
	forge source <<<'header { format: 1 kind: SNAPSHOT_SOURCE }'
	limited "$MIGCHECK" check "$T/source"
	[ "$status" -ne 0 ]
}

@test "as a normal user: own processes are looked at, the rest is unknown, the verdict undecided" {
	# A folder that this user may enter: bats keeps its own for root.
	T=$(mktemp -d) && chmod 755 "$T"
	cp "$MIGCHECK" "$T/migcheck"
	mkdir -m 777 "$T/out"
	start_quiet setpriv --reuid 65534 --regid 65534 --clear-groups sleep 600
	sleep 0.2
	limited setpriv --reuid 65534 --regid 65534 --clear-groups "$T/migcheck" dry-run -p "$QUIET_PID" -f json -o "$T/out/report"
	[ "$status" -eq 4 ] || [ "$status" -eq 1 ]
	[ "$(json "$T/out/report" 'len(r["gaps"]) > 0')" = true ]
	start_quiet sleep 600
	limited setpriv --reuid 65534 --regid 65534 --clear-groups "$T/migcheck" dry-run -p "$QUIET_PID"
	[ "$status" -ne 0 ]
	[ "$status" -ne 3 ]
	rm -r "$T"
}

@test "commands and options that do not exist" {
	limited "$MIGCHECK"; [ "$status" -eq 2 ]
	limited "$MIGCHECK" nonsense; [ "$status" -eq 2 ]; [[ $output == *"--help"* ]]
	limited "$MIGCHECK" rules no-such-rule; [ "$status" -eq 2 ]
	limited "$MIGCHECK" check; [ "$status" -eq 2 ]
	limited "$MIGCHECK" check a b c; [ "$status" -eq 2 ]
	limited "$MIGCHECK" dry-run -p 1 -f nonsense; [ "$status" -eq 2 ]
	for command in dump probe check dry-run show rules; do
		limited "$MIGCHECK" $command --help; [ "$status" -eq 0 ]; [[ $output == *"usage: migcheck $command"* ]]
	done
}
