# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # JUDGE_EXIT is for the tests
#
# Sourced by the .bats files here: asks migcheck and the real CRIU about the same program and the same
# single change, and compares the answers.
#
#	program_start nginx service
#	judge remove "$LAB_BINARY"
#	verdict_is blocked
#	finds dst-file-missing permanent restore "$LAB_BINARY"
#	criu_said refused 'on restore: No such file'
#
# judge gives CRIU the options that migcheck's report says it will need, so that "ready" is put to the
# proof as it is meant; after judge_given OPTION… both sides get these and no others. Whatever else a test asserts, agree() holds migcheck to its word: ready, and
# CRIU dumps and restores; a permanent blocker of stage dump or restore, and CRIU refuses there.

# shellcheck source-path=SCRIPTDIR source=oracle.sh
. "$(dirname "${BASH_SOURCE[0]}")/oracle.sh"
# shellcheck source-path=SCRIPTDIR source=controller.sh
. "$(dirname "${BASH_SOURCE[0]}")/controller.sh"

judge_setup() {
	set -euo pipefail
	[[ $(id -u) == 0 ]] || skip 'needs root: CRIU does'
	MIGCHECK=${MIGCHECK:-$(cd "$LAB_DIR/../.." && pwd)/build/release/migcheck}
	[[ -x $MIGCHECK ]] || lab_die "$MIGCHECK is not built: run make"
	oracle_setup
	JUDGE=$(mktemp -d "${TMPDIR:-/tmp}/lab-judge-XXXXXX")
	# CRIU reads and writes below it as whoever it runs as.
	chmod 755 "$JUDGE"
	JUDGE_OPTIONS=() JUDGE_PROBE=()
	JUDGE_DUMP='not tried' JUDGE_RESTORE='not tried'
}

judge_teardown() {
	destination_down
	program_stop
	lab_network_down
	[[ -z ${LAB_V1:-} ]] || controller_v1_down
	controller_v2_down
	rm -rf "${JUDGE:-/nonexistent}"
}

# judge_dump: what migcheck sees of the tree.
judge_dump() {
	"${LAB_ENTER[@]}" "$MIGCHECK" dump -p "$LAB_PID" -o "$JUDGE/source"
}

# judge_check [RUNNER…]: probes with RUNNER (this host without), checks, keeps report and exit code.
judge_check() {
	"$@" "$MIGCHECK" probe -s "$JUDGE/source" --criu "$LAB_CACHE/criu/criu" -o "$JUDGE/destination" \
		"${JUDGE_PROBE[@]}"
	JUDGE_EXIT=0
	"$MIGCHECK" check "$JUDGE/source" "$JUDGE/destination" -f json -o "$JUDGE/report" \
		"${JUDGE_OPTIONS[@]}" || JUDGE_EXIT=$?
}

# controller_test PROGRAM: as a service in a group of a v1 hierarchy, whose controller is v2's when the
# restore comes. The tree must have ended by then, so this is judge in another order.
controller_test() {
	local pids dump restore

	controller_possible || skip 'no unused controller of cgroup v2 to play with'
	program_start "$1" service
	mapfile -t pids < <(lab_tree "$LAB_PID")
	controller_v1_up "${pids[@]}"
	judge_dump
	destination_up
	judge_check destination_run
	mapfile -t dump < <(judge_options dump)
	mapfile -t restore < <(judge_options restore)
	verdict_is ready
	JUDGE_DUMP=$(oracle_dump "$LAB_PID" "$JUDGE/img" "${dump[@]}")
	lab_kill "${pids[@]}"
	lab_reaped "${pids[@]}"
	destination_down
	controller_v1_down
	controller_v2_up
	destination_up
	judge_check destination_run
	JUDGE_RESTORE=$(oracle_restore "$JUDGE/img" "${restore[@]}")
	agree
	verdict_is blocked
	finds cg-hierarchy-missing permanent restore hugetlb
	finds_only cg-hierarchy-missing
	criu_said refused "Can't mount controller dir"
}

# judge [CHANGE…]: the whole comparison, into a destination with one change.
judge() {
	local dump=() restore=() ask=oracle_restore

	judge_dump
	destination_up
	(($# == 0)) || destination_change "$@"
	judge_check destination_run
	mapfile -t dump < <(judge_options dump)
	mapfile -t restore < <(judge_options restore)
	JUDGE_DUMP=$(oracle_dump "$LAB_PID" "$JUDGE/img" "${dump[@]}")
	JUDGE_RESTORE='not tried'
	if [[ $JUDGE_DUMP == dumped ]]; then
		if [[ " ${restore[*]} " == *' --shell-job '* ]]; then
			ask=oracle_restore_job
			mapfile -t restore < <(printf '%s\n' "${restore[@]}" | grep -vx -- --shell-job)
		fi
		JUDGE_RESTORE=$($ask "$JUDGE/img" "${restore[@]}")
	fi
	agree
}

# judge_given [OPTION…]: the user has decided what CRIU gets.
judge_given() {
	JUDGE_OPTIONS=(--criu-options "$*")
}

# judge_here: a dry run on this host, and a restore on it after the tree has ended, with its pids.
judge_here() {
	local dump restore pids

	JUDGE_EXIT=0
	"$MIGCHECK" dry-run -p "$LAB_PID" --criu "$LAB_CACHE/criu/criu" -f json -o "$JUDGE/report" || JUDGE_EXIT=$?
	mapfile -t dump < <(judge_options dump)
	mapfile -t restore < <(judge_options restore)
	mapfile -t pids < <(lab_tree "$LAB_PID")
	JUDGE_DUMP=$(oracle_dump "$LAB_PID" "$JUDGE/img" "${dump[@]}")
	if [[ $JUDGE_DUMP == dumped ]]; then
		lab_kill "${pids[@]}"
		lab_reaped "${pids[@]}"
		JUDGE_RESTORE=$(oracle_restore_here "$JUDGE/img" "${restore[@]}")
	fi
	agree
}

# The words of the options that CRIU gets at a stage: those that the user gave, or else those that the
# report names and that lose nothing.
judge_options() {
	if [[ ${JUDGE_OPTIONS[0]:-} == --criu-options ]]; then
		xargs -n 1 <<< "${JUDGE_OPTIONS[1]}" | sed '/^$/d'
		return
	fi
	"$LAB_PYTHON" - "$JUDGE/report" "$1" <<-'PYTHON'
		import json, sys
		report = json.load(open(sys.argv[1]))
		words = []
		for need in report["requirements"]:
		    if need["kind"] == "lossless" and need["stage"] == sys.argv[2]:
		        words += [w for w in need["option"].split() if w not in words]
		print("\n".join(words), end="\n" if words else "")
	PYTHON
}

# judge_complain WORDS…: why a test fails, with what both sides said.
judge_complain() {
	printf '%s\n' "$*" "  criu dump:    $JUDGE_DUMP" "  criu restore: $JUDGE_RESTORE"
	if [[ -e $JUDGE/destination ]]; then
		"$MIGCHECK" check "$JUDGE/source" "$JUDGE/destination" "${JUDGE_OPTIONS[@]}" || true
	else
		cat "$JUDGE/report"
	fi
	return 1
}

# agree: what migcheck concluded must be what CRIU did.
agree() {
	local blocked

	blocked=$("$LAB_PYTHON" - "$JUDGE/report" <<-'PYTHON'
		import json, sys
		report = json.load(open(sys.argv[1]))
		stages = {f["stage"] for f in report["findings"] if f["severity"] == "blocker"}
		print("dump" if "dump" in stages else "restore" if "restore" in stages else "")
	PYTHON
	)
	case $(judge_verdict),$blocked in
	ready,) [[ $JUDGE_DUMP == dumped && $JUDGE_RESTORE == restored ]] || judge_complain 'ready, but CRIU fails' ;;
	*,dump) [[ $JUDGE_DUMP == refused* ]] || judge_complain 'a blocker of the dump, but CRIU dumps' ;;
	*,restore) [[ $JUDGE_RESTORE == refused* ]] || judge_complain 'a blocker of the restore, but CRIU restores' ;;
	esac
}

judge_verdict() {
	"$LAB_PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["verdict"])' "$JUDGE/report"
}

verdict_is() {
	[[ $(judge_verdict) == "$1" ]] || judge_complain "verdict is $(judge_verdict), not $1"
}

# finds RULE LIFETIME STAGE [THING]: such a finding is there; THING is a part of what it names.
finds() {
	"$LAB_PYTHON" - "$JUDGE/report" "$@" <<-'PYTHON' || judge_complain "no such finding: $*"
		import json, sys
		rule, lifetime, stage = sys.argv[2:5]
		thing = sys.argv[5] if len(sys.argv) > 5 else ""
		sys.exit(not any(f["rule"] == rule and f["lifetime"] == lifetime and f["stage"] == stage and
		                 thing in f.get("thing", "") for f in json.load(open(sys.argv[1]))["findings"]))
	PYTHON
}

# finds_no_blocker: of whatever lifetime and stage.
finds_no_blocker() {
	"$LAB_PYTHON" - "$JUDGE/report" <<-'PYTHON' || judge_complain 'a blocker where there is none'
		import json, sys
		sys.exit(any(f["severity"] == "blocker" for f in json.load(open(sys.argv[1]))["findings"]))
	PYTHON
}

# finds_nothing_of RULE
finds_nothing_of() {
	"$LAB_PYTHON" - "$JUDGE/report" "$1" <<-'PYTHON' || judge_complain "a finding of $1"
		import json, sys
		sys.exit(any(f["rule"] == sys.argv[2] for f in json.load(open(sys.argv[1]))["findings"]))
	PYTHON
}

# finds_only RULE…: no blocker of any other rule.
finds_only() {
	"$LAB_PYTHON" - "$JUDGE/report" "$@" <<-'PYTHON' || judge_complain "blockers of other rules than $*"
		import json, sys
		sys.exit(any(f["severity"] == "blocker" and f["rule"] not in sys.argv[2:]
		             for f in json.load(open(sys.argv[1]))["findings"]))
	PYTHON
}

# requires STAGE OPTION
requires() {
	grep -qx -- "$2" <<< "$(JUDGE_OPTIONS=() && judge_options "$1")" || judge_complain "$2 is not among the options of $1"
}

# criu_said dumped|restored|refused [WORDS]: CRIU's last answer.
criu_said() {
	local answer=$JUDGE_RESTORE

	[[ $JUDGE_DUMP == dumped && $answer != 'not tried' ]] || answer=$JUDGE_DUMP
	[[ $answer == "$1"* && $answer == *"${2:-}"* ]] || judge_complain "CRIU did not say: $*"
}
