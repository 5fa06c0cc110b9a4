#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vm-judge.py MIGCHECK FOLDER WHAT GUEST…: a table; a line where we and CRIU differ says DISAGREE.

trees: what we said of each tree and guest, what CRIU did there, and what became of the tree. What migcheck may say is one of: refused (a blocker of stage restore), sigill (a blocker of stage
afterwards of a rule on the CPU), dies (another one), lives (none), or its verdict where that is
undecided. What happened is one of: refused, sigill, dies, lives.

modes: what "criu cpuinfo check" says of another machine's CPU in each mode of --cpu-cap, and whether we
have a blocker for a restore in that mode. It takes "none" for "all", which a restore does not.

pool: the same as "trees", by one `migcheck gate` over all guests: GUEST TREE SAID HAPPENED. Where guests were
asked for a tree with options, a gate of its own. Whatever the gate says of the moment, too, is held
against what `migcheck check` has said of that tree and guest.

masks: a line for each tree that lives there after a masked start: GUEST TREE LIST COMMAND."""

import json
import os
import re
import subprocess
import sys
import tempfile


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


def judge_trees(migcheck, folder, name):
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
        print(f"{name:<8} {tree:<18} {word:<10} {truth:<8} {'' if agree else 'DISAGREE '}"
              f"{' '.join(rules)}{' / ' if rules else ''}{why}")


def groups_of(folder, guests):
    """What one gate can judge together: its options -> the trees, with the guests that were asked."""
    groups = {}
    for name in guests:
        for tree, source, options in trees(f"{folder}/{name}"):
            given = read(f"{folder}/{source}.tree/check").split()
            given += ["--criu-options", " ".join(options)] if options else []
            rooted = source if "--root" in options else None
            groups.setdefault((rooted, *given), {}).setdefault(source, []).append((name, tree))
    return groups


def gate(migcheck, folder, group, sources, *more):
    """The findings and verdicts of a gate by guest and tree."""
    rooted, *given = group
    guests = {name for asked in sources.values() for name, _ in asked}
    with tempfile.TemporaryDirectory() as work:
        for source in sources:
            os.symlink(f"{folder}/{source}.tree/source", f"{work}/{source}.mc")
        made = subprocess.run([migcheck, "gate", work, "-f", "json", *given, *more,
                               *(f"{folder}/{name}/out/{rooted + '.mc' if rooted else 'profile'}" for name in guests)],
                              stdout=subprocess.PIPE, check=False)
    report = json.loads(made.stdout)
    if report["hosts_judged"] != len(guests):
        raise SystemExit(f"{report['not_judged']} of {guests}")
    hosts = {c["name"]: c["hosts"] for c in report["classes"]}
    return {(host, cell["tree"]): {"verdict": cell["verdict"], "findings": [
        f for f in report["findings"]
        if f["tree"] == cell["tree"] and cell["class"] in f["classes"] and not f["unknown"]]}
            for cell in report["cells"] for host in hosts[cell["class"]]}


def blockers(report):
    return {(f["rule"], f["thing"]) for f in report["findings"] if f["severity"] == "blocker"}


def judge_pool(migcheck, folder, guests):
    rows = []
    for group, sources in groups_of(folder, guests).items():
        lasting = gate(migcheck, folder, group, sources)
        moment = gate(migcheck, folder, group, sources, "--now")
        for source, asked in sources.items():
            for name, tree in asked:
                word, rules = said(lasting[name, source])
                truth, why = happened(f"{folder}/{name}/out", tree)
                alone = json.loads(read(f"{folder}/{name}/out/{tree}.json"))
                here = moment[name, source]
                differ = blockers(alone) ^ blockers(here)
                if alone["verdict"] != here["verdict"]:
                    differ.add((alone["verdict"], here["verdict"]))
                rows.append((name, tree, word, truth, "" if word == truth and not differ else "DISAGREE ",
                             " ".join(rules + [str(sorted(differ))] * bool(differ)), why))
    for row in sorted(rows):
        print("%-8s %-18s %-10s %-8s %s%s / %s" % row)


def refuses_cpu(migcheck, source, destination, mode):
    report = assess(migcheck, source, destination, ["--criu-options", f"--cpu-cap={mode}"])
    return sorted({f["rule"] for f in report["findings"] if f["rule"].startswith("cpu-")
                   and f["severity"] == "blocker" and f["stage"] == "restore"})


def judge_modes(migcheck, folder, name):
    guest = f"{folder}/{name}"
    for line in read(f"{guest}/out/modes").splitlines():
        peer, mode, code, *why = line.split(" ", 3)
        rules = refuses_cpu(migcheck, f"{guest}/root/job/{peer}/source", f"{guest}/out/{peer}.mc",
                            "all" if mode == "none" else mode)
        agree = (code != "0") == bool(rules)
        print(f"{peer + ' -> ' + name:<20} {mode:<9} {'refused' if rules else 'accepted':<9}"
              f" {'accepted' if code == '0' else 'refused':<9}{'' if agree else 'DISAGREE '}"
              f"{' '.join(rules)} {''.join(why)}")


def print_masks(_migcheck, folder, name):
    for path in sorted(os.listdir(f"{folder}/{name}/out")):
        if not path.endswith(".json"):
            continue
        for finding in json.loads(read(f"{folder}/{name}/out/{path}"))["findings"]:
            masked = re.search(r"--cpu-masked ([^ ]*),", finding.get("remedy") or "")
            if finding["rule"] == "cpu-ins" and finding.get("command") and masked:
                print(name, path[:-5], masked.group(1), finding["command"])


def main():
    migcheck, folder, what = sys.argv[1:4]
    if what == "pool":
        judge_pool(migcheck, folder, sys.argv[4:])
        return
    table = {"trees": judge_trees, "modes": judge_modes, "masks": print_masks}
    for name in sys.argv[4:]:
        table[what](migcheck, folder, name)


if __name__ == "__main__":
    main()
