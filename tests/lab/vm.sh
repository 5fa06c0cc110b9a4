# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the tests that have another machine for a destination: a virtual machine, emulated by QEMU,
# with a CPU, a kernel and modules of its own. Trees are dumped here by the real CRIU, and restored there.
#
#	vm_setup
#	vm_program raw -DRAW -nostdlib -static          builds $VM/raw, from vm-program.c
#	vm_start raw raw "$VM/raw"                      a tree NAME, started as a service
#	vm_dump raw                                     its snapshot and its image
#	vm_guest old bookworm Nehalem                   a guest NAME: kernel's suite, model of CPU
#	vm_ask old raw raw [OPTION…]                    restore TREE of SOURCE there with these options
#	vm_boot old                                     4 s and the answers are in $VM/old/out
#	vm_judge trees old > "$VM/table"                what we said, what CRIU did, what became of it
#	vm_agree "$VM/table"                            prints it; fails where they differ
#
# The guest has no file system but the one in its memory, made here of what a tree needs: its files have
# the paths, modes and times that they have here. vm-init and vm-job are what runs there.

# shellcheck source-path=SCRIPTDIR source=oracle.sh
. "$(dirname "${BASH_SOURCE[0]}")/oracle.sh"

# What a guest can load beside what its kernel has built in; vm_without takes some away.
VM_MODULES=(
	inet_diag tcp_diag udp_diag raw_diag unix_diag af_packet_diag netlink_diag
	nf_tables nft_ct nft_compat nf_conntrack nf_conntrack_netlink ip_tables iptable_filter ip6_tables
	ip6table_filter xt_mark xt_conntrack tun veth macvlan bridge dummy overlay fuse xfrm_user
)

# What glibc can be told not to use.
VM_MASKS=-AVX512F,-AVX512DQ,-AVX512CD,-AVX512BW,-AVX512VL,-AVX2,-AVX,-FMA,-FMA4,-XSAVEC,-ERMS,-BMI1,-BMI2
VM_MASKS+=,-MOVBE,-LZCNT,-RTM,-POPCNT,-SSE4_2,-SSE4_1,-SSSE3
VM_MASKED=avx512f,avx512dq,avx512cd,avx512bw,avx512vl,avx2,avx,fma,fma4,xsavec,erms,bmi1,bmi2
VM_MASKED+=,movbe,abm,rtm,popcnt,sse4_2,sse4_1,ssse3

# vm_setup: fails, with the reason in VM_SKIP, where there can be no guests. bats skips no setup_file.
vm_setup() {
	local criu

	set -euo pipefail
	export VM_SKIP=''
	[[ $(id -u) == 0 ]] || VM_SKIP='needs root: CRIU does'
	[[ $(uname -m) == x86_64 ]] || VM_SKIP='the guests are x86_64'
	[[ -z $VM_SKIP ]] || return 1
	MKPROC=${MKPROC:-$(cd "$LAB_DIR/../.." && pwd)/build/release/mkproc}
	MIGCHECK=${MIGCHECK:-$(cd "$LAB_DIR/../.." && pwd)/build/release/migcheck}
	[[ -x $MIGCHECK ]] || lab_die "$MIGCHECK is not built: run make"
	LAB_GUEST=$("$LAB_DIR/get-guest.sh") || {
		VM_SKIP='QEMU and kernels for guests cannot be had from the archive'
		return 1
	}
	criu=$("$LAB_DIR/get-criu.sh") || lab_die 'no CRIU'
	LAB_CRIU=("$criu")
	VM=$(mktemp -d "${TMPDIR:-/tmp}/lab-vm-XXXXXX")
	chmod 755 "$VM"
	export VM MIGCHECK MKPROC VM_CRIU=$criu
}

vm_ready() {
	[[ -z ${VM_SKIP:-} ]] || skip "$VM_SKIP"
}

vm_teardown() {
	local tree

	[[ -n ${VM:-} ]] || return 0
	for tree in "$VM"/*.tree; do
		[[ ! -e $tree/pid || -e $tree/img ]] || lab_kill "$(cat "$tree/pid")"
	done
	[[ ! -e $VM/holder ]] || lab_kill "$(cat "$VM/holder")"
	rm -rf "$VM"
}

# vm_program NAME COMPILER_OPTION…
vm_program() {
	local name=$1
	shift

	gcc -O1 -g0 -fno-builtin -fno-stack-protector -o "$VM/$name" "$LAB_DIR/vm-program.c" "$@"
}

# vm_start TREE COMMAND…: as a service, and waits until it has chosen its code and works.
vm_start() {
	local tree=$1
	shift

	mkdir "$VM/$tree.tree"
	(cd / && lab_clean setsid "$@" < /dev/null > /dev/null 2>&1) &
	printf '%s\n' $! > "$VM/$tree.tree/pid"
}

vm_pid() {
	cat "$VM/$1.tree/pid"
}

# vm_dump TREE [OPTION…]: its snapshot, and an image that also holds what CRIU keeps of the CPU. It ends.
vm_dump() {
	local tree=$1 dir=$VM/$1.tree answer
	shift

	"$MIGCHECK" dump -p "$(vm_pid "$tree")" -o "$dir/source"
	answer=$(oracle_dump "$(vm_pid "$tree")" "$dir/img" --cpu-cap=all "$@")
	[[ $answer == dumped ]] || lab_die "$tree: $answer"
	lab_kill "$(vm_pid "$tree")"
}

# vm_copy ROOT PATH…: files, and the libraries and the loader that a program asks for, with their paths.
vm_copy() {
	local root=$1 path file
	shift

	for path; do
		{
			printf '%s\n' "$path"
			ldd "$path" 2> /dev/null | sed -nE 's/^.*(=> |\t)(\/[^ ]*) \(.*/\2/p' || true
		} | while read -r file; do
			for file in "$file" "$(readlink -f "$file")"; do
				mkdir -p "$root$(dirname "$file")"
				# One of the host's own comes in the place of busybox's.
				[[ $(readlink "$root$file") != busybox ]] || rm "$root$file"
				[[ -e $root$file ]] || cp -a "$file" "$root$file"
			done
		done
	done
}

# vm_guest NAME SUITE CPU: what the guest is made of, in $VM/NAME/root.
vm_guest() {
	local dir=$VM/$1 kernel=$LAB_GUEST/kernel-$2 root=$VM/$1/root version module name

	version=$(ls "$kernel/lib/modules")
	mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{proc,sys,dev,tmp,run,etc,job,out} "$dir/out"
	chmod --reference=/ "$root"
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	printf '%s\n' "$kernel" > "$dir/kernel"
	printf '%s\n' "$3" > "$dir/cpu"
	cp /usr/bin/busybox "$root/bin/busybox"
	for name in $(busybox --list); do
		[[ -e $root/bin/$name ]] || ln -s busybox "$root/bin/$name"
	done
	ln -s ../bin/busybox "$root/sbin/modprobe"
	install -m 755 "$LAB_DIR/vm-init" "$root/init"
	install -m 755 "$LAB_DIR/vm-job" "$root/job/run"
	mkdir -p "$root/lib/modules/$version"
	cp "$kernel/lib/modules/$version"/modules.* "$root/lib/modules/$version/"
	for module in "${VM_MODULES[@]}"; do
		modprobe -d "$kernel" -S "$version" --show-depends "$module" 2> /dev/null || true
	done | awk -v n="${#kernel}" '$1 == "insmod" {print substr($2, n + 2)}' | sort -u |
		(cd "$kernel" && xargs cp --parents -t "$root")
	mkdir -p "$root/boot"
	cp "$kernel"/boot/config-* "$root/boot/" 2> /dev/null || true
	[[ ! -e $kernel/lib/modules/$version/config ]] ||
		cp "$kernel/lib/modules/$version/config" "$root/lib/modules/$version/"
	rm "$root/bin/ip"
	vm_copy "$root" "$MIGCHECK" "$(readlink -f "$(type -P ip)")" /usr/bin/tar
	mkdir -p "$root${LAB_CRIU[0]%/*}"
	cp -a "${LAB_CRIU[0]%/*}"/. "$root${LAB_CRIU[0]%/*}"
	printf '%s\n' "$1" > "$root/job/name"
	printf 'MIGCHECK=%s\nCRIU=%s\n' "$MIGCHECK" "${LAB_CRIU[0]}" > "$root/job/env"
	# That of the nodes below /dev, which CRIU compares.
	stat -c %a /dev/net/tun > "$root/job/mode" 2> /dev/null || echo 666 > "$root/job/mode"
	printf '%s\n' none cpu fpu ins all none,cpu none,fpu none,ins > "$root/job/modes"
	touch "$root"/job/{modprobe,sources,peers,trees}
}

# vm_again GUEST: to be booted once more and asked other things; the first answers are in out.first.
vm_again() {
	local dir=$VM/$1 list

	mv "$dir/out" "$dir/out.first"
	mkdir "$dir/out"
	find "$dir/root/job" -mindepth 1 -type d -prune -exec rm -r {} +
	for list in sources peers trees; do
		: > "$dir/root/job/$list"
	done
}

# vm_keep GUEST…: their profiles, for the pools of tests/bench and tests/e2e.
vm_keep() {
	local guest

	mkdir -p "$LAB_CACHE/profiles"
	for guest; do
		cp "$VM/$guest/out/profile" "$LAB_CACHE/profiles/$guest.mc.new"
		mv "$LAB_CACHE/profiles/$guest.mc.new" "$LAB_CACHE/profiles/$guest.mc"
	done
}

# vm_without GUEST MODULE…: the files of these modules are not there, and the index does not know them.
vm_without() {
	local root=$VM/$1/root module
	shift

	for module; do
		find "$root/lib/modules" -name "$module.ko*" -delete
	done
	depmod -b "$root" "$(ls "$root/lib/modules")" 2> /dev/null
}

# vm_give GUEST SOURCE FOLDER [OPTION…]: a snapshot and an image, for which it is probed with the options.
vm_give() {
	local job=$VM/$1/root/job source=$2 folder=$3
	shift 3

	rm -rf "${job:?}/$source"
	mkdir "$job/$source"
	cp -a "$folder"/{source,img} "$job/$source/"
	printf '%s %s\n' "$source" "$*" >> "$job/sources"
}

# vm_peer GUEST SOURCE: its CPU, of which the image tells, is compared with the guest's by CRIU, too.
vm_peer() {
	printf '%s\n' "$2" >> "$VM/$1/root/job/peers"
}

# vm_ask GUEST TREE SOURCE [OPTION…]: restore there what was dumped of SOURCE, and call that TREE.
vm_ask() {
	local guest=$1 job=$VM/$1/root/job tree=$2 source=$3
	shift 3

	[[ -d $job/$source ]] || vm_give "$guest" "$source" "$VM/$source.tree" "$(grep -oE -- '--root [^ ]+' <<< "$*")"
	printf '%s %s %s %s\n' "$tree" "$source" "$(vm_pid "$source")" "$*" >> "$job/trees"
}

# vm_boot GUEST: until it switches itself off; its answers are in $VM/GUEST/out. A kernel that crashes
# under emulation is tried again, twice, and that is said.
vm_boot() {
	local dir=$VM/$1 try

	(cd "$dir/root" && find . | busybox cpio -o -H newc 2> /dev/null) > "$dir/initrd"
	for try in 1 2 3; do
		vm_run "$dir"
		grep -q 'Kernel panic' "$dir/console" || break
		printf '# %s: its kernel crashed in try %d: %s\n' "$1" "$try" \
			"$(grep -m 1 -E 'Oops|Kernel panic' "$dir/console")" >&3
	done
	tar -C "$dir/out" -xf "$dir/answer" || {
		tail -n 30 "$dir/console" "$dir/qemu.err"
		return 1
	}
	rm -f "$dir/initrd"
}

# vm_run FOLDER: QEMU on what vm_guest and vm_boot have put there.
vm_run() {
	local dir=$1 kernel qemu=$LAB_GUEST/qemu

	kernel=$(cat "$dir/kernel")
	LD_LIBRARY_PATH=$qemu/usr/lib/x86_64-linux-gnu:$qemu/lib/x86_64-linux-gnu timeout "${VM_SECONDS:-180}" \
		"$qemu/usr/bin/qemu-system-x86_64" -L "$qemu/usr/share/qemu" -L "$qemu/usr/share/seabios" \
		-nodefaults -no-user-config -nographic -no-reboot -display none -net none \
		-accel tcg -M pc -cpu "$(cat "$dir/cpu")" -m 768 -smp 1 \
		-kernel "$kernel"/boot/vmlinuz-* -initrd "$dir/initrd" \
		-append "console=ttyS0 quiet loglevel=3 panic=-1 oops=panic no_timer_check mitigations=off rootfstype=tmpfs $(
			cat "$dir/append" 2> /dev/null)" \
		-serial "file:$dir/console" -serial "file:$dir/answer" < /dev/null 2> "$dir/qemu.err" || true
}

# vm_boot_all GUEST…: two at a time.
vm_boot_all() {
	local failed=0 first second=''

	while (($# > 0)); do
		vm_boot "$1" &
		first=$!
		[[ -z $second ]] || wait "$second" || failed=1
		second=$first
		shift
	done
	wait "$second" || failed=1
	return "$failed"
}

# vm_judge trees|modes|masks|pool GUEST…: a table on standard output; a line where we differ says DISAGREE.
vm_judge() {
	python3 "$LAB_DIR/vm-judge.py" "$MIGCHECK" "$VM" "$@"
}

# vm_agree FILE: prints a table as comments of the test; fails where it holds a difference, or nothing.
vm_agree() {
	sed 's/^/# /' "$1" >&3
	[[ -s $1 ]] && [[ $(< "$1") != *DISAGREE* ]]
}

# vm_all FILE ROWS WORDS: each row of the table that matches ROWS holds WORDS, patterns both.
vm_all() {
	local others

	others=$(grep -E "$2" "$1" | grep -vE "$3") || true
	[[ -z $others ]] || {
		printf '%s\n' "$others"
		return 1
	}
}

# vm_scene TREE FACTORY: a tree that mkproc makes, started without what another CPU may lack: it is not
# about that. mkproc stays until the test has ended.
vm_scene() {
	local tree=$1 line=''

	[[ -p $VM/hold ]] || {
		mkfifo "$VM/hold"
		(exec sleep infinity <> "$VM/hold" > /dev/null 2>&1 3>&- 4>&-) &
		echo $! > "$VM/holder"
	}
	mkdir "$VM/$tree.tree"
	(GLIBC_TUNABLES=glibc.cpu.hwcaps=$VM_MASKS lab_clean setsid "$MKPROC" "$2" \
		< "$VM/hold" > "$VM/$tree.tree/made" 2>&1) &
	lab_wait 10 test -s "$VM/$tree.tree/made"
	read -r line < "$VM/$tree.tree/made"
	[[ $line =~ ^$2\ ([0-9]+) ]] || return 1
	printf '%s\n' "${BASH_REMATCH[1]}" > "$VM/$tree.tree/pid"
	printf '%s\n' "--cpu-masked $VM_MASKED" > "$VM/$tree.tree/check"
}

# vm_root TREE: keeps what is in the root of its mount namespace, for vm_place.
vm_root() {
	cp -ax "/proc/$(vm_pid "$1")/root/." "$VM/$1.tree/root"
}

# vm_place GUEST TREE: a copy of that root at /place/TREE there, where --root can take it.
vm_place() {
	mkdir -p "$VM/$1/root/place"
	cp -a "$VM/$2.tree/root" "$VM/$1/root/place/$2"
}
