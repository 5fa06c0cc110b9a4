#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""table.py [-o TABLE.md] [NAME...]: migcheck held against the real CRIU, for each situation of mkproc.

    $ tests/lab/table.py lock-posix
    lock-posix
        we said      ready with --file-locks (file-lock-held)
        criu         refused; with --file-locks dumped
        criu's words Error (criu/file-lock.c:110): Some file locks are hold by dumping tasks! …
        agree        yes

Of the report only what decides the dump counts: blockers, unknown blockers and options of that stage.
The real `criu dump --leave-running` is asked without options, with those that we name, and with each
of them left out. Each question gets a fresh scene, which is looked at by migcheck first: CRIU may
change what it dumps, and a verdict must be the same each time. They agree where
    ready                  CRIU dumps;
    ready with options     CRIU refuses without, dumps with them, refuses with any of them left out;
    blocked, retry         CRIU refuses, with our options too; where each blocker names an option that
                           lifts it: dumps with those, refuses with any of them left out.
"dumped" means that the scene still stood afterwards. A hang is a refusal. Undecided and trouble agree
with nothing. EXCEPTIONS says where they may disagree. Without NAMEs everything is asked, and fewer
than 90 situations or less than a third of refusals is a failure as well.

MIGCHECK and MKPROC name the programs (default: build/release). Root only; about four minutes.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
MIGCHECK = os.environ.get("MIGCHECK", TOP + "/build/release/migcheck")
MKPROC = os.environ.get("MKPROC", TOP + "/build/release/mkproc")
WORKERS = 2
CRIU_SECONDS = 20
LEAST_SITUATIONS, LEAST_REFUSED = 90, 1 / 3

# Where we may disagree, and why it cannot be seen from outside. One that agrees after all is an error.
MOST_EXCEPTIONS = 3
EXCEPTIONS = {
    "unix-scm-tty": "what is in flight in a unix socket is held by no process; fdinfo tells how many "
                    "descriptors there are (a warning), nothing tells what they are",
    "unix-scm-packet-pipe": "as unix-scm-tty; that a pipe is in packet mode only its descriptor would tell",
}

Situation = collections.namedtuple("Situation", "name domain")
Said = collections.namedtuple("Said", "verdict rules ours lifting fired")
Answer = collections.namedtuple("Answer", "options outcome words")
Row = collections.namedtuple("Row", "situation said answers agree why")


class Scene:
    """A running factory; skipped says why it cannot be made here."""

    def __init__(self, name, scratch):
        self.process = subprocess.Popen([MKPROC] + name.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        env=dict(os.environ, TMPDIR=scratch))
        line = self.process.stdout.readline()
        self.skipped = "mkproc failed" if not line else None
        if line.startswith("SKIP"):
            self.skipped = line.split(": ", 1)[1].strip()
        self.pid = None if self.skipped else int(line.split()[1])
        self.words = line.split()[2:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def state(self):
        try:
            with open("/proc/%d/stat" % self.pid, errors="replace") as f:
                return f.read().rpartition(") ")[2][0]
        except OSError:
            return None

    def comes_to(self, state):
        end = time.monotonic() + 2
        while self.state() != state and time.monotonic() < end:
            time.sleep(0.01)
        return self.state() == state


def stages_of_rules():
    done = subprocess.run([MIGCHECK, "rules", "-f", "json"], stdout=subprocess.PIPE, check=True)
    return {r["rule"]: r["stage"] for r in json.loads(done.stdout)["rules"]}


class Judge:
    """Asks migcheck and CRIU about one situation, in a scratch folder of its own."""

    def __init__(self, criu, stages, situation, scratch):
        self.criu, self.stages, self.situation, self.scratch = criu, stages, situation, scratch

    def look(self, pid):
        done = subprocess.run([MIGCHECK, "dry-run", "-q", "-f", "json", "-p", str(pid), "--criu", self.criu],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.returncode == 2:
            return Said("undecided", ["trouble"], [], None, set())
        report = json.loads(done.stdout)
        blockers = [f for f in report["findings"] if f["severity"] == "blocker" and f["stage"] == "dump"]
        unknown = {u["rule"] for u in report["unknowns"]
                   if u["severity"] == "blocker" and self.stages[u["rule"]] == "dump"}
        needs = [q for q in report["requirements"]
                 if q["kind"] == "lossless" and q["stage"] == "dump" and q["use"] == "needed"]
        ours = unique(q["option"] for q in needs)
        line = shlex.split(report["criu"]["dump"])
        if line[line.index("-t") + 2:] != command(ours):
            return Said("undecided", ["another command line: " + report["criu"]["dump"]], [], None, set())
        if any(f["lifetime"] == "permanent" for f in blockers):
            verdict = "blocked"
        else:
            verdict = "undecided" if unknown else "retry" if blockers else "ready"
        lifting = None
        if blockers and all("option" in f for f in blockers):
            lifting = unique(f["option"]["option"] for f in blockers)
        rules = {f["rule"] for f in blockers} | {r for q in needs for r in q["rules"]}
        if verdict == "undecided":
            rules |= unknown
        fired = {f["rule"] for f in report["findings"]} | {r for q in report["requirements"] for r in q["rules"]}
        return Said(verdict, sorted(rules), ours, lifting, fired)

    def dump(self, scene, options):
        images = self.scratch + "/images"
        shutil.rmtree(images, ignore_errors=True)
        os.mkdir(images)
        before = scene.state()
        done = subprocess.run(["timeout", "-k", "1", str(CRIU_SECONDS), self.criu, "dump", "--leave-running",
                               "-t", str(scene.pid), "-D", images, "-o", "dump.log"] + command(options),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        why = error(images + "/dump.log", scene.pid, self.scratch)
        if done.returncode in (124, 137):
            return "refused", "hangs for more than %d s" % CRIU_SECONDS
        if done.returncode != 0:
            return "refused", why
        if not scene.comes_to(before):
            return "refused", "dumped, but the root task went from %s to %s" % (before, scene.state())
        return "dumped", ""

    def ask(self, choose):
        """One question: a fresh scene, what we say of it, what CRIU does with choose(what we said)."""
        with Scene(self.situation.name, self.scratch) as scene:
            if scene.skipped:
                return None, scene.skipped
            said = self.look(scene.pid)
            options = choose(said)
            outcome, words = self.dump(scene, options)
            return said, Answer(plain(options), outcome, words)

    def judge(self):
        said, first = self.ask(lambda _: [])
        if said is None:
            return Row(self.situation, None, [], None, first)
        answers, why = [first], ""

        def again(choose):
            nonlocal why
            other, answer = self.ask(choose)
            if other is None or same(other) != same(said):
                why = "another time we said %s" % (tell(other) if other else answer)
            else:
                answers.append(answer)

        if said.ours:
            again(lambda s: s.ours)
        if said.lifting:
            again(lambda s: unique(s.ours + s.lifting))
        every = unique(said.ours + (said.lifting or []))
        if len(every) > 1 and (said.verdict == "ready" or said.lifting):
            for i, left_out in enumerate(every):
                if [left_out] != said.lifting:
                    again(lambda s: [o for n, o in enumerate(unique(s.ours + (s.lifting or []))) if n != i])
        why = why or disagreement(said, every, answers)
        return Row(self.situation, said, answers, not why, why)


def disagreement(said, every, answers):
    """Why the two do not agree, nothing where they do."""
    outcomes = {a.options: a.outcome for a in answers}
    full = plain(every)
    if said.verdict == "undecided":
        return "we said undecided"
    if said.verdict == "ready" or said.lifting:
        if outcomes[full] != "dumped":
            return "CRIU refuses even with all that we name"
        dumped = [o for o, outcome in outcomes.items() if outcome == "dumped" and o != full]
        return "CRIU dumps without all that we name" if dumped else ""
    return "CRIU dumps" if "dumped" in outcomes.values() else ""


def unique(words):
    return list(dict.fromkeys(words))


def command(options):
    return [w for o in options for w in shlex.split(o)]


def plain(options):
    """Options as they read in the table: without the numbers that differ from run to run."""
    return tuple(re.sub(r"\[[0-9a-f]+:[0-9a-f]+\]|(?<=mkproc-)\d+|\d{4,}", "N", o) for o in options)


def same(said):
    return said.verdict, said.rules, plain(said.ours), plain(said.lifting or [])


def error(log, pid, scratch):
    """CRIU's line that says why. The one about the number of files is printed wherever CRIU lacks
    CAP_SYS_RESOURCE; the first of the others is the cause, what follows is consequence."""
    try:
        with open(log, errors="replace") as f:
            lines = [re.sub(r"^(\(\d+\.\d+\))? *(pie: )?( *\d+: )?", "", line).strip() for line in f]
    except OSError:
        return "no log"
    lines = [line for line in lines if line.startswith("Error ") and "RLIMIT_NOFILE for self" not in line]
    # That a helper has exited: why follows.
    lines = [line for line in lines if "exited, status=" not in line] or lines
    if not lines:
        return ""
    line = re.sub(re.escape(scratch) + r"/mkproc\.\w+", "DIR", lines[0])
    line = re.sub(r"\b%d\b" % pid, "PID", line)
    line = re.sub(r"\b[0-9a-f]{6,}\b", "N", line)
    return re.sub(r"(?<![\w:.\[])\d{2,}\b(?![:\].]\d)", "N", line)


# --- telling ---

def tell(said):
    text = said.verdict
    if said.ours:
        text += " with " + " ".join(plain(said.ours))
    if said.lifting:
        text += ", lifted by " + " ".join(plain(said.lifting))
    return text + (" (%s)" % ", ".join(said.rules) if said.rules else "")


def did(row):
    return "; ".join(("with %s " % " ".join(a.options) if a.options else "") + a.outcome for a in row.answers)


def words(row):
    return " / ".join(unique(a.words for a in row.answers if a.words))


def agrees(row):
    if row.agree:
        return "yes" + (", but listed as an exception" if row.situation.name in EXCEPTIONS else "")
    return ("exception: " + EXCEPTIONS[row.situation.name] if row.situation.name in EXCEPTIONS
            else "NO: " + row.why)


def print_row(row):
    if row.said is None:
        print("%s\n    not made here: %s" % (row.situation.name, row.why), flush=True)
        return
    print("%s\n    we said      %s\n    criu         %s" % (row.situation.name, tell(row.said), did(row)))
    if words(row):
        print("    criu's words %s" % words(row))
    print("    agree        %s" % agrees(row), flush=True)


VERDICTS = ("ready", "retry", "blocked", "undecided")


def confusion(rows):
    """(domain, verdict, CRIU's answer to our options) → count."""
    count = collections.Counter()
    for row in rows:
        with_ours = [a for a in row.answers if a.options == plain(row.said.ours)]
        outcome = with_ours[0].outcome if with_ours else "refused"
        for domain in (row.situation.domain, "all"):
            count[domain, row.said.verdict, outcome] += 1
    return count


def matrix(rows):
    """The confusion matrix, a line a domain."""
    count = confusion(rows)
    domains = unique(row.situation.domain for row in rows) + ["all"]
    table = [["domain"] + ["%s: %s" % (v, o) for v in VERDICTS for o in ("dumped", "refused")]]
    for domain in domains:
        table.append([domain] + [str(count[domain, v, o] or ".") for v in VERDICTS for o in ("dumped", "refused")])
    return table


def markdown(path, rows, summary, unexercised):
    def line(cells):
        return "| " + " | ".join(c.replace("|", "/") for c in cells) + " |\n"

    with open(path, "w") as f:
        f.write("# What migcheck says of each situation, and what the real CRIU does\n\n"
                "Made by `make table` (`table.py` says how and what counts as agreement). Do not edit.\n\n")
        f.write("".join("%s\n" % s for s in summary) + "\n")
        f.write("## Confusion matrix\n\nWhat we said of the dump: what CRIU did with the lossless options that we "
                "named.\n\n")
        head, *body = matrix([r for r in rows if r.said])
        f.write(line(head) + line(["---"] * len(head)) + "".join(line(b) for b in body))
        f.write("\n## Rules of the dump that no situation exercises\n\n" + ", ".join(unexercised) + "\n")
        f.write("\n## Situations\n\n" + line(["situation", "we said", "CRIU did", "CRIU's words", "agree"]) +
                line(["---"] * 5))
        for row in rows:
            if row.said is None:
                f.write(line([row.situation.name, "", "", "not made here: " + row.why, ""]))
            else:
                f.write(line([row.situation.name, tell(row.said), did(row), words(row), agrees(row)]))


# --- all of it ---

def situations(names):
    listed = subprocess.run([MKPROC, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    found = [Situation(r[0], r[6]) for r in rows if not names or r[0] in names]
    if len(found) < len(names):
        sys.exit("table: no such situation among: " + " ".join(names))
    return found


def run(todo):
    criu = subprocess.run([HERE + "/get-criu.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    stages = stages_of_rules()
    rows = {}
    with tempfile.TemporaryDirectory(prefix="table-") as top:
        os.chmod(top, 0o755)

        def judge(situation):
            scratch = "%s/%s" % (top, situation.name)
            os.mkdir(scratch, 0o755)
            rows[situation.name] = Judge(criu, stages, situation, scratch).judge()
            shutil.rmtree(scratch, ignore_errors=True)

        # The frozen ones at the end of the list take longest.
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(judge, reversed(todo)))
    return [rows[s.name] for s in todo], stages


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", metavar="TABLE.md")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    rows, stages = run(situations(args.names))
    for row in rows:
        print_row(row)

    made = [r for r in rows if r.said]
    refused = [r for r in made if r.answers[0].outcome == "refused"]
    listed = [r.situation.name for r in made if r.situation.name in EXCEPTIONS]
    wrong = [r for r in made if r.agree == (r.situation.name in EXCEPTIONS)]
    fired = set().union(*(r.said.fired for r in made))
    unexercised = [rule for rule, stage in stages.items() if stage == "dump" and rule not in fired]
    summary = ["%d situations, %d more cannot be made here; CRIU refuses %d without options." % (
                   len(made), len(rows) - len(made), len(refused)),
               "%d agree, %d are exceptions, %d disagree%s" % (
                   sum(bool(r.agree) for r in made), len(listed), len(wrong),
                   ": " + " ".join(r.situation.name for r in wrong) if wrong else ".")]
    print("\n" + "\n".join(summary) + "\n")
    for cells in matrix(made):
        print(cells[0].ljust(12) + "".join(c.rjust(20) for c in cells[1:]))
    print("\n%d rules of the dump that no situation exercises:\n%s" % (len(unexercised), " ".join(unexercised)))
    if args.o:
        markdown(args.o, rows, summary, unexercised)

    enough = args.names or len(made) >= LEAST_SITUATIONS and len(refused) >= LEAST_REFUSED * len(made)
    return 0 if enough and not wrong and len(listed) <= MOST_EXCEPTIONS else 1


if __name__ == "__main__":
    sys.exit(main())
