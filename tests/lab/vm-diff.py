#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vm-diff.py MIGCHECK OUT OUT: what migcheck diff says of two guests, held against what their kernels say of
themselves, in the folders of their answers: the release, and the flags of /proc/cpuinfo. Says what was compared."""

import json
import re
import subprocess
import sys

# The kernel lists neither: the first is what the others stand on, the second is its own affair.
UNLISTED = {"osxsave", "pdcm"}


def flags(out):
    with open(f"{out}/cpuinfo", encoding="ascii") as f:
        return set(re.search(r"^flags\s*: (.*)$", f.read(), re.M).group(1).split())


def release(out):
    with open(f"{out}/release", encoding="ascii") as f:
        return f.read().strip()


def main():
    migcheck, a, b = sys.argv[1:4]
    made = subprocess.run([migcheck, "diff", f"{a}/profile", f"{b}/profile", "-f", "json"],
                          stdout=subprocess.PIPE, check=False)
    told = {(d["subject"], d["name"]): d for d in json.loads(made.stdout)["differences"]}
    kernel = told.get(("kernel", "release"))
    if (kernel and (kernel["a"], kernel["b"])) != ((release(a), release(b)) if release(a) != release(b) else None):
        sys.exit(f"the release: {kernel}")
    features = told.get(("cpu", "features"), {"only_a": [], "only_b": []})
    for side, here, there in (("only_a", a, b), ("only_b", b, a)):
        wrong = set(features[side]) - (flags(here) - flags(there)) - UNLISTED
        if wrong:
            sys.exit(f"features of {here} only: {sorted(wrong)}")
    print(release(a), release(b), "features:", *features["only_a"], "|", *features["only_b"])
    print("differ:", *sorted(" ".join(key) for key in told))


main()
