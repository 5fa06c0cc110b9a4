# SPDX-License-Identifier: Apache-2.0
# What the end-to-end tests share. MIGCHECK is the program under test; TOP the top of the tree.
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
: "${MIGCHECK:=$TOP/build/release/migcheck}"
: "${MKPROC:=$TOP/build/release/mkproc}"

# start_quiet COMMAND...: a session of its own with nothing inherited; its pid in QUIET_PID.
start_quiet() {
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		exec setsid "$@"
	) </dev/null >/dev/null 2>&1 &
	QUIET_PID=$!
	QUIET_PIDS+=("$QUIET_PID")
	# The shell becomes setsid(1), and that the command: wait until it has.
	for _ in $(seq 200); do
		case $(readlink "/proc/$QUIET_PID/exe") in
		"$(readlink /proc/$$/exe)" | */setsid | "") sleep 0.01 ;;
		*) return 0 ;;
		esac
	done
}

stop_quiet() {
	local pid
	for pid in "${QUIET_PIDS[@]:-}"; do
		[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
	done
	QUIET_PIDS=()
	return 0
}

# json FILE EXPRESSION: a Python expression over the report `r`.
json() {
	python3 -c 'import json,sys; r = json.load(open(sys.argv[1])); v = eval(sys.argv[2]); print(v if not isinstance(v, bool) else str(v).lower())' "$1" "$2"
}
