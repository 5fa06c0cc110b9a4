#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the real CRIU does with each factory of mkproc.
#
#	mkproc-observe.sh MKPROC CRIU [NAME...] > observed.md
#
# Runs `criu dump --leave-running -t PID -D DIR` without further options on each factory (all of them
# by default). Where that does not succeed, again with the option that the `criu` column names, or
# else with all the lossless ones together, to see whether one of them would have helped. Where a
# dump succeeded, once more without --leave-running, and then `criu restore` with the same options
# in the same place. Prints a table in Markdown. The errors are CRIU's own, the first lines first.
# Root only; images and restored trees are thrown away; takes about four minutes.
set -u

mkproc=$(realpath "$1") criu=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lossless='--shell-job --tcp-established --file-locks --link-remap --ghost-limit 1G --ext-unix-sk'
lossless="$lossless --evasive-devices --skip-in-flight --enable-external-masters"

# The lines that tell, without the time stamp. The one about the number of files is printed on any
# host that lacks CAP_SYS_RESOURCE, the ones that end in "(pid: N) failed with -1" only say where.
errors() {
	sed -nE 's/^\([0-9.]+\) *//; s/^ *[0-9]+: *//; s/^Error (\([^)]*\): )/\1/p' "$1" 2>/dev/null |
		grep -avE 'RLIMIT_NOFILE for self|\(pid: [0-9]+\) failed with|(Dumping|Restoring) FAILED' |
		grep -avE 'tables-legacy-save' |
		sed -e "s,$work/scratch/mkproc\.[A-Za-z0-9]*,DIR,g" -e "s/\b$pid\b/PID/g" |
		tr '\t|' ' /' | awk '!seen[$0]++ && n++ < 3 { printf "%s`%s`", (n > 1 ? "<br>" : ""), $0 }'
}

# run LOG WORD CRIU-ARGUMENTS...: WORD if it succeeds.
run() {
	local log=$1 word=$2
	shift 2
	timeout -k 1 60 "$criu" "$@" -D "$work/img" -o "$log" </dev/null >/dev/null 2>&1
	case $? in
	0) echo "$word" ;;
	124 | 137) echo "hung" ;;
	*) echo "refused" ;;
	esac
}

dump() {
	rm -rf "$work/img"
	mkdir "$work/img"
	run dump.log dumped dump -t "$pid" "$@"
}

# The options to try in the second dump, from the `criu` column and the line of the scene.
option() {
	local folder=${line#* folder=}
	case $1 in
	needs:--ghost-limit) echo '--ghost-limit 1G' ;;
	needs:--freeze-cgroup) echo "--freeze-cgroup ${folder%% *}" ;;
	needs:--external\ pid*) echo "--external pid[$(stat -Lc %i "/proc/$pid/ns/pid")]:x" ;;
	needs:*) echo "${1#needs:}" ;;
	*) echo "$lossless --timeout 2" ;;
	esac
}

# The root of a tree and all below it.
tree() {
	local all=$1 more=$1 p
	while [ -n "$more" ]; do
		more=$(for p in $more; do cat "/proc/$p/task/"*/children 2>/dev/null; done | xargs)
		all="$all $more"
	done
	echo "$all"
}

# A restored task has its old number again, in a PID namespace of its own it ends with its init.
restore() {
	local tries=100 outcome members member
	members=$(tree "$pid")
	outcome=$(dump "$@")
	[ "$outcome" = dumped ] || {
		echo "second dump $outcome"
		return
	}
	while [ -d "/proc/$pid" ] && [ $((tries--)) -gt 0 ]; do
		sleep 0.02
	done
	rm -f "$work/pid"
	outcome=$(run restore.log restored restore -d --pidfile "$work/pid" "$@")
	echo "$outcome"
	[ "$outcome" = restored ] || return
	for member in $(tree "$(cat "$work/pid")") $members; do
		case $(readlink "/proc/$member/exe") in
		"$mkproc"* | "$work"/*) kill -KILL "$member" ;;
		esac
	done
}

observe() {
	local name=$1 expected=$2 rule=$3 needs=$4 line pid=0 outcome error options='' second restored=''
	rm -rf "$work/scratch"
	mkdir "$work/scratch"
	coproc SCENE { TMPDIR=$work/scratch exec "$mkproc" "$name" 2>/dev/null; }
	local scene=$SCENE_PID out=${SCENE[0]} in=${SCENE[1]}
	IFS= read -r -u "$out" line || line="SKIP $name: mkproc failed"
	if [[ $line == SKIP* ]]; then
		outcome=skipped error=${line#*: }
	else
		pid=${line#"$name "}
		pid=${pid%% *}
		outcome=$(dump --leave-running)
		error=$(errors "$work/img/dump.log")
		second=$outcome
		if [ "$outcome" != dumped ]; then
			options=$(option "$expected")
			# shellcheck disable=SC2086
			second=$(dump --leave-running $options)
			error="$error<br>*with ${options/"$lossless --timeout 2"/all lossless options}:* $second"
			[ "$second" = dumped ] || error="$error $(errors "$work/img/dump.log")"
		fi
		if [ "$second" = dumped ] && [[ $needs != *mntns* ]]; then
			# shellcheck disable=SC2086
			restored=$(restore $options)
			[ "$restored" = restored ] || error="$error<br>*restore:* $(errors "$work/img/restore.log")"
		fi
	fi
	printf '| %s | %s | %s | %s | %s | %s |\n' \
		"$name" "$rule" "$expected" "$outcome" "$restored" "${error#<br>}"
	exec {in}>&-
	wait "$scene" 2>/dev/null
}

printf '| factory | rule | expected of dump | dump | restore | what CRIU said |\n'
printf '|---|---|---|---|---|---|\n'
"$mkproc" --list | while IFS=$'\t' read -r name expected rule needs _; do
	if [ $# -eq 0 ] || [[ " $* " == *" $name "* ]]; then
		observe "$name" "$expected" "$rule" "$needs"
	fi
done
