#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A subtree is tied to those around it: what it shares with them is named with who has the other
# end, and the real CRIU is asked what it does with it.
load common

setup() {
	T=$BATS_TEST_TMPDIR
	export TMPDIR=$T
	in=''
}

teardown() {
	finish
	stop_quiet
}

finish() {
	[ -z "$in" ] || exec {in}>&-
	[ -z "${scene:-}" ] || wait "$scene" 2> /dev/null || true
	in='' scene=''
}

# start FACTORY: its tree in TREE, mkproc itself, which stays outside, in OUTSIDE.
start() {
	local line
	coproc SCENE { exec "$MKPROC" "$@" 2> "$T/stderr"; }
	scene=$SCENE_PID in=${SCENE[1]}
	IFS= read -r -u "${SCENE[0]}" line
	[[ $line != SKIP* ]] || skip "$line"
	TREE=${line#* }
	TREE=${TREE%% *} OUTSIDE=$scene
	SIBLING=${line##*sibling=}
}

look() {
	"$MIGCHECK" dump -q -p "$TREE" -o "$T/source"
	"$MIGCHECK" check "$T/source" -f json -o "$T/report" || true
}

# says RULE SEVERITY TEXT: some finding of it has the text in its value here.
says() {
	json "$T/report" "[(f['rule'], f['severity'], f.get('here', {}).get('value')) for f in r['findings']]" > "$T/findings"
	python3 -c 'import ast, sys
found = ast.literal_eval(open(sys.argv[1]).read())
sys.exit(not any(r == sys.argv[2] and s == sys.argv[3] and sys.argv[4] in (h or "") for r, s, h in found))' \
		"$T/findings" "$1" "$2" "$3" || { cat "$T/findings"; return 1; }
}

says_not() {
	[ "$(json "$T/report" "any(f['rule'] == '$1' for f in r['findings'])")" = false ]
}

# The options that the dump needs, as we say.
dump_options() {
	json "$T/report" "' '.join(q['option'] for q in r['requirements'] if q['stage'] == 'dump' and q['kind'] == 'lossless')"
}

real_criu() {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	# shellcheck source=tests/lab/oracle.sh
	. "$TOP/tests/lab/oracle.sh"
	oracle_setup || skip 'the real CRIU cannot be had'
}

@test "an open file that the parent holds too is named with the parent" {
	for kind in eventfd epoll timerfd signalfd inotify file flock; do
		start "outside-$kind"
		look
		says fd-shared-outside warning "→ mkproc $OUTSIDE"
		finish
	done
	for kind in listen udp; do
		start "outside-$kind"
		look
		says fd-shared-outside warning "→ mkproc $OUTSIDE"
		# On this same host the other one keeps the address.
		[ "$(json "$T/report" "any(f['rule'] == 'net-port-in-use' for f in r['findings'])")" = true ]
		finish
	done
}

@test "what is not shared is not said to be: the same kinds, opened by the tree itself" {
	for factory in eventfd epoll timerfd-monotonic signalfd inotify tcp-listen udp-bound file-readwrite lock-flock mem-shared memfd share-files; do
		start "$factory"
		look
		says_not fd-shared-outside
		says_not mem-shared-outside
		says_not task-shared-outside
		finish
	done
}

@test "memory that an outsider has mapped too: anonymous, a memfd, a file of /dev/shm" {
	for kind in anon memfd file; do
		start "outside-shm-$kind"
		look
		says mem-shared-outside warning "→ mkproc $OUTSIDE"
		finish
	done
}

@test "what clone(2) shares with a sibling outside: memory, handlers, descriptors, folder" {
	for kind in vm sighand files fs; do
		start "outside-$kind"
		look
		says task-shared-outside warning "with mkproc $SIBLING"
		finish
	done
}

@test "the real CRIU dumps all of them with what we ask for, and says nothing" {
	real_criu
	local options
	for factory in $("$MKPROC" --list-names | grep '^outside-'); do
		start "$factory"
		look
		read -ra options < <(dump_options; echo)
		[ "$(oracle_dump "$TREE" "$T/img" "${options[@]}")" = dumped ] ||
			{ echo "$factory: ${options[*]}"; return 1; }
		finish
	done
}

@test "pipes and unix sockets: each with the process on the other end" {
	local reader
	coproc READER { exec python3 -c 'import os, sys, time
r, w = os.pipe()
if os.fork() == 0:
    os.setsid(); os.close(r); os.dup2(w, 9); time.sleep(600)
os.close(w); print(flush=True); sys.stdin.read()'; }
	reader=$READER_PID
	read -r -u "${READER[0]}" _
	TREE=$(tr -d ' ' < "/proc/$reader/task/$reader/children")
	sleep 0.2
	look
	says pipe-external-end warning "python3 $reader"
	kill "$TREE" "$reader"

	for factory in unix-stream-outside unix-seqpacket-outside; do
		start "$factory"
		look
		says unix-external-stream blocker "connected to mkproc $OUTSIDE"
		finish
	done
}

@test "a job of a shell: its session is led from outside, --shell-job, and any of its descendants can be the root" {
	start_quiet bash -c 'bash -c "sleep 600; :"; :'
	local middle leaf
	for _ in $(seq 100); do
		middle=$(tr -d ' ' < "/proc/$QUIET_PID/task/$QUIET_PID/children" 2> /dev/null)
		leaf=$([ -z "$middle" ] || tr -d ' ' < "/proc/$middle/task/$middle/children" 2> /dev/null)
		[ -z "$leaf" ] || break
		sleep 0.02
	done
	[ -n "$leaf" ]
	QUIET_PIDS+=("$middle" "$leaf")
	for TREE in "$middle" "$leaf"; do
		look
		says session-led-outside note "led by bash $QUIET_PID"
		[[ $(dump_options) == *--shell-job* ]]
	done
	TREE=$QUIET_PID
	look
	says_not session-led-outside
	real_criu
	TREE=$leaf
	[[ $(oracle_dump "$leaf" "$T/img") == refused* ]]
	[ "$(oracle_dump "$leaf" "$T/img" --shell-job)" = dumped ]
	[ "$(oracle_dump "$middle" "$T/img" --shell-job)" = dumped ]
}

@test "somebody else's processes: what they hold is not guessed, and the tree is judged all the same" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	cp "$MIGCHECK" "$T/migcheck"
	chmod 755 "$T" "$T/migcheck"
	# The parent is root's, the tree is not.
	coproc HOLDER { exec python3 -c 'import os, sys, time
e = os.eventfd(0); os.set_inheritable(e, True)
if os.fork() == 0:
    os.setsid(); os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
    os.execvp("sleep", ["sleep", "600"])
print(flush=True); sys.stdin.read()'; }
	read -r -u "${HOLDER[0]}" _
	local holder=$HOLDER_PID
	TREE=$(tr -d ' ' < "/proc/$holder/task/$holder/children")
	sleep 0.3
	look
	says fd-shared-outside warning "→ python3 $holder"
	run setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "$T/migcheck" dump -q -p "$TREE" -o -
	kill "$TREE" "$holder"
	[ "$status" = 0 ]
}
