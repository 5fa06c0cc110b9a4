#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What can go wrong between us and the other side. The real ssh is in tests/lab/hosts.bats; here a
# command in its place fails in a known way. Its last argument is what the other side's shell gets.
load common

setup() {
	T=$BATS_TEST_TMPDIR
	start_quiet sleep 600
}

teardown() { stop_quiet; }

# carrier NAME: a stand-in for ssh from a script on standard input; $command is what to run there.
carrier() {
	{ printf '#!/bin/bash\nfor command; do :; done\n'; cat; } > "$T/$1"
	chmod +x "$T/$1"
}

over() {
	run timeout -k 1 30 "$MIGCHECK" dry-run -p "$QUIET_PID" --to node7 --ssh "$T/$1" --remote "$MIGCHECK" "${@:2}"
	[ "$status" -ne 124 ]
}

@test "all is well: the answer is that of the other side" {
	carrier well <<<'exec bash -c "$command"'
	over well -f json -o "$T/report"
	[ "$status" -eq 0 ]
	[ "$(json "$T/report" 'r["destination"]["asked_sha256"] is not None')" = true ]
}

@test "options reach the other side as they are, whatever is in them" {
	carrier words <<<'printf "%s\n" "$@" > "${0%/*}/arguments"; exec bash -c "$command"'
	over words --brings "/a b/\$(touch $T/owned)';x" --root /
	[ "$status" -eq 0 ]
	[ ! -e "$T/owned" ]
	[[ $output == *"/a b/\$(touch $T/owned)';x"* ]]
	# "--" stands before the host: a host is never an option.
	grep -qx -e -- "$T/arguments"
	over words --to -oProxyCommand=x
	[ "$(tail -2 "$T/arguments" | head -1)" = -oProxyCommand=x ]
	[ "$(tail -3 "$T/arguments" | head -1)" = -- ]
}

@test "what lies elsewhere there is looked for there, over ssh too" {
	carrier well <<<'exec bash -c "$command"'
	mkdir "$T/here" "$T/there"
	echo same | tee "$T/here/file" > "$T/there/file"
	sleep 600 < "$T/here/file" &
	pid=$!
	run "$MIGCHECK" dump -p $pid -q -o "$T/source"
	kill $pid
	rm -r "$T/here"
	run "$MIGCHECK" check "$T/source"
	[[ $output == *dst-file-missing* ]]
	run "$MIGCHECK" check "$T/source" --map "$T/here=$T/there/"
	[[ $output != *dst-file-missing* && $output == *"CRIU finds it under its old path"*"$T/here: what lies at $T/there"* ]]
	over well --map "/a b/\$(touch $T/owned)';x=/c" -f json -o "$T/report"
	[ "$status" -eq 0 ]
	[ ! -e "$T/owned" ]
	[ "$(json "$T/report" 'r["maps"][0]["destination"]')" = /c ]
}

@test "a map that says nothing is refused" {
	for map in /a a=b /a= =/b /a=b /=/b /a=/ /a/../b=/c /a//b=/c /a=/b=/c; do
		over well --map "$map"
		[ "$status" -eq 2 ]
		[[ $output == *"--map $map: "* ]]
	done
	over well --map /a=/b --map /a/=/c
	[ "$status" -eq 2 ]
	[[ $output == *"mapped already"* ]]
}

@test "no ssh" {
	over nothing-there
	[ "$status" -eq 2 ]
	[[ $output == *"cannot be started"* && $output == *"--ssh"* ]]
}

@test "no connection" {
	carrier refused <<<'echo "ssh: connect to host node7 port 22: Connection refused" >&2; exit 255'
	over refused
	[ "$status" -eq 2 ]
	[[ $output == *"Connection refused"* && $output == *"no connection"* ]]
}

@test "no migcheck there, or one that cannot be run" {
	carrier none <<<'exit 127'
	over none
	[ "$status" -eq 2 ]
	[[ $output == *"install migcheck"* ]]
	carrier no-exec <<<'exit 126'
	over no-exec
	[ "$status" -eq 2 ]
	[[ $output == *"cannot be run there"* ]]
}

@test "noise before the answer" {
	carrier noise <<<'echo "Welcome to node7"; exec bash -c "$command"'
	over noise
	[ "$status" -eq 2 ]
	[[ $output == *"Welcome to node7"* && $output == *"start-up files"* ]]
}

@test "a connection that breaks in the answer, and before the question was read" {
	carrier half <<<'bash -c "$command" | head -c 1000'
	over half
	[ "$status" -eq 2 ]
	[[ $output == *"cut off"* ]]
	carrier deaf <<<'exec <&-; exit 255'
	over deaf
	[ "$status" -eq 2 ]
	carrier killed <<<'kill -KILL $$'
	over killed
	[ "$status" -eq 2 ]
	[[ $output == *"signal 9"* ]]
}

@test "another format there" {
	carrier newer <<<'cat > /dev/null; printf "MIGCHECK\\x09\\0\\0\\0"; head -c 100 /dev/zero'
	over newer
	[ "$status" -eq 2 ]
	[[ $output == *"format 9"* && $output == *"same migcheck"* ]]
}

@test "the answer to another question" {
	carrier other <<<'exec bash -c "${command/probe -s - /probe } < /dev/null"'
	over other
	[ "$status" -eq 2 ]
}

@test "much is written on both sides before anything is read" {
	carrier talker <<<'head -c 300000 /dev/zero | tr "\0" x >&2; sleep 0.2; exec bash -c "$command"'
	over talker
	[ "$status" -eq 0 ]
}

@test "what the other side says cannot move our cursor" {
	carrier painter <<<'printf "\033[2J\033]0;owned\007 oops\n" >&2; exit 3'
	over painter
	[ "$status" -eq 2 ]
	[[ $output != *$'\033'* && $output == *'\x1b[2J'* ]]
}
