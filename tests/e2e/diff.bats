#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What sets two hosts apart: this host, and what was made of its profile by hand.
load common

setup_file() {
	export HERE=$BATS_FILE_TMPDIR/here.mc
	"${MIGCHECK:-$BATS_TEST_DIRNAME/../../build/release/migcheck}" probe -q -o "$HERE"
}

setup() { T=$BATS_TEST_TMPDIR; }

teardown() { stop_quiet; }

# other PYTHON: $T/other, made of this host's profile by statements over its text form `t`.
other() {
	"$TOP/tests/e2e/unforge" "$TOP/facts" < "$HERE" > "$T/text"
	python3 - "$T/text" "$1" > "$T/changed" <<'PYTHON'
import re, sys
t = open(sys.argv[1]).read()
def put(what, other):
    global t
    assert re.search(what, t), what
    t = re.sub(what, other, t, count=1)
def clear(register, bits, after):
    """Clears bits of a register in the leaf that begins with `after`."""
    put("(" + after + r"[^}]*" + register + r": )(\d+)", lambda m: m.group(1) + str(int(m.group(2)) & ~bits))
exec(sys.argv[2])
print(t)
PYTHON
	"$TOP/tests/e2e/forge" "$TOP/facts" < "$T/changed" > "$T/other"
}

# differ STATUS [FILE FILE]: text in $output, and the same as JSON in $T/json, by its schema.
differ() {
	local wanted=$1 a=${2:-$HERE} b=${3:-$T/other}

	"$MIGCHECK" diff "$a" "$b" --now -f json -o "$T/json" || true
	python3 -W ignore -c 'import json,sys,jsonschema
schema = json.load(open(sys.argv[2])); jsonschema.Draft7Validator.check_schema(schema)
resolver = jsonschema.RefResolver("file://" + sys.argv[2], schema)
jsonschema.validate(json.load(open(sys.argv[1])), schema, resolver=resolver)' "$T/json" "$TOP/docs/diff.schema.json"
	run "$MIGCHECK" diff "$a" "$b"
	[ "$status" -eq "$wanted" ] || { echo "status $status"; echo "$output"; false; }
	[ "$(json "$T/json" 'r["exit_code"]')" -eq "$wanted" ]
}

# told SUBJECT NAME MEMBER: of this difference.
told() {
	json "$T/json" "[d.get('$3') for d in r['differences'] if (d['subject'], d['name']) == ('$1', '$2')][0]"
}

@test "diff: a host does not differ from itself, and a second look differs for the moment only" {
	differ 0 "$HERE" "$HERE"
	[ "$(json "$T/json" '(r["of_the_moment"], r["unlearned"], r["differences"])')" = "(0, [], [])" ]
	"$MIGCHECK" probe -q -o "$T/other"
	differ 0
	[[ $output == *"EQUAL   no difference that lasts; "*" of the moment (--now tells them)"* ]]
	[[ $output != *uptime* ]]
	[ "$(told itself 'uptime (ms)' moment)" = true ]
	run "$MIGCHECK" diff --now "$HERE" "$T/other"
	[ "$status" -eq 0 ]
	[[ $output == *uptime* ]]
}

@test "diff: what lasts, with both values and the rules that go by it" {
	other 'put(r"(name: \"kernel/pid_max\"\s+value: )\"\d+\"", "\\1\"99999\"")
put(r"release: \"[^\"]*\"\n(?=\s+version)", "release: \"0.1-odd\"\n")
put(r"registered: \"proc\"", "registered: \"oddfs\"")
put(r"(name: \"checkpoint_restore\"\s+present: )true", r"\1false")'
	differ 1
	[[ $output == *"DIFFERENT   4 facts that last"* ]]
	[ "$(tail -1 <<<"$output")" = "different (exit 1)" ]
	[ "$(told sysctls kernel/pid_max b)" = 99999 ]
	[ "$(told sysctls kernel/pid_max rules)" = "['pid-max']" ]
	[ "$(told kernel release a)" = "$(uname -r)" ]
	[ "$(told filesystems registered only_a)" = "['proc']" ]
	[ "$(told filesystems registered only_b)" = "['oddfs']" ]
	[ "$(told features checkpoint_restore rules)" = "['dst-checkpoint-restore']" ]
	run "$MIGCHECK" diff -q "$HERE" "$T/other"
	[ "$output" = "different (exit 1)" ]
	# The other way round the same differs.
	"$MIGCHECK" diff -f json "$T/other" "$HERE" -o "$T/turned" || true
	[ "$(json "$T/turned" '[d["name"] for d in r["differences"]]')" = "$(json "$T/json" '[d["name"] for d in r["differences"]]')" ]
	"$MIGCHECK" diff -f json "$HERE" "$T/other" -o "$T/once" || true
	"$MIGCHECK" diff -f json "$HERE" "$T/other" -o "$T/twice" || true
	cmp "$T/once" "$T/twice"
}

@test "diff: a CPU by the names that people know, and how programs run on both" {
	grep -qw avx2 /proc/cpuinfo || skip "this CPU has no AVX2 to be taken away"
	other 'clear("ebx", 1 << 5 | 1 << 16, "leaf: 7\n\s+subleaf: 0")
clear("ebx", 0xffffffff, "leaf: 13\n\s+subleaf: 0")'
	differ 1
	[[ $(told cpu features only_a) == *"'avx2'"* ]]
	[ "$(told cpu features only_b)" = "[]" ]
	[ "$(told cpu level b)" = x86-64-v2 ]
	[ "$(told cpu 'xsave frame' b)" = "0 bytes" ]
	[ "$(told cpu 'xsave frame' rules)" = "['cpu-xsave-size']" ]
	[[ $output != *0x0* ]]
	[[ $(json "$T/json" 'r["cpu_baseline"]["environment"]') == GLIBC_TUNABLES=glibc.cpu.hwcaps=*-AVX2* ]]
	[[ $(json "$T/json" 'r["cpu_baseline"]["qemu"]') == host,-*avx2* ]]
	[ "$(json "$T/json" 'r["cpu_baseline"]["xsave_equal"]')" = false ]
}

# levels: those of x86-64 that ld.so finds here, as "4 3 2 1".
levels() {
	/lib64/ld-linux-x86-64.so.2 --help | sed -nE 's/^ +x86-64-v([0-9]) \(supported.*/\1/p' | tr '\n' ' '
	echo 1
}

@test "diff: the level is that of ld.so, and so is the pool's with the masks that we advise" {
	/lib64/ld-linux-x86-64.so.2 --help | grep -q x86-64-v2 || skip "this ld.so tells no levels"
	local all level
	differ 0 "$HERE" "$HERE"
	all=$(levels)
	[ "$(json "$T/json" 'r["cpu_baseline"]["x86_64_level"]')" = "${all%% *}" ]
	[ "${all%% *}" -ge 3 ] || skip "of this CPU no level can be taken away"
	other 'clear("ebx", 1 << 8 | 1 << 5, "leaf: 7\n\s+subleaf: 0")'
	differ 1
	level=$(json "$T/json" 'r["cpu_baseline"]["x86_64_level"]')
	[ "$level" = 2 ]
	all=$(eval "export $(json "$T/json" 'r["cpu_baseline"]["environment"]')"; levels)
	[ "${all%% *}" = "$level" ]
}

@test "diff: libcrypto starts without what is masked" {
	command -v openssl > /dev/null || skip "no openssl(1) here"
	grep -qw avx2 /proc/cpuinfo || skip "this CPU has no AVX2 to be taken away"
	other 'clear("ebx", 1 << 5, "leaf: 7\n\s+subleaf: 0")'
	differ 1
	[[ $(json "$T/json" 'r["cpu_baseline"]["environment"]') == *"OPENSSL_ia32cap=':~0x20'" ]]
	before=$(openssl info -cpusettings)
	after=$(eval "export $(json "$T/json" 'r["cpu_baseline"]["environment"]')"; openssl info -cpusettings)
	[ "$((0x$(sed 's/.*:0x//; s/ .*//' <<<"$before") & 32))" -eq 32 ]
	[ "$((0x$(sed -E 's/^OPENSSL_ia32cap=0x[0-9a-f]+:0x//; s/ .*//' <<<"$after") & 32))" -eq 0 ]
}

# qemu ARGUMENT...: that of this machine, or the one that the lab has fetched.
qemu() {
	local root=${LAB_CACHE:-$TOP/build/lab}/guest/qemu

	if command -v qemu-system-x86_64 > /dev/null; then
		qemu-system-x86_64 "$@"
	elif [ -x "$root/usr/bin/qemu-system-x86_64" ]; then
		LD_LIBRARY_PATH=$(find "$root" -name '*.so*' -printf '%h\n' | sort -u | tr '\n' ':') \
			"$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" "$@"
	else
		return 1
	fi
}

@test "diff: QEMU knows the flags that are advised" {
	local known flag
	known=$(qemu -cpu help) || skip "no QEMU here, and the lab has fetched none"
	known=" $(sed -n '/Recognized/,$p' <<<"$known" | tr -s '\n' ' ') "
	other 'clear("ecx", ~(1 << 27), "leaf: 1\n"); clear("edx", ~0, "leaf: 1\n")
for register in ("ebx", "ecx", "edx"): clear(register, ~0, "leaf: 7\n\s+subleaf: 0")
for register in ("ecx", "edx"): clear(register, ~0, "leaf: 2147483649")'
	differ 1
	# The first is the model.
	for flag in $(json "$T/json" '" ".join(r["cpu_baseline"]["qemu"].split(",")[1:])'); do
		[[ $known == *" ${flag#-} "* ]] || { echo "QEMU knows no ${flag#-}"; false; }
	done
	[ "$(json "$T/json" 'len(r["cpu_baseline"]["qemu"].split(",")) > 20')" = true ]
}

@test "diff: what was not learned of one host is no difference" {
	other 'put(r"\n    minsigstksz: \d+", "")
put(r"\n  memory \{(?:\n    .*)*\n  \}", "")'
	differ 0
	[[ $output == *"2 learned of one host only"* ]]
	[[ $output == *"not of B  CPU: AT_MINSIGSTKSZ"* ]]
	[[ $output == *"not of B  Memory: all of it"* ]]
	[ "$(json "$T/json" '[(u["subject"], u["not_of"]) for u in r["unlearned"]]')" = "[('cpu', 'b'), ('memory', 'b')]" ]
}

@test "diff: foreign text does not reach the terminal as it is" {
	other 'put(r"registered: \"proc\"", "registered: \"odd\\\\033[2J\"")
put(r"mountpoint: \"/\"", "mountpoint: \"/\\\\033[31m\"")'
	differ 1
	[[ $output == *'odd\x1b[2J'* ]]
	! grep -q $'\033' <<<"$output" || false
	! grep -q $'\033' "$T/json" || false
	TERM=xterm run script -qec "stty cols 80; $MIGCHECK diff $HERE $T/other" /dev/null
	[[ $output == *$'\033[1;33mDIFFERENT\033[0m'* ]]
	[[ $output != *$'\033[2J'* ]]
}

@test "diff: the answers for one tree, and the host of a tree" {
	start_quiet sleep 1000
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$T/tree"
	"$MIGCHECK" probe -q -s "$T/tree" -o "$T/answers"
	differ 0 "$T/tree" "$T/answers"
	HERE=$T/answers
	other "put(r'(path: \"[^\"]*/sleep\"[^}]*size: )\d+', r'\g<1>1')"
	differ 1
	[ "$(json "$T/json" 'r["same_tree"]')" = true ]
	[ "$(told answers "$(readlink -f "$(command -v sleep)") size" b)" = 1 ]
}

@test "diff: trouble is told, and is no answer" {
	run "$MIGCHECK" diff "$HERE"
	[ "$status" -eq 2 ]
	run "$MIGCHECK" diff "$HERE" "$HERE" "$HERE"
	[ "$status" -eq 2 ]
	run "$MIGCHECK" diff "$HERE" "$T/nothing"
	[ "$status" -eq 2 ]
	[[ $output == *"$T/nothing: "* ]]
	head -c 2000 "$HERE" > "$T/short"
	run "$MIGCHECK" diff "$T/short" "$HERE"
	[ "$status" -eq 2 ]
	echo 'header { format: 1 kind: SNAPSHOT_DESTINATION }' | "$TOP/tests/e2e/forge" "$TOP/facts" > "$T/empty"
	run "$MIGCHECK" diff "$HERE" "$T/empty"
	[ "$status" -eq 2 ]
	[[ $output == *"holds nothing of a host"* ]]
	run "$MIGCHECK" diff -f xml "$HERE" "$HERE"
	[ "$status" -eq 2 ]
}
