#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Whole containers, made by unshare(1), runc, crun and podman: the verdict, and the options that the report
# names, against the real CRIU. Prints the table as comments.

setup() {
	. "$BATS_TEST_DIRNAME/containers.sh"
	containers_setup
}

teardown() {
	containers_teardown
}

# by_unshare NAME OPTION… -- HOW
by_unshare() {
	local name=$1
	shift
	container_unshare "$@"
	container_judge "unshare, $name"
	container_end
}

by_podman() {
	local name=$1
	shift
	container_podman "$@"
	container_judge "podman, $name"
	container_end
}

# What runc, and crun, give to CRIU by themselves.
engine_options() {
	printf '%s ' '--external mnt[] --manage-cgroups=soft --network-lock nftables' "--root $CONTAINER_ROOT"
	printf -- '--external net[%s]:net --inherit-fd fd[3]:net' "$(stat -Lc %i "/proc/$LAB_PID/ns/net")"
}

@test "unshare: one kind of namespace alone" {
	local kind

	for kind in uts ipc net cgroup; do
		by_unshare "$kind" "--$kind" -- plain
	done
	by_unshare pid --pid --fork -- session
	by_unshare 'pid, no session of its own' --pid --fork -- plain
	by_unshare time --time --fork -- session
	by_unshare user --user --map-root-user -- plain
	by_unshare 'user and pid' --user --map-root-user --pid --fork -- session
}

@test "unshare: a mount namespace" {
	by_unshare mount --mount -- host
	by_unshare 'mount, slaves of the host' --mount --propagation slave -- host
	by_unshare 'mount, shared with the host' --mount --propagation unchanged -- host
	by_unshare 'mount, a descriptor from outside' --mount -- plain
	by_unshare 'mount and pid, own proc' --mount --pid --fork --mount-proc -- host
	by_unshare 'mount, chroot' --mount -- chroot
}

@test "unshare: all namespaces together" {
	local all=(--mount --net --ipc --uts --pid --fork --cgroup --time)

	by_unshare 'all, the host'"'"'s files' "${all[@]}" --mount-proc -- host
	by_unshare 'all, own root' "${all[@]}" -- root
	by_unshare 'all with user, own root' --user --map-root-user "${all[@]:0:8}" -- root
	by_unshare 'all with user, the host'"'"'s files' --user --map-root-user "${all[@]}" --mount-proc -- host
}

@test "runc" {
	container_oci runc
	container_judge runc
	container_end
	container_oci runc 'config["root"]["readonly"] = True
config["linux"]["namespaces"].append({"type": "cgroup"})
config["mounts"].append({"destination": "/data", "type": "bind", "source": "/etc", "options": ["rbind", "ro"]})'
	container_judge 'runc, cgroup namespace, read-only root, a bind'
}

@test "crun" {
	engines_setup 2> "$CONTAINERS/why" || skip "no crun: $(tail -n 1 "$CONTAINERS/why")"
	container_oci crun
	container_judge crun
}

@test "podman: networks" {
	engines_setup 2> "$CONTAINERS/why" || skip "no podman: $(tail -n 1 "$CONTAINERS/why")"
	by_podman 'no network' --network none
	by_podman bridge --network podman
	by_podman 'bridge, a published port' --network podman -p 127.0.0.1:28080:80
	by_podman slirp4netns --network slirp4netns
	by_podman "the host's network" --network host
}

@test "podman: mounts" {
	engines_setup 2> "$CONTAINERS/why" || skip "no podman: $(tail -n 1 "$CONTAINERS/why")"
	by_podman 'a volume' --network none -v "$CONTAINERS/volume:/data"
	by_podman 'a volume, slave of the host' --network none -v "$CONTAINERS/volume:/data:rslave"
	by_podman 'a volume, shared with the host' --network none -v "$CONTAINERS/volume:/data:rshared"
	by_podman 'a tmpfs, read-only root' --network none --tmpfs /data --read-only
}

@test "podman: terminal, memory limit, namespaces" {
	engines_setup 2> "$CONTAINERS/why" || skip "no podman: $(tail -n 1 "$CONTAINERS/why")"
	by_podman 'a terminal' --network none -t
	by_podman 'a memory limit' --network none --memory 64m
	by_podman "the host's PID namespace" --network none --pid host
	by_podman "the host's IPC namespace" --network none --ipc host
	by_podman 'a user namespace' --network none --uidmap 0:0:65536
	by_podman 'crun, a cgroup namespace' --network none --runtime crun --cgroupns private
}

@test "podman: what exec brings in is no part of the tree, and is lost without a word" {
	engines_setup 2> "$CONTAINERS/why" || skip "no podman: $(tail -n 1 "$CONTAINERS/why")"
	container_podman --network none
	container_report
	finds_nothing_of task-entered
	podman_do exec -d c1 sleep 2000 > /dev/null 3>&- 4>&-
	container_judge 'podman, a second process by exec'
	container_report
	finds task-entered permanent afterwards sleep
	[[ $(oracle_pids "$JUDGE/img") == 1 ]]
}

@test "podman container checkpoint passes --external for mounts and network by itself" {
	local options

	engines_setup 2> "$CONTAINERS/why" || skip "no podman: $(tail -n 1 "$CONTAINERS/why")"
	echo 'network-lock nftables' > "$CONTAINERS/criu.conf"
	container_podman --network none --annotation "org.criu.config=$CONTAINERS/criu.conf"
	options=$(engine_options)
	container_report --criu-options "$options"
	container_expect "$(judge_verdict)" ready 'not ready with what the engine gives'
	podman_do container checkpoint c1 > "$CONTAINERS/out" 2>&1 3>&- 4>&- || container_complain "$(< "$CONTAINERS/out")"
	podman_do container restore c1 > "$CONTAINERS/out" 2>&1 3>&- 4>&- || container_complain "$(< "$CONTAINERS/out")"
	printf '# podman container checkpoint, with %s: we said ready; podman did, and restored it\n' \
		"${options//"$JUDGE"/DIR}" >&3
}

@test "crun checkpoint" {
	engines_setup 2> "$CONTAINERS/why" || skip "no crun: $(tail -n 1 "$CONTAINERS/why")"
	"$CONTAINERS/bin/crun" --version | grep -q +CRIU || skip 'this crun was built without CRIU'
	container_oci crun
	container_report --criu-options "$(engine_options)"
	verdict_is ready
	"${LAB_ENTER[@]}" "$CONTAINERS/bin/crun" --root "$CONTAINERS/run" checkpoint --image-path "$JUDGE/img" c1 ||
		container_complain 'crun checkpoint fails'
}

@test "podman: a root that is a slave asks for a shared mount at --root" {
	engines_setup 2> "$CONTAINERS/why" || skip "no podman: $(tail -n 1 "$CONTAINERS/why")"
	container_podman --network none
	judge_dump
	destination_up
	destination_run mount --bind "$ROOTFS" "$CONTAINERS/new"
	JUDGE_PROBE=(--root "$CONTAINERS/new")
	judge_check destination_run
	finds dst-root-private permanent restore "$CONTAINERS/new"
	JUDGE_DUMP=$(container_dump '--network-lock nftables' '--external mnt[]')
	JUDGE_RESTORE=$(oracle_restore "$JUDGE/img" --root "$CONTAINERS/new" --external 'mnt[]')
	container_expect "$JUDGE_RESTORE" refused 'we said that CRIU refuses'
	grep -q 'Failed to copy sharing from' "$JUDGE/img/restore.log"
	destination_down
	destination_up
	destination_run mount --bind "$ROOTFS" "$CONTAINERS/new"
	destination_run mount --make-shared "$CONTAINERS/new"
	judge_check destination_run
	finds_nothing_of dst-root-private
}
