#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The digest cache: nothing is read twice, no answer differs for it, and it is used only where it can be believed.
load common

setup() {
	T=$BATS_TEST_TMPDIR
	mkdir "$T/files"
	for i in 1 2 3; do head -c 300000 /dev/urandom > "$T/files/$i"; done
	head -c 5000 /dev/urandom > "$T/files/private"
	chmod 600 "$T/files/private"
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" "$T" "$(dirname "$T")" 2>/dev/null || true
	hold
	case $(stat -f -c %T "$T/files") in
	tmpfs | ramfs | nfs | vfat) skip "the tests' folder is on a file system whose stamps do not tell of a change" ;;
	esac
	# What was written last is no more too fresh to be known by its stamp.
	sleep 2.1
}

teardown() { stop_quiet; }

# hold: a process that holds the files as they are now, and nothing that changes; its pid in P.
hold() {
	start_quiet python3 -B -c 'import sys, time
held = [open(name) for name in sys.argv[1:]]
time.sleep(1000)' "$T"/files/*
	P=$QUIET_PID
	for _ in $(seq 200); do [ "$(ls "/proc/$P/fd" | wc -l)" -lt 7 ] || break; sleep 0.01; done
}

# of KIND FILE: the records of a snapshot, and what was read for them.
of() {
	"$MIGCHECK" show -f json "$2" > "$T/of.json"
	python3 - "$1" "$T/of.json" <<'PYTHON'
import json, sys
s = json.load(open(sys.argv[2]))
for p in s.get("path_answer", []):
    p.pop("free_bytes", None), p.pop("free_inodes", None)    # of this moment
print(json.dumps(s.get(sys.argv[1]), indent=1, sort_keys=True))
PYTHON
}

count() { of header "$2" | python3 -c 'import json,sys; print(json.load(sys.stdin).get(sys.argv[1]))' "$1"; }

# sha SNAPSHOT KIND PATH: the digest told of a path, or "none".
sha() {
	of "$2" "$1" | python3 -c 'import json,sys
print([r.get("sha256", "none") for r in json.load(sys.stdin) if r.get("path") == sys.argv[1]][0])' "$3"
}

# reads TRACE [CALLS]: the files below T/files, and libraries that only the tree maps, that were opened to be read.
reads() {
	ldd "$MIGCHECK" | grep -o '/[^ ]*' | xargs -n 1 readlink -f > "$T/own"
	{ awk '$6 ~ "^/" { print $6 }' "/proc/$P/maps" | sort -u | grep -vxFf "$T/own"; ls -d "$T"/files/*; } > "$T/used"
	[ "$(wc -l < "$T/used")" -gt 5 ]
	awk '/execve\(/ && NR > 1 { tool[$1] = 1 } !($1 in tool)' "$1" | grep -v O_PATH | grep -E "${2:-O_RDONLY|read(64)?\\(}" |
		grep -oF -f "$T/used" | sort -u
}

traced() {
	strace -f -y -qq -e trace=openat,openat2,open,read,pread64,execve -o "$T/trace" "$@"
}

@test "a second dump reads no content again, and says the same" {
	traced "$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/a"
	[ "$(reads "$T/trace" | wc -l)" -eq "$(wc -l < "$T/used")" ]
	traced "$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/b"
	run reads "$T/trace"
	[ -z "$output" ] || { echo "$output"; false; }
	"$MIGCHECK" dump -q --no-cache -p "$P" -o "$T/c"
	of file "$T/a" > "$T/a.json"
	diff "$T/a.json" <(of file "$T/b")
	diff "$T/a.json" <(of file "$T/c")
	[ "$(count files_cached "$T/a")" = 0 ] && [ "$(count files_hashed "$T/a")" -gt 5 ]
	[ "$(count files_hashed "$T/b")" = 0 ] && [ "$(count bytes_hashed "$T/b")" = 0 ]
	[ "$(count files_cached "$T/b")" -ge "$(count files_hashed "$T/a")" ]
	[ "$(count files_cached "$T/c")" = None ]
	[ "$(stat -c %a "$T/cache")" = 700 ] && [ "$(stat -c %a "$T/cache/digests.mdb")" = 600 ]
}

@test "a second probe reads no content again, and answers the same" {
	"$MIGCHECK" dump -q --no-cache -p "$P" -o "$T/s"
	traced "$MIGCHECK" probe -q --cache "$T/cache" -s "$T/s" -o "$T/a"
	[ "$(reads "$T/trace" 'read(64)?\(' | wc -l)" -gt 5 ]
	traced "$MIGCHECK" probe -q --cache "$T/cache" -s "$T/s" -o "$T/b"
	# Whether others may read a file is asked of the kernel each time, by an open.
	run reads "$T/trace" 'read(64)?\('
	[ -z "$output" ] || { echo "$output"; false; }
	"$MIGCHECK" probe -q --no-cache -s "$T/s" -o "$T/c"
	of path_answer "$T/a" > "$T/a.json"
	grep -q sha256 "$T/a.json"
	diff "$T/a.json" <(of path_answer "$T/b")
	diff "$T/a.json" <(of path_answer "$T/c")
	[ "$(count files_hashed "$T/a")" -gt 5 ] && [ "$(count files_hashed "$T/b")" = 0 ]
	[ "$(count files_cached "$T/b")" -ge "$(count files_hashed "$T/a")" ]
}

@test "what changed is read again, though size and time of content are as before" {
	"$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/a"
	"$MIGCHECK" probe -q --cache "$T/cache" -s "$T/a" -o "$T/pa"
	touch -r "$T/files/1" "$T/stamp"
	printf X | dd of="$T/files/1" bs=1 seek=150000 conv=notrunc status=none
	touch -d "@$(stat -c %.9Y "$T/stamp")" "$T/files/1"
	[ "$(stat -c '%s %.9Y' "$T/files/1")" = "300000 $(stat -c %.9Y "$T/stamp")" ]
	traced "$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/b"
	run reads "$T/trace"
	[ "$output" = "$T/files/1" ] || { echo "$output"; false; }
	[ "$(sha "$T/b" file "$T/files/1")" = "$(sha256sum < "$T/files/1" | cut -d' ' -f1)" ]
	[ "$(sha "$T/a" file "$T/files/1")" != "$(sha "$T/b" file "$T/files/1")" ]
	[ "$(sha "$T/a" file "$T/files/2")" = "$(sha "$T/b" file "$T/files/2")" ]
	# The probe too, asked with the old snapshot.
	for _ in 1 2; do
		"$MIGCHECK" probe -q --cache "$T/cache" -s "$T/a" -o "$T/pb"
		[ "$(sha "$T/pb" path_answer "$T/files/1")" = "$(sha256sum < "$T/files/1" | cut -d' ' -f1)" ]
	done
}

@test "what others may not read is not told for being in the cache" {
	[ "$(id -u)" = 0 ] || skip "only root asks what others may read"
	"$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/s"
	[ "$(sha "$T/s" file "$T/files/private")" != none ]
	for _ in 1 2; do
		"$MIGCHECK" probe -q --cache "$T/cache" -s "$T/s" -o "$T/p"
		[ "$(sha "$T/p" path_answer "$T/files/private")" = none ]
		of path_answer "$T/p" | grep -A30 '"path": "'"$T/files/private" >/dev/null
		[ "$(of path_answer "$T/p" | python3 -c 'import json,sys
print([r["same_as_asked"] for r in json.load(sys.stdin) if r["path"].endswith("/files/private")][0])')" = True ]
	done
	[ "$(count files_hashed "$T/p")" = 0 ]
	# Now one that others could read when it was kept, and no more.
	"$MIGCHECK" probe -q --cache "$T/cache" -s "$T/s" -o "$T/p"
	[ "$(sha "$T/p" path_answer "$T/files/2")" != none ]
	chmod 600 "$T/files/2"
	"$MIGCHECK" probe -q --cache "$T/cache" -s "$T/s" -o "$T/p"
	[ "$(sha "$T/p" path_answer "$T/files/2")" = none ]
	# A folder on the way moves no stamp of the file.
	chmod 700 "$T/files"
	"$MIGCHECK" probe -q --cache "$T/cache" -s "$T/s" -o "$T/p"
	[ "$(sha "$T/p" path_answer "$T/files/3")" = none ]
	chmod 755 "$T/files"
	"$MIGCHECK" probe -q --cache "$T/cache" -s "$T/s" -o "$T/p"
	[ "$(sha "$T/p" path_answer "$T/files/3")" != none ]
}

@test "no cache where none is wanted: --no-cache, --no-content, a recorded machine" {
	"$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/s"
	"$MIGCHECK" probe -q --cache "$T/cache" --no-content -s "$T/s" -o "$T/p"
	[ "$(of path_answer "$T/p" | grep -cE 'sha256|same_as_asked')" = 0 ]
	[ "$(count files_cached "$T/p")" = None ]
	"$MIGCHECK" dump -q --cache "$T/none" --no-content -p "$P" -o "$T/n"
	"$MIGCHECK" probe -q --cache "$T/none" --sysroot "$TOP/tests/machines/v2" -s "$T/s" -o "$T/p"
	"$MIGCHECK" dump -q --cache "$T/none" --no-cache -p "$P" -o "$T/n"
	[ ! -e "$T/none" ]
}

@test "the usual folder: XDG_CACHE_HOME, ~/.cache, as root /var/cache" {
	if [ "$(id -u)" != 0 ]; then
		XDG_CACHE_HOME=$T/xdg "$MIGCHECK" dump -q -p "$P" -o "$T/a"
		[ -s "$T/xdg/migcheck/digests.mdb" ]
		skip "only root can be root"
	fi
	# The environment has no say in what root trusts.
	unshare -m sh -c 'mount -t tmpfs none /var/cache && XDG_CACHE_HOME=$1/xdg "$2" dump -q -p $3 -o $1/a &&
		[ -s /var/cache/migcheck/digests.mdb ] && [ ! -e $1/xdg ]' x "$T" "$MIGCHECK" "$P"
	stop_quiet
	mkdir "$T/home"
	chown -R 65533:65533 "$T/home" "$T/files"
	cp "$MIGCHECK" "$T/migcheck"
	as_user() { setpriv --reuid 65533 --regid 65533 --clear-groups env -u XDG_CACHE_HOME HOME="$T/home" "$@"; }
	sleep 2.1
	start_quiet setpriv --reuid 65533 --regid 65533 --clear-groups sh -c 'exec 3<$0/1 4<$0/private; exec sleep 1000' "$T/files"
	P=$QUIET_PID
	for _ in $(seq 200); do [ "$(cat "/proc/$P/comm")" != sleep ] || break; sleep 0.01; done
	for i in 1 2; do as_user "$T/migcheck" dump -q -p "$P" > "$T/u$i"; done
	[ "$(stat -c '%a %u' "$T/home/.cache/migcheck")" = "700 65533" ]
	[ "$(count files_hashed "$T/u1")" -ge 4 ] && [ "$(count files_hashed "$T/u2")" = 0 ]
	# A user tells no digest at all, but reads no content twice for it either.
	for i in 1 2; do
		as_user XDG_CACHE_HOME="$T/home/xdg" "$T/migcheck" probe -q -s - < "$T/u1" > "$T/p$i"
	done
	[ -s "$T/home/xdg/migcheck/digests.mdb" ]
	[ "$(count files_hashed "$T/p1")" -ge 4 ] && [ "$(count files_hashed "$T/p2")" = 0 ]
	diff <(of path_answer "$T/p1") <(of path_answer "$T/p2")
}

@test "one that cannot be used is passed over, and said only where it was named" {
	"$MIGCHECK" dump -q --no-cache -p "$P" -o "$T/a"
	of file "$T/a" > "$T/a.json"
	mkdir -m 777 "$T/open"
	ln -s "$T/open" "$T/link"
	: > "$T/file"
	mkdir -m 700 "$T/readonly"
	for bad in open link file no/such/folder; do
		run "$MIGCHECK" dump -q --cache "$T/$bad" -p "$P" -o "$T/b"
		[ "$status" = 0 ] || { echo "$output"; false; }
		[ "${#lines[@]}" = 1 ] && [[ $output == "migcheck: --cache $T/$bad is not used: "* ]] || { echo "$output"; false; }
		diff "$T/a.json" <(of file "$T/b")
	done
	[ -z "$(ls "$T/open")" ]
	# Full.
	run unshare -m sh -c 'mount -t tmpfs -o size=16k,mode=700 none $1/readonly && head -c 16384 /dev/zero > $1/readonly/x
		"$2" dump -q --cache $1/readonly -p $3 -o $1/b' x "$T" "$MIGCHECK" "$P"
	[ "$status" = 0 ] || { echo "$output"; false; }
	diff "$T/a.json" <(of file "$T/b")
	[ "$(id -u)" = 0 ] || return 0
	# The usual one: without a word.
	run unshare -m sh -c 'mount -t tmpfs -o ro none /var/cache && "$2" dump -q -p $3 -o $1/b' x "$T" "$MIGCHECK" "$P"
	[ "$status" = 0 ] && [ -z "$output" ] || { echo "$output"; false; }
	diff "$T/a.json" <(of file "$T/b")
}

@test "a damaged one is thrown away and made anew" {
	"$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/a"
	of file "$T/a" > "$T/a.json"
	for damage in 'truncate -s 8192' 'truncate -s 5000' 'truncate -s 0' 'dd conv=notrunc if=/dev/urandom bs=4096 count=99 status=none of=' \
		'dd conv=notrunc if=/dev/zero bs=4096 seek=2 count=1 status=none of='; do
		case $damage in
		*=) ${damage}"$T/cache/digests.mdb" ;;
		*) $damage "$T/cache/digests.mdb" ;;
		esac
		for _ in 1 2; do
			run "$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/b"
			[ "$status" = 0 ] && [ -z "$output" ] || { echo "$damage: $output"; false; }
			diff "$T/a.json" <(of file "$T/b")
		done
		[ "$(count files_hashed "$T/b")" = 0 ] || { echo "after $damage it was not made anew"; false; }
	done
}

@test "many at once, and one that is stopped in the middle" {
	"$MIGCHECK" dump -q --no-cache -p "$P" -o "$T/a"
	of file "$T/a" > "$T/a.json"
	pids=()
	for i in 1 2 3 4 5 6; do
		"$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/m$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for i in 1 2 3 4 5 6; do diff "$T/a.json" <(of file "$T/m$i"); done
	# Somebody who does not let go of the lock: the dump goes on without a cache.
	flock "$T/cache" sleep 600 3>&- &
	holder=$!
	for _ in $(seq 100); do flock -n "$T/cache" true || break; sleep 0.01; done
	run timeout 20 "$MIGCHECK" dump -q --cache "$T/cache" -p "$P" -o "$T/b"
	pkill -KILL -P "$holder" || true
	kill -KILL "$holder" || true
	[ "$status" = 0 ] && [[ $output == *"is not used: "* ]] || { echo "$output"; false; }
	diff "$T/a.json" <(of file "$T/b")
}
