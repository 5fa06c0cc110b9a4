#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The page of migcheck gate, in a real browser: a pool of 500 hosts, made of this machine's own
# profile (gate-pool.py), and walks through the page by clicks and keys (gate-html.js), all made once
# by one Chromium. SHOTS=FOLDER keeps screenshots at both widths in both colour schemes.

setup_file() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export T=$BATS_FILE_TMPDIR
	: "${MIGCHECK:=$top/build/release/migcheck}" "${MKPROC:=$top/build/release/mkproc}"
	"$BATS_TEST_DIRNAME/gate-pool.py" "$MIGCHECK" "$MKPROC" "$top/facts" "$T/pool" 500
	cat > "$T/waivers.yaml" <<-'YAML'
		waivers:
		  - {rule: cpu-ins, host: "node-043*", tree: plain, reason: "it was started <b>masked</b>", owner: ops@example.org, until: 2199-12-31}
		  - {rule: dst-file-size, host: "node-033*", tree: plain, reason: they will be upgraded, owner: ops@example.org, until: 2020-01-31}
		  - {rule: dst-caps, host: "nobody*", reason: of no use, owner: ops@example.org, until: 2199-12-31}
	YAML
	"$MIGCHECK" gate "$T/pool/trees" "$T/pool/hosts" --waivers "$T/waivers.yaml" -o "$T/text" \
		--report "html=$T/page.html" --report "json=$T/report.json" || (($? == 1))
	mkdir "$T/walks"
	[[ -x /usr/bin/chromium ]] && modules || return 0
	timeout 120 node "$BATS_TEST_DIRNAME/gate-html.js" "$NODE" "$T/page.html" "$T/report.json" "$T/walks" 2> "$T/trouble" ||
		cat "$T/trouble" >&2
}

# modules: NODE, the folder of what npm brought; else $T/why says why there is none.
modules() {
	command -v node > /dev/null || {
		echo 'there is no node' > "$T/why"
		return 1
	}
	NODE=$("$BATS_TEST_DIRNAME/get-npm.sh" playwright-core@1 axe-core@4 vnu-jar@26 2> "$T/why")/node_modules
}

# walked NAME: what one walk has to say.
walked() {
	[[ -x /usr/bin/chromium ]] || skip 'there is no chromium'
	modules || skip "$(tail -1 "$T/why")"
	[[ -s $T/trouble ]] && cat "$T/trouble"
	[[ ! -e $T/walks/$1.failed ]] || cat "$T/walks/$1.failed"
	[[ -e $T/walks/$1 && ! -e $T/walks/$1.failed ]]
	sed 's/^/# /' "$T/walks/$1" >&3
}

@test "page: the Nu checker finds no error: of a pool, of hostile names, in what the script makes of it" {
	modules || skip "$(tail -1 "$T/why")"
	command -v java > /dev/null || skip 'there is no java'
	local pages=("$T/page.html" "$BATS_TEST_TMPDIR/hostile.html")
	"${BUILD:-$BATS_TEST_DIRNAME/../../build/release}/tests/test-gate-formats" html hostile > "${pages[1]}"
	grep -q '&lt;script&gt;alert' "${pages[1]}"
	[[ ! -e $T/walks/document.html ]] || pages+=("$T/walks/document.html")
	java -Xss8m -jar "$NODE/vnu-jar/build/dist/vnu.jar" --errors-only "${pages[@]}"
	# It would say so.
	sed 's/<main>/<main align=up>/' "${pages[1]}" > "$BATS_TEST_TMPDIR/wrong.html"
	run java -Xss8m -jar "$NODE/vnu-jar/build/dist/vnu.jar" --errors-only "$BATS_TEST_TMPDIR/wrong.html"
	((status == 1))
	[[ $output == *align* ]]
}

@test "page: what the script makes of it is there to be checked" {
	walked document
}

@test "page: the same bytes twice" {
	"${MIGCHECK:-$BATS_TEST_DIRNAME/../../build/release/migcheck}" gate "$T/pool/trees" "$T/pool/hosts" --waivers "$T/waivers.yaml" -f html -o "$T/again.html" || (($? == 1))
	diff <(sed 's/judged at <time.*//' "$T/page.html") <(sed 's/judged at <time.*//' "$T/again.html")
}

@test "page: a click on a red cell shows both values and the remedy" {
	walked click
}

@test "page: a command is copied" {
	walked copy
}

@test "page: filter by host" {
	walked host
}

@test "page: filter by tree" {
	walked tree
}

@test "page: filter by rule, the changes too" {
	walked rule
}

@test "page: filter by lifetime" {
	walked lifetime
}

@test "page: filter by verdict" {
	walked verdict
}

@test "page: waivers: one that holds, one that has expired, one for nothing" {
	walked waivers
}

@test "page: what the hosts were not asked is said" {
	walked asked
}

@test "page: by keys alone" {
	walked keys
}

@test "page: what is shown is in the address" {
	walked address
}

@test "page: hostile names are only names" {
	walked hostile
}

@test "page: 500 hosts at once" {
	walked many
}

@test "page: two widths, two colour schemes: nothing sticks out, all can be read" {
	walked looks
}

@test "page: without the script" {
	walked without-script
}

@test "page: on paper" {
	walked paper
}

@test "page: axe finds no barrier, in light without the panel and in dark with it" {
	walked axe
}
