# SPDX-License-Identifier: Apache-2.0
"""The situations and changes of restore.py.

before and after are lines of shell on this host, before the dump and at the end. A change is a line of shell (the helpers are in restore-world.sh; $path, $port… are what mkproc said,
$dir is the folder the situation works in, $mkproc its executable), options that the restoring criu
gets, or the command under which it runs. What the helpers do is taken back by undo_all.
"""
import collections

Change = collections.namedtuple("Change", "what do options under stays", defaults=("", "", "", False))
Situation = collections.namedtuple("Situation", "name domain changes dump restore root used_up before after",
                                   defaults=("", "", False, False, "", ""))

NOTHING = Change("nothing")


def change(what, do="", **more):
    return Change(what, do, **more)


def without(cap):
    return change("criu lacks cap_" + cap, under="setpriv --inh-caps=-%s --bounding-set=-%s" % (cap, cap))


def on(name, domain, *changes, **more):
    return Situation(name, domain, (NOTHING,) + changes, **more)


def in_copy(what, do, **more):
    """In a copy of the folder that the situation works in."""
    return change(what, 'copy "$dir"; ' + do, **more)


SITUATIONS = [
    on("plain", "programs",
       change("executable gone", 'hide "$mkproc"'),
       change("executable is not executable", 'cover "$mkproc" \'chmod 644 "$1"\''),
       change("executable is set-user-id", 'cover "$mkproc" \'chmod 4755 "$1"\''),
       change("executable grown", 'cover "$mkproc" \'echo >> "$1"\''),
       change("executable shrunk", 'cover "$mkproc" \'truncate -s -1 "$1"\''),
       change("executable of another build-id", 'note "$mkproc" 1'),
       change("executable of another build-id, which is not looked at", 'note "$mkproc" 1',
              options="--file-validation filesize"),
       change("executable without a build-id", 'note "$mkproc" 0'),
       change("executable of other content", 'cover "$mkproc" \'printf "\\001" | dd of="$1" bs=1 '
              'seek=$(($(stat -c %s "$1") - 1)) conv=notrunc status=none\''),
       change("executable is a link to a copy", 'hide "$mkproc"; cp -p "$mkproc" "$own/copy" 2> /dev/null || '
              'cp -p /proc/$$/exe "$own/copy"; ln -s "$own/copy" "$mkproc"'),
       change("executable is a folder", 'hide "$mkproc"; mkdir "$mkproc"'),
       change("executable is a FIFO", 'hide "$mkproc"; mkfifo "$mkproc"'),
       change("executable on a noexec mount", 'remount "$mkproc" noexec'),
       change("executable on a read-only mount", 'remount "$mkproc" ro'),
       change("libc of another mode", 'cover "$(realpath /lib/x86_64-linux-gnu/libc.so.6)" \'chmod 700 "$1"\''),
       change("/dev/null is /dev/zero", 'bind /dev/zero /dev/null'),
       change("/dev/null is a file", 'touch "$own/null"; chmod 666 "$own/null"; bind "$own/null" /dev/null'),
       change("/dev/null of another mode", 'mknod "$own/null" c 1 3; chmod 600 "$own/null"; bind "$own/null" /dev/null'),
       change("criu does not start", 'bind "$own" "$criu/sbin"'),
       change("PID taken", 'sleeper "$pid"'),
       change("PID taken by a session leader", 'sleeper "$pid" setsid'),
       change("PID taken by a thread", '''python 'last(int(sys.argv[1]))
threading.Thread(target=time.sleep, args=(3600,)).start()
assert os.path.exists("/proc/self/task/" + sys.argv[1])
up()' "$pid"'''),
       change("PID taken by a zombie", '''python 'last(int(sys.argv[1]))
if os.fork() == 0: os._exit(0)
time.sleep(0.1)
up()' "$pid"'''),
       change("PID is the number of a group whose leader has ended", '''python 'last(int(sys.argv[1]))
p = os.fork()
if p == 0:
    os.setpgid(0, 0)
    if os.fork() == 0:
        os.dup2(os.open("/dev/null", os.O_RDWR), 1)
        time.sleep(3600)
    os._exit(0)
os.waitpid(p, 0)
up()' "$pid"; undo "pkill -9 -g $pid; sleep 0.1"'''),
       change("PIDs end below", 'kernel kernel/pid_max 301'),
       without("sys_admin"), without("setpcap"), without("sys_ptrace"), without("net_admin"),
       without("sys_chroot"), without("setuid"), without("setgid"), without("sys_time"),
       without("dac_override"), without("chown"), without("kill"), without("checkpoint_restore"),
       change("criu in a user namespace", under="unshare --user --map-root-user"),
       change("criu with fewer descriptors", under="prlimit --nofile=1024:1024"),
       change("criu as nobody", under="setpriv --reuid 65534 --regid 65534 --clear-groups"),
       change("/proc/sys is read-only", 'remount /proc/sys ro'),
       change("no ns_last_pid", 'bind /dev/null /proc/sys/kernel/ns_last_pid'),
       change("no /sys", 'mount -t tmpfs none /sys; undo "umount /sys"'),
       change("no /tmp to write to", 'remount /tmp ro'),
       ),
    on("file-readonly", "files",
       in_copy("gone", 'rm "$path"'),
       in_copy("grown", 'echo >> "$path"'),
       in_copy("shrunk", 'truncate -s -1 "$path"'),
       in_copy("empty", ': > "$path"'),
       in_copy("readable for more", 'chmod a+r,g+w "$path"'),
       in_copy("readable for more, which is not looked at", 'chmod a+r,g+w "$path"', options="--skip-file-rwx-check"),
       in_copy("set-group-id", 'chmod g+s "$path"'),
       in_copy("set-group-id, rwx is not looked at", 'chmod g+s "$path"', options="--skip-file-rwx-check"),
       in_copy("sticky", 'chmod +t "$path"'),
       in_copy("other content", 'printf x | dd of="$path" conv=notrunc status=none'),
       in_copy("other owner", 'chown 65534 "$path"'),
       in_copy("a folder", 'rm "$path"; mkdir "$path"'),
       in_copy("a link to the same", 'mv "$path" "$path-2"; ln -s "$path-2" "$path"'),
       in_copy("a link to nothing", 'rm "$path"; ln -s nothing "$path"'),
       in_copy("a FIFO", 'rm "$path"; mkfifo "$path"'),
       in_copy("a device", 'rm "$path"; mknod "$path" c 1 3'),
       in_copy("a socket", 'rm "$path"; python3 -c \'import socket, sys; '
               'socket.socket(socket.AF_UNIX).bind(sys.argv[1])\' "$path"'),
       change("its folder gone", 'copy "$(dirname "$dir")"; rm -r "$dir"'),
       change("on a read-only mount", 'remount "$dir" ro'),
       change("on a noexec mount", 'remount "$dir" noexec'),
       ),
    on("file-readwrite", "files",
       change("on a read-only mount", 'remount "$dir" ro'),
       in_copy("grown", 'echo >> "$path"'),
       in_copy("other content", 'printf x | dd of="$path" conv=notrunc status=none'),
       change("immutable", 'chattr +i "$path"; undo "chattr -i \'$path\'"'),
       ),
    on("file-append", "files",
       in_copy("grown", 'echo >> "$path"'),
       in_copy("shrunk", ': > "$path"'),
       in_copy("gone", 'rm "$path"'),
       change("on a read-only mount", 'remount "$dir" ro'),
       change("append-only", 'chattr +a "$path"; undo "chattr -a \'$path\'"'),
       ),
    on("file-readwrite-append", "files", in_copy("grown", 'echo >> "$path"')),
    on("lock-flock", "files",
       change("locked by another", 'lock flock LOCK_EX "$path"'),
       change("locked by another, who shares it", 'lock flock LOCK_SH "$path"'),
       change("another has a record lock on it", 'lock lockf LOCK_EX "$path"'),
       dump="--file-locks", restore="--file-locks"),
    on("lock-posix", "files",
       change("locked by another", 'lock lockf LOCK_EX "$path" 4 20'),
       change("other bytes are locked by another", 'lock lockf LOCK_EX "$path" 8 24'),
       change("another has a flock on it", 'lock flock LOCK_EX "$path"'),
       dump="--file-locks", restore="--file-locks"),
    on("lock-ofd", "files",
       change("locked by another", 'lock lockf LOCK_EX "$path"'),
       dump="--file-locks", restore="--file-locks"),
    on("file-opath", "files",
       in_copy("gone", 'rm "$path"'),
       in_copy("grown", 'echo >> "$path"'),
       change("on a read-only mount", 'remount "$dir" ro'),
       ),
    on("file-folder", "files",
       in_copy("other mode", 'chmod 755 "$dir"'),
       change("a file", 'touch "$own/file"; copy "$(dirname "$dir")"; rm -r "$dir"; touch "$dir"; chmod 700 "$dir"'),
       change("gone", 'copy "$(dirname "$dir")"; rm -r "$dir"'),
       ),
    on("file-growing", "files",
       change("its program has other code of the same size and build-id", 'cover "$mkproc" \'python3 - "$1" <<-PYTHON\n'
              'import subprocess, sys\n'
              'text = subprocess.run(["readelf", "-SW", sys.argv[1]], stdout=-1, text=True).stdout\n'
              'words = [l.split("]", 1)[1].split() for l in text.splitlines() if " .text " in l][0]\n'
              'at, size = int(words[3], 16), int(words[4], 16)\n'
              'with open(sys.argv[1], "r+b") as f:\n'
              '    f.seek(at)\n'
              '    f.write(b"\\xcc" * size)\n'
              'PYTHON\n\''),
       in_copy("gone", 'rm "$path"'),
       ),
    on("file-deleted-small", "ghosts",
       change("its folder gone", 'copy "$(dirname "$dir")"; rm -r "$dir"'),
       change("its folder read-only", 'remount "$dir" ro'),
       change("its folder full", 'mount -t tmpfs -o size=4k,mode=700 none "$dir"; undo "umount \'$dir\'"; '
              'printf x > "$dir/full"'),
       change("no inode left in its folder", 'mount -t tmpfs -o nr_inodes=2,mode=700 none "$dir"; undo "umount \'$dir\'"; '
              ': > "$dir/full"'),
       in_copy("its name taken by another file", 'echo other > "$path"'),
       in_copy("its name taken by a folder", 'mkdir "$path"'),
       in_copy("left-overs of a restore", 'touch "$path.cr.1.ghost" "$path.cr.2.ghost"'),
       without("chown"), without("dac_override"),
       ),
    on("file-deleted-folder", "ghosts",
       change("the folder above gone", 'copy "$(dirname "$dir")"; rm -r "$dir"'),
       change("the folder above read-only", 'remount "$dir" ro'),
       ),
    on("file-exe-deleted", "ghosts",
       change("its folder noexec", 'remount "$dir" noexec'),
       change("its folder full", 'mount -t tmpfs -o size=4k,mode=700 none "$dir"; undo "umount \'$dir\'"; '
              'printf x > "$dir/full"'),
       ),
    on("file-cwd-deleted", "ghosts", change("the folder above read-only", 'remount "$dir" ro')),
    on("file-link-remap", "ghosts",
       in_copy("the link that CRIU made is gone", 'rm "$dir"/link_remap.*'),
       in_copy("the link that CRIU made has grown", 'echo >> "$(echo "$dir"/link_remap.*)"'),
       in_copy("the name is taken", 'echo > "$path"'),
       dump="--link-remap", used_up=True),
    on("file-proc-meminfo", "files",
       change("/proc/meminfo is covered", 'cp /proc/meminfo "$own/m"; chmod 400 "$own/m"; bind "$own/m" /proc/meminfo'),
       ),
    on("file-sys", "files",
       change("no /sys", 'mount -t tmpfs none /sys; undo "umount /sys"'),
       ),
    on("fifo", "pipes",
       in_copy("gone", 'rm "$path"'),
       in_copy("a file", 'rm "$path"; touch "$path"'),
       in_copy("other mode", 'chmod 666 "$path"'),
       change("on a read-only mount", 'remount "$dir" ro'),
       ),
    on("pipe-large", "pipes",
       change("pipes may not be as large", 'kernel fs/pipe-max-size 65536'),
       ),
    on("inotify", "events",
       change("the folder gone", 'copy "$(dirname "$dir")"; rm -r "$dir"'),
       ),
    on("map-library", "programs",
       in_copy("gone", 'rm "$path"'),
       in_copy("not readable for others", 'chmod 700 "$path"'),
       in_copy("other content", 'printf "\\001" | dd of="$path" bs=1 seek=$(($(stat -c %s "$path") - 1)) '
               'conv=notrunc status=none'),
       change("on a noexec mount", 'remount "$dir" noexec'),
       ),
    on("map-file-shared", "files",
       change("on a read-only mount", 'remount "$dir" ro'),
       in_copy("shrunk", 'truncate -s -1 "$path"'),
       ),
    on("tcp-listen", "ports",
       change("taken", 'listen 127.0.0.1 "$port"'),
       change("taken on every address", 'listen 0.0.0.0 "$port"'),
       change("taken on every address of IPv6 and IPv4", 'listen :: "$port"'),
       change("taken on every address of IPv6 only", 'listen :: "$port" only'),
       change("taken on another address", 'listen 127.0.0.2 "$port"'),
       change("shared by a listener with SO_REUSEPORT", 'listen 127.0.0.1 "$port" reuseport'),
       change("bound by one that does not listen", '''python 's = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
up()' "$port"'''),
       change("a connection has it", '''python 'l = socket.socket()
l.bind(("127.0.0.1", 0))
l.listen()
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.connect(l.getsockname())
up()' "$port"'''),
       change("in TIME_WAIT", '''python 'l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("127.0.0.1", int(sys.argv[1])))
l.listen()
c = socket.socket()
c.connect(l.getsockname())
s, _ = l.accept()
s.close()
c.close()
l.close()
time.sleep(0.1)
up()' "$port"''', stays=True),
       change("in TIME_WAIT, of one without SO_REUSEADDR", '''python 'l = socket.socket()
l.bind(("127.0.0.1", int(sys.argv[1])))
l.listen()
c = socket.socket()
c.connect(l.getsockname())
s, _ = l.accept()
s.close()
c.close()
l.close()
time.sleep(0.1)
up()' "$port"''', stays=True),
       change("the address gone", 'ip addr del 127.0.0.1/8 dev lo; undo "ip addr add 127.0.0.1/8 dev lo"'),
       change("the loopback down", 'ip link set lo down; undo "ip link set lo up"'),
       change("the address gone, any may be bound", 'ip addr del 127.0.0.1/8 dev lo; '
              'undo "ip addr add 127.0.0.1/8 dev lo"; kernel net/ipv4/ip_nonlocal_bind 1'),
       change("ports below are privileged", 'kernel net/ipv4/ip_local_port_range "65530 65535"; '
              'kernel net/ipv4/ip_unprivileged_port_start 65530',
              under="setpriv --inh-caps=-net_bind_service --bounding-set=-net_bind_service"),
       without("net_raw"),
       ),
    on("tcp-listen-any", "ports",
       change("taken on one address", 'listen 127.0.0.1 "$port"'),
       change("shared by a listener with SO_REUSEPORT", 'listen 0.0.0.0 "$port" reuseport'),
       ),
    on("tcp-listen-v6", "ports",
       change("no IPv6 on the loopback", 'kernel net/ipv6/conf/lo/disable_ipv6 1; undo "echo"'),
       change("taken", 'listen ::1 "$port"'),
       change("taken on every address", 'listen :: "$port"'),
       change("taken on IPv4", 'listen 0.0.0.0 "$port"'),
       ),
    on("tcp-listen-freebind", "ports",
       change("the address is there", 'ip addr add 192.0.2.1/32 dev lo; undo "ip addr del 192.0.2.1/32 dev lo"',
              stays=True),
       change("any may be bound", 'kernel net/ipv4/ip_nonlocal_bind 1', stays=True),
       ),
    on("tcp-established", "ports",
       change("a listener has the port", 'listen 127.0.0.1 "$port"'),
       change("the loopback down", 'ip link set lo down; undo "ip link set lo up"'),
       without("net_admin"),
       dump="--tcp-established --network-lock skip", restore="--tcp-established"),
    on("udp-bound", "ports",
       change("taken", '''python 's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
up()' "$port"'''),
       change("taken by TCP", 'listen 127.0.0.1 "$port"'),
       change("the address gone", 'ip addr del 127.0.0.1/8 dev lo; undo "ip addr add 127.0.0.1/8 dev lo"'),
       ),
    on("udp-connected", "ports",
       change("the loopback down", 'ip link set lo down; undo "ip link set lo up"'),
       ),
    on("unix-listen", "names",
       in_copy("a file in the way", 'rm -f "$path"; touch "$path"'),
       in_copy("a folder in the way", 'rm -f "$path"; mkdir "$path"'),
       in_copy("a stale socket in the way", 'rm -f "$path"; python3 -c \'import socket, sys; '
               'socket.socket(socket.AF_UNIX).bind(sys.argv[1])\' "$path"'),
       in_copy("a listener has it", '''rm -f "$path"; python 's = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
up()' "$path"'''),
       change("its folder gone", 'copy "$(dirname "$dir")"; rm -r "$dir"'),
       change("its folder read-only", 'remount "$dir" ro'),
       ),
    on("unix-listen-abstract", "names",
       change("taken", '''python 's = socket.socket(socket.AF_UNIX)
s.bind("\\0" + sys.argv[1][1:])
up()' "$name"'''),
       ),
    on("pty-pair", "names",
       change("a devpts of its own, all free", 'mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 none /dev/pts; '
              'undo "umount /dev/pts"; bind /dev/pts/ptmx /dev/ptmx'),
       change("the number taken in a devpts of its own", 'mount -t devpts -o newinstance,ptmxmode=666 none /dev/pts; '
              'undo "umount /dev/pts"; bind /dev/pts/ptmx /dev/ptmx; '
              'python \'all = [os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY) for _ in range(int(sys.argv[1]) + 1)]\n'
              'up()\' "$index"'),
       change("no devpts", 'mount -t tmpfs none /dev/pts; undo "umount /dev/pts"'),
       ),
    on("packet", "devices",
       without("net_raw"),
       ),
    on("raw-bound", "ports",
       change("the address gone", 'ip addr del 127.0.0.1/8 dev lo; undo "ip addr add 127.0.0.1/8 dev lo"'),
       without("net_raw"),
       ),
    on("dev-kmsg", "devices",
       change("another device", 'bind /dev/zero /dev/kmsg'),
       change("other mode", 'mknod "$own/kmsg" c 1 11; chmod 600 "$own/kmsg"; bind "$own/kmsg" /dev/kmsg'),
       ),
    on("task-threads", "ids",
       change("TID taken by a process", 'sleeper "$tid"'),
       change("TID taken by a zombie", '''python 'last(int(sys.argv[1]))
if os.fork() == 0: os._exit(0)
time.sleep(0.1)
up()' "$tid"'''),
       ),
    on("task-child-session", "ids",
       change("session taken", 'sleeper "$child" setsid'),
       ),
    on("cred-capabilities", "privileges",
       without("net_bind_service"),
       change("criu may not have net_bind_service, net_raw and setpcap",
              under="setpriv --inh-caps=-net_raw,-net_bind_service,-setpcap "
                    "--bounding-set=-net_raw,-net_bind_service,-setpcap"),
       ),
    on("sched-fifo", "privileges", without("sys_nice")),
    on("sched-nice", "privileges", without("sys_nice")),
    on("mem-locked", "memory",
       change("criu may not lock", under="setpriv --inh-caps=-ipc_lock --bounding-set=-ipc_lock prlimit --memlock=0"),
       ),
    on("mem-many count=20000", "memory",
       change("fewer mappings allowed", 'kernel vm/max_map_count 15000'),
       ),
    on("attr-oom-score", "privileges", without("sys_resource")),
    on("cg-pids", "cgroups",
       change("gone", 'rmdir "$folder"; undo "mkdir -p \'$folder\'; echo 32 > \'$folder/pids.max\'"'),
       change("gone, and CRIU may not make it", 'rmdir "$folder"; undo "mkdir -p \'$folder\'; echo 32 > \'$folder/pids.max\'"',
              options="--manage-cgroups=none"),
       change("there, and CRIU insists on making it", options="--manage-cgroups=strict"),
       change("not managed", options="--manage-cgroups=ignore"),
       change("no task allowed", 'echo 0 > "$folder/pids.max"; undo "echo 32 > \'$folder/pids.max\'"'),
       change("full", 'echo 1 > "$folder/pids.max"; undo "echo 32 > \'$folder/pids.max\'"; running sh -c '
              '"echo \\$\\$ > $folder/tasks; echo up; exec sleep 3600"'),
       ),
    on("task-children count=3", "cgroups",
       change("room for all", 'echo 4 > "$group/pids.max"; undo "echo max > \'$group/pids.max\'"'),
       change("room for all but one", 'echo 3 > "$group/pids.max"; undo "echo max > \'$group/pids.max\'"'),
       change("room for the first task only", 'echo 1 > "$group/pids.max"; undo "echo max > \'$group/pids.max\'"'),
       change("others are in it", 'echo 5 > "$group/pids.max"; undo "echo max > \'$group/pids.max\'"; for i in 1 2; do running sh -c '
              '"echo \\$\\$ > $group/tasks; echo up; exec sleep 3600"; done'),
       before='mkdir "$group"; for t in $pid $(cat /proc/$pid/task/$pid/children); do echo $t > "$group/cgroup.procs"; '
              'done', after='rmdir "$group"'),
    on("cg-thread", "cgroups",
       change("no task allowed", 'echo 0 > "$folder/pids.max"; undo "echo max > \'$folder/pids.max\'"'),
       change("one task allowed", 'echo 1 > "$folder/pids.max"; undo "echo max > \'$folder/pids.max\'"'),
       ),
    on("cg-memory", "cgroups",
       change("less memory than the tree has", 'rmdir "$folder"; mkdir "$folder"; echo 65536 > '
              '"$folder/memory.limit_in_bytes"; undo "rmdir \'$folder\'; mkdir \'$folder\'; echo 67108864 > '
              '\'$folder/memory.limit_in_bytes\'"'),
       change("gone", 'rmdir "$folder"; undo "mkdir -p \'$folder\'; echo 67108864 > \'$folder/memory.limit_in_bytes\'"'),
       ),
    on("cg-v2", "cgroups",
       change("frozen", 'echo 1 > "$folder/cgroup.freeze"; undo "echo 0 > \'$folder/cgroup.freeze\'"'),
       change("gone", 'rmdir "$folder"; undo "mkdir -p \'$folder\'"'),
       ),
    on("cg-freezer-thawed", "cgroups",
       change("frozen", 'echo FROZEN > "$folder/freezer.state"; undo "echo THAWED > \'$folder/freezer.state\'"'),
       ),
    on("ns-net", "namespaces",
       change("no ip", 'touch "$own/none"; for f in $(which -a ip | xargs realpath | sort -u); do bind "$own/none" "$f"; '
              'done'),
       without("net_admin"),
       change("/proc/sys is read-only", 'remount /proc/sys ro'),
       dump="--network-lock skip"),
    on("ns-uts", "namespaces", without("sys_admin")),
    on("ns-ipc", "namespaces",
       change("/proc/sys is read-only", 'remount /proc/sys ro'),
       ),
    on("ns-time", "namespaces", without("sys_time")),
    on("ns-pid", "namespaces", change("PID taken", 'sleeper "$pid"')),
    on("ns-mnt", "mounts",
       change("a file gone in the root", 'copy "$root"; rm "$root/pause"'),
       change("a file of another mode in the root", 'copy "$root"; chmod 700 "$root/pause"'),
       change("the root of another mode", 'copy "$root"; chmod 700 "$root"'),
       change("no mountpoint", 'copy "$root"; rmdir "$root/proc"'),
       change("no mounted root", 'umount "$root"; undo "mount --bind \'$root\' \'$root\'"'),
       change("no /tmp to write to", 'remount /tmp ro'),
       restore="--root ROOT", root=True),
    on("mnt-tmpfs", "mounts",
       change("no tar", 'hide /usr/bin/tar'),
       change("no mountpoint", 'copy "$root"; rmdir "$root/data"'),
       restore="--root ROOT", root=True),
]
