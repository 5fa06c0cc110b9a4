#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Trees of this host's CPU on other CPUs: what we say of each, what the real CRIU does there, and
# whether the program lives afterwards. One that is restored and dies of SIGILL a moment later is a
# failure that we must have said. Each guest is booted twice: the second time programs come to it that
# were started as we advised after the first, and the CPUs of the other guests are compared with its own.
# So is a CPU with AMX, live or an edited record: see cpu-as.sh.

guests=(qemu64 Nehalem Haswell EPYC max)
trees=(raw static dynamic crypto avx512 level)
modes=(none cpu fpu ins all none,cpu none,fpu none,ins)

programs_build() {
	vm_program raw -DRAW -nostdlib -static
	vm_program static -static
	vm_program dynamic
	vm_program crypto -DCRYPTO -lcrypto
	vm_program avx512 -DAVX512
	vm_program level -march=x86-64-v3 -Wl,-z,x86-64-v3
}

# trees_dump TREE…: whose instructions they use, theirs or those of the shell that called exec, shows
# after a moment.
trees_dump() {
	local tree

	sleep 0.7
	for tree; do
		vm_dump "$tree"
	done
}

guests_make() {
	# The first two have no RDRAND of their own, and a getrandom(2) that waits for 18 s without it. Linux 6.12
	# crashes under QEMU 7.2 now and then, with FSGSBASE every third time.
	vm_guest qemu64 bookworm qemu64,+rdrand
	vm_guest Nehalem bookworm Nehalem,+rdrand
	vm_guest Haswell trixie Haswell-noTSX,-fsgsbase
	vm_guest EPYC forky EPYC
	vm_guest max bookworm max
}

setup_file() {
	local tree guest mode peer list command masked=()

	. "$BATS_TEST_DIRNAME/vm.sh"
	. "$BATS_TEST_DIRNAME/cpu-as.sh"
	vm_setup || return 0
	programs_build
	# A CPU without AVX-512 cannot run the program that has such instructions of its own.
	grep -qw avx512f /proc/cpuinfo || trees=(raw static dynamic crypto level)
	for tree in "${trees[@]}"; do
		vm_start "$tree" "$VM/$tree"
	done
	# And as a machine with AMX would have it.
	cpu_as_make "$VM/as"
	mkdir -p "$VM/amx.machine/img"
	cpu_as_migcheck dump -p "$(vm_pid raw)" -o "$VM/amx.machine/source"
	cpu_as_criu cpuinfo dump -D "$VM/amx.machine/img" -W "$VM" -o dump.log
	trees_dump "${trees[@]}"
	guests_make
	for guest in "${guests[@]}"; do
		vm_peer "$guest" raw
		vm_give "$guest" amx "$VM/amx.machine"
		vm_peer "$guest" amx
		for tree in "${trees[@]}"; do
			vm_copy "$VM/$guest/root" "$VM/$tree"
			vm_ask "$guest" "$tree" "$tree"
		done
		for mode in "${modes[@]}"; do
			vm_ask "$guest" "raw-$mode" raw "--cpu-cap=$mode"
		done
	done
	vm_boot_all "${guests[@]}"
	vm_judge trees "${guests[@]}" > "$VM/first"
	vm_judge modes "${guests[@]}" > "$VM/modes"
	vm_judge masks "${guests[@]}" > "$VM/masks"
	vm_judge pool "${guests[@]}" > "$VM/pool"
	vm_keep "${guests[@]}"

	while read -r guest tree list command; do
		[[ $tree != raw* ]] || continue
		masked+=("$tree-$guest")
		vm_start "$tree-$guest" bash -c "$command; exec $VM/$tree"
		printf '%s\n' "--cpu-masked $list" > "$VM/$tree-$guest.tree/check"
	done < "$VM/masks"
	trees_dump "${masked[@]}"
	for guest in "${guests[@]}"; do
		vm_again "$guest"
	done
	for guest in "${guests[@]}"; do
		for peer in "${guests[@]}"; do
			vm_give "$guest" "$peer" "$VM/$peer/out.first/self"
			vm_peer "$guest" "$peer"
		done
		cpu_as_peer amx "$guest" "$VM/$guest/out.first/self"
	done
	for tree in "${masked[@]}"; do
		guest=${tree#*-}
		# What advised them refused these two without the option.
		mode=--cpu-cap=none
		[[ $guest == qemu64 || $guest == Nehalem ]] || mode=''
		# shellcheck disable=SC2086
		vm_ask "$guest" "$tree" "$tree" $mode
	done
	vm_boot_all "${guests[@]}"
	vm_judge trees "${guests[@]}" > "$VM/masked"
	vm_judge modes "${guests[@]}" amx > "$VM/peers"
}

teardown_file() {
	. "$BATS_TEST_DIRNAME/vm.sh"
	vm_teardown
}

setup() {
	. "$BATS_TEST_DIRNAME/vm.sh"
	vm_ready
}

@test "cpu: trees of this host on five other CPUs, and what becomes of them" {
	vm_agree "$VM/first"
}

@test "cpu: five machines as a pool, each cell of it as it went there" {
	vm_agree "$VM/pool"
	[[ $(wc -l < "$VM/pool") -ge 60 ]]
	[[ $(awk '{print $3}' "$VM/pool" | sort -u | tr '\n' ' ') == "lives refused sigill " ]]
}

@test "cpu: what sets two machines apart is what their kernels say" {
	local other

	for other in Nehalem Haswell EPYC max; do
		run "$BATS_TEST_DIRNAME/vm-diff.py" "$MIGCHECK" "$VM/qemu64/out.first" "$VM/$other/out.first"
		echo "# $other: $output" >&3
		[[ $status == 0 && $output == *"features: |"*" sse4_1 "* ]] || { echo "$output"; false; }
	done
}

@test "cpu: this host's CPU against theirs, in each mode of --cpu-cap" {
	vm_agree "$VM/modes"
}

@test "cpu: programs started without what is missing there live on" {
	vm_agree "$VM/masked"
	vm_all "$VM/masked" ' (static|dynamic|crypto)-' ' lives +lives '
	# It has instructions of its own, which no variable masks, and we say so when we look again.
	vm_all "$VM/masked" ' avx512-' ' sigill +sigill '
}

@test "cpu: no start is advised where no variable masks what a program uses" {
	# Neither has x86-64-v3, which the note of "level" demands.
	vm_all "$VM/masks" '^(qemu64|Nehalem) ' '^[^ ]+ (static|dynamic|crypto|avx512) '
	vm_all "$VM/masks" . '^[^ ]+ (static|dynamic|crypto|avx512|level) '
}

@test "cpu: what is missing has the names of /proc/cpuinfo" {
	local name flags

	flags=" $(awk '/^flags/ {$1 = $2 = ""; print; exit}' /proc/cpuinfo) "
	for name in $(cut -d ' ' -f 3 "$VM/masks" | tr , '\n' | sort -u); do
		# The kernel does not list this one, since it is what the others stand on.
		[[ $name == osxsave || $flags == *" $name "* ]]
	done
}

@test "cpu: their CPUs against each other and themselves, in each mode of --cpu-cap" {
	vm_agree "$VM/peers"
}

@test "cpu: this host's CPU against itself" {
	local here=$VM/raw.tree mode

	"$MIGCHECK" probe -s "$here/source" -o "$VM/here.mc"
	for mode in "${modes[@]}"; do
		"$VM_CRIU" cpuinfo check "--cpu-cap=$mode" -D "$here/img" -W "$VM" -o check.log > /dev/null 2>&1
		"$MIGCHECK" check "$here/source" "$VM/here.mc" --criu-options "--cpu-cap=$mode" --quiet
	done
}
