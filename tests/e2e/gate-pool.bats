#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A large pool: 10,000 profiles in 40 classes and 20 trees are judged in one run, in little memory, and what is
# said of a host is what was said of the class that it was made as.
load common

setup_file() {
	export POOL=$BATS_FILE_TMPDIR MIGCHECK MKPROC BUILD=${BUILD:-$TOP/build/release}
	mkdir "$POOL/trees" "$POOL/hosts"
	"$TOP/tests/bench/pool" make "$POOL/trees" "$POOL/this.mc" 20 2
	# Of this machine, and of the virtual ones that the lab has left.
	shopt -s nullglob
	"$BUILD/pool-gen" "$POOL/hosts" 10000 40 "$POOL/this.mc" "${LAB_CACHE:-$TOP/build/lab}"/profiles/*.mc
}

@test "10,000 hosts in 40 classes and 20 trees, in one run and below 200 MB" {
	run "$TOP/tests/bench/pool" judge "$POOL/report.json" "$POOL/trees" "$POOL/hosts"
	echo "# $output" >&3
	[ "$status" -eq 0 ]
	[[ $output =~ ([0-9]+)\ MB$ ]]
	[ "${BASH_REMATCH[1]}" -lt 200 ]
	[ "$(json "$POOL/report.json" 'len(r["trees"]), r["hosts_judged"], r["hosts_unseen"], len(r["classes"])')" = \
		"(20, 10000, 0, 40)" ]
	[ "$(json "$POOL/report.json" 'sum(len(c["hosts"]) for c in r["classes"])')" = 10000 ]
	[ "$(json "$POOL/report.json" 'len({h for c in r["classes"] for h in c["hosts"]})')" = 10000 ]
	[ "$(json "$POOL/report.json" 'len(r["cells"])')" = 800 ]
	# Each tree is something on each host.
	[ "$(json "$POOL/report.json" '{t["ready"] + t["blocked"] + t["retry"] + t["undecided"] for t in r["trees"]}')" = "{10000}" ]
	# And there are trees and classes of both kinds.
	[ "$(json "$POOL/report.json" '{c["verdict"] for c in r["cells"]} >= {"ready", "blocked"}')" = true ]
}

@test "--now: as many classes as hosts, of which one after the other is held" {
	run "$TOP/tests/bench/pool" judge "$POOL/now.json" "$POOL/trees" "$POOL"/hosts/node00???.mc --now
	echo "# $output" >&3
	[ "$status" -eq 0 ]
	[[ $output =~ ([0-9]+)\ MB$ ]]
	[ "${BASH_REMATCH[1]}" -lt 200 ]
	[ "$(json "$POOL/now.json" 'r["hosts_judged"], len(r["classes"]), len(r["cells"])')" = "(1000, 1000, 20000)" ]
}

@test "a profile that is changed while the pool is read" {
	mkdir "$BATS_TEST_TMPDIR/hosts"
	cp "$POOL/hosts/node00000.mc" "$BATS_TEST_TMPDIR/hosts/a.mc"
	# Read once to know it, and once more for its facts, which strace makes fail. It counts each thread by
	# itself, so that there must be one.
	echo 'int pthread_create(void) { return 11; }' | gcc -shared -o "$BATS_TEST_TMPDIR/alone.so" -x c -
	run strace -E LD_PRELOAD="$BATS_TEST_TMPDIR/alone.so" -f -qq -o /dev/null -e trace=openat -e inject=openat:error=ENOENT:when=2+ -P "$BATS_TEST_TMPDIR/hosts/a.mc" \
		"$MIGCHECK" gate "$POOL/trees" "$BATS_TEST_TMPDIR/hosts"
	[ "$status" -eq 4 ]
	[[ $output == *"it was changed while it was read"* ]]
}

@test "a host of each class by itself is judged as in the pool" {
	python3 - "$POOL/report.json" "$POOL/hosts" <<-'PY' > "$BATS_TEST_TMPDIR/ones"
		import json, sys
		r = json.load(open(sys.argv[1]))
		for c in r["classes"][::4]:
		    verdicts = " ".join(x["verdict"] for x in r["cells"] if x["class"] == c["name"])
		    print(f'{sys.argv[2]}/{c["hosts"][-1]}.mc', verdicts)
	PY
	[ "$(wc -l < "$BATS_TEST_TMPDIR/ones")" -eq 10 ]
	while read -r file verdicts; do
		"$MIGCHECK" gate "$POOL/trees" "$file" -f json > "$BATS_TEST_TMPDIR/one.json" || true
		[ "$(json "$BATS_TEST_TMPDIR/one.json" '" ".join(c["verdict"] for c in r["cells"])')" = "$verdicts" ]
	done < "$BATS_TEST_TMPDIR/ones"
}
