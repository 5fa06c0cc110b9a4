#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the real CRIU makes of the images of each factory of mkproc; the dump is table.py's subject.
#
#	mkproc-observe.sh MKPROC CRIU [NAME...] > observed.md
#
# Dumps each factory (all of them by default) as the `criu` column says that it can be dumped, which
# ends it, then runs `criu restore` with the same options in the same place. Prints a table in
# Markdown. The errors are CRIU's own, the first lines first. What cannot be dumped is left out, and
# mount namespaces are: they want --root. Root only; restored trees are thrown away; takes about
# three minutes.
set -u

mkproc=$(realpath "$1") criu=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

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

# The options of both, from the `criu` column and the line of the scene. Without iptables in PATH
# nothing else can lock a network.
options() {
	local folder=${line#* folder=}
	echo '--network-lock nftables'
	case $1 in
	needs:--ghost-limit*) echo "--ghost-limit 1G ${1#needs:--ghost-limit}" ;;
	needs:--freeze-cgroup) echo "--freeze-cgroup ${folder%% *}" ;;
	needs:--external\ pid*) echo "--external pid[$(stat -Lc %i "/proc/$pid/ns/pid")]:x" ;;
	needs:*) echo "${1#needs:}" ;;
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
	rm -rf "$work/img"
	mkdir "$work/img"
	[ "$(run dump.log dumped dump -t "$pid" "$@")" = dumped ] || return
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
	local name=$1 expected=$2 rule=$3 line pid=0 outcome said=''
	rm -rf "$work/scratch"
	mkdir "$work/scratch"
	coproc SCENE { TMPDIR=$work/scratch exec "$mkproc" "$name" 2>/dev/null; }
	local scene=$SCENE_PID out=${SCENE[0]} in=${SCENE[1]}
	IFS= read -r -u "$out" line || line="SKIP $name: mkproc failed"
	if [[ $line != SKIP* ]]; then
		pid=${line#"$name "}
		pid=${pid%% *}
		# shellcheck disable=SC2046
		outcome=$(restore $(options "$expected"))
		[ "$outcome" = restored ] || said=$(errors "$work/img/restore.log")
		[ -z "$outcome" ] || printf '| %s | %s | %s | %s |\n' "$name" "$rule" "$outcome" "$said"
	fi
	exec {in}>&-
	wait "$scene" 2>/dev/null
}

printf '| factory | rule | restore | what CRIU said |\n'
printf '|---|---|---|---|\n'
"$mkproc" --list | while IFS=$'\t' read -r name expected rule needs _; do
	if [[ ($# -eq 0 || " $* " == *" $name "*) && $expected != refused && $needs != *mntns* ]]; then
		observe "$name" "$expected" "$rule"
	fi
done
