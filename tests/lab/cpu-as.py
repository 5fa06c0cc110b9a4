#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cpu-as.py PROGRAM COPY: a copy that asks cpu-as.c instead of the CPU.

Each CPUID (0f a2) becomes UD2 (0f 0b), each XGETBV (0f 01 d0) UD0 (0f ff d0): of the same length, and
where objdump(1) says that there is one, for the same bytes may stand within another instruction."""

import re
import shutil
import struct
import subprocess
import sys

PUT = {b"\x0f\xa2": b"\x0f\x0b", b"\x0f\x01\xd0": b"\x0f\xff\xd0"}


def segments(data):
    """(address, offset, size) of what is loaded from the file."""
    start, size, n = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    for at in range(start, start + n * size, size):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
        if kind == 1:
            yield address, offset, length


def main():
    program, copy = sys.argv[1:3]
    listing = subprocess.run(["objdump", "-d", program], stdout=subprocess.PIPE, check=True, text=True).stdout
    with open(program, "rb") as file:
        data = bytearray(file.read())
    for address, code in re.findall(r"^ *([0-9a-f]+):\t([0-9a-f ]+)\t(?:cpuid|xgetbv)", listing, re.M):
        was = bytes.fromhex(code)
        for start, offset, length in segments(data):
            at = int(address, 16) - start + offset
            if start <= int(address, 16) < start + length and data[at:at + len(was)] == was:
                data[at:at + len(was)] = PUT[was]
    shutil.copy(program, copy)
    with open(copy, "r+b") as file:
        file.write(data)


main()
