#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the real CRIU says of each factory of mkproc.
#
#	mkproc-observe.sh MKPROC CRIU [NAME...] > observed.tsv
#
# Runs `criu dump --leave-running -t PID -D DIR` without further options on each factory (all of them
# by default). Where that is refused, again with the option that the `criu` column names, or else
# with all the lossless ones, to see whether one of them would have helped. One line for each,
# columns set apart by tabs:
#
#	name  expected  rule  dumped|refused|hung|skipped  error  options  dumped|refused|hung  error
#
# The error is CRIU's own, the first lines first, joined by " / ". Root; nothing is restored; the
# images are thrown away.
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
	sed -nE 's/^\([0-9.]+\) *//; s/^(Error \([^)]*\): )/\1/p' "$work/img/dump.log" |
		grep -avE 'RLIMIT_NOFILE for self|\(pid: [0-9]+\) failed with|Dumping FAILED' |
		sed -e "s,$work/scratch/mkproc\.[A-Za-z0-9]*,DIR,g" -e "s/\b$1\b/PID/g" |
		tr '\t' ' ' | awk '!seen[$0]++ && n++ < 4 { printf "%s%s", (n > 1 ? " / " : ""), $0 }'
}

dump() {
	local pid=$1
	shift
	rm -rf "$work/img"
	mkdir "$work/img"
	timeout -k 1 20 "$criu" dump --leave-running -t "$pid" -D "$work/img" -o dump.log "$@" \
		</dev/null >/dev/null 2>&1
	case $? in
	0) echo dumped ;;
	124 | 137) echo hung ;;
	*) echo refused ;;
	esac
}

# The option of a "needs:" column in a form that CRIU takes; nothing if it must be made up for.
option() {
	case $1 in
	needs:--ghost-limit) echo '--ghost-limit 1G' ;;
	needs:*[a-z]:* | needs:--freeze-cgroup) echo '--timeout 2' ;;
	needs:*) echo "${1#needs:}" ;;
	*) echo "$lossless --timeout 2" ;;
	esac
}

observe() {
	local name=$1 expected=$2 rule=$3 line pid outcome options
	rm -rf "$work/scratch"
	mkdir "$work/scratch"
	coproc SCENE { TMPDIR=$work/scratch exec "$mkproc" "$name" 2>/dev/null; }
	local scene=$SCENE_PID out=${SCENE[0]} in=${SCENE[1]}
	IFS= read -r -u "$out" line || line="SKIP $name: mkproc failed"
	printf '%s\t%s\t%s\t' "$name" "$expected" "$rule"
	if [[ $line == SKIP* ]]; then
		printf 'skipped\t%s\n' "${line#*: }"
	else
		pid=${line#"$name "}
		pid=${pid%% *}
		outcome=$(dump "$pid")
		printf '%s\t%s' "$outcome" "$(errors "$pid")"
		if [ "$outcome" = refused ]; then
			options=$(option "$expected")
			# shellcheck disable=SC2086
			outcome=$(dump "$pid" $options)
			[ "${options#"$lossless"}" = "$options" ] || options=lossless
			printf '\t%s\t%s\t%s' "$options" "$outcome" "$(errors "$pid")"
		fi
		printf '\n'
	fi
	exec {in}>&-
	wait "$scene" 2>/dev/null
}

"$mkproc" --list | while IFS=$'\t' read -r name expected rule _; do
	if [ $# -eq 0 ] || [[ " $* " == *" $name "* ]]; then
		observe "$name" "$expected" "$rule"
	fi
done
