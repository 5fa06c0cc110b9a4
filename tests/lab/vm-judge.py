#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vm-judge.py MIGCHECK FOLDER GUEST…: what we said of each tree and guest, what CRIU did there, and what
became of the tree: a table, and an exit code of 1 where they differ.

What migcheck may say is one of: refused (a blocker of stage restore), sigill (a blocker of stage
afterwards of a rule on the CPU), dies (another one), lives (none), or its verdict where that is
undecided. What happened is one of: refused, sigill, dies, lives."""

import json
import os
import subprocess
import sys


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except FileNotFoundError:
        return ""


def assess(migcheck, source, destination, options):
    """The report that migcheck makes of the two; the options are those that CRIU is given."""
    made = subprocess.run([migcheck, "check", source, destination, "-f", "json", *options],
                          stdout=subprocess.PIPE, check=False)
    return json.loads(made.stdout)


def said(report):
    """One word for a report, and the rules that it rests on."""
    blockers = [f for f in report["findings"] if f["severity"] == "blocker"]
    refusing = sorted({f["rule"] for f in blockers if f["stage"] == "restore"})
    deadly = sorted({f["rule"] for f in blockers if f["stage"] == "afterwards"})
    if refusing:
        return "refused", refusing
    if any(r.startswith("cpu-") for r in deadly):
        return "sigill", deadly
    if deadly:
        return "dies", deadly
    return ("lives" if report["verdict"] == "ready" else report["verdict"]), []


def happened(out, tree):
    did = read(f"{out}/{tree}.did")
    after = read(f"{out}/{tree}.after").split()
    if not did.startswith("restored"):
        return "refused", did
    return (after[0] if after else "no answer"), " ".join(after[1:])


def trees(guest):
    for line in read(f"{guest}/root/job/trees").splitlines():
        words = line.split()
        yield words[0], words[1], words[3:]


def main():
    migcheck, folder, guests = sys.argv[1], sys.argv[2], sys.argv[3:]
    wrong = 0
    for name in guests:
        guest = f"{folder}/{name}"
        for tree, source, options in trees(guest):
            given = ["--criu-options", " ".join(options)] if options else []
            given += read(f"{folder}/{source}.tree/check").split()
            report = assess(migcheck, f"{folder}/{source}.tree/source", f"{guest}/out/{source}.mc", given)
            with open(f"{guest}/out/{tree}.json", "w", encoding="utf-8") as f:
                json.dump(report, f)
            word, rules = said(report)
            truth, why = happened(f"{guest}/out", tree)
            agree = word == truth
            wrong += not agree
            print(f"{name:<12} {tree:<22} {word:<10} {truth:<10} {'' if agree else 'DISAGREE '}"
                  f"{' '.join(rules)}{' / ' if rules else ''}{why}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
