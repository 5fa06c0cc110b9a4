#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The jobs of docs/ci, run command by command in a folder that looks like the repository they are for.
# The package is made anew; whether apt would install it is asked by a dry run of apt itself.
load common

setup_file() {
	export JOB=$BATS_FILE_TMPDIR/repository BIN=$BATS_FILE_TMPDIR/bin
	QUIET_PIDS=()
	mkdir -p "$JOB/trees" "$JOB/hosts" "$BIN"
	(unset MAKEFLAGS MAKELEVEL MFLAGS; make -s -C "$TOP" deb)
	cp "$TOP"/build/migcheck_*_"$(dpkg --print-architecture)".deb "$JOB"
	printf '#!/bin/sh\n[ "$1" = update ] || exec %s --simulate "$@"\n' "$(command -v apt-get)" > "$BIN/apt-get"
	printf '#!/bin/sh\nexec "$@"\n' > "$BIN/sudo"
	chmod +x "$BIN"/*
	ln -s "$MIGCHECK" "$BIN/migcheck"
	start_quiet sleep 1000
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$JOB/trees/worker.mc"
	"$MIGCHECK" probe -q --for "$JOB/trees/worker.mc" -o "$BATS_FILE_TMPDIR/this.mc"
	kill -KILL "$QUIET_PID"
	"$TOP/tests/e2e/unforge" "$TOP/facts" < "$BATS_FILE_TMPDIR/this.mc" > "$BATS_FILE_TMPDIR/this.txt"
	host node1
	host node2
	printf 'node1\nnode2\n' > "$JOB/expected-hosts"
	cat > "$JOB/waivers.yml" <<-'YAML'
		waivers:
		  - rule: dst-io-denied
		    host: "node*"
		    reason: no program here uses it
		    owner: ops@example.org
		    until: 2099-12-31
	YAML
}

# host NAME [SED-SCRIPT]
host() {
	sed "s/^  name: .*/  name: \"$1\"/; s/^  machine_id: .*/  machine_id: \"$1\"/
		/^  tool {/,/^  }/{ /name: \"criu\"/,/^  }/ s/state: .*/state: TOOL_RUNS\n    version: \"Version: 4.2.1\"/ }
		${2:-}" "$BATS_FILE_TMPDIR/this.txt" | "$TOP/tests/e2e/forge" "$TOP/facts" > "$JOB/hosts/$1.mc"
}

NO_CR='/name: "checkpoint_restore"/{n;s/true/false/}'

# job KIND: runs its commands, until one fails as a job does.
job() {
	export GITHUB_STEP_SUMMARY=$BATS_TEST_TMPDIR/summary.md
	"$TOP/tests/e2e/ci-job.py" "$1" "$TOP/docs/ci/$1.yml" > "$BATS_TEST_TMPDIR/commands"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/commands")" -ge 2 ]
	run env "PATH=$BIN:$PATH" bash -e -c 'cd "$1"; . "$2"' - "$JOB" "$BATS_TEST_TMPDIR/commands"
}

teardown() { rm -f "$JOB"/pool.* "$JOB/last-pool.json"; }

@test "GitHub Actions: a pool that is whole" {
	job github
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ $output == *"Inst migcheck"* ]]
	[[ $(cat "$GITHUB_STEP_SUMMARY") == *"worker"* ]]
	[ "$(json "$JOB/pool.sarif" 'r["version"]')" = 2.1.0 ]
	[ "$(json "$JOB/pool.json" 'r["result"]')" = met ]
	grep -q '</html>' "$JOB/pool.html"
}

@test "GitHub Actions: a host that is no place any more, and one that did not answer" {
	host node2 "$NO_CR"
	job github
	[ "$status" -eq 1 ]
	[[ $output == *"::error "*"dst-checkpoint-restore"* ]] || { echo "$output"; false; }
	rm "$JOB/hosts/node2.mc"
	job github
	[ "$status" -eq 4 ]
	[[ $output == *"node2"* ]]
	host node2
}

@test "GitLab CI: whole, broken by something new, and by nothing that the baseline has not" {
	"$MIGCHECK" gate "$JOB/trees" "$JOB/hosts" -f json -o "$JOB/last-pool.json"
	job gitlab
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	python3 -c 'import sys, xml.etree.ElementTree as e; sys.exit(e.parse(sys.argv[1]).getroot().tag != "testsuites")' \
		"$JOB/pool.xml"
	host node2 "$NO_CR"
	job gitlab
	[ "$status" -eq 1 ]
	cp "$JOB/pool.json" "$JOB/last-pool.json"
	job gitlab
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	host node2
}
