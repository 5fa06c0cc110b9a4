#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Each format of a gate is read by a program that is not ours: with ordinary names, and with names
# that try to break out of it. The bytes come from the unit test's gate (tests/unit/gate-fixture.h),
# which has one of everything.

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	T=$BATS_TEST_TMPDIR
	: "${BUILD:=$TOP/build/release}"
	# What the hostile name reads as where no format needs an escape of its own.
	ODD='"><script>alert(1)</script>\x0a::error::x\x0d\x1b[31m\xe2\x80\xae]]>\xff\xfe\xef\xbf\xbf`|\|@everyone {0} [x](javascript:1) http://example.org www.example.org %0A,x:y</failure> <!-- #1 &lt;'
	export ODD
}

# gate FORMAT: $T/plain and $T/hostile, both twice the same.
gate() {
	local kind
	for kind in plain hostile; do
		"$BUILD/tests/test-gate-formats" "$1" ${kind#plain} > "$T/$kind"
		"$BUILD/tests/test-gate-formats" "$1" ${kind#plain} | cmp - "$T/$kind"
	done
}

# validators: the folder of Debian's, or why there is none.
validators() {
	V=$("$BATS_TEST_DIRNAME/get-validators.sh" 2> "$T/why") || skip "no validators: $(tail -1 "$T/why")"
	export PYTHONPATH=$V/usr/lib/python3/dist-packages
}

@test "json: by its published schema, the hostile one too" {
	gate json
	python3 -W ignore - "$TOP/docs/gate.schema.json" "$T/plain" "$T/hostile" <<'PYTHON'
import json, os, sys, jsonschema
schema = json.load(open(sys.argv[1])); jsonschema.Draft7Validator.check_schema(schema)
plain, hostile = json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
for report in plain, hostile:
    resolver = jsonschema.RefResolver("file://" + sys.argv[1], schema)
    jsonschema.validate(report, schema, resolver=resolver)
    assert len(report["cells"]) == len(report["trees"]) * len(report["classes"])
    assert [w["state"] for w in report["waivers"]] == ["used", "expired", "unused"]
    assert sum(len(c["hosts"]) for c in report["classes"]) == report["hosts_judged"] == 7
    for f in report["findings"]:
        hosts = sum(len(c["hosts"]) for c in report["classes"] if c["name"] in f["classes"])
        assert f["hosts"] == hosts and f["new_hosts"] <= hosts, f
# JSON has escapes of its own for all but bytes that are no UTF-8.
odd = os.environ["ODD"].replace(r"\xe2\x80\xae", "\u202e").replace(r"\xef\xbf\xbf", "\uffff")
for escape in r"\x0a", r"\x0d", r"\x1b": odd = odd.replace(escape, chr(int(escape[2:], 16)))
assert hostile["classes"][3]["hosts"] == [odd]
# What the schema does not know it refuses, at any depth.
for path in ("findings", 0), ("cells", 0), ("policy",), ():
    changed = json.loads(json.dumps(plain)); at = changed
    for key in path: at = at[key]
    at["surprise"] = 1
    assert list(jsonschema.Draft7Validator(schema, resolver=resolver).iter_errors(changed)), path
PYTHON
}

@test "junit: its counts are those of its cases, a suite a host, a case a rule and tree" {
	gate junit
	python3 - "$T/plain" "$T/hostile" <<'PYTHON'
import os, sys, xml.etree.ElementTree as ET
for path in sys.argv[1:]:
    root = ET.parse(path).getroot()
    suites = root.findall("testsuite")
    assert len(suites) == 10
    total = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        seen = {"tests": len(suite.findall("testcase")), "failures": len(suite.findall("testcase/failure")),
                "errors": len(suite.findall("testcase/error")), "skipped": len(suite.findall("testcase/skipped"))}
        for key in seen:
            assert int(suite.get(key)) == seen[key], (suite.get("name"), key)
            total[key] += seen[key]
        names = [(c.get("classname"), c.get("name")) for c in suite.findall("testcase")]
        assert len(names) == len(set(names))
    assert all(int(root.get(key)) == total[key] for key in total)
    assert total["failures"] == 5 and total["errors"] == 5, total
    waived = [c for c in root.iter("testcase") if c.find("system-out") is not None and c.find("system-out").text.startswith("waived")]
    assert len(waived) == 7 and all(c.find("failure") is None for c in waived)
    assert all("by ops@example.org until 2027-01-31: the new libssl is tested" in c.find("system-out").text for c in waived)
    for case in root.iter("testcase"):
        for failure in case.findall("failure"):
            assert failure.get("type") in ("permanent", "transient") and failure.get("message") and failure.text
        if case.get("name").startswith("rlimits") and case.get("classname") == "redis":
            assert case.find("failure") is None and case.find("system-out").text.startswith("warning")
    # The noncharacter at the end of the name is none that XML may hold.
    if path == sys.argv[2]:
        assert suites[6].get("name") == os.environ["ODD"], suites[6].get("name")
PYTHON
	xmllint --noout "$T/plain" "$T/hostile"
}

@test "junit: junitparser reads the same" {
	validators
	gate junit
	python3 - "$T/plain" "$T/hostile" <<'PYTHON'
import sys
from junitparser import JUnitXml
for path in sys.argv[1:]:
    xml = JUnitXml.fromfile(path)
    written = (xml.tests, xml.failures, xml.errors, xml.skipped)
    xml.update_statistics()
    assert written == (xml.tests, xml.failures, xml.errors, xml.skipped), written
    assert len(list(xml)) == 10
PYTHON
}

# sarif_findings FILE: the levels and rules of what Microsoft's validator has to say, sorted.
sarif_findings() {
	rm -f "$T/said.sarif"
	"$MULTITOOL" validate "$1" --rule-kind 'Sarif;Ghas' -o "$T/said.sarif" > "$T/said" 2>&1 || true
	grep -q 'Analysis completed successfully' "$T/said" || { cat "$T/said"; return 1; }
	python3 - "$T/said.sarif" <<'PYTHON'
import json, sys
said = json.load(open(sys.argv[1]))["runs"][0]
print(sorted({(r.get("level", "warning"), r["ruleId"]) for r in said.get("results", [])}))
PYTHON
}

@test "sarif: Microsoft's validator finds no error, and only that we name no site" {
	MULTITOOL=$("$BATS_TEST_DIRNAME/get-npm.sh" @microsoft/sarif-multitool@5.7.0 2> "$T/why") ||
		skip "no validator: $(tail -1 "$T/why")"
	# What its launcher starts, through a shell that would take the ";" below for its own; made a
	# program by an install script, which is not run.
	MULTITOOL+=/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
	chmod u+x "$MULTITOOL"
	gate sarif
	for kind in plain hostile; do
		cp "$T/$kind" "$T/$kind.sarif"
		run sarif_findings "$T/$kind.sarif"
		[ "$output" = "[('warning', 'SARIF2005')]" ] || { echo "$output"; cat "$T/said"; false; }
	done
	# It would say so if there were one: no message, and a rule that is not there.
	sed '0,/"text": "cpu-ins: /s//"txt": "/; 0,/"ruleIndex": 1,/s//"ruleIndex": 99,/' "$T/plain" > "$T/broken.sarif"
	run sarif_findings "$T/broken.sarif"
	[[ $output == *"'error'"* ]]
}

@test "sarif: what results say" {
	gate sarif
	python3 - "$T/plain" "$T/hostile" <<'PYTHON'
import json, os, sys, urllib.parse
plain, hostile = (json.load(open(p))["runs"][0] for p in sys.argv[1:])
for run in plain, hostile:
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) == len({r["id"] for r in rules})
    for r in run["results"]:
        assert rules[r["ruleIndex"]]["id"] == r["ruleId"]
        assert (r["kind"] == "open") == (r["level"] == "none")
        assert list(r["partialFingerprints"]) == ["migcheck/v1"]
        assert r["properties"]["lifetime"] in ("permanent", "transient")
        for place in r["locations"]:
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert uri.isascii() and " " not in uri and '"' not in uri and "<" not in uri, uri
    waived = [r for r in run["results"] if r["suppressions"]]
    assert [r["ruleId"] for r in waived] == ["dst-file-content"]
    assert waived[0]["suppressions"][0]["kind"] == "external"
    assert "the new libssl is tested" in waived[0]["suppressions"][0]["justification"]
    assert waived[0]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 3
    assert [r["baselineState"] for r in run["results"]].count("unchanged") == 1
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 3
    # A foreign name makes no link of its own.
    assert not any("[x](" in r["message"]["text"].replace(r"\](", "") for r in run["results"])
levels = {r["ruleId"]: r["level"] for r in plain["results"]}
assert levels["cpu-ins"] == "error" and levels["rlimits"] == "warning" and levels["option-not-needed"] == "note"
first = plain["results"][4]["locations"]
assert [p["physicalLocation"]["artifactLocation"]["uri"] for p in first][2:] == \
    ["pool/node%203.mc", "pool/node4.mc", "pool/node5.mc", "file:///srv/pool/node6.mc", "pool/node7.mc"]
odd = hostile["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
assert urllib.parse.unquote_to_bytes(odd).startswith(b'"><script>alert(1)</script>\n::error::x\r\x1b[31m\xe2\x80\xae]]>\xff\xfe')
PYTHON
}

# As the runner reads them, by its documentation: a line, a word, properties, a message.
@test "github: each line is one annotation, ten of a kind at most" {
	gate github
	python3 - "$T/plain" "$T/hostile" <<'PYTHON'
import collections, os, re, sys
def data(s): return s.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
def prop(s): return s.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
for path in sys.argv[1:]:
    kinds, files = collections.Counter(), set()
    for line in open(path, newline="\n").read().rstrip("\n").split("\n"):
        m = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert m, line
        kinds[m[1]] += 1
        pairs = dict(p.split("=", 1) for p in m[2].split(","))
        assert set(pairs) <= {"file", "line", "title"} and pairs["title"], line
        files.add(prop(pairs.get("file", "")))
        assert data(m[3]).strip()
    assert kinds["error"] == 7 and max(kinds.values()) <= 10, kinds
    odd = os.environ["ODD"] if path == sys.argv[2] else "pool/node7.mc"
    assert odd in files, files
PYTHON
}

@test "markdown: GitHub's own parser makes no link, no HTML and no ragged table of it" {
	validators
	gate markdown
	for kind in plain hostile; do
		LD_LIBRARY_PATH=$(dirname "$V"/usr/lib/*/libcmark-gfm.so.*) "$V/usr/bin/cmark-gfm" --unsafe \
			-e table -e autolink -e strikethrough -e tasklist "$T/$kind" > "$T/$kind.html"
	done
	python3 - "$T/plain.html" "$T/hostile.html" <<'PYTHON'
import html.parser, os, sys
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(); self.tags, self.text, self.rows, self.tables = set(), [], [], 0
    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "table": self.rows, self.tables = [], self.tables + 1
        if tag == "tr": self.rows.append(0)
        if tag in ("td", "th"): self.rows[-1] += 1
        assert not attrs, (tag, attrs)
    def handle_endtag(self, tag):
        if tag == "table": assert len(set(self.rows)) == 1 and len(self.rows) > 1, self.rows
    def handle_data(self, data): self.text.append(data)
for path in sys.argv[1:]:
    page = Page(); page.feed(open(path).read())
    assert page.tags <= {"h1", "h2", "p", "ul", "li", "table", "thead", "tbody", "tr", "td", "th", "code", "br", "em"}, page.tags
    assert page.tables == 7
    assert not any("@everyone" in t for t in page.text), "a mention in one piece"
    text = "".join(page.text)
    if "hostile" in path: assert os.environ["ODD"] in text
    else: assert "❌ migcheck gate: broken" in text and "✅ ready" in text and "🔁 retry" in text
PYTHON
}

@test "prometheus: promtool and Prometheus' own library read it" {
	validators
	gate prometheus
	for kind in plain hostile; do
		"$V/usr/bin/promtool" check metrics < "$T/$kind" > "$T/said" 2>&1 || { cat "$T/said"; false; }
		[ ! -s "$T/said" ] || { cat "$T/said"; false; }
	done
	python3 - "$T/plain" "$T/hostile" <<'PYTHON'
import os, sys
from prometheus_client.parser import text_string_to_metric_families as parse
for path in sys.argv[1:]:
    samples = [s for family in parse(open(path).read()) for s in family.samples]
    value = {(s.name, *s.labels.values()): s.value for s in samples}
    assert len(value) == len(samples)
    assert value["migcheck_gate_result", "broken"] == 1 and value["migcheck_gate_result", "met"] == 0
    assert value["migcheck_tree_ready_hosts", "nginx"] == 3 and value["migcheck_tree_hosts", "nginx", "blocked"] == 4
    assert value["migcheck_findings", "net-port-in-use", "transient"] == 1
    assert value["migcheck_waivers", "expired"] == 1
    odd = os.environ["ODD"] if path == sys.argv[2] else "node8"
    assert value["migcheck_host_judged", odd] == 0
PYTHON
}
