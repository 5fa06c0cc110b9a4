#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A machine with AMX and this host, as source and destination of each other and of themselves: what we say
# in each mode of --cpu-cap is what the real CRIU says of the same images. Where this host has no AMX the
# other machine is an edited record, of which the real CRIU and the real migcheck are told in the place of
# the CPU: cpu-as.sh says how. What guests with other CPUs say of that machine is in cpu.bats.

modes=(none cpu fpu ins all none,cpu none,fpu none,ins ins,^fpu)

setup_file() {
	local source there

	. "$BATS_TEST_DIRNAME/vm.sh"
	. "$BATS_TEST_DIRNAME/cpu-as.sh"
	vm_setup || return 0
	cpu_as_make "$VM/as"
	vm_program dynamic
	vm_start program "$VM/dynamic"
	# A library of this name chooses AMX where it is there.
	gcc -shared -o "$VM/libdnnl.so.3" -Wl,-soname,libdnnl.so.3 -x c - <<< 'int nothing;'
	LD_PRELOAD=$VM/libdnnl.so.3 vm_start tiles "$VM/dynamic"
	sleep 0.7
	mkdir -p "$VM"/{here,amx}.machine/img
	"$MIGCHECK" dump -p "$(vm_pid program)" -o "$VM/here.machine/source"
	"$VM_CRIU" cpuinfo dump -D "$VM/here.machine/img" -W "$VM" -o dump.log
	cpu_as_migcheck dump -p "$(vm_pid program)" -o "$VM/amx.machine/source"
	cpu_as_criu cpuinfo dump -D "$VM/amx.machine/img" -W "$VM" -o dump.log
	cpu_as_migcheck dump -p "$(vm_pid tiles)" -o "$VM/tiles"
	cpu_as_migcheck probe -s "$VM/tiles" -o "$VM/tiles.mc"
	for there in here amx; do
		for source in here amx; do
			cpu_as_peer "$there" "$source" "$VM/$source.machine"
		done
	done
	vm_judge modes here amx > "$VM/modes"
}

teardown_file() {
	. "$BATS_TEST_DIRNAME/vm.sh"
	vm_teardown
}

setup() {
	. "$BATS_TEST_DIRNAME/vm.sh"
	. "$BATS_TEST_DIRNAME/cpu-as.sh"
	vm_ready
}

# report SOURCE DESTINATION OPTION…: in $VM/report.json.
report() {
	"$MIGCHECK" check "$VM/$1" "$VM/$2" -f json -o "$VM/report.json" "${@:3}" || true
}

# findings EXPRESSION: over each finding f, joined.
findings() {
	python3 -c 'import json, sys
print("\n".join(str(eval(sys.argv[2])) for f in json.load(open(sys.argv[1]))["findings"] if f["rule"] == sys.argv[3]))' \
		"$VM/report.json" "$2" "$1"
}

@test "amx: the verdict in each mode of --cpu-cap is that of criu cpuinfo check" {
	vm_agree "$VM/modes"
	[ "$(wc -l < "$VM/modes")" -eq 36 ]
	# Each machine can be restored on itself, whatever is compared.
	vm_all "$VM/modes" '^(here -> here|amx -> amx) ' ' accepted +accepted'
}

@test "amx: CRIU has seen the machine: the frame of 11008 bytes, and no tiles among the components" {
	! cpu_as_is_live || skip "a live CPU may have other components beside"
	"$MIGCHECK" show "$VM/amx.machine/source" > "$VM/shown"
	grep -q 'leaf=0xd subleaf=0 eax=0x602e7 ebx=0x2b00 ecx=0x2b00' "$VM/shown"
	grep -q 'leaf=0xd subleaf=18 eax=0x2000' "$VM/shown"
	grep -q 'xcr0=0x602e7' "$VM/shown"
	# Fields 8 and 9 of cpuinfo_entry: 0x2e5, 11008.
	[[ $(od -An -v -tx1 "$VM/amx.machine/img/cpuinfo.img" | tr -d ' \n') == *40e5054880565080* ]]
}

@test "amx: what this host lacks is called by its name" {
	! cpu_as_is_live || skip "this host has AMX"
	local names
	report amx.machine/source here/out/amx.mc
	names=" $(findings cpu-ins 'f["thing"]' | tr '\n' ' ') "
	[[ $names == *" amx_bf16 "* && $names == *" amx_tile "* && $names == *" amx_int8 "* ]]
	report amx.machine/source here/out/amx.mc --cpu-masked amx_bf16,amx_tile,amx_int8
	[[ $(findings cpu-ins 'f["thing"]') != *amx* ]]
	report amx.machine/source here/out/amx.mc --criu-options --cpu-cap=fpu
	[[ $(findings cpu-xsave-size 'f["here"]["value"]') == "11008 bytes" ]]
}

@test "amx: tiles are not kept, and we say so of a tree that maps a library which uses them" {
	report amx.machine/source amx/out/amx.mc
	[ -z "$(findings task-amx-state 'f["thing"]')" ]
	report tiles tiles.mc
	[[ $(findings task-amx-state 'f["thing"]') == */libdnnl.so.3 ]]
	[[ $(findings task-amx-state 'f["severity"] + " " + f["stage"]') == "warning afterwards" ]]
}
