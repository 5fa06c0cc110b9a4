#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# probe --paths: a host answers for lists and whole folders, whatever tree may ask later.
load common

setup() {
	T=$BATS_TEST_TMPDIR
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" "$T" "$(dirname "$T")" 2>/dev/null || true
	mkdir "$T/in"
	R=$T/in
}

teardown() {
	stop_quiet
	[ ! -d "$T/in/mnt" ] || umount "$T/in/mnt" 2> /dev/null || true
}

# golden OUTPUT OPTION...: a profile; golden_fails WORDS OPTION...: is refused with these words.
golden() { "$MIGCHECK" probe -q --cache "$T/cache" -o "$@"; }

golden_fails() {
	run "$MIGCHECK" probe -q --no-cache -o "$T/none" "${@:2}"
	[ "$status" -eq 2 ] && [[ $output == *"$1"* ]] && [ ! -e "$T/none" ] || { echo "$status $output"; false; }
}

# of PROFILE EXPRESSION: a Python expression over `a`, the answers by path (bytes as show escapes them), and `g`, the gaps.
of() {
	"$MIGCHECK" show -f json "$1" > "$T/show.json"
	python3 - "$T/show.json" "$R" "$2" <<'PYTHON'
import json, sys
s = json.load(open(sys.argv[1]))
t = [t for t in s["tree_answers"] if "asked_sha256" not in t]
a = {p["path"]: p for x in t for p in x.get("path_answer", [])}
g = [(x["subject"], x["reason"]) for y in t for x in y.get("gap", [])]
R, h = sys.argv[2], s["header"]
v = eval(sys.argv[3])
print(str(v).lower() if isinstance(v, bool) else v)
PYTHON
}

is() { [ "$(of "$1" "bool($2)")" = true ] || { of "$1" 'list(a.values())'; of "$1" g; echo "not: $2"; false; }; }

@test "a list: paths, comments, blank lines; digests of what others may read, and of nothing else" {
	printf one > "$R/one"; printf two > "$R/two"; chmod 600 "$R/two"; chmod 644 "$R/one"
	printf '# what we need\n\n%s\n%s/two\n  \n%s/none\n' "$R/one" "$R" "$R" > "$T/list"
	golden "$T/g" --paths "$T/list"
	is "$T/g" 'set(a) == {R + "/one", R + "/two", R + "/none"}'
	is "$T/g" "a[R + '/one']['sha256'] == '$(sha256sum < "$R/one" | cut -d' ' -f1)'"
	is "$T/g" 'a[R + "/two"]["size"] == 3 and "sha256" not in a[R + "/two"] and "build_id" not in a[R + "/two"]'
	is "$T/g" 'a[R + "/none"]["kind"] == "none" and not g'
	golden "$T/g" --no-content --paths "$T/list"
	is "$T/g" '"sha256" not in a[R + "/one"] and a[R + "/one"]["size"] == 3 and h.get("files_hashed", 0) == 0'
	golden "$T/g" --paths <(echo "$R/one") --paths <(echo "$R/two")
	is "$T/g" 'set(a) == {R + "/one", R + "/two"}'
}

@test "a folder: all that is in it, by names of any bytes; nothing but files and folders is opened" {
	mkdir -p "$R/deep/er"
	printf x > "$R/deep/er/file"
	printf x > "$R/"$'new\nline'; printf x > "$R/"$'\xff\xfe'; printf x > "$R/ blank "; printf x > "$R/#hash"
	mkfifo "$R/fifo"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$R/socket"
	mknod "$R/null" c 1 3 2> /dev/null || true
	ln -s deep/er/file "$R/link"; ln -s none "$R/nowhere"; ln -s loop "$R/loop"; ln -s . "$R/here"
	timeout 60 strace -f -qq -e trace=openat,openat2,open -o "$T/trace" "$MIGCHECK" probe -q --cache "$T/cache" --paths "$R" -o "$T/g"
	is "$T/g" "len(a) == $(find "$R" -printf x | wc -c)"
	is "$T/g" 'a[R + "/deep/er/file"]["sha256"] and a[R + "/deep"]["listed"] and a[R]["listed"]'
	is "$T/g" 'a[R + "/fifo"]["kind"] == "fifo" and a[R + "/socket"]["kind"] == "socket"'
	is "$T/g" 'a[R + "/link"]["kind"] == "symlink" and a[R + "/link"]["leads_to"] == R + "/deep/er/file"'
	is "$T/g" 'a[R + "/here"]["leads_to"] == R and "leads_to" not in a[R + "/nowhere"]'
	is "$T/g" "a[R + '/nowhere']['leads_error'] == $(python3 -c 'import errno; print(errno.ENOENT)')"
	is "$T/g" "a[R + '/loop']['leads_error'] == $(python3 -c 'import errno; print(errno.ELOOP)')"
	is "$T/g" 'sum("line" in p for p in a) == 1 and sum(p.endswith("blank ") for p in a) == 1 and not g'
	grep -q '/fifo"' "$T/trace"
	run grep -E "${R#/}/(fifo|socket|null)\"" "$T/trace"
	run grep -v O_PATH <<< "$output"
	[ -z "$output" ] || { echo "$output"; false; }
	# A line that is a link is gone after, and so is a link above it.
	golden "$T/g" --paths <(echo "$R/here/deep")
	is "$T/g" 'a[R + "/here/deep"]["leads_to"] == R + "/deep" and a[R + "/deep/er/file"]["sha256"] and R + "/link" not in a'
}

@test "another file system in it is not gone into, and a folder of the kernel is not read" {
	mkdir "$R/mnt"; printf x > "$R/file"
	mount -t tmpfs none "$R/mnt" || skip "no tmpfs can be mounted here"
	printf x > "$R/mnt/inside"
	golden "$T/g" --paths "$R"
	is "$T/g" 'R + "/mnt" in a and "listed" not in a[R + "/mnt"] and R + "/mnt/inside" not in a and not g'
	golden "$T/g" --paths "$R" --paths "$R/mnt"
	is "$T/g" 'a[R + "/mnt/inside"]["sha256"] and a[R + "/mnt"]["listed"]'
	umount "$R/mnt"
	golden "$T/g" --paths /proc/self
	is "$T/g" 'any(s.startswith("/proc/") for s, r in g) and not any(x.get("listed") for x in a.values())'
}

@test "a folder that may not be read is a gap" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to become another user"
	mkdir "$R/shut"; printf x > "$R/shut/file"; chmod 700 "$R/shut"
	install -m 755 "$MIGCHECK" "$T/migcheck"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$T/migcheck" probe -q --no-cache --paths "$R"
	[ "$status" -eq 0 ]
	setpriv --reuid 65534 --regid 65534 --clear-groups "$T/migcheck" probe -q --no-cache --paths "$R" > "$T/g"
	is "$T/g" '(R + "/shut: what is in it", "EACCES") in g and "listed" not in a[R + "/shut"] and a[R]["listed"]'
}

@test "a file system that does not answer is a gap, and ends" {
	gcc -O2 -D_GNU_SOURCE -o "$T/deaf-fuse" "$TOP/tests/e2e/deaf-fuse.c"
	mkdir "$R/mnt"; printf x > "$R/file"
	run timeout -k 1 60 unshare --mount bash -c '
		T=$1 migcheck=$2
		mkfifo $T/fifo
		$T/deaf-fuse $T/in/mnt < $T/fifo > $T/state & daemon=$!
		exec 9> $T/fifo
		for _ in $(seq 100); do grep -q mounted $T/state && break; kill -0 $daemon 2>/dev/null || exit 77; sleep 0.05; done
		$migcheck probe -q --no-cache --timeout 1 --paths $T/in -o $T/in.mc || exit 1
		$migcheck probe -q --no-cache --timeout 1 --paths <(echo $T/in/mnt) -o $T/mnt.mc || exit 1
		exec 9>&-
		wait $daemon
	' bash "$T" "$MIGCHECK"
	[ "$status" -ne 77 ] || skip "no FUSE here: $output"
	[ "$status" -eq 0 ] || { echo "$status $output"; false; }
	is "$T/in.mc" 'a[R + "/file"]["sha256"] and "listed" not in a[R + "/mnt"]'
	is "$T/mnt.mc" 'a[R + "/mnt"]["timed_out"] and any(r == "ETIMEDOUT" for s, r in g)'
}

@test "--root: paths are those below it, and links do not lead out" {
	mkdir -p "$R/usr/lib" "$R/etc"
	printf x > "$R/usr/lib/x.so"; ln -s usr/lib "$R/lib"; ln -s /etc/passwd "$R/etc/out"; ln -s /usr/lib/x.so "$R/etc/in"
	golden "$T/g" --root "$R" --paths /
	is "$T/g" 'a["/usr/lib/x.so"]["sha256"] and a["/lib"]["leads_to"] == "/usr/lib" and a["/"]["listed"]'
	is "$T/g" 'a["/etc/out"]["leads_error"] and a["/etc/in"]["leads_to"] == "/usr/lib/x.so"'
	golden "$T/g" --root "$R" --paths <(echo /lib/x.so)
	is "$T/g" 'a["/lib/x.so"]["leads_to"] == "/usr/lib/x.so" and a["/usr/lib/x.so"]["sha256"]'
	golden_fails "nothing is there below" --root "$R" --paths /opt/there
	mkdir -p "$R/opt/only-there"
	golden "$T/g" --root "$R" --paths /opt/only-there
	is "$T/g" 'a["/opt/only-there"]["listed"]'
}

@test "what is no list" {
	echo relative > "$T/l"; golden_fails "l:1: not an absolute path" --paths "$T/l"
	printf '/a\n/a/../b\n' > "$T/l"; golden_fails "l:2: a path with" --paths "$T/l"
	printf '/a\0b\n' > "$T/l"; golden_fails "l:1: no path holds a NUL" --paths "$T/l"
	golden_fails "No such file" --paths "$T/absent"
	golden_fails "neither a list of paths nor a folder" --paths /dev/null
	cd "$T" && golden_fails "named by its absolute path" --paths in
}

@test "the second probe reads no content again, and says the same" {
	for i in 1 2 3 4 5; do head -c 100000 /dev/urandom > "$R/$i"; done
	case $(stat -f -c %T "$R") in
	tmpfs | ramfs | nfs | vfat) skip "the tests' folder is on a file system whose stamps do not tell of a change" ;;
	esac
	sleep 2.1
	golden "$T/1" --paths "$R"
	golden "$T/2" --paths "$R"
	[ "$(of "$T/1" 'h["files_hashed"]')" = 5 ]
	[ "$(of "$T/2" '(h["files_hashed"], h["bytes_hashed"], h["files_cached"])')" = "(0, 0, 5)" ]
	run "$MIGCHECK" diff "$T/1" "$T/2"
	[ "$status" -eq 0 ]
}

# found PROFILE: what the rules about files find for the tree in $T/tree, one a line.
found() {
	"$MIGCHECK" check -f json "$T/tree" "$1" > "$T/report.json" || [ $? -ne 2 ]
	json "$T/report.json" '"\n".join(sorted(f["rule"] + " " + f["thing"] + " " + f.get("there", {}).get("value", "") for f in r["findings"] if f["rule"].startswith("dst-file") or f["rule"].startswith("dst-dir")))'
}

@test "check and gate by whole folders agree with a probe for the tree" {
	local D=$T/data name rule
	mkdir -p "$D/gone" "$D/made"
	for name in same other size missing mode link dangling folder/x gone/x private; do
		mkdir -p "$(dirname "$D/$name")"
		printf content > "$D/$name"
	done
	chmod 600 "$D/private"
	start_quiet python3 -BSc 'import sys, time; f = [open(n) for n in sys.argv[1:]]; time.sleep(1000)' \
		"$D"/{same,other,size,missing,mode,link,dangling,folder/x,gone/x,private}
	for _ in $(seq 300); do [ "$(ls -l "/proc/$QUIET_PID/fd" | grep -c "$D/")" -eq 10 ] && break; sleep 0.01; done
	"$MIGCHECK" dump -q --no-cache -p "$QUIET_PID" -o "$T/tree"
	# An image in which each is as its name says; libraries are there by a link, /usr/lib being elsewhere.
	mkdir -p "$R$D" "$R/real"
	printf content | tee "$R$D/same" "$R$D/mode" "$R/real/target" "$R$D/private" > /dev/null
	mkdir -p "$R/real/folder"; printf content > "$R/real/folder/x"; ln -s /real/folder "$R$D/folder"
	printf CONTENT > "$R$D/other"; printf contents > "$R$D/size"
	chmod 755 "$R$D/mode"; chmod 600 "$R$D/private"
	ln -s /real/target "$R$D/link"; ln -s nowhere "$R$D/dangling"
	mkdir -p "$R/usr/lib"; cp -a "$(readlink -f /lib/x86_64-linux-gnu/libc.so.6)" "$R/usr/lib" || true
	"$MIGCHECK" probe -q --no-cache -s "$T/tree" --root "$R" -o "$T/asked"
	golden "$T/golden" --root "$R" --paths /
	found "$T/asked" > "$T/1"; found "$T/golden" > "$T/2"
	grep -q "dst-file-missing $D/missing" "$T/1"
	grep -q "dst-file-missing $D/dangling" "$T/1"
	grep -q "dst-file-size $D/size" "$T/1"
	diff "$T/1" "$T/2"
	# In the gate, too.
	for name in asked golden; do
		"$MIGCHECK" gate "$T/tree" "$T/$name" -f json > "$T/$name.json" || [ $? -ne 2 ]
	done
	diff <(json "$T/asked.json" '[c["verdict"] for c in r["cells"]]') <(json "$T/golden.json" '[c["verdict"] for c in r["cells"]]')
	# Of what was not asked nothing is said to be missing.
	golden "$T/part" --root "$R" --paths <(echo "$D/same")
	run found "$T/part"
	[ -z "$output" ] || { echo "$output"; false; }
	run "$MIGCHECK" check "$T/tree" "$T/part"
	[[ $output == *"probe that host again with this source"* ]]
}

@test "a huge folder has an end" {
	python3 - "$R" <<-'PYTHON'
		import os, sys
		f = os.open(sys.argv[1], os.O_RDONLY)
		for i in range(60000): os.mknod("%05d" % i, 0o100644, dir_fd=f)
	PYTHON
	golden "$T/g" --paths "$R"
	is "$T/g" 'len(a) == 60001 and a[R]["listed"]'
	run "$MIGCHECK" diff "$T/g" "$T/g"
	[ "$status" -eq 0 ]
}
