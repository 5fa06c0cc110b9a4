#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""terminal.py LINE...: an interactive shell on a terminal of its own, into which the LINEs are typed.

The master of the terminal is held here, outside of whatever the LINEs start, as it is held by sshd or
a terminal emulator when a person types them. What the shell prints is read and dropped, so nothing
ever blocks on a full terminal. It ends when the shell does, or when it is told to: then the shell and
its jobs get the hang-up that closing a window gives.
"""
import os
import pty
import sys

child, master = pty.fork()
if child == 0:
    os.environ["PS1"] = "$ "
    os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "-i"])

for line in sys.argv[1:]:
    os.write(master, line.encode() + b"\n")

while True:
    try:
        if not os.read(master, 4096):
            break
    except OSError:  # EIO: the last holder of the slave is gone
        break
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
