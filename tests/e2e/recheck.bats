#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Looking at a tree again: what it says of real processes that change, and of trees that cannot
# be looked at again.
load common

# A program that does what it is told in a file, and holds nothing of that afterwards.
PUPPET='import os, sys, time
folder = sys.argv[1]
while True:
    if os.path.exists(folder + "/do"):
        with open(folder + "/do") as asked: text = asked.read()
        os.unlink(folder + "/do")
        exec(text, globals())
        os.mknod(folder + "/done")
    time.sleep(0.01)'

setup() {
	T=$BATS_TEST_TMPDIR
	# What the puppet loads later on is not to be told each time as news of a module.
	start_quiet python3 -B -c "import ctypes, socket, subprocess, fcntl, mmap
$PUPPET" "$T"
	P=$QUIET_PID
	tell 'pass'
}

teardown() { stop_quiet; }

tell() {
	echo "$1" > "$T/do.new"
	mv "$T/do.new" "$T/do"
	for _ in $(seq 500); do [ ! -e "$T/done" ] || break; sleep 0.01; done
	rm "$T/done"
}

# first_look: what an operator would have done before.
first_look() {
	"$MIGCHECK" dump -q -p "$P" -o "$T/s"
	"$MIGCHECK" probe -q -s "$T/s" -o "$T/d"
	run "$MIGCHECK" check -q "$T/s" "$T/d"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
}

# again STATUS [ARGUMENT...]: text in $output, and the same as JSON in $T/json, by its schema.
again() {
	local wanted=$1
	shift
	"$MIGCHECK" recheck -f json -o "$T/json" "$T/s" "$@" || true
	python3 -W ignore -c 'import json,sys,jsonschema
schema = json.load(open(sys.argv[2])); jsonschema.Draft7Validator.check_schema(schema)
report = json.load(open(sys.argv[3]))
resolver = jsonschema.RefResolver("file://" + sys.argv[2], schema)
jsonschema.validate(report, schema, resolver=resolver)' x "$TOP/docs/recheck.schema.json" "$T/json"
	run "$MIGCHECK" recheck "$T/s" "$@"
	[ "$status" -eq "$wanted" ] || { echo "status $status"; echo "$output"; false; }
	[ "$(json "$T/json" 'r["exit_code"]')" -eq "$wanted" ]
}

# told OF HOW TEXT: a change of this kind whose name, nature or fields hold the text.
told() {
	python3 - "$T/json" "$@" <<'PYTHON'
import json, sys
report, of, how, text = sys.argv[1:]
r = json.load(open(report))
found = [c for c in r["changes"] if c["of"] == of and c["how"] == how and text in json.dumps(c)]
if not found:
    print("not told:", of, how, text); print(json.dumps(r["changes"], indent=1)[:4000]); sys.exit(1)
PYTHON
}

# may_read: waits until what was written last is no more too fresh to be trusted.
may_read() { sleep 2.1; }

@test "nothing changed: still true, and no content is opened again" {
	may_read
	first_look
	again 0 "$T/d"
	[ "${lines[-1]}" = "still true: ready (exit 0)" ]
	[[ $output == *"nothing came, went or changed"* ]] || { echo "$output"; false; }
	[ "$(json "$T/json" 'r["still_true"] and r["changes"] == [] and r["counts"] == {}')" = true ] || { cat "$T/json"; false; }
	[ "$(json "$T/json" 'r["contents"]["hashed"] == 0 and r["contents"]["known"] > 10')" = true ]
	# The first look reads what is mapped, the second one nothing of it. (What our own start maps is read
	# by the loader each time, and so is what the tools map that are asked for their version.)
	trace=openat,openat2,open,read,pread64,execve
	strace -f -y -qq -e trace=$trace -o "$T/first" "$MIGCHECK" dump -q --no-cache -p "$P" -o "$T/other"
	strace -f -y -qq -e trace=$trace -o "$T/second" "$MIGCHECK" recheck -q --no-cache "$T/s" "$T/d"
	awk '/execve\(/ && NR > 1 { tool[$1] = 1 } !($1 in tool)' "$T/second" > "$T/ours"
	ldd "$MIGCHECK" | grep -o '/[^ ]*' | xargs -n 1 readlink -f > "$T/own"
	awk '$6 ~ "^/" { print $6 }' "/proc/$P/maps" | sort -u | grep -vxFf "$T/own" > "$T/mapped"
	[ "$(wc -l < "$T/mapped")" -gt 3 ]
	while read -r file; do
		grep "pread64(" "$T/first" | grep -qF "<$file>"
		run grep -F "<$file>" <(grep -v O_PATH "$T/ours")
		run grep -E 'read(64)?\(|O_RDONLY' <<<"$output"
		[ "$status" -eq 1 ] || { echo "$output" | head -3; false; }
	done < "$T/mapped"
}

@test "the second look knows the same contents as the first one" {
	may_read
	first_look
	"$MIGCHECK" recheck -q "$T/s" --save "$T/s2"
	[ "$(stat -c %a "$T/s2")" = 600 ]
	"$MIGCHECK" show -f json "$T/s" > "$T/a"
	"$MIGCHECK" show -f json "$T/s2" > "$T/b"
	python3 - "$T/a" "$T/b" <<'PYTHON'
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
def contents(s):
    return {(f["path"], f.get("ino")): (f.get("sha256"), f.get("build_id"), json.dumps(f.get("elf"))) for f in s["file"]}
assert contents(a) == contents(b)
assert sum(1 for f in b["file"] if f.get("sha256")) > 10
assert b["header"]["files_hashed"] == 0, b["header"]
PYTHON
	# What was saved is a source like any other.
	"$MIGCHECK" probe -q -s "$T/s2" -o "$T/d2"
	run "$MIGCHECK" recheck -q "$T/s2" "$T/d2"
	[ "$status" -eq 0 ]
}

@test "tasks, descriptors, sockets and files that come and go" {
	tell 'gone = subprocess.Popen(["sleep", "600"]); shut = open("/etc/passwd"); log = open(folder + "/log", "w", buffering=1)'
	first_look
	tell 'gone.kill(); gone.wait(); shut.close()
came = subprocess.Popen(["sleep", "601"]); f = open("/etc/hosts"); log.write("it grew\n")
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()'
	again 0
	told task came sleep
	told task went sleep
	told descriptor changed /etc/hosts || told descriptor came /etc/hosts
	told file came /etc/hosts
	told file went /etc/passwd
	told socket came "tcp 127.0.0.1:"
	told file changed "$T/log"
	[[ $output == *"+ sleep "*"- sleep "* ]]
	[[ $output == *"size "*"0 -> 8"* ]]
	# Against the destination: what came was not asked there, and that is said.
	again 4 "$T/d"
	[[ $output == *"ready before, undecided now"* ]]
	[[ $output == *"/etc/hosts: what is at this path there"* ]]
	[[ $output == *"probe the destination again"* ]]
	# A new look, asked there too, is ready again.
	"$MIGCHECK" recheck -q "$T/s" --save "$T/s2"
	"$MIGCHECK" probe -q -s "$T/s2" -o "$T/d2"
	run "$MIGCHECK" recheck -q "$T/s2" "$T/d2"
	[ "$status" -eq 0 ]
}

@test "another program in the same process" {
	first_look
	tell 'os.mknod(folder + "/done"); os.execv("/bin/sleep", ["sleep", "600"])'
	for _ in $(seq 100); do [[ $(readlink "/proc/$P/exe") == */sleep ]] && break; sleep 0.02; done
	again 0
	told task changed exe.path
	[[ $output == *"exe.path"*"python3"*" -> "*"/sleep"* ]]
	told mapping went python3
}

@test "a mapped library is replaced on disk: the process has the old one" {
	cp "$(ldconfig -p | awk '/libz\.so\.1 /{print $NF; exit}')" "$T/libz.so"
	tell 'lib = ctypes.CDLL(folder + "/libz.so")'
	may_read
	first_look
	cp "$T/libz.so" "$T/new"
	printf x >> "$T/new"
	mv "$T/new" "$T/libz.so"
	# CRIU carries it along as a ghost file.
	again 0
	told file changed path_state
	[[ $output == *"same -> replaced"* ]]
}

@test "a file is written in place under the same name and size: it is read again" {
	printf 'one' > "$T/data"
	tell 'data = open(folder + "/data")'
	may_read
	first_look
	printf 'two' | dd of="$T/data" conv=notrunc status=none
	touch -r /etc/passwd "$T/data"
	again 0
	told file changed sha256
	[ "$(json "$T/json" 'r["contents"]["hashed"]')" -eq 1 ]
}

@test "a change within the same tick as the first look is not missed" {
	printf 'one' > "$T/data"
	tell 'data = open(folder + "/data")'
	first_look
	printf 'two' | dd of="$T/data" conv=notrunc status=none
	again 0
	told file changed sha256
}

@test "CRIU needs an option that it did not need: ready, and exit 5" {
	first_look
	tell 'lock = open(folder + "/lock", "w"); fcntl.lockf(lock, fcntl.LOCK_EX)'
	again 5
	[[ $output == *"CRIU needs now"*"--file-locks"* ]]
	[ "$(json "$T/json" '{q["option"] for q in r["requirements"]["new"]}')" = "{'--file-locks'}" ]
	# Where no option will be given, it blocks.
	run "$MIGCHECK" recheck -q --criu-options '' "$T/s"
	[ "$status" -eq 1 ]
	# And gone again.
	"$MIGCHECK" recheck -q "$T/s" --save "$T/s2" || true
	tell 'fcntl.lockf(lock, fcntl.LOCK_UN)'
	run "$MIGCHECK" recheck "$T/s2"
	[ "$status" -eq 0 ]
	[[ $output == *"CRIU does not need any more"*"--file-locks"* ]]
}

@test "what blocks now is told with its remedy, what is gone by name" {
	[ -c /dev/loop-control ] || skip "no device here that CRIU refuses"
	"$MIGCHECK" dump -q -p "$P" -o "$T/s"
	tell 'dev = os.open("/dev/loop-control", os.O_RDONLY)'
	again 1
	[[ $output == *"ready before, blocked now"*"New findings"*"Permanent"*"/dev/loop-control"*"do "* ]]
	[ "$(json "$T/json" 'len(r["findings"]["new"]), r["findings"]["gone"], r["still_true"]')" = "(1, [], False)" ]
	"$MIGCHECK" recheck -q "$T/s" --save "$T/s" || true
	again 1
	[ "${lines[-1]}" = "still true: blocked (exit 1)" ]
	tell 'os.close(dev)'
	again 0
	[[ $output == *"blocked before, ready now"*"Findings that are gone"*"/dev/loop-control"* ]]
}

@test "a program at work is no news: positions, queues, heap, threads' states" {
	tell 'f = open("/etc/passwd"); a, b = socket.socketpair(); r, w = os.pipe()'
	first_look
	tell 'f.read(10); a.send(b"x" * 100); os.write(w, b"y" * 100); heap = [bytes(1 << 20) for _ in range(50)]'
	again 0
	[ "$(json "$T/json" '[c for c in r["changes"] if c["of"] != "gap"]')" = "[]" ]
}

@test "many changes: counted, and the first of each kind shown" {
	first_look
	tell 'many = [subprocess.Popen(["sleep", "600"]) for _ in range(40)]; files = [open("/etc/passwd") for _ in range(100)]'
	again 0
	[[ $output == *"Tasks: 40 came"*"and 32 more came"* ]]
	[[ $output == *"Descriptors: 100 came"*"and 92 more came"* ]]
	[ "$(json "$T/json" 'r["counts"]["task"]["came"]')" -eq 40 ]
	[ "$(wc -l <<<"$output")" -lt 120 ]
	tell '[(p.kill(), p.wait()) for p in many]'
}

@test "foreign text is told without its powers" {
	first_look
	tell 'f = open(folder + "/a\x1b[31mb\nc\u202e", "w")'
	again 0
	[[ $output == *'\x1b[31mb\x0ac'* ]]
	run grep -P '[\x00-\x08\x0b-\x1f\x7f]' <(echo "$output") "$T/json"
	[ "$status" -eq 1 ]
}

@test "the age of what a report rests on" {
	first_look
	"$MIGCHECK" show "$T/s" | head -1
	sleep 3
	run "$MIGCHECK" recheck "$T/s" "$T/d"
	[[ ${lines[0]} =~ "first taken "[3-9]" s ago" ]]
	[[ ${lines[1]} =~ "probed "[3-9]" s ago" ]]
	[ "$(json <("$MIGCHECK" recheck -f json "$T/s" "$T/d") 'r["before"]["age_s"] > r["now"]["age_s"] and r["destination"]["age_s"] >= 3')" = true ]
}

# forge_source TEXT: a source snapshot of this machine's own boot, as a text that may be bent.
forge_source() {
	cat > "$T/forged.txt" <<TEXT
header { format: 1 kind: SNAPSHOT_SOURCE tool: "forged" taken_at_ns: 1700000000000000000 ${HEADER:-} }
tree { root_pid: $1 root_start_time: $2 }
process { pid: $1 start_time: $2 comm: "x" }
host { name: "$3" machine_id: "$4" boot_id: "$5" pid_ns: $6 }
TEXT
	"$TOP/tests/e2e/forge" "$TOP/facts" < "$T/forged.txt" > "$T/forged"
}

# refused WORDS [ARGUMENT...]: exit 2, nothing on standard output, one line that says why.
refused() {
	local words=$1
	shift
	"$MIGCHECK" recheck "$@" > "$T/out" 2> "$T/err" && status=0 || status=$?
	echo "status $status"
	cat "$T/out" "$T/err"
	[ "$status" -eq 2 ] && [ ! -s "$T/out" ] && [ "$(wc -l < "$T/err")" -eq 1 ] && grep -qF -- "$words" "$T/err"
}

@test "a tree that is gone, or whose process is another one now" {
	first_look
	kill -KILL "$P"
	while [ -e "/proc/$P/stat" ]; do sleep 0.02; done
	refused "no process $P" "$T/s"
	start_quiet sleep 600
	boot=$(cat /proc/sys/kernel/random/boot_id) ns=$(stat -Lc %i /proc/self/ns/pid)
	forge_source "$QUIET_PID" 1 here "$(cat /etc/machine-id)" "$boot" "$ns"
	refused "is another one by now" "$T/forged"
}

@test "a tree of another host, another boot, another pid namespace, a recorded machine" {
	boot=$(cat /proc/sys/kernel/random/boot_id) ns=$(stat -Lc %i /proc/self/ns/pid) id=$(cat /etc/machine-id)
	forge_source 1 1 node9 0123456789abcdef0123456789abcdef "ffffffff-$boot" "$ns"
	refused "taken on another host, node9" "$T/forged"
	[ -z "$id" ] || {
		forge_source 1 1 here "$id" "ffffffff-$boot" "$ns"
		refused "before this host was booted" "$T/forged"
	}
	forge_source 1 1 here "$id" "$boot" 7
	refused "another pid namespace" "$T/forged"
	HEADER="recorded: true" forge_source 1 1 here "$id" "$boot" "$ns"
	refused "recorded machine" "$T/forged"
	forge_source 1 0 "a\\x1b[31mb" "$id" x "$ns"
	refused "taken" "$T/forged"
	run grep -q $'\x1b' "$T/err"
	[ "$status" -eq 1 ]
}

@test "criu's place is the one that was named at the first look" {
	start_quiet sleep 600
	"$MIGCHECK" dump -q -p "$P" --criu-as "$QUIET_PID" -o "$T/s"
	again 0
	[ "$(json "$T/json" 'r["now"]["criu_place"]["pid"]')" -eq "$QUIET_PID" ]
	kill -KILL "$QUIET_PID"
	while [ -e "/proc/$QUIET_PID/stat" ]; do sleep 0.02; done
	refused "criu as process $QUIET_PID" "$T/s"
	run "$MIGCHECK" recheck -q --criu-as $$ "$T/s"
	[ "$status" -eq 0 ]
}

@test "files that are no source" {
	first_look
	refused "source" "$T/d"
	refused "answers other trees than this one" "$T/s" <(
		"$MIGCHECK" dump -q -p $$ | "$MIGCHECK" probe -q -s -)
	head -c 1000 "$T/s" > "$T/cut"
	refused "" "$T/cut"
	refused "No such file" "$T/none"
	refused "which tree"
	refused "one file too many" "$T/s" "$T/d" "$T/d"
	refused "a destination" "$T/s" "$T/s"
	refused "--save wants a file" --save - "$T/s"
	refused "" --save "$T/no/such/folder" "$T/s"
}

@test "another user is told that it cannot be looked at, or what was not learned" {
	first_look
	chmod 755 "$T" && cp "$T/s" "$T/readable" && chmod 644 "$T/readable"
	cp "$MIGCHECK" "$T/migcheck" && chmod 755 "$T/migcheck"
	run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "cd / && '$T/migcheck' recheck '$T/readable'"
	# /tmp/… may be closed to it; then there is nothing to test here.
	[[ $output != *"Permission denied"* || $output == *migcheck* ]] || skip "the test's folder is closed to others"
	[ "$status" -ne 0 ] && [ "$status" -ne 5 ] || { echo "$output"; false; }
}
