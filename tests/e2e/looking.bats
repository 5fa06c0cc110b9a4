#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Looking changes nothing: the system calls of a dump and of a probe, with every descriptor
# resolved, and what the targets see of it.
load common

teardown() { stop_quiet; }

trace() {
	strace -f -y -qq -o "$BATS_TEST_TMPDIR/trace" "$@"
}

@test "a dump and a probe make no call that could touch a target or the host" {
	start_quiet python3 -c 'import socket,threading,time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
c = socket.create_connection(s.getsockname()); f = open("/etc/passwd")
threading.Thread(target=lambda: [sum(range(1000)) for _ in iter(int, 1)], daemon=True).start()
time.sleep(600)'
	sleep 0.3
	# The digest cache is ours; here it lies with our other files.
	trace "$MIGCHECK" dump --cache "$BATS_TEST_TMPDIR/cache" -p "$QUIET_PID" -o "$BATS_TEST_TMPDIR/source"
	[ -s "$BATS_TEST_TMPDIR/source" ]
	mv "$BATS_TEST_TMPDIR/trace" "$BATS_TEST_TMPDIR/trace.dump"
	trace "$MIGCHECK" probe --cache "$BATS_TEST_TMPDIR/cache" -s "$BATS_TEST_TMPDIR/source" -o "$BATS_TEST_TMPDIR/there"
	[ -s "$BATS_TEST_TMPDIR/cache/digests.mdb" ]
	cat "$BATS_TEST_TMPDIR/trace.dump" >> "$BATS_TEST_TMPDIR/trace"
	# The trace is one of a real look: it read the target's descriptors and maps.
	grep -q "/proc/$QUIET_PID" "$BATS_TEST_TMPDIR/trace"

	# Asked of no descriptor, move_mount(2) only tells by its refusal which flags it knows.
	sed -i '/move_mount(-1, "", -1, "",/d' "$BATS_TEST_TMPDIR/trace"
	run grep -E '\b(ptrace|process_vm_readv|process_vm_writev|process_madvise|init_module|finit_module|delete_module|kexec_load|reboot|swapon|mount|umount2|pivot_root|move_mount|fsmount|sethostname|settimeofday|clock_settime|tgkill|tkill|rt_sigqueueinfo|pidfd_send_signal)\(' "$BATS_TEST_TMPDIR/trace"
	[ "$status" -eq 1 ] || { echo "$output" | head; false; }

	# kill(2) only ever ends our own children, by the pid that our own clone gave.
	grep -oE '\bkill\([0-9-]+' "$BATS_TEST_TMPDIR/trace" | grep -oE '[0-9-]+$' | sort -u | while read -r pid; do
		grep -qE "(clone3?|fork|vfork)(<[^>]*>)?\(.* = $pid$" "$BATS_TEST_TMPDIR/trace" || { echo "killed $pid"; exit 1; }
	done

	# Nothing is opened for writing below /proc, /sys or a cgroup.
	run grep -E 'open(at|at2)?\(.*"?/(proc|sys)' "$BATS_TEST_TMPDIR/trace"
	run grep -E '(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC)' <<<"$output"
	[ "$status" -eq 1 ] || { echo "$output" | head; false; }
	run grep -E '^[0-9]+ +open(at|at2)?\(.*(O_WRONLY|O_RDWR|O_CREAT).*= [0-9]+<' "$BATS_TEST_TMPDIR/trace"
	run grep -vE "= [0-9]+<($BATS_TEST_TMPDIR/|/dev/null)" <<<"$output"
	[ "$status" -eq 1 ] || [ -z "$output" ] || { echo "$output" | head; false; }

	# And nothing is written but to our own files, pipes, sockets that ask the kernel, and the terminal.
	# (A file of our own gets its name by a link from /proc/self/fd.)
	run grep -E '\b(p?writev?[0-9]*|sendfile|splice|ftruncate|truncate|fallocate|unlink(at)?|rename(at2?)?|mkdir(at)?|rmdir|symlink(at)?|link(at)?|f?chmod(at)?|f?chown(at)?|setxattr|utimensat)\(.*(/proc/|/sys/)' "$BATS_TEST_TMPDIR/trace"
	run grep -vE "linkat\(.*\"/proc/self/fd/[0-9]+\", [^\"]*\"$BATS_TEST_TMPDIR/" <<<"$output"
	[ "$status" -eq 1 ] || [ -z "$output" ] || { echo "$output" | head; false; }
}

@test "no sample of a busy target shows a tracer or a stopped state while it is dumped" {
	start_quiet python3 -c 'import threading
for _ in range(3): threading.Thread(target=lambda: [sum(range(1000)) for _ in iter(int, 1)]).start()'
	sleep 0.3
	python3 - "$QUIET_PID" "$MIGCHECK" "$BATS_TEST_TMPDIR/source" <<'PYTHON'
import os, subprocess, sys
pid, migcheck, out = sys.argv[1:]
samples = 0
for _ in range(10):
    p = subprocess.Popen([migcheck, "dump", "-q", "-p", pid, "-o", out])
    while p.poll() is None:
        for tid in os.listdir("/proc/%s/task" % pid):
            text = open("/proc/%s/task/%s/status" % (pid, tid)).read()
            samples += 1
            assert "\nTracerPid:\t0\n" in text, text
            state = text.split("\nState:\t")[1][0]
            assert state in "RSD", state
    assert p.returncode == 0
assert samples > 100, samples
print(samples, "samples")
PYTHON
}

@test "a dump leaves the target's descriptors, files' times and pending signals as they were" {
	echo content > "$BATS_TEST_TMPDIR/file"
	touch -a -d '2001-01-01' "$BATS_TEST_TMPDIR/file"
	start_quiet python3 -c "import time; f = open('$BATS_TEST_TMPDIR/file'); f.read(3); time.sleep(600)"
	until [ "$(readlink "/proc/$QUIET_PID/fd/3")" = "$BATS_TEST_TMPDIR/file" ] &&
		grep -qs '^pos:.*[1-9]' "/proc/$QUIET_PID/fdinfo/3"; do sleep 0.02; done
	touch -a -d '2001-01-01' "$BATS_TEST_TMPDIR/file"
	before=$(ls -l "/proc/$QUIET_PID/fd" | awk '{print $9,$10,$11}'; cat /proc/$QUIET_PID/fdinfo/3; grep -E 'Sig[^Q]|Shd' /proc/$QUIET_PID/status; stat -c '%X %Y %Z' "$BATS_TEST_TMPDIR/file")
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$BATS_TEST_TMPDIR/source"
	after=$(ls -l "/proc/$QUIET_PID/fd" | awk '{print $9,$10,$11}'; cat /proc/$QUIET_PID/fdinfo/3; grep -E 'Sig[^Q]|Shd' /proc/$QUIET_PID/status; stat -c '%X %Y %Z' "$BATS_TEST_TMPDIR/file")
	[ "$before" = "$after" ]
	# The content was really read: its digest is the one that sha256sum finds.
	"$MIGCHECK" show "$BATS_TEST_TMPDIR/source" | grep -F "$BATS_TEST_TMPDIR/file" | grep -q "$(sha256sum < "$BATS_TEST_TMPDIR/file" | cut -d' ' -f1)"
}

@test "a write lease of somebody outside the tree is not broken, on either side" {
	cp /etc/passwd "$BATS_TEST_TMPDIR/leased"
	# The tree holds it by O_PATH, which opens nothing; the lease is another program's.
	start_quiet python3 -c "import os, time; os.open('$BATS_TEST_TMPDIR/leased', os.O_PATH); time.sleep(600)"
	sleep 0.3
	python3 - "$BATS_TEST_TMPDIR/leased" "$MIGCHECK" "$QUIET_PID" "$BATS_TEST_TMPDIR" <<'PYTHON'
import fcntl, os, signal, subprocess, sys
path, migcheck, pid, tmp = sys.argv[1:]
broken = []
signal.signal(signal.SIGIO, lambda *_: broken.append(1))
def run(*arguments):
    return subprocess.run([migcheck, *arguments], check=True, capture_output=True, text=True).stdout
run("dump", "-q", "-p", pid, "-o", tmp + "/free")
fd = os.open(path, os.O_RDONLY)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
run("dump", "-q", "-p", pid, "-o", tmp + "/source")
run("probe", "-q", "-s", tmp + "/free", "-o", tmp + "/there")
assert not broken and fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_WRLCK
for side in "/source", "/there":
    assert any("EBUSY" in l and "leased" in l for l in run("show", tmp + side).splitlines()), side
# It is one that reading breaks: what was kept from it in the beginning is read.
assert "digest_state=done" in [l for l in run("show", tmp + "/free").splitlines() if path in l][0]
PYTHON
}

@test "a folder of PATH, --criu and --root on a file system that never answers: no hang" {
	T=$BATS_TEST_TMPDIR
	gcc -O2 -D_GNU_SOURCE -o "$T/deaf-fuse" "$TOP/tests/e2e/deaf-fuse.c"
	mkdir "$T/mnt"
	start_quiet sleep 600
	"$MIGCHECK" dump -q -p "$QUIET_PID" -o "$T/source"
	# All in a mount namespace of its own: the mount ends with it.
	run timeout -k 1 60 unshare --mount bash -c '
		T=$1 migcheck=$2 pid=$3
		mkfifo $T/in
		$T/deaf-fuse $T/mnt < $T/in > $T/state & daemon=$!
		exec 9> $T/in
		for _ in $(seq 100); do grep -q mounted $T/state && break; kill -0 $daemon 2>/dev/null || exit 77; sleep 0.05; done
		timeout -k 1 15 env PATH=$T/mnt/bin:$PATH $migcheck dump -q --timeout 1 -p $pid -o $T/again || exit 1
		timeout -k 1 15 env PATH=$T/mnt/bin:$PATH $migcheck probe -q --timeout 1 -s $T/source -o $T/there || exit 2
		timeout -k 1 15 $migcheck probe -q --timeout 1 --criu $T/mnt/criu -s $T/source -o $T/other || exit 3
		timeout -k 1 15 $migcheck probe -q --timeout 1 --root $T/mnt/root -s $T/source -o $T/none 2> $T/error
		[ $? -eq 2 ] || exit 4
		exec 9>&-
		wait $daemon
	' bash "$T" "$MIGCHECK" "$QUIET_PID"
	[ "$status" -ne 77 ] || skip "no FUSE here: $output"
	[ "$status" -eq 0 ] || { echo "$status $output"; false; }
	"$MIGCHECK" show "$T/there" | grep -F ETIMEDOUT | grep -qw criu
	[ ! -e "$T/none" ] && [ -s "$T/error" ]
}
