#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The real criu's command line is the judge of ours: the same words are asked of both. And the lines
# that we print are pasted into it.
load ../e2e/common

setup_file() {
	CRIU=$("$BATS_TEST_DIRNAME/get-criu.sh")
	export CRIU
}

setup() {
	T=$BATS_TEST_TMPDIR
	mkdir "$T/img"
	cd "$T"
	SCENES=()
}

teardown() {
	local fd
	for fd in "${SCENES[@]}"; do eval "exec $fd>&-"; done
	stop_quiet
}

# criu_says TEXT: what criu dump answers to these words; without -t it never comes to a tree.
criu_says() {
	(eval "exec '$CRIU' dump $1") < /dev/null 2>&1 | head -n 40
}

we_say() {
	"$MIGCHECK" dry-run -q -p 1 --criu-options "$1" 2>&1 || true
}

# alike THEIR-WORDS OUR-WORDS: criu's answer holds the ones if and only if ours holds the others.
alike() {
	if [[ $theirs == *"$1"* ]]; then [[ $ours == *"$2"* ]]; else [[ $ours != *"$2"* ]]; fi
}

names() {
	# getopt_long names --no-daemon only under its other name, --no-restore-detached.
	grep -oE -- "--[a-z][a-z0-9-]*" | grep -vxE -- "$1|--no-daemon" | sort -u
}

@test "criu knows the options that we know, and no others: by what their first letter can mean" {
	local letter n=0
	for letter in {a..z}; do
		theirs=$(criu_says "--$letter=" | head -n 1)
		ours=$(we_say "--$letter=" | head -n 1)
		if [[ $theirs == *ambiguous* ]]; then
			[[ $ours == *"can mean several"* ]] || { echo "--$letter: $ours"; false; }
			diff <(sed 's/.*possibilities//' <<< "$theirs" | names "--$letter") \
				<(sed 's/.*options of criu//' <<< "$ours" | names "--$letter")
			n=$((n + $(sed 's/.*possibilities//' <<< "$theirs" | names "--$letter" | wc -l)))
		else
			alike unrecognized "no such option" || { echo "$theirs"; echo "$ours"; false; }
		fi
	done
	[ "$n" -gt 100 ]
	for letter in {a..z} {A..Z}; do
		theirs=$(criu_says "-$letter" | head -n 1)
		ours=$(we_say "-$letter" | head -n 1)
		alike "invalid option" "no such option" || { echo "-$letter: $theirs; $ours"; false; }
		alike "requires an argument" "needs a value" || { echo "-$letter: $theirs; $ours"; false; }
	done
}

@test "each takes a value where criu's does" {
	local name
	for letter in {a..z}; do we_say "--$letter="; done | sed -n 's/.*options of criu//p' | names none > all
	[ "$(wc -l < all)" -gt 100 ]
	while read -r name; do
		case $name in --help | --version | --ms | --config | --no-default-config) continue ;; esac
		theirs=$(criu_says "$name" | head -n 1)
		ours=$(we_say "$name" | head -n 1)
		alike "requires an argument" "needs a value" || { echo "$name: $theirs; $ours"; false; }
		theirs=$(criu_says "$name=1" | head -n 1)
		ours=$(we_say "$name=1" | head -n 1)
		alike "doesn't allow an argument" "takes no value" ||
			{ echo "$name=1: $theirs; $ours"; false; }
	done < all
}

@test "what criu takes we take, what it refuses we refuse" {
	while IFS= read -r text; do
		taken=no
		[[ $(criu_says "$text") != *"pid not specified"* ]] || taken=yes
		ours=$(we_say "$text")
		if [[ $taken == no ]]; then [[ $ours == *"--criu-options: "* ]]; else [[ $ours != *"--criu-options: "* ]]; fi ||
			{ echo "$text: criu takes it: $taken"; we_say "$text"; criu_says "$text"; false; }
	done <<-'TEXTS'
		-jl
		-jX
		--shell
		--shel-job
		--tcp-est --no-tcp-est
		--no-s
		--no-ext-unix-sk
		--manage-cgroups ignore
		--manage-cgroups=ignore
		--manage-cgroups=
		--cpu-cap none
		--cpu-cap=^ins,fpu
		--cpu-cap=avx
		--network-lock=none
		--network-lock nftables
		--file-validation build
		--empty-ns net
		--empty-ns pid
		-x12
		-x 12
		-S
		-S -d
		-j -
		-j --
		-j -- -l
		dump
		--ext-mount-map auto
		--ext-mount-map /a
		--external 'mnt[/a b]:c'
		--veth-pair eth0
		--port none
		--shell-job=yes
		-j=
		--ghost-limit 8M
		--ghost-limit 8MB
		--ghost-limit
	TEXTS
}

# scene NAME: a factory of mkproc, which stays until the test ends; its pid in PID.
scene() {
	local fd
	mkfifo "$T/end"
	"$MKPROC" "$1" < "$T/end" > "$T/scene" 2> /dev/null &
	exec {fd}> "$T/end"
	SCENES+=("$fd")
	for _ in $(seq 100); do
		[ -s "$T/scene" ] && break
		sleep 0.05
	done
	! grep -q '^SKIP' "$T/scene" || skip "$(cat "$T/scene")"
	PID=$(awk 'NR == 1 { print $2 }' "$T/scene")
}

# paste LINE WORDS: the line as it stands, with the criu of the lab and where to put the images.
paste() {
	(
		for fd in "${SCENES[@]}"; do eval "exec $fd>&-"; done
		eval "exec timeout 30 '$CRIU' ${1#criu } -D '$T/img' -o log ${*:2}"
	) < /dev/null > /dev/null 2>&1
}

# dumps NAME OPTION: our line dumps it and names OPTION; without it CRIU refuses.
dumps() {
	scene "$1"
	"$MIGCHECK" dry-run -q -f json -o "$T/json" -p "$PID" --criu "$CRIU" || true
	line=$(json "$T/json" 'r["criu"]["dump"]')
	[[ $line == *" $2"* ]] || { echo "$line"; false; }
	! paste "criu dump -t $PID" --leave-running || false
	paste "$line" --leave-running || { echo "$line"; grep Error "$T/img/log"; false; }
}

@test "the line dumps: a lock" { dumps lock-posix --file-locks; }
@test "the line dumps: a shell's job" { dumps pty-slave-outside --shell-job; }
@test "the line dumps: a connection" { dumps tcp-established --tcp-established; }
@test "the line dumps: a connection in a network namespace" { dumps tcp-established-netns --tcp-established; }
@test "the line dumps: a large deleted file" { dumps file-deleted-large '--ghost-limit '; }
@test "the line dumps: a deleted file with another name" { dumps file-link-remap --link-remap; }

@test "the lines carry a tree away and back" {
	scene lock-posix
	"$MIGCHECK" dry-run -q -f json -o "$T/json" -p "$PID" --criu "$CRIU" || true
	paste "$(json "$T/json" 'r["criu"]["dump"]')"
	for _ in $(seq 100); do
		kill -0 "$PID" 2> /dev/null || break
		sleep 0.05
	done
	paste "$(json "$T/json" 'r["criu"]["restore"]')" -d
	grep -q "^$PID .*" <(ps -o pid= -p "$PID" | tr -d ' ' | sed 's/$/ /')
	grep -qE ":.*POSIX.* $PID " /proc/locks
	kill -KILL "$PID"
}

@test "a folder for the images that is too small: as criu finds" {
	[ "$(id -u)" -eq 0 ] || skip 'needs root: CRIU does'
	start_quiet python3 -c 'import os, time
kept = os.urandom(24 << 20)
print(len(kept), flush=True)
time.sleep(600)'
	until [ "$(awk '/^RssAnon/ { print $2 }' "/proc/$QUIET_PID/status")" -gt 24000 ]; do sleep 0.1; done
	mount -t tmpfs -o size=8m none "$T/img"
	"$MIGCHECK" dump -p "$QUIET_PID" -o "$T/source"
	status=0
	"$MIGCHECK" check "$T/source" --criu-options "-D $T/img" > "$T/report" || status=$?
	"$CRIU" dump -t "$QUIET_PID" -D "$T/img" -o log --leave-running > "$T/out" 2>&1 && dumped=yes || dumped=no
	tail -n 3 "$T/img/log" > "$T/words" || true
	umount "$T/img"
	cat "$T/report" "$T/words"
	[ "$dumped" = no ]
	grep -q src-image-space "$T/report"
	# What is in the way passes with time, or with another folder.
	"$MIGCHECK" check "$T/source" --criu-options "-D $T" > "$T/report" || true
	! grep -q src-image-space "$T/report"
}
