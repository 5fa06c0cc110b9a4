#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One rich assessment in every format, each compared with its golden file and validated. A change
# of a rule's words changes these files too: `UPDATE=1 bats tests/golden/golden.bats` writes them anew.
load ../e2e/common

setup() {
	T=$BATS_TEST_TMPDIR G=$TOP/tests/golden
	for side in source destination; do "$TOP/tests/e2e/forge" "$TOP/facts" < "$G/$side.txt" > "$T/$side"; done
}

# The age of a snapshot is the one thing that depends on the clock.
ageless() {
	sed -E 's/; taken [0-9]+ (min|h|days) ago//; /"age_s":/d'
}

compare() {
	[ -z "${UPDATE:-}" ] || cp "$1" "$G/$2"
	diff -u "$G/$2" "$1"
}

@test "text" {
	run "$MIGCHECK" check "$T/source" "$T/destination"
	[ "$status" -eq 1 ]
	ageless <<<"$output" > "$T/text"
	compare "$T/text" report.txt
	[ "$(tail -1 "$T/text")" = "blocked (exit 1)" ]
	! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$T/text"
}

@test "text in a terminal: colours, folded at the width of the window" {
	TERM=xterm run script -qec "stty cols 80; $MIGCHECK check $T/source $T/destination" /dev/null
	[[ $output == *$'\033[1;31mBLOCKED\033[0m'* ]]
	sed -E 's/\x1b\[[0-9;]*m//g; s/\r//' <<<"$output" | awk 'length > 80 && NF > 3 && !/:\/\// { print; bad = 1 } END { exit bad }'
	TERM=xterm NO_COLOR=1 run script -qec "$MIGCHECK check $T/source $T/destination" /dev/null
	[[ $output != *$'\033['* ]]
}

@test "json, by its published schema, and the same bytes twice" {
	run "$MIGCHECK" check -f json -o "$T/json" "$T/source" "$T/destination"
	[ "$status" -eq 1 ]
	ageless < "$T/json" > "$T/ageless"
	compare "$T/ageless" report.json
	python3 -c 'import json,sys,jsonschema
schema = json.load(open(sys.argv[2])); jsonschema.Draft7Validator.check_schema(schema)
jsonschema.validate(json.load(open(sys.argv[1])), schema)' "$T/json" "$TOP/docs/report.schema.json"
	run "$MIGCHECK" check -f json -o "$T/again" "$T/source" "$T/destination"
	diff <(ageless < "$T/again") "$T/ageless"
}

@test "the order of processes and files does not change the report" {
	python3 - "$G/source.txt" "$T/turned.txt" <<'PYTHON'
import re, sys
text = open(sys.argv[1]).read()
blocks = re.split(r"(?m)^(?=[a-z_]+ \{)", text)
turned = [b for b in blocks if b.startswith("process")][::-1]
open(sys.argv[2], "w").write("".join([b for b in blocks if not b.startswith("process")] + turned))
PYTHON
	"$TOP/tests/e2e/forge" "$TOP/facts" < "$T/turned.txt" > "$T/turned"
	run "$MIGCHECK" check -f json -o "$T/a" "$T/source" "$T/destination"
	run "$MIGCHECK" check -f json -o "$T/b" "$T/turned" "$T/destination"
	[ -s "$T/a" ]
	diff <(grep -v -e age_s -e sha256 "$T/a") <(grep -v -e age_s -e sha256 "$T/b")
}

@test "quiet: the verdict line alone" {
	run "$MIGCHECK" check -q "$T/source" "$T/destination"
	[ "$output" = "blocked (exit 1)" ]
}

@test "the page of rules is the one made from the table" {
	"$MIGCHECK" rules -f markdown > "$T/rules.md"
	cmp "$TOP/docs/rules.md" "$T/rules.md" || { echo "docs/rules.md is not what the table says: run make docs"; false; }
}

@test "show tells every field of a snapshot in both formats" {
	"$MIGCHECK" show "$T/source" > "$T/text"
	"$MIGCHECK" show -f json "$T/source" > "$T/json"
	python3 - "$T/json" "$T/text" "$G/source.txt" <<'PYTHON'
import json, re, sys
shown, text, given = json.load(open(sys.argv[1])), open(sys.argv[2]).read(), open(sys.argv[3]).read()
keys = set()
def walk(v):
    if isinstance(v, dict):
        keys.update(v); [walk(x) for x in v.values()]
    elif isinstance(v, list):
        [walk(x) for x in v]
walk(shown)
given = re.sub(r'"(\\.|[^"])*"|#.*', '', given)
for name in set(re.findall(r"\b([a-z_0-9]+)(?=:|\s*\{)", given)):
    assert name in keys, name
    assert name in text, name
PYTHON
}
