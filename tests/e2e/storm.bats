#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A tree that forks and exits thousands of times a second, dumped 200 times in a row.
load common

@test "200 dumps of a fork storm: no error, counts between the forker's own counters, never ready" {
	gcc -O2 -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/forker" "$TOP/tests/e2e/forker.c"
	python3 - "$BATS_TEST_TMPDIR" "$MIGCHECK" <<'PYTHON'
import json, struct, subprocess, sys, time
work, migcheck = sys.argv[1:]
counters = work + "/counters"
forker = subprocess.Popen([work + "/forker", counters], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
pid = forker.stdout.readline().strip()

def read():
    with open(counters, "rb") as f:
        return struct.unpack("QQ", f.read(16))

for _ in range(1000):	# until it blows
    if read()[0] > 2000:
        break
    time.sleep(0.01)
first = read()
most = 0
try:
    for i in range(200):
        begun0, ended0 = read()
        p = subprocess.run([migcheck, "dump", "-q", "-p", pid, "-o", work + "/s"], capture_output=True, text=True)
        begun1, ended1 = read()
        assert p.returncode == 0, p.stderr
        if i % 10:
            continue
        shown = json.loads(subprocess.run([migcheck, "show", "-f", "json", work + "/s"], capture_output=True, check=True).stdout)
        met = len(shown["process"]) + shown["tree"].get("tasks_vanished", 0)
        least, limit = max(5, begun0 - ended1), begun1 - ended0
        assert least <= met <= limit, (least, met, limit)
        most = max(most, met)
        q = subprocess.run([migcheck, "check", "-q", work + "/s"], capture_output=True, text=True)
        assert q.returncode in (1, 3, 4), (q.returncode, q.stdout, q.stderr)
    begun, ended = read()
    assert begun - first[0] > 2000, "it was no storm: %d forks" % (begun - first[0])
    print("# %d forks in all, at most %d tasks met in a dump" % (begun - first[0], most))
finally:
    forker.stdin.close()
    forker.wait()
PYTHON
}
