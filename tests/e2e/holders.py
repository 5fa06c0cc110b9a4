#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""holders.py SECONDS READY WHAT [ARGUMENT…]

Holds one thing at a destination, such as the PID or the port of a tree, and makes the file READY when
it does. It lets go after so many seconds, as what passes by itself does, or on SIGUSR1: somebody's act.
It stays until it is killed, because it is the first process of the destination's namespaces. Each
function below takes hold of one thing, and gives back what ends that."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

FAR = 5000      # from the ids of the tree: what else runs here does not get one of them
SECONDS = 0.0


def last_id(pid):
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
        file.write(str(pid))


def fork_as(pid):
    """fork(2) with this id for the child; beside it, none of its neighbours is given."""
    last_id(pid - 1)
    child = os.fork()
    if child == 0:
        if os.getpid() != pid:
            sys.exit("holders.py: %d instead of %d" % (os.getpid(), pid))
        last_id(pid + FAR)
    return child


class Holding:
    """Children that hold something until let_go() is called; each says when it has it."""

    def __init__(self):
        self.wait, self.go = os.pipe()
        self.hear, self.say = os.pipe()

    def until_let_go(self):
        os.close(self.go)
        os.write(self.say, b".")
        os.read(self.wait, 1)

    def hold(self):
        self.until_let_go()
        os._exit(0)

    def ready(self, n=1):
        for _ in range(n):
            os.read(self.hear, 1)

    def let_go(self):
        os.close(self.go)


def process(pid):
    held = Holding()
    if fork_as(int(pid)) == 0:
        held.hold()
    held.ready()
    return held.let_go


def leader(pid):
    held = Holding()
    if fork_as(int(pid)) == 0:
        os.setsid()
        held.hold()
    held.ready()
    return held.let_go


def zombie(pid):
    child = fork_as(int(pid))
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    return lambda: os.waitpid(child, 0)


def thread(tid):
    held = Holding()

    def run():
        if threading.get_native_id() == int(tid):
            held.until_let_go()

    if fork_as(int(tid) + FAR) == 0:
        last_id(int(tid) - 1)
        threading.Thread(target=run).start()
        last_id(int(tid) + FAR)
        while True:
            time.sleep(600)
    held.ready()
    return held.let_go


def left(pid, become):
    """A group or session whose leader has ended and that a member keeps."""
    held = Holding()
    child = fork_as(int(pid))
    if child == 0:
        become()
        if os.fork() == 0:
            if become is os.setsid:
                os.setpgrp()
            held.hold()
        os._exit(0)
    held.ready()
    os.waitpid(child, 0)
    return held.let_go


def group(pid):
    return left(pid, os.setpgrp)


def session(pid):
    return left(pid, os.setsid)


def terminal(index):
    subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=666", "devpts", "/dev/pts"], check=True)
    masters = [os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY) for _ in range(int(index) + 1)]
    return lambda: os.close(masters[-1])


def network():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return socket.create_server(("127.0.0.1", 0))


def connection(port):
    server = network()
    client = socket.create_connection(server.getsockname(), source_address=("127.0.0.1", int(port)))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return lambda: (client.close(), server.close())


def fin_wait(port):
    """The kernel itself lets go, when net.ipv4.tcp_fin_timeout has passed."""
    server = network()
    with open("/proc/sys/net/ipv4/tcp_fin_timeout", "w", encoding="ascii") as file:
        file.write(str(int(SECONDS)))
    client = socket.create_connection(server.getsockname(), source_address=("127.0.0.1", int(port)))
    accepted, _ = server.accept()
    client.close()
    return lambda: accepted


def datagrams(port, peer="9"):
    network()
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.bind(("127.0.0.1", int(port)))
    if int(peer):
        asking.connect(("127.0.0.1", int(peer)))
    return asking.close


def service(port):
    network()
    listening = socket.create_server(("127.0.0.1", int(port)))
    return listening.close


def name_client(name):
    network()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("\0" + name[1:] + "-service")
    listening.listen()
    client = socket.socket(socket.AF_UNIX)
    client.bind("\0" + name[1:])
    client.connect(listening.getsockname())
    return client.close


def name_service(name):
    network()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("\0" + name[1:])
    listening.listen()
    return listening.close


def full(folder, options, content):
    """A small file system, which a program's file without a name fills."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    held = []
    try:
        while True:
            held.append(open(os.path.join(folder, "%d" % len(held)), "wb", buffering=0))
            os.unlink(held[-1].name)
            while content and held[-1].write(bytes(4096)):
                pass
    except OSError:
        pass
    return lambda: [file.close() for file in held]


def space(folder):
    return full(folder, "size=256k", True)


def inodes(folder):
    return full(folder, "nr_inodes=20", False)


def enter(folder):
    with open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as file:
        file.write("0")


def tasks(folder, n):
    held = Holding()
    for _ in range(int(n)):
        if os.fork() == 0:
            enter(folder)
            held.hold()
    held.ready(int(n))
    return held.let_go


def memory(folder, megabytes):
    held = Holding()
    if os.fork() == 0:
        enter(folder)
        taken = b"\1" * (int(megabytes) << 20)
        held.hold()
        del taken
    held.ready()
    return held.let_go


def folder_below(folder):
    """A cgroup of one task that ends, and somebody clears it away, as systemd does."""
    subprocess.run("cd /sys/fs/cgroup && umount unified && mount -t cgroup2 cgroup2 unified", shell=True, check=True)
    held = Holding()
    os.mkdir(folder)
    child = os.fork()
    if child == 0:
        enter(folder)
        held.hold()
    held.ready()
    return lambda: (held.let_go(), os.waitpid(child, 0), os.rmdir(folder))


def act(first, undo):
    """Two commands: what makes the destination worse, and what makes it good again."""
    subprocess.run(first, shell=True, check=True)
    return lambda: subprocess.run(undo, shell=True, check=True)


HOLDERS = {f.__name__: f for f in (
    process, leader, zombie, thread, group, session, terminal, connection, fin_wait, datagrams, service,
    name_client, name_service, space, inodes, tasks, memory, folder_below, act)}


def main():
    global SECONDS
    SECONDS = float(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    let_go = HOLDERS[sys.argv[3]](*sys.argv[4:])
    with open(sys.argv[2], "w", encoding="ascii"):
        pass
    signal.sigtimedwait([signal.SIGUSR1], SECONDS)
    let_go()
    with open(sys.argv[2] + ".gone", "w", encoding="ascii"):
        pass
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            time.sleep(0.1)


main()
