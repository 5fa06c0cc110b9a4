#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --criu-options: what is refused, and how; what the report makes of what is given. What a real criu
# says to the same texts and lines is in tests/lab/options.bats.
load common

setup() {
	T=$BATS_TEST_TMPDIR
}

teardown() { stop_quiet; }

# given TEXT: dry-run with these options; no tree is looked at where they are wrong.
given() {
	run "$MIGCHECK" dry-run -q -p 1 --criu-options "$1"
}

@test "a word that criu does not know: exit 2, the word and the nearest option" {
	given '-v4 --shel-job -D /img'
	[ "$status" -eq 2 ]
	[ "$output" = "migcheck: --criu-options: --shel-job: criu has no such option; did you mean --shell-job?" ]
	given '-jQ'
	[ "$status" -eq 2 ]
	[[ $output == *"-Q: criu has no such option" ]]
	given 'shell-job'
	[ "$status" -eq 2 ]
	[[ $output == *"'shell-job' belongs to no option" ]]
}

@test "a missing value, a wrong value, a quote without an end, a contradiction" {
	for text in --ghost-limit '--ghost-limit 8m' '--ghost-limit big' '--manage-cgroups ignore' '--network-lock no' \
		"--external 'mnt[/a]:a" '-j "' '--tcp-close --tcp-established' '-S' '--help' '--shell-job=yes' '--tcp'; do
		given "$text"
		[ "$status" -eq 2 ] || { echo "$text: $status $output"; false; }
		[[ $output == "migcheck: --criu-options: "?* ]]
	done
}

@test "nothing of the text is run or expanded" {
	given "--root \$(touch $T/run) -o \`touch $T/run\` --log-file=x;touch $T/run"
	[ ! -e "$T/run" ]
	given "--root '\$(touch $T/run)' -o '\`touch $T/run\`'"
	[ ! -e "$T/run" ]
	[ "$status" -ne 2 ]
}

@test "foreign letters in an error are escaped" {
	given $'--\033[31mred'
	[ "$status" -eq 2 ]
	[[ $output != *$'\033'* ]]
}

@test "a needed option that is missing blocks; given in any spelling, it does not" {
	start_quiet sh -c 'exec 3>"$1"; flock 3; exec sleep 600' sh "$T/lock"
	for _ in $(seq 100); do
		[ "$(cat "/proc/$QUIET_PID/comm")" = sleep ] && break
		sleep 0.05
	done
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$T/source"
	for text in --file-locks -l -jl --file-l '-o -l -l'; do
		run "$MIGCHECK" check -f json -o "$T/json" "$T/source" --criu-options "$text"
		[ "$(json "$T/json" '[f for f in r["findings"] if f["severity"] == "blocker"]')" = '[]' ]
	done
	for text in '' '-o -l' '-l --no-file-locks'; do
		run "$MIGCHECK" check -f json -o "$T/json" "$T/source" --criu-options "$text"
		[ "$status" -eq 1 ]
		[ "$(json "$T/json" '[(f["rule"], f["stage"], f["remedy"]) for f in r["findings"] if f["severity"] == "blocker"]')" = \
			"[('file-lock-held', 'dump', 'give criu --file-locks at dump and restore')]" ]
	done
}

@test "an option given without need is a note, and is not on the line; how criu works is neither" {
	start_quiet sleep 600
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$T/source"
	run "$MIGCHECK" check -f json -o "$T/json" "$T/source" --criu-options '-l --ghost-limit 8M -v4 -D /img -R --track-mem'
	[ "$(json "$T/json" '[f["thing"] for f in r["findings"] if f["rule"] == "option-not-needed"]')" = \
		"['--file-locks', '--ghost-limit 8M']" ]
	[ "$(json "$T/json" 'r["criu"]["dump"]')" = \
		"criu dump -t $QUIET_PID --verbosity=4 --images-dir /img --leave-running --track-mem" ]
	[ "$(json "$T/json" 'r["criu"]["restore"]')" = "criu restore --verbosity=4 --images-dir /img" ]
}

# A container whose volume has a blank, a quote and a bracket in its name.
container() {
	cat > "$T/source.txt" <<'TEXT'
header { format: 1 kind: SNAPSHOT_SOURCE }
tree { root_pid: 100 }
criu_place { pid: 50 ns { cgroup: 1 ipc: 2 mnt: 3 net: 4 pid: 5 time: 6 user: 7 uts: 8 } }
process { pid: 100 comm: "x" sid: 100 ns_pid: 100 ns_pid: 1 ns { cgroup: 1 ipc: 2 mnt: 13 net: 4 pid: 15 time: 6 user: 7 uts: 8 }
  thread { tid: 100 } }
mount { mnt_ns: 13 id: 600 parent: 500 dev_major: 8 dev_minor: 1 root: "/" mountpoint: "/" fs_type: "ext4" }
mount { mnt_ns: 13 id: 601 parent: 600 dev_major: 0 dev_minor: 50 root: "/" mountpoint: "/my data's [x]" fs_type: "nfs4" }
TEXT
	"$TOP/tests/e2e/forge" "$TOP/facts" < "$T/source.txt" > "$T/source"
}

@test "what would lift a finding stands at both stages, in the form of each, apart from what is needed" {
	container
	run "$MIGCHECK" check -f json -o "$T/json" "$T/source"
	[ "$(json "$T/json" '[(q["stage"], q["option"], q["kind"]) for q in r["requirements"] if q["use"] == "would-lift" and "mnt-fs-unsupported" in q["rules"]]')" = \
		"$(printf '%s' "[('dump', \"--external mnt[/my data's [x]]:KEY\", 'arranged'), ('restore', \"--external mnt[KEY]:/my data's [x]\", 'arranged')]")" ]
	[[ $(json "$T/json" 'r["criu"]["dump"]') != *external* ]]
}

@test "the lines are quoted for a shell, word by word" {
	container
	run "$MIGCHECK" check -f json -o "$T/json" "$T/source" --criu-options \
		"--external \"mnt[/my data's [x]]:data\" --external 'mnt[data]:/srv/my \$HOME' --root '/srv/c 1' -o 'my log'"
	eval "set -- $(json "$T/json" 'r["criu"]["dump"]')"
	[ "$*" = "criu dump -t 100 --external mnt[/my data's [x]]:data --log-file my log" ]
	[ "$#" -eq 8 ]
	eval "set -- $(json "$T/json" 'r["criu"]["restore"]')"
	[ "$*" = "criu restore --external mnt[data]:/srv/my \$HOME --root /srv/c 1 --log-file my log" ]
	[ "$#" -eq 8 ]
}
