#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""restore.py [-o RESTORE.md] [NAME...]: migcheck held against the real `criu restore`.

    $ tests/lab/restore.py file-readonly
    file-readonly: grown
        we said      blocked (dst-file-size)
        criu         refused
        criu's words Error (criu/files-reg.c:2175): File DIR/file has bad size N (expect N)
        agree        yes
        taken back   ready, restored

Each situation (a factory of mkproc, restore_changes.py lists them) is looked at by migcheck and dumped
by the real CRIU, which ends it. For each change the tree then lands in a fresh destination: PID,
mount, network, IPC and UTS namespaces of its own with this host's files, and a boot id of its own,
by which it is another machine. The change is made there,
migcheck probes and checks, and says; then the real CRIU restores. They agree where
    ready            CRIU restores, and every task is alive a moment later; or they are not, and a
                     finding of stage "afterwards" said so;
    ready, once FILE is copied after the freeze
                     as ready; or CRIU stumbles over just that file, which was not copied;
    blocked, retry   CRIU refuses. A hang is a refusal. Undecided agrees with nothing.
Then the change is taken back: the next check must be ready, and CRIU must restore.

Only findings of stage restore count for the verdict here, with the options that CRIU gets given to
migcheck too. EXCEPTIONS says where they may disagree. Fewer than 60 changes is a failure as well.

MIGCHECK and MKPROC name the programs (default: build/release). Root only; about four minutes.
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import table
from restore_changes import SITUATIONS
from table import HERE, MIGCHECK, MKPROC, TOP, unique

WORKERS = 2
CRIU_SECONDS = 10
MOMENT = 0.3
LEAST_CHANGES, LEAST_LIFTED = 60, 15

# Where we may disagree, and why it cannot be known. One that agrees after all is an error.
MOST_EXCEPTIONS = 3
REUSEPORT = ("that a listener has set SO_REUSEPORT, as CRIU does with its own, sock_diag does not tell; CRIU would "
             "then share the port with a stranger")
EXCEPTIONS = {
    "tcp-listen: shared by a listener with SO_REUSEPORT": REUSEPORT,
    "tcp-listen-any: shared by a listener with SO_REUSEPORT": REUSEPORT,
    "tcp-listen: in TIME_WAIT": "whether it had set SO_REUSEADDR while it was open, sock_diag does not tell: without, "
                                "it is in the way until it has passed (the next row)",
}

Said = collections.namedtuple("Said", "verdict rules afterwards copied fired")
Row = collections.namedtuple("Row", "situation change said outcome words back agree why")


class World:
    """The destination. What is done in it ends with it, but for what undo() takes back."""

    def __init__(self, scratch, names):
        self.own = tempfile.mkdtemp(dir=scratch)
        self.names = dict(names, own=self.own)
        self.holder = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--net", "--ipc", "--uts", "--mount", "--propagation", "private",
             "/bin/sh", "-c", 'mount -t proc proc /proc && mount -t tmpfs own "$1" && ip link set lo up && '
             'cat /proc/sys/kernel/random/uuid > "$1/boot" && mount --bind "$1/boot" /proc/sys/kernel/random/boot_id; '
             'echo up; while :; do sleep 3600 & wait; done', "sh", self.own],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.holder.stdout.readline() == "up\n"
        self.init = children(self.holder.pid)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.undo()
        except RuntimeError:
            pass
        finally:
            os.kill(self.init, signal.SIGKILL)
            self.holder.wait()
            self.holder.stdout.close()

    def command(self, words):
        return ["nsenter", "-t", str(self.init), "--pid", "--net", "--ipc", "--uts", "--mount", "--"] + words

    def run(self, words, seconds=20, **more):
        return subprocess.run(self.command(["timeout", "-k", "1", str(seconds)] + words), stdin=subprocess.DEVNULL,
                              **more)

    def shell(self, script):
        done = self.run(["sh", "-ec", '. "%s/restore-world.sh"; %s' % (HERE, script)], stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT, text=True, env=dict(os.environ, **self.names))
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (script, done.stdout.strip()))
        return done.stdout.strip()

    def undo(self):
        self.shell("undo_all")

    def start(self, words):
        """A process that sleeps as criu would run; its pid there."""
        process = subprocess.Popen(self.command(words + ["sh", "-c", "echo $$; exec sleep 3600"]),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        return process, process.stdout.readline().strip()

    def tree(self, root):
        """The pids below the one that has this number there, as this host counts them."""
        for pid in descendants(self.init):
            with open("/proc/%d/status" % pid) as f:
                ids = re.search(r"^NSpid:\s*(.*)$", f.read(), re.M).group(1).split()
            if len(ids) > 1 and ids[1] == root:
                return descendants(pid)
        return []


def children(pid):
    found = []
    for path in glob.glob("/proc/%d/task/*/children" % pid):
        try:
            with open(path) as f:
                found += [int(p) for p in f.read().split()]
        except OSError:
            pass
    return found


def descendants(pid):
    return [pid] + [d for c in children(pid) for d in descendants(c)]


def end(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    last = time.monotonic() + 5
    while any(alive(p) for p in pids) and time.monotonic() < last:
        time.sleep(0.01)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, errors="replace") as f:
            return f.read().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


class Judge:
    """Everything about one situation, in a scratch folder of its own."""

    def __init__(self, criu, stages, situation, scratch):
        self.criu, self.stages, self.situation, self.scratch = criu, stages, situation, scratch
        place = os.path.dirname(criu)
        self.real = [place + "/lib/ld-linux-x86-64.so.2", "--library-path", place + "/lib", place + "/sbin/criu.bin"]
        self.images, self.source = scratch + "/images", scratch + "/source"

    def rows(self):
        with table.Scene(self.situation.name, self.scratch + "/scene") as scene:
            if scene.skipped:
                return [Row(self.situation, None, None, "", "", "", None, scene.skipped)]
            self.names = self.names_of(scene)
            try:
                self.here(self.situation.before)
                trouble = self.dump(scene)
                if trouble:
                    return [Row(self.situation, None, None, "", "", "", False, "CRIU does not dump: " + trouble)]
                return [self.judge(change) for change in self.situation.changes]
            finally:
                self.here(self.situation.after)

    def here(self, script):
        if script:
            subprocess.run(["sh", "-ec", script], env=dict(os.environ, **self.names), check=True)

    def names_of(self, scene):
        """What a change may name: what mkproc said, the folder it works in, the programs."""
        found = {"pid": str(scene.pid), "criu": os.path.dirname(self.criu), "mkproc": MKPROC,
                 "root": self.scratch + "/root", "group": "/sys/fs/cgroup/pids/restore-%d" % scene.pid}
        found["dir"] = (glob.glob(self.scratch + "/scene/mkproc.*") + [self.scratch + "/scene"])[0]
        for word in scene.words:
            key, equals, value = word.partition("=")
            if equals:
                found.setdefault(key.replace("-", "_"), value)
        return found

    def dump(self, scene):
        if self.situation.root:
            subprocess.run(["cp", "-ax", "/proc/%d/root/" % scene.pid, self.scratch + "/root"], check=True)
        subprocess.run([MIGCHECK, "dump", "-q", "-p", str(scene.pid), "-o", self.source], check=True)
        os.mkdir(self.images)
        done = subprocess.run(["timeout", "-k", "1", "20"] + self.real +
                              ["dump", "-t", str(scene.pid), "-D", self.images, "-o", "dump.log"] +
                              shlex.split(self.situation.dump), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return table.error(self.images + "/dump.log", scene.pid, self.scratch) if done.returncode else ""

    def renew(self):
        """A folder from which each restore takes something is made again."""
        kept, folder = self.scratch + "/kept", self.names["dir"]
        if self.situation.used_up:
            if not os.path.exists(kept):
                subprocess.run(["cp", "-a", folder, kept], check=True)
            subprocess.run(["cp", "-a", kept + "/.", folder], check=True)

    def judge(self, change):
        with World(self.scratch, self.names) as world:
            try:
                self.renew()
                if self.situation.root:
                    world.shell('mount --bind "$root" "$root"')
                world.shell(change.do or ":")
                said, outcome, words = self.ask(world, change, True)
                back = ""
                if change.do or change.under or change.options:
                    world.undo()
                    self.renew()
                    again, other, why = self.ask(world, change, False)
                    back = "%s, %s" % (tell(again), other + (" " + why if why else ""))
            except (RuntimeError, AssertionError) as e:
                return Row(self.situation, change, None, "", "", "", None, str(e))
        why = disagreement(said, outcome, words)
        if not why and back and not back.startswith("ready") and not change.stays:
            why = "taken back: " + back
        if not why and back and not back.endswith("restored") and not change.stays:
            why = "taken back: " + back
        return Row(self.situation, change, said, outcome, words, back, not why, why)

    def ask(self, world, change, changed):
        """What we say, and what CRIU does; then what it made is ended."""
        under = shlex.split(change.under) if changed else []
        options = shlex.split(self.situation.restore) + (shlex.split(change.options) if changed else [])
        options = [o.replace("ROOT", self.scratch + "/root") for o in options]
        said = self.look(world, under, options)
        root = self.scratch + "/root.pid"
        for old in (root, self.images + "/restore.log"):
            if os.path.exists(old):
                os.remove(old)
        before = descendants(world.init)
        done = world.run(under + self.real + ["restore", "-d", "-D", self.images, "-o", "restore.log",
                                              "--pidfile", root] + options,
                         seconds=CRIU_SECONDS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode in (124, 137, -signal.SIGKILL):
            end([p for p in descendants(world.init) if p not in before])
            return said, "refused", "hangs for more than %d s" % CRIU_SECONDS
        if done.returncode != 0:
            return said, "refused", plain(table.error(self.images + "/restore.log", 0, self.scratch))
        with open(root) as f:
            tree = world.tree(f.read().strip())
        time.sleep(MOMENT)
        want, have = len(glob.glob(self.images + "/mm-*.img")), sum(alive(p) for p in tree)
        end(tree)
        if have < want:
            return said, "died", "restored, but %d of %d tasks were left after a moment" % (have, want)
        return said, "restored", ""

    def look(self, world, under, options):
        there, report = self.scratch + "/there", self.scratch + "/report"
        probe = [MIGCHECK, "probe", "-q", "-s", self.source, "--criu", self.criu, "-o", there]
        if self.situation.root:
            probe += ["--root", self.scratch + "/root"]
        place = None
        if under and under[0] == "env":
            probe = under + probe
        elif under:
            place, pid = world.start(under)
            probe += ["--criu-as", pid]
        done = world.run(probe, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if place:
            end(descendants(place.pid)[1:])
            place.wait()
            place.stdout.close()
        if done.returncode != 0:
            return Said("undecided", ["trouble: " + plain(done.stdout.strip())], [], [], set())
        given = " ".join([self.situation.dump] + [shlex.quote(o) for o in options]).strip()
        done = subprocess.run([MIGCHECK, "check", self.source, there, "-f", "json", "-o", report,
                               "--criu-options", given], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode == 2:
            return Said("undecided", ["trouble: " + plain(done.stdout.strip())], [], [], set())
        with open(report) as f:
            return self.verdict(json.load(f))

    def verdict(self, report):
        blockers = [f for f in report["findings"] if f["severity"] == "blocker" and f["stage"] == "restore"]
        unknown = {u["rule"] for u in report["unknowns"]
                   if u["severity"] == "blocker" and self.stages[u["rule"]] == "restore"}
        afterwards = sorted({f["rule"] for f in report["findings"]
                             if f["stage"] == "afterwards" and f["severity"] != "note"})
        fired = {f["rule"] for f in report["findings"]} | {
            r for q in report["requirements"] if q["stage"] == "restore" for r in q["rules"]}
        copied = [q["option"] for q in report["requirements"] if q["kind"] == "sync"]
        rules = sorted({f["rule"] for f in blockers})
        if any(f["lifetime"] == "permanent" for f in blockers):
            return Said("blocked", rules, afterwards, copied, fired)
        if unknown:
            return Said("undecided", sorted(unknown), afterwards, copied, fired)
        return Said("retry" if blockers else "ready", rules, afterwards, copied, fired)


def plain(words):
    """Without what differs from run to run, and from machine to machine."""
    words = words.replace(MKPROC, "MKPROC").replace(MKPROC.lstrip("/"), "MKPROC").replace(TOP, "TOP")
    words = re.sub(r"/?[\w/.]*/restore-\w+/(\d+|N)/root", "ROOT", words)
    words = re.sub(r"(\.criu\.\w+|link_remap|mnt-v2: .*?/mnt-)\.\w+", r"\1.N", words)
    words = re.sub(r"/?var/tmp/restore-\w+/(\d+|N)/scene/mkproc\.\w+", "DIR", words)
    words = re.sub(r"0x[0-9a-f]{6,}", "0xN", words)
    return re.sub(r"(?<![\w:.\[])\d{2,}\b(?![:\].]\d)", "N", words)


def names_it(words, path):
    """Whether CRIU stumbled over what we said is to be copied once the tree is frozen."""
    return (plain(os.path.dirname(path)) if "*" in path else os.path.basename(path)) in words


def disagreement(said, outcome, words):
    """Why the two do not agree, nothing where they do."""
    if said.verdict == "undecided":
        return "we said undecided"
    if said.verdict == "ready":
        if outcome == "refused":
            return "" if any(names_it(words, path) for path in said.copied) else "CRIU refuses"
        return "it dies, and we said nothing of it" if outcome == "died" and not said.afterwards else ""
    return "" if outcome == "refused" else "CRIU restores"


def tell(said):
    text = said.verdict
    if said.rules:
        text += " (%s)" % ", ".join(said.rules)
    if said.copied:
        text += ", once copied after the freeze: " + " ".join(plain(p) for p in said.copied)
    if said.afterwards:
        text += ", afterwards: " + ", ".join(said.afterwards)
    return text


def name(row):
    return "%s: %s" % (row.situation.name, row.change.what) if row.change else row.situation.name


def agrees(row):
    if row.agree:
        return "yes" + (", but listed as an exception" if name(row) in EXCEPTIONS else "")
    return "exception: " + EXCEPTIONS[name(row)] if name(row) in EXCEPTIONS else "NO: " + row.why


def print_row(row):
    print(name(row))
    if row.agree is None or row.said is None:
        print("    %s    %s" % ("not made here" if row.agree is None else "agree        NO", row.why), flush=True)
        return
    print("    we said      %s" % tell(row.said))
    print("    criu         %s" % row.outcome)
    if row.words:
        print("    criu's words %s" % row.words)
    print("    agree        %s" % agrees(row))
    if row.back:
        print("    taken back   %s" % row.back, flush=True)


VERDICTS, OUTCOMES = ("ready", "to copy", "retry", "blocked", "undecided"), ("restored", "died", "refused")


def matrix(rows):
    """The confusion matrix, a line a domain."""
    count = collections.Counter()
    for row in rows:
        for domain in (row.situation.domain, "all"):
            verdict = "to copy" if row.said.verdict == "ready" and row.said.copied else row.said.verdict
            count[domain, verdict, row.outcome] += 1
    columns = [(v, o) for v in VERDICTS for o in OUTCOMES if count["all", v, o] or o != "died"]
    lines = [["domain"] + ["%s: %s" % c for c in columns]]
    for domain in unique(row.situation.domain for row in rows) + ["all"]:
        lines.append([domain] + [str(count[(domain,) + c] or ".") for c in columns])
    return lines


def markdown(path, rows, summary, unexercised):
    def line(cells):
        return "| " + " | ".join(c.replace("|", "/") for c in cells) + " |\n"

    with open(path, "w") as f:
        f.write("# What migcheck says of a changed destination, and what the real `criu restore` does there\n\n"
                "Made by `make restore-table` (`restore.py` says how and what counts as agreement). Do not edit.\n\n")
        f.write("".join("%s\n" % s for s in summary) + "\n## Confusion matrix\n\n\"To copy\": ready, "
                "once a file that is written is copied after the freeze, which nobody did here.\n\n")
        head, *body = matrix([r for r in rows if r.said])
        f.write(line(head) + line(["---"] * len(head)) + "".join(line(b) for b in body))
        f.write("\n## Rules of the restore that no change exercises\n\n" + ", ".join(unexercised) + "\n")
        f.write("\n## Changes\n\n" + line(["situation", "change", "we said", "CRIU did", "CRIU's words", "agree",
                                           "taken back"]) + line(["---"] * 7))
        for row in rows:
            cells = [row.situation.name, row.change.what if row.change else ""]
            if row.said is None:
                f.write(line(cells + ["", "", "not made here: " + row.why, "", ""]))
            else:
                f.write(line(cells + [tell(row.said), row.outcome, row.words, agrees(row), row.back]))


def run(todo):
    criu = subprocess.run([HERE + "/get-criu.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    stages = table.stages_of_rules()
    rows = {}
    with tempfile.TemporaryDirectory(prefix="restore-", dir="/var/tmp") as top:
        os.chmod(top, 0o755)

        def judge(situation):
            scratch = "%s/%d" % (top, todo.index(situation))
            os.makedirs(scratch + "/scene", 0o755)
            rows[situation] = Judge(criu, stages, situation, scratch).rows()
            shutil.rmtree(scratch, ignore_errors=True)

        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(judge, todo))
    return [row for s in todo for row in rows[s]], stages


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", metavar="RESTORE.md")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows, stages = run([s for s in SITUATIONS if not args.names or s.name.split()[0] in args.names])
    for row in rows:
        print_row(row)

    made = [r for r in rows if r.said]
    changes = [r for r in made if r.back]
    listed = [r for r in made if name(r) in EXCEPTIONS]
    wrong = [r for r in rows if r.agree is not None and r.agree == (name(r) in EXCEPTIONS)]
    fired = set().union(*(r.said.fired for r in made))
    lifted = {rule for r in changes if r.said.verdict in ("blocked", "retry") and r.back == "ready, restored"
              for rule in r.said.rules}
    unexercised = [rule for rule, stage in stages.items() if stage == "restore" and rule not in fired]
    summary = ["%d changes of the destination in %d situations, %d more cannot be made here; CRIU refuses %d, and "
               "of %d the tree dies." % (len(changes), len({r.situation for r in made}),
                                         sum(r.agree is None for r in rows),
                                         sum(r.outcome == "refused" for r in changes),
                                         sum(r.outcome == "died" for r in changes)),
               "%d agree, %d are exceptions, %d disagree%s" % (
                   sum(bool(r.agree) for r in made), len(listed), len(wrong),
                   ": " + "; ".join(name(r) for r in wrong) if wrong else "."),
               "The findings of %d rules were gone, and CRIU restored, once the change was taken back." % len(lifted)]
    print("\n" + "\n".join(summary) + "\n")
    for cells in matrix(made):
        print(cells[0].ljust(12) + "".join(c.rjust(20) for c in cells[1:]))
    print("\n%d rules of the restore that no change exercises:\n%s" % (len(unexercised), " ".join(unexercised)))
    if args.o:
        markdown(args.o, rows, summary, unexercised)

    enough = args.names or len(changes) >= LEAST_CHANGES and len(lifted) >= LEAST_LIFTED
    return 0 if enough and not wrong and len(listed) <= MOST_EXCEPTIONS else 1


sys.exit(main())
