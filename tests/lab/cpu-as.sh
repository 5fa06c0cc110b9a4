# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the lab: a machine with AMX. Where this host's CPU has none, it is made out of this host and
# an edited record: the real CRIU and the real migcheck, of which every CPUID and XGETBV instruction is
# answered from cpu-amx.txt (cpu-as.py, cpu-as.c), and a /proc/cpuinfo that says the same. What CRIU
# writes of that CPU and compares with it is CRIU's own doing. No program runs AMX on it.
#
#	cpu_as_make FOLDER              the copies
#	cpu_as_criu cpuinfo check …     as CRIU on that machine
#	cpu_as_migcheck probe …         as migcheck on that machine
#	cpu_as_peer amx NAME FOLDER     the machine of a snapshot and an image, compared with that machine or
#	                                with this host ("here"), laid out for the judge of vm.sh

cpu_as_is_live() {
	grep -qw amx_tile /proc/cpuinfo
}

cpu_as_make() {
	local migcheck=$MIGCHECK library

	export CPU_AS_DIR=$1 CPU_AS_LIB=${VM_CRIU%/*}
	cpu_as_is_live && return
	library=$(ldd "$migcheck" | sed -nE 's/^.*libcpuid[^ ]* => ([^ ]+) .*/\1/p')
	mkdir -p "$CPU_AS_DIR/lib"
	gcc -D_GNU_SOURCE -O2 -shared -fPIC -o "$CPU_AS_DIR/cpu-as.so" "$LAB_DIR/cpu-as.c"
	"$LAB_DIR/cpu-as.py" "$CPU_AS_LIB/sbin/criu.bin" "$CPU_AS_DIR/criu.bin"
	"$LAB_DIR/cpu-as.py" "$migcheck" "$CPU_AS_DIR/migcheck"
	"$LAB_DIR/cpu-as.py" "$library" "$CPU_AS_DIR/lib/${library##*/}"
	cp "$LAB_DIR/cpu-amx.txt" "$CPU_AS_DIR/table"
	sed -E '/^vendor_id/s/:.*/: GenuineIntel/; /^cpu family/s/:.*/: 6/; /^model\t/s/:.*/: 143/
		/^stepping/s/:.*/: 8/; /^model name/s/:.*/: Intel Xeon with AMX, from a table/
		/^flags/s/$/ amx_bf16 amx_tile amx_int8/' /proc/cpuinfo > "$CPU_AS_DIR/cpuinfo"
}

cpu_as_criu() {
	if cpu_as_is_live; then
		"$VM_CRIU" "$@"
		return
	fi
	CPU_AS=$CPU_AS_DIR/table LD_PRELOAD=$CPU_AS_DIR/cpu-as.so "$CPU_AS_LIB/lib/ld-linux-x86-64.so.2" \
		--library-path "$CPU_AS_LIB/lib" "$CPU_AS_DIR/criu.bin" "$@"
}

cpu_as_migcheck() {
	if cpu_as_is_live; then
		"$MIGCHECK" "$@"
		return
	fi
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount bash -c 'mount --bind "$0/cpuinfo" /proc/cpuinfo
		CPU_AS=$0/table LD_PRELOAD=$0/cpu-as.so LD_LIBRARY_PATH=$0/lib exec "$0/migcheck" "$@"' "$CPU_AS_DIR" "$@"
}

# The modes of --cpu-cap are in the array "modes".
cpu_as_peer() {
	local there=$1 source=$2 job=$VM/$1/root/job/$2 mode code criu=("$VM_CRIU") migcheck=("$MIGCHECK")

	[[ $there == here ]] || criu=(cpu_as_criu) migcheck=(cpu_as_migcheck)
	mkdir -p "$VM/$there/out" "$job"
	cp -a "$3"/{source,img} "$job"
	"${migcheck[@]}" probe -s "$job/source" -o "$VM/$there/out/$source.mc"
	# shellcheck disable=SC2154
	for mode in "${modes[@]}"; do
		code=0
		"${criu[@]}" cpuinfo check "--cpu-cap=$mode" -D "$job/img" -W "$VM" -o check.log > /dev/null 2>&1 || code=$?
		echo "$source $mode $code $(oracle_error "$VM/check.log")"
	done >> "$VM/$there/out/modes"
}
