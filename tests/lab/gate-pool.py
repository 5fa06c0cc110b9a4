#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gate-pool.py MIGCHECK MKPROC PROTOS FOLDER HOSTS

Makes a pool for the tests of the page: FOLDER/trees/*.mc, dumped from real processes, and
FOLDER/hosts/*.mc, HOSTS profiles in a dozen classes. Each is a real profile of this machine, with
real answers to the trees, in which what its class is about was changed in protobuf text form:
another libc, no CRIU, fewer CPU features. A few more files cannot be judged at all.
"""
import hashlib
import os
import re
import struct
import subprocess
import sys

MIGCHECK, MKPROC, PROTOS, FOLDER = sys.argv[1:5]
HOSTS = int(sys.argv[5])
TREES = ["plain", "file-readonly", "file-odd-name", "map-library", "tcp-listen", "tcp-established", "lock-flock", "netlink-unread", "io-uring"]
NAME, MACHINE = "node-0000", "3d" * 16			# as long as those that are put in their place
HOSTILE = "</script><img src=x onerror=document.title='owned'>\u202e"


def protoc(mode, data):
    return subprocess.run(["protoc", f"--{mode}=Snapshot", "-I", PROTOS, PROTOS + "/snapshot.proto"],
                          input=data, capture_output=True, check=True).stdout


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def decode(path):
    """The text form of a stream."""
    with open(path, "rb") as f:
        data = f.read()
    at, message = 12, b""
    while True:
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 0:
            return protoc("decode", message).decode()
        message += varint(kind << 3 | 2) + varint(length) + data[at + 8:at + 8 + length]
        at += 8 + length


def frames(text):
    """The stream of a text form, but for its trailer, and how many records it has."""
    data = protoc("encode", text.encode())
    out, at, count = b"MIGCHECK" + struct.pack("<I", 1), 0, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        length, at = read_varint(data, at)
        out += struct.pack("<II", tag >> 3, length) + data[at:at + length]
        at += length
        count += 1
    return out, count


def write(name, stream, count):
    with open(f"{FOLDER}/hosts/{name}.mc", "wb") as f:
        f.write(stream + struct.pack("<IIQ", 0, 40, count) + hashlib.sha256(stream).digest())


def blocks(text):
    return re.split(r"(?m)^(?=[a-z_]+ \{)", text)


def dump_trees():
    """Real processes, seen by dump and asked about by probe; the answers as text."""
    answers = ""
    for name in TREES:
        tree = f"{FOLDER}/trees/{name}.mc"
        with subprocess.Popen([MKPROC, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
            line = p.stdout.readline().split()
            if len(line) < 2 or not line[1].isdigit():
                p.stdin.close()
                continue
            subprocess.run([MIGCHECK, "dump", "-q", "-p", line[1], "-o", tree], check=True)
            subprocess.run([MIGCHECK, "probe", "-q", "-s", tree, "-o", FOLDER + "/answer"], check=True)
            p.stdin.close()
        text = decode(FOLDER + "/answer")
        asked = re.search(r"asked_sha256: .*", text).group()
        kept = [b for b in blocks(text) if re.match("header|[a-z]*_answer|gap", b)]
        answers += "tree_answers {\n" + asked + "\n" + "".join(kept) + "}\n"
    os.remove(FOLDER + "/answer")
    return answers


def profile():
    subprocess.run([MIGCHECK, "probe", "-q", "-o", FOLDER + "/answer"], check=True)
    text = decode(FOLDER + "/answer")
    text = re.sub(r'(?m)^  name: ".*"', f'  name: "{NAME}"', text, count=1)
    text = re.sub(r'(?m)^  machine_id: ".*"', f'  machine_id: "{MACHINE}"', text, count=1)
    return criu('state: TOOL_RUNS path: "/usr/sbin/criu" version: "4.2.1"')(text)


def criu(state):
    return lambda text: re.sub(r'tool \{\s*name: "criu"[^}]*\}', f'tool {{ name: "criu" {state} }}', text)


def change(pattern, by):
    return lambda text: re.sub(pattern, by, text)


def answer(path, by):
    """Each answer about a path, whose last part is as given, made another."""
    return lambda text: re.sub(r'path_answer \{(\s*path: "[^"]*' + path + r'")[^}]*\}', r"path_answer {\1 " + by + "}", text)


def without_cpu(text):
    """A CPU of before AVX2, as CPUID and its brand say it."""
    def masked(match):
        return match.group(1) + str(int(match.group(2)) & ~(0xffff0120 | 1 << 5))
    text = re.sub(r"(leaf: 7\s+subleaf: 0\s+eax: \d+\s+ebx: )(\d+)", masked, text)
    return re.sub(r'brand: ".*"', 'brand: "Intel(R) Xeon(R) CPU E5-2650 v2 @ 2.60GHz"', text)


LIBC = answer(r"/libc\.so\.6", 'kind: PATH_KIND_REGULAR mode: 33261 size: 1926256 nlink: 1 build_id_looked: true build_id: "\\\\021\\\\042\\\\063" fs_type: "ext4" noexec: false read_only: false')
LOADER = answer(r"/ld-linux[^\"]*", "error: 2")
NO_CRIU = criu("state: TOOL_MISSING")
TRIXIE = change(r'os_release: ".*"', 'os_release: "Debian GNU/Linux 13 (trixie)"')
KERNEL = change(r'(?m)^    release: ".*"', '    release: "6.1.0-31-amd64"')
DENIED = change(r"\Z", 'gap { domain: DOMAIN_SECURITY collector: "security" reason: "EACCES" effect: GAP_DENIED subject: "/sys/kernel/security" }\n')
UNSEEN = change(r"(?s)path_answer \{(\s*path: \"[^\"]*mkproc\")[^}]*\}", r"path_answer {\1 error: 13 }")
UNASKED = lambda text: text.split("# answers")[0]	# noqa: E731

# How many of a hundred hosts, and what is so there.
CLASSES = [
    (55, []), (12, [KERNEL]), (8, [TRIXIE, LIBC]), (6, [NO_CRIU]), (5, [without_cpu]), (4, [without_cpu, KERNEL]),
    (3, [UNASKED]), (2, [TRIXIE, LIBC, LOADER, NO_CRIU]), (2, [DENIED]), (1, [UNSEEN]),
    (1, [without_cpu, LIBC, LOADER]), (1, [criu('state: TOOL_RUNS path: "/usr/sbin/criu" version: "3.17.1"')]),
]


def main():
    os.makedirs(FOLDER + "/trees")
    os.makedirs(FOLDER + "/hosts")
    text = dump_trees()
    text = profile() + "# answers\n" + text
    made = 0
    for share, changes in CLASSES:
        changed = text
        for c in changes:
            changed = c(changed)
        stream, count = frames(changed)
        for _ in range(max(HOSTS * share // 100, 1)):
            name = f"node-{made:04d}"
            machine = hashlib.sha256(name.encode()).hexdigest()[:32]
            write(name, stream.replace(NAME.encode(), name.encode()).replace(MACHINE.encode(), machine.encode()), count)
            made += 1
    hostile = text.replace(f'"{NAME}"', '"' + HOSTILE + '"').replace(MACHINE, "4e" * 16)
    write("hostile", *frames(NO_CRIU(KERNEL(hostile))))
    foreign = text.replace(NAME, "arm-one").replace(MACHINE, "5f" * 16).replace('machine: "x86_64"', 'machine: "aarch64"')
    write("arm-one", *frames(foreign))
    with open(FOLDER + "/hosts/node-0001.mc", "rb") as whole, open(FOLDER + "/hosts/cut-off.mc", "wb") as part:
        part.write(whole.read()[:4000])


main()
