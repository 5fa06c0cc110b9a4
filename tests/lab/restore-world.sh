# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154 # the lower-case names are those that restore.py gives
#
# Sourced by the changes of restore.py, inside the destination: each helper makes one change and notes
# in $own/undo how to take it back.
#
#	cover /usr/bin/x 'chmod 700 "$1"'     that file, altered, is bound over itself
#	copy "$dir"                           that folder is a copy, in which anything may be done
#	kernel fs/nr_open 1048512             a sysctl

undo() {
	printf '%s\n' "$1" >> "$own/undo"
}

# The last change is taken back first.
undo_all() {
	[ ! -e "$own/undo" ] || tac "$own/undo" > "$own/undoing"
	rm -f "$own/undo"
	[ ! -e "$own/undoing" ] || . "$own/undoing"
	rm -f "$own/undoing"
}

bind() {
	mount --bind "$1" "$2"
	undo "umount -l '$2'"
}

# cover FILE [SCRIPT]: SCRIPT ($1 is the copy) alters a copy, which is then bound over FILE.
cover() {
	copied=$(mktemp "$own/XXXXXX")
	cp -pL "$1" "$copied"
	sh -ec "$2" sh "$copied"
	bind "$copied" "$1"
}

# copy DIR
copy() {
	copied=$(mktemp -d "$own/XXXXXX")
	cp -a "$1/." "$copied"
	chmod --reference="$1" "$copied"
	bind "$copied" "$1"
}

# hide FILE: not there, by an overlay over its folder.
hide() {
	hidden=$(dirname "$1") up=$(mktemp -d "$own/XXXXXX")
	mkdir "$up/u" "$up/w"
	chmod --reference="$hidden" "$up/u"
	mount -t overlay overlay -o "lowerdir=$hidden,upperdir=$up/u,workdir=$up/w" "$hidden"
	undo "umount -l '$hidden'"
	rm "$1"
}

# remount DIR OPTION
remount() {
	bind "$1" "$1"
	mount -o "remount,bind,$2" "$1"
}

# kernel NAME VALUE: a sysctl by its path below /proc/sys.
kernel() {
	undo "echo '$(cat "/proc/sys/$1")' > '/proc/sys/$1'"
	echo "$2" > "/proc/sys/$1"
}

# running COMMAND…: it says "up" in a line of its own when it is.
running() {
	mkfifo "$own/up"
	"$@" < /dev/null > "$own/up" 2> /dev/null &
	undo "kill -9 $! && while [ -e /proc/$! ]; do sleep 0.02; done"
	grep -q up "$own/up"
	rm "$own/up"
}

# python CODE [ARGUMENT…]: CODE ends in up(), and so stays.
python() {
	code=$1
	shift
	running python3 -c "import os, socket, sys, threading, time
def last(n):
    with open('/proc/sys/kernel/ns_last_pid', 'w') as f: f.write(str(n - 1))
def up():
    print('up', flush=True)
    time.sleep(3600)
$code" "$@"
}

# sleeper PID [COMMAND…]: a process with that number, which makes itself something by COMMAND first.
sleeper() {
	number=$1
	shift
	undo "kill -9 $number && while [ -e /proc/$number ]; do sleep 0.02; done"
	python 'last(int(sys.argv[1]))
p = os.fork()
if p == 0:
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 1)
    os.execvp(sys.argv[2], sys.argv[2:])
assert p == int(sys.argv[1])
time.sleep(0.1)
up()' "$number" "$@" sleep 3600
}

# listen ADDRESS PORT [reuseport]: a listener on TCP.
listen() {
	python 's = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if "reuseport" in sys.argv: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
if "only" in sys.argv: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen()
up()' "$@"
}

# lock flock|lockf LOCK_EX|LOCK_SH PATH [LENGTH START]: a lock that stays.
lock() {
	python 'import fcntl
getattr(fcntl, sys.argv[1])(os.open(sys.argv[3], os.O_RDWR), getattr(fcntl, sys.argv[2]), *map(int, sys.argv[4:]))
up()' "$@"
}

# note FILE KIND: another ELF build-id (1), or none (0).
note() {
	# shellcheck disable=SC2016
	cover "$1" 'python3 - "$1" '"$2"' <<-PYTHON
		import sys
		data = bytearray(open(sys.argv[1], "rb").read())
		at = data.find(b"\\x03\\0\\0\\0GNU\\0")
		assert at > 0
		data[at if sys.argv[2] == "0" else at + 8] ^= 0x7f
		open(sys.argv[1], "wb").write(data)
	PYTHON'
}
