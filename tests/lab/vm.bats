#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Other kernels as destinations: three releases of Debian, pure cgroup v2, with all modules, with some
# loaded, and without some. What we say of each tree is compared with what the real CRIU does there.

guests=(bookworm trixie forky bare broken none ipv4)
scenes=(
	udplite-bound packet raw netlink-route netlink-generic unix-listen-abstract tcp-listen
	tun-own-netns netdev-veth netdev-bridge ns-time mnt-overlay mnt-mqueue
	mnt-tmpfs-noswap
)

# CRIU keeps packets from a network namespace while it works, with iptables or with this.
dump_options() {
	case $1 in
	tun-* | netdev-*) echo --network-lock nftables ;;
	esac
}

restore_options() {
	dump_options "$1"
	case $1 in
	mnt-*) echo --root "/place/$1" ;;
	esac
}

guests_make() {
	vm_guest bookworm bookworm EPYC
	# Linux 6.12 crashes under QEMU 7.2 now and then, with FSGSBASE every third time.
	vm_guest trixie trixie EPYC,-fsgsbase
	vm_guest forky forky EPYC
	vm_guest bare bookworm EPYC
	vm_guest broken bookworm EPYC
	vm_guest none bookworm EPYC
	vm_guest ipv4 bookworm EPYC
	echo ipv6.disable=1 > "$VM/ipv4/append"
	echo tun > "$VM/trixie/root/job/modprobe"
	vm_without bare tun veth bridge overlay unix_diag inet_diag tcp_diag udp_diag raw_diag netlink_diag
	# The index names files that are not there.
	find "$VM/broken/root/lib/modules" \( -name 'nf_tables.ko*' -o -name 'tun.ko*' \) -delete
	# CRIU cannot even ask for nftables there.
	vm_without none nf_tables nfnetlink
}

setup_file() {
	local scene guest made=()

	. "$BATS_TEST_DIRNAME/vm.sh"
	vm_setup || return 0
	[[ -x $MKPROC ]] || lab_die "$MKPROC is not built"
	vm_program raw -DRAW -nostdlib -static
	for scene in "${scenes[@]}"; do
		vm_scene "$scene" "$scene" || {
			echo "# not on this machine: $(cat "$VM/$scene.tree/made")" >&3
			rm -r "$VM/$scene.tree"
			continue
		}
		[[ $scene != mnt-* ]] || vm_root "$scene"
		# shellcheck disable=SC2046
		vm_dump "$scene" $(dump_options "$scene")
		made+=("$scene")
	done
	cgroup_tree && made+=(in-cgroup-v1)
	guests_make
	for guest in "${guests[@]}"; do
		vm_copy "$VM/$guest/root" "$MKPROC" "$VM/raw"
		for scene in "${made[@]}"; do
			[[ ! -d $VM/$scene.tree/root ]] || vm_place "$guest" "$scene"
			# CRIU looks for the layers of an overlay in its own root, not below --root.
			[[ $scene != mnt-overlay ]] || cp -a "$VM/$scene.tree/root/tmp/." "$VM/$guest/root/tmp/"
			# shellcheck disable=SC2046
			vm_ask "$guest" "$scene" "$scene" $(restore_options "$scene")
		done
	done
	vm_boot_all "${guests[@]}"
	for guest in "${guests[@]}"; do
		vm_judge trees "$guest" > "$VM/table.$guest"
	done
	vm_judge pool "${guests[@]}" > "$VM/table.pool"
}

# A tree in a group of a v1 hierarchy, of which the guests have none.
cgroup_tree() {
	local group=/sys/fs/cgroup/pids/lab-vm-$$

	mkdir "$group" 2> /dev/null || return 1
	vm_start in-cgroup-v1 "$VM/raw"
	sleep 0.7
	vm_pid in-cgroup-v1 > "$group/cgroup.procs"
	vm_dump in-cgroup-v1
	rmdir "$group"
}

teardown_file() {
	. "$BATS_TEST_DIRNAME/vm.sh"
	vm_teardown
}

setup() {
	. "$BATS_TEST_DIRNAME/vm.sh"
	vm_ready
}

# module GUEST NAME: its state, as the probe for a tree that asks for it has seen it.
module() {
	local snapshot

	for snapshot in "$VM/$1"/out/*.mc; do
		"$MIGCHECK" show "$snapshot"
	done | sed -nE "s/^ *module asked=$2 .*state=([a-z-]*).*/\1/p" | sort -u
}

@test "vm: Linux 6.1, all modules loadable" {
	vm_agree "$VM/table.bookworm"
}

@test "vm: Linux 6.12, all modules loadable, tun loaded" {
	vm_agree "$VM/table.trixie"
}

@test "vm: Linux 7.2, without UDP-Lite" {
	vm_agree "$VM/table.forky"
	vm_all "$VM/table.forky" ' udplite-bound ' ' refused +refused '
}

@test "vm: Linux 6.1 without many modules" {
	vm_agree "$VM/table.bare"
}

@test "vm: Linux 6.1 with modules that only the index knows" {
	vm_agree "$VM/table.broken"
}

@test "vm: an option of a mount that only younger kernels know" {
	vm_all <(cat "$VM"/table.{bookworm,bare,broken}) ' mnt-tmpfs-noswap ' ' refused +refused .*mnt-options'
	vm_all <(cat "$VM"/table.{trixie,forky}) ' mnt-tmpfs-noswap ' ' lives +lives '
}

@test "vm: Linux 6.1 with IPv6 switched off" {
	vm_agree "$VM/table.ipv4"
	vm_all "$VM/table.ipv4" ' netdev-' ' refused +refused .*net-sysctls'
}

@test "vm: Linux 6.1 where CRIU cannot start" {
	vm_agree "$VM/table.none"
	vm_all "$VM/table.none" . ' refused +refused '
}

@test "vm: seven machines as a pool, each cell of it as it went there" {
	vm_agree "$VM/table.pool"
	[[ $(wc -l < "$VM/table.pool") == $(cat "$VM"/table.{bookworm,trixie,forky,bare,broken,none,ipv4} | wc -l) ]]
	[[ $(awk '{print $3}' "$VM/table.pool" | sort -u | tr '\n' ' ') == "lives refused " ]]
}

@test "vm: what sets two machines apart" {
	local said

	said=$("$BATS_TEST_DIRNAME/vm-diff.py" "$MIGCHECK" "$VM/bookworm/out" "$VM/forky/out")
	[[ $said != *"features: | "?* ]]
	said=$("$MIGCHECK" diff "$VM/bookworm/out/profile" "$VM/bare/out/profile") && false
	# Beside a few limits, which go by how much memory the kernel found free, it is modules.
	grep -qE '^ +tun' <<< "$said"
}

@test "vm: a module is built in, loaded, loadable, or absent" {
	[[ $(module bookworm net-pf-17) == builtin ]]
	[[ $(module trixie tun) == loaded ]]
	[[ $(module bookworm tun) == loadable ]]
	[[ $(module bare tun) == absent ]]
	[[ $(module broken tun) == absent ]]
	[[ $(module broken nf_tables) == absent ]]
	[[ $(module none nfnetlink) == absent ]]
	[[ $(module bookworm rtnl-link-veth) == loadable ]]
	[[ $(module bare rtnl-link-veth) == absent ]]
	[[ $(module bookworm fs-overlay) == loadable ]]
	[[ $(module bare fs-overlay) == absent ]]
	# Since Linux 7 a part of the kernel, no module: only its configuration tells.
	[[ $(module forky nfnetlink) == builtin ]]
	[[ ! -d $VM/udplite-bound.tree || $(module forky net-pf-2-proto-136) == absent ]]
}
