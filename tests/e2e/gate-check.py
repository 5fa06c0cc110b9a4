#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gate-check.py MIGCHECK MKPROC FOLDER EVERY: a pool of this host, asked about many trees at once,
must say of each what `migcheck check` says of it alone. Of the situations of mkproc each EVERYth.
Prints a line a tree that differs; the last line counts."""
import json
import os
import subprocess
import sys

migcheck, mkproc, folder, every = sys.argv[1:4] + [int(sys.argv[4])]
# Others on this machine come and go between two looks.
PASSING = {"mem-free", "net-port-in-use", "pid-in-use", "disk-space", "tty-pty-index"}


def run(*words):
    return subprocess.run([migcheck, *words], capture_output=True, text=True)


def start(name):
    process = subprocess.Popen([mkproc, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    line = process.stdout.readline().split()
    if len(line) < 2 or line[0] == "SKIP":
        process.stdin.close()
        process.wait()
        return None, None
    return process, line[1]


def blockers(findings, unknown=False):
    return sorted({(f["rule"], f["thing"]) for f in findings
                   if f["severity"] == "blocker" and f["rule"] not in PASSING and f.get("unknown", False) == unknown})


def main():
    names = subprocess.run([mkproc, "--list-names"], capture_output=True, text=True, check=True).stdout.split()
    alone, asked, running = {}, [], []
    for name in names[::every]:
        process, pid = start(name)
        if not process:
            continue
        running.append(process)
        tree = os.path.join(folder, name + ".mc")
        if run("dump", "-q", "-p", pid, "-o", tree).returncode == 0:
            asked.append(tree)
    for tree in asked:
        there = os.path.join(folder, "there")
        assert run("probe", "-q", "-s", tree, "-o", there).returncode == 0
        alone[tree] = json.loads(run("check", tree, there, "-f", "json").stdout)
    words = [word for tree in asked for word in ("--for", tree)]
    pool = os.path.join(folder, "pool")
    assert run("probe", "-q", *words, "-o", pool).returncode == 0
    for process in running:
        process.stdin.close()
        process.wait()
    gate = json.loads(run("gate", *asked, pool, "--now", "-f", "json").stdout)
    differ = 0
    for tree in asked:
        name = os.path.basename(tree)[:-3]
        one = blockers(alone[tree]["findings"])
        many = blockers([f for f in gate["findings"] if f["tree"] == name])
        if one != many:
            differ += 1
            print(name, "alone:", one, "in the pool:", many)
    print(f"{len(asked)} trees, {differ} differ, {sum(map(bool, (blockers(a['findings']) for a in alone.values())))} blocked")
    sys.exit(differ > 0)


main()
