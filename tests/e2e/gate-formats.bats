#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One run of the gate over a pool with a hostile host, a truncated profile and a waiver, in all formats
# at once: the same bytes twice, and no two formats that say different things.
load common

setup_file() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export P=$BATS_FILE_TMPDIR
	local G=$TOP/tests/golden i
	mkdir "$P/trees" "$P/hosts"
	"$TOP/tests/e2e/forge" "$TOP/facts" < "$G/source.txt" > "$P/trees/nginx.mc"
	for i in 1 2 3; do
		sed "s/name: \"node7\"/name: \"node$i\"/" "$G/destination.txt" | "$TOP/tests/e2e/forge" "$TOP/facts" > "$P/hosts/node$i.mc"
	done
	sed -e 's/name: "node7"/name: "\\"><script>\\n::error::x\\033[31m\\342\\200\\256]]>\\377|`"/' -e 's/6.12.0-1-amd64/6.1.0/' \
		"$G/destination.txt" | "$TOP/tests/e2e/forge" "$TOP/facts" > "$P/hosts/odd.mc"
	head -c 200 "$P/hosts/node1.mc" > "$P/hosts/cut.mc"
	cat > "$P/waivers.yaml" <<-'YAML'
		waivers:
		- rule: file-anon-unsupported
		  host: node1
		  tree: nginx
		  reason: the rings are closed before the move
		  owner: ops@example.org
		  until: 2199-12-31
		- rule: tty-hangup
		  reason: none has a terminal
		  owner: ops@example.org
		  until: 2199-12-31
	YAML
	cd "$P"
	for i in 1 2; do
		mkdir "out$i"
		"$MIGCHECK" gate trees hosts --waivers waivers.yaml -q -f json -o "out$i/json" --report junit="out$i/junit" \
			--report sarif="out$i/sarif" --report github="out$i/github" --report markdown="out$i/markdown" \
			--report prometheus="out$i/prometheus" > "out$i/said" 2>&1 && status=0 || status=$?
		echo "$status" > "out$i/status"
	done
}

@test "six formats in one run, the same bytes in the next" {
	[ "$(cat "$P/out1/status")" -eq 1 ] || { cat "$P/out1/said"; false; }
	diff -r "$P/out1" "$P/out2"
	for f in json junit sarif github markdown prometheus; do
		# node_exporter is another user; nobody else reads what is in the others.
		[ "$(stat -c %a "$P/out1/$f")" = "$([ "$f" = prometheus ] && echo 644 || echo 600)" ]
		# No control character, no text that runs backwards, no byte that is not UTF-8.
		! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$P/out1/$f" || false
		! LC_ALL=C grep -q $'\xe2\x80\xae' "$P/out1/$f" || false
		iconv -f UTF-8 -t UTF-8 < "$P/out1/$f" > /dev/null
	done
}

@test "json by its schema; junit, sarif and prometheus say the same" {
	python3 -W ignore - "$TOP/docs/gate.schema.json" "$P/out1" <<'PYTHON'
import json, re, sys, xml.etree.ElementTree as ET, jsonschema
schema, out = json.load(open(sys.argv[1])), sys.argv[2]
report = json.load(open(out + "/json"))
jsonschema.validate(report, schema, resolver=jsonschema.RefResolver("file://" + sys.argv[1], schema))
assert report["result"] == "broken" and report["hosts_judged"] == 4 and report["hosts_unseen"] == 1
assert [w["state"] for w in report["waivers"]] == ["used", "unused"]
hosts = {h: c["name"] for c in report["classes"] for h in c["hosts"]}
counts = lambda f: "waived" not in f and f["severity"] == "blocker"

# JUnit: what fails on a host, and what is an error there, is what the findings of its class say.
suites = ET.parse(out + "/junit").getroot().findall("testsuite")
assert len(suites) == 5
ours = lambda name: name.replace("\n", r"\x0a").replace("\x1b", r"\x1b").replace("\u202e", r"\xe2\x80\xae")
by_name = {s.get("name"): s for s in suites}
for host, name in hosts.items():
    suite = by_name[ours(host)]
    mine = [f for f in report["findings"] if name in f["classes"] and counts(f)]
    failing = {(f["tree"], f["rule"]) for f in mine if not f["unknown"] and f["lifetime"] == "permanent"}
    unknown = {(f["tree"], f["rule"]) for f in mine if f["unknown"]} - failing
    case = lambda kind: {(c.get("classname"), c.get("name").split(":")[0]) for c in suite.findall("testcase") if c.find(kind) is not None}
    assert case("failure") == failing and case("error") == unknown, host
assert sum(s.get("errors") == "1" and s.get("tests") == "1" for s in suites) == 1

# SARIF: a result a finding, in order, with its fingerprint.
run = json.load(open(out + "/sarif"))["runs"][0]
assert [r["partialFingerprints"]["migcheck/v1"] for r in run["results"]] == [f["fingerprint"] for f in report["findings"]]
assert [bool(r["suppressions"]) for r in run["results"]] == ["waived" in f for f in report["findings"]]

# Prometheus: pairs by rule and kind.
pairs = {}
for f in filter(counts, report["findings"]):
    key = f["rule"], "unknown" if f["unknown"] else f["lifetime"]
    pairs[key] = pairs.get(key, 0) + f["hosts"]
text = open(out + "/prometheus").read()
assert pairs == {(m[1], m[2]): int(m[3]) for m in re.finditer(r'^migcheck_findings\{rule="(.*?)",lifetime="(.*?)"\} (\d+)$', text, re.M)}
assert len(re.findall(r"^migcheck_host_judged\{", text, re.M)) == 5
PYTHON
}

@test "what an earlier report has is unchanged in sarif, and passes in junit" {
	cd "$P"
	run "$MIGCHECK" gate trees hosts/node1.mc hosts/node2.mc hosts/node3.mc -q -f json -o old.json
	[ "$status" -eq 1 ]
	run "$MIGCHECK" gate trees hosts/node1.mc hosts/node2.mc hosts/node3.mc -q --baseline old.json -f sarif -o new.sarif \
		--report junit=new.xml --report markdown=new.md
	[ "$status" -eq 0 ]
	[ "$(json new.sarif '{x["baselineState"] for x in r["runs"][0]["results"]} == {"unchanged"}')" = true ]
	python3 -c 'import sys, xml.etree.ElementTree as ET
root = ET.parse(sys.argv[1]).getroot()
assert root.get("failures") == root.get("errors") == "0", root.attrib
assert "known to the baseline" in root.find(".//system-out").text' new.xml
	grep -q 'known to the baseline' new.md
	grep -q '^# ✅ migcheck gate: met' new.md
}
