#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# hosts.sh up [FOLDER]            two hosts, joined by a cable: "source" 10.77.0.1, "destination" 10.77.0.2
# hosts.sh source COMMAND…        runs COMMAND on the source: this machine in another network namespace
# hosts.sh destination COMMAND…   runs COMMAND on the destination
# hosts.sh give FILE [NAME]       puts a program into the destination's /usr/local/bin, with its libraries
# hosts.sh down                   ends both
#
# The destination is another Debian (get-rootfs.sh) in namespaces of its own for network, processes,
# mounts, host name and IPC, with that Debian's own sshd in it. "up" prints a folder; with its bin/
# first in PATH, "ssh destination" finds the host with key and all. Nothing is written to /etc or /run
# of this machine, nor to the fetched root file system: the destination writes to a tmpfs over it.
# Both hosts are held by one process each, and everything ends with them. LAB_HOSTS names the folder
# of their state; two pairs can live at once in different folders.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=programs.sh
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"

state=${LAB_HOSTS:-$LAB_CACHE/hosts}

# A pid alone may be somebody else's by now: it counts only with its start time.
hosts_remember() {
	printf '%s %s\n' "$2" "$(awk '{print $22}' "/proc/$2/stat")" > "$state/$1"
}

# hosts_pid source|destination: prints the pid of the holder if it lives.
hosts_pid() {
	local pid start

	read -r pid start 2> /dev/null < "$state/$1" || return 1
	[[ $(awk '{print $22}' "/proc/$pid/stat" 2> /dev/null) == "$start" ]] || return 1
	printf '%s\n' "$pid"
}

hosts_keys() {
	local name

	mkdir -p "$state/keys" "$state/bin"
	for name in host user; do
		[[ -e $state/keys/$name ]] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$state/keys/$name"
	done
	{
		printf 'destination '
		cut -d' ' -f1,2 "$state/keys/host.pub"
	} > "$state/keys/known"
	cat > "$state/config" <<-CONF
		Host destination
			HostName 10.77.0.2
			HostKeyAlias destination
			User root
			IdentityFile $state/keys/user
			UserKnownHostsFile $state/keys/known
			BatchMode yes
			ConnectTimeout 5
	CONF
	cat > "$state/bin/ssh" <<-WRAPPER
		#!/bin/sh
		exec $LAB_SSH -F $state/config "\$@"
	WRAPPER
	chmod 755 "$state/bin/ssh"
}

# What the destination's first process does, as PID 1 of its namespaces, before sshd: makes a root of
# the other Debian, a tmpfs above it, and the kernel's own file systems, and leaves this host's root.
# shellcheck disable=SC2016
hosts_init='
set -e
rootfs=$1 state=$2
mount -t tmpfs -o mode=755 lab "$state/root"
mkdir "$state/root/upper" "$state/root/work" "$state/root/merged"
new=$state/root/merged
mount -t overlay -o "lowerdir=$rootfs,upperdir=$state/root/upper,workdir=$state/root/work" lab "$new"
mount -t proc proc "$new/proc"
mount -t sysfs sys "$new/sys"
mount --rbind /sys/fs/cgroup "$new/sys/fs/cgroup"
mount -t tmpfs -o mode=755 dev "$new/dev"
for node in null zero full random urandom tty; do
	: > "$new/dev/$node"
	mount --bind "/dev/$node" "$new/dev/$node"
done
mkdir "$new/dev/pts" "$new/dev/shm" "$new/run/sshd" "$new/etc/lab" "$new/root/.ssh"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$new/dev/pts"
ln -s pts/ptmx "$new/dev/ptmx"
mount -t tmpfs -o mode=1777 shm "$new/dev/shm"
echo sshd:x:101:65534::/run/sshd:/usr/sbin/nologin >> "$new/etc/passwd"
cp "$state/keys/host" "$new/etc/lab/host"
cp "$state/keys/user.pub" "$new/root/.ssh/authorized_keys"
chmod 700 "$new/root" "$new/root/.ssh" "$new/etc/lab"
hostname destination
ip link set lo up
ip link set lab1 up
ip addr add 10.77.0.2/24 dev lab1
cd "$new"
mkdir -p "$new/mnt"
pivot_root . mnt
exec chroot . /bin/sh -c "umount -l /mnt
	/usr/sbin/sshd -f /dev/null -h /etc/lab/host -o UsePAM=no -o StrictModes=no \
		-o PasswordAuthentication=no -o PidFile=none -E /run/sshd.log
	while :; do sleep 3600 & wait; done"
'

hosts_up() {
	local rootfs holder destination source

	! hosts_pid destination > /dev/null || hosts_down
	programs_setup
	rootfs=$("$LAB_DIR/get-rootfs.sh")
	mkdir -p "$state/root"
	hosts_keys

	# Each host's network namespace is made first and empty, then the cable, then the rest.
	(lab_clean unshare --net sleep infinity < /dev/null > /dev/null 2>&1) &
	source=$!
	mkfifo "$state/go.$$"
	# shellcheck disable=SC2016
	(lab_clean unshare --net --pid --fork --mount --uts --ipc --propagation private \
		/bin/sh -c 'read -r go < "$3"; eval "$4"' sh "$rootfs" "$state" "$state/go.$$" "$hosts_init" \
		< /dev/null > "$state/log" 2>&1) &
	holder=$!
	lab_wait 5 hosts_other_net "$source"
	lab_wait 5 hosts_other_net "$holder"
	lab_wait 5 hosts_has_child "$holder"
	read -r destination _ < "/proc/$holder/task/$holder/children" || true
	hosts_remember source "$source"
	hosts_remember destination "$destination"
	ip link add lab0 netns "$source" type veth peer name lab1 netns "$destination"
	nsenter -t "$source" --net sh -ec 'ip link set lo up; ip link set lab0 up; ip addr add 10.77.0.1/24 dev lab0'
	echo > "$state/go.$$"
	rm -f "$state/go.$$"
	if ! lab_wait 10 hosts_answer; then
		cat "$state/log" >&2
		hosts_down
		lab_die 'the destination does not answer'
	fi
	printf '%s\n' "$state"
}

hosts_other_net() {
	[[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" ]]
}

hosts_has_child() {
	[[ -n $(< "/proc/$1/task/$1/children") ]]
}

hosts_answer() {
	[[ -n $(hosts_destination /usr/bin/ss -Htln 'sport = :22' 2> /dev/null) ]]
}

# The programs that a host holds end with its first process; sleep infinity of the source alone is not
# the first of a PID namespace, but nothing else lives in its network.
hosts_down() {
	local name pid

	for name in source destination; do
		pid=$(hosts_pid "$name") || continue
		lab_kill "$pid"
	done
	rm -f "$state/source" "$state/destination" "$state"/go.*
}

hosts_source() {
	local pid

	pid=$(hosts_pid source) || lab_die 'the hosts are not up'
	nsenter -t "$pid" --net -- "$@"
}

hosts_destination() {
	local pid

	pid=$(hosts_pid destination) || lab_die 'the hosts are not up'
	nsenter -t "$pid" --all -- "$@"
}

# Only libraries that the other Debian lacks are given: it is to run on its own libc.
hosts_give() {
	local file=$1 root name lib

	root=/proc/$(hosts_pid destination)/root || lab_die 'the hosts are not up'
	name=${2:-$(basename "$file")}
	mkdir -p "$root/usr/local/bin"
	cp "$file" "$root/usr/local/bin/$name"
	ldd "$file" | sed -nE 's/^.*=> (\/[^ ]*) \(.*/\1/p' | while read -r lib; do
		[[ -n $(find "$root/usr/lib" -name "$(basename "$lib")" -print -quit) ]] ||
			cp -L "$lib" "$root/usr/lib/x86_64-linux-gnu/"
	done
}

case ${1:-} in
up | down | source | destination | give)
	command=$1
	shift
	"hosts_$command" "$@"
	;;
*)
	sed -n '4,8s/^# //p' "$0" >&2
	exit 2
	;;
esac
