#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ci-job.py github|gitlab FILE: the commands of a job in the order in which it would run them, each
as one line of a shell; complains of a file that such a service would not take."""
import shlex
import sys

import yaml


def github(job):
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step), step
        if "uses" in step:
            name, version = step["uses"].split("@")
            assert name.count("/") in (1, 2) and version, step
        else:
            yield step["run"]


def gitlab(job):
    assert job["artifacts"]["reports"]["junit"] in ("pool.xml",), job
    yield from job["before_script"]
    yield from job["script"]


def main():
    kind, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    commands = github(document["jobs"]["gate"]) if kind == "github" else gitlab(document["pool"])
    print("\n".join("bash -e -c " + shlex.quote(command) for command in commands))


main()
