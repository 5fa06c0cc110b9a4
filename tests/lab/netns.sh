# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # state is set by whoever sources this
#
# Sourced by hosts.sh and fleet.sh: hosts that are namespaces of this machine (network, processes,
# mounts, host name, IPC), with a root file system and an sshd of their own. Nothing is written to
# /etc or /run of this machine, nor to the root file system that a host is made of: it writes to a
# tmpfs over it, which it sees as /run/written. Each is held by one process, and everything in it ends with that one. `state` is the
# folder of what is remembered of them, `LAB_DIR` and `lab_*` come from programs.sh.

# A pid alone may be somebody else's by now: it counts only with its start time.
netns_remember() {
	printf '%s %s\n' "$2" "$(awk '{print $22}' "/proc/$2/stat")" > "$state/$1.pid"
}

# netns_pid NAME: prints the pid of the first process of a host if it lives.
netns_pid() {
	local pid start

	read -r pid start 2> /dev/null < "$state/$1.pid" || return 1
	[[ $(awk '{print $22}' "/proc/$pid/stat" 2> /dev/null) == "$start" ]] || return 1
	printf '%s\n' "$pid"
}

netns_other_net() {
	[[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" ]]
}

netns_has_child() {
	[[ -n $(< "/proc/$1/task/$1/children") ]]
}

# Keys of the hosts and of their user, the same for all of them.
netns_keys() {
	local name

	mkdir -p "$state/keys"
	for name in host user; do
		[[ -e $state/keys/$name ]] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$state/keys/$name"
	done
}

# What the first process of a host does, as PID 1 of its namespaces, before sshd: makes a root of
# what it is given, a tmpfs above it, and the kernel's own file systems, and leaves this host's root.
# shellcheck disable=SC2016
netns_init='
set -e
lower=$1 state=$2 name=$3 link=$4 address=$5 layer=$6
mount -t tmpfs -o mode=755 lab "$state/root"
mkdir "$state/root/upper" "$state/root/work" "$state/root/merged"
new=$state/root/merged
[ -z "$layer" ] || cp -a "$layer/." "$state/root/upper/"
mount -t overlay -o "lowerdir=$lower,upperdir=$state/root/upper,workdir=$state/root/work" lab "$new"
mount -t proc proc "$new/proc"
mount -t sysfs sys "$new/sys"
mount --rbind /sys/fs/cgroup "$new/sys/fs/cgroup"
mount -t tmpfs -o mode=755 dev "$new/dev"
for node in null zero full random urandom tty; do
	: > "$new/dev/$node"
	mount --bind "/dev/$node" "$new/dev/$node"
done
mkdir -p "$new/dev/pts" "$new/dev/shm" "$new/run/sshd" "$new/etc/lab" "$new/root/.ssh" "$new/mnt" "$new/run/written"
mount --bind "$state/root/upper" "$new/run/written"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$new/dev/pts"
ln -s pts/ptmx "$new/dev/ptmx"
mount -t tmpfs -o mode=1777 shm "$new/dev/shm"
echo sshd:x:101:65534::/run/sshd:/usr/sbin/nologin >> "$new/etc/passwd"
cp "$state/keys/host" "$new/etc/lab/host"
cp "$state/keys/user.pub" "$new/root/.ssh/authorized_keys"
chmod 700 "$new/root" "$new/root/.ssh" "$new/etc/lab"
hostname "$name"
ip link set lo up
ip link set "$link" up
ip addr add $address dev "$link"
cd "$new"
pivot_root . mnt
exec chroot . /bin/sh -c "umount -l /mnt
	/usr/sbin/sshd -f /dev/null -h /etc/lab/host -o UsePAM=no -o StrictModes=no \
		-o PasswordAuthentication=no -o Subsystem=sftp\ internal-sftp \
		-o PidFile=none -E /run/sshd.log
	while :; do sleep 3600 & wait; done"
'

# netns_make NAME LOWER LINK ADDRESS [LAYER]: a host that waits for its cable, which will be called LINK
# there; netns_go lets it start. Its root is LOWER and what LAYER adds; ADDRESS are words for ip addr add.
# (LAYER is copied: an overlay refuses a layer that lies below another one.)
netns_make() {
	local name=$1 lower=$2 link=$3 address=$4 layer=${5:-} holder first

	mkdir -p "$state/root"
	rm -f "$state/$name.go"
	mkfifo "$state/$name.go"
	# shellcheck disable=SC2016
	(lab_clean unshare --net --pid --fork --mount --uts --ipc --propagation private \
		/bin/sh -c 'read -r go < "$7"; eval "$8"' sh "$lower" "$state" "$name" "$link" "$address" "$layer" \
		"$state/$name.go" "$netns_init" < /dev/null > "$state/$name.log" 2>&1) &
	holder=$!
	lab_wait 5 netns_other_net "$holder"
	lab_wait 5 netns_has_child "$holder"
	read -r first _ < "/proc/$holder/task/$holder/children" || true
	netns_remember "$name" "$first"
}

netns_go() {
	echo > "$state/$1.go"
	rm -f "$state/$1.go"
	lab_wait 10 netns_answers "$1" && return 0
	cat "$state/$1.log" >&2
	return 1
}

netns_answers() {
	[[ -n $(netns_on "$1" /usr/bin/ss -Htln 'sport = :22' 2> /dev/null) ]]
}

# netns_on NAME COMMAND…
netns_on() {
	local pid

	pid=$(netns_pid "$1") || lab_die "$1 is not up"
	shift
	nsenter -t "$pid" --all -- "$@"
}

# netns_down NAME…: what lives in them ends with their first processes.
netns_down() {
	local name pid

	for name; do
		rm -f "$state/$name.go"
		pid=$(netns_pid "$name") || continue
		lab_kill "$pid"
		rm -f "$state/$name.pid"
	done
}
