#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# get-programs.sh [programs|engines]: makes sure that the real programs of the lab are at hand, and prints
# the path of a file that says where each is, to be sourced:
#
#	LAB_NGINX=/repo/build/lab/programs/usr/sbin/nginx
#	LAB_PROGRAM_LIBS=/repo/build/lab/programs/usr/lib/x86_64-linux-gnu
#
# "programs" (the default) are nginx, redis-server, PostgreSQL 15, runc, python3, ssh, a static busybox and
# iptables; "engines" are crun, and podman with what it calls (LAB_ENGINE_LIBS are their libraries).
#
# What the machine has is used. What it lacks is downloaded and unpacked, never installed: an
# install would start services and make users.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

# variable, package, path of the program
# shellcheck disable=SC2034 # read by name
programs='
LAB_NGINX nginx-light /usr/sbin/nginx
LAB_REDIS redis-server /usr/bin/redis-server
LAB_REDIS_CLI redis-tools /usr/bin/redis-cli
LAB_POSTGRES postgresql-15 /usr/lib/postgresql/15/bin/postgres
LAB_PGBENCH postgresql-15 /usr/lib/postgresql/15/bin/pgbench
LAB_PSQL postgresql-client-15 /usr/lib/postgresql/15/bin/psql
LAB_RUNC runc /usr/sbin/runc
LAB_PYTHON python3-minimal /usr/bin/python3
LAB_SSH openssh-client /usr/bin/ssh
LAB_BUSYBOX busybox-static /bin/busybox
LAB_NETFILTER iptables /usr/sbin/xtables-nft-multi
'
# shellcheck disable=SC2034
engines='
LAB_CRUN crun /usr/bin/crun
LAB_PODMAN podman /usr/bin/podman
LAB_CONMON conmon /usr/bin/conmon
LAB_NETAVARK netavark /usr/lib/podman/netavark
LAB_SLIRP slirp4netns /usr/bin/slirp4netns
'
set=${1:-programs}
case $set in
programs) libs=LAB_PROGRAM_LIBS ;;
engines) libs=LAB_ENGINE_LIBS ;;
*) lab_die "no such set of programs: $set" ;;
esac
wanted=${!set}
root=$LAB_CACHE/$set
env=$root/lab.env

# A busybox of the machine is of use only if it is static: it becomes a container's whole content.
usable() {
	[[ -x $1 ]] && { [[ $1 != /bin/busybox ]] || ! ldd "$1" > /dev/null 2>&1; }
}

# The names under which CRIU calls it are alternatives, made by a script that does not run here. As
# they stand in a folder of their own, the lab can choose whether a host has iptables or not.
add_netfilter() {
	local new=$1 netfilter name

	netfilter=$(sed -n 's/^LAB_NETFILTER=//p' "$new/lab.env")
	[[ -n $netfilter ]] || return 0
	mkdir "$new/netfilter"
	for name in iptables ip6tables iptables-restore ip6tables-restore iptables-save ip6tables-save; do
		ln -s "$netfilter" "$new/netfilter/$name"
	done
	printf 'LAB_NETFILTER_PATH=%q\n' "$root/netfilter" >> "$new/lab.env"
	printf 'XTABLES_LIBDIR=%q\n' "${netfilter%/sbin/*}/lib/x86_64-linux-gnu/xtables" >> "$new/lab.env"
}

lab_lock "$set"
if [[ ! -r $env ]]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	missing=()
	while read -r variable package path; do
		[[ -n $variable ]] || continue
		usable "$path" || missing+=("$package")
	done <<< "$wanted"

	new=$work/$set
	mkdir -p "$new"
	if ((${#missing[@]} > 0)); then
		fetch_lists
		# libllvm (30 MB) only serves PostgreSQL's JIT compiler, which the lab turns off.
		mapfile -t packages < <(fetch_closure -- "${missing[@]}" | grep -v '^libllvm')
		# What is already installed in an older version is listed as an upgrade only when a
		# dependency forces it; a package installed without its program is not. Ask for it by name.
		mapfile -t packages < <(printf '%s\n' "${packages[@]}" "${missing[@]}" | sed '/^$/d' | sort -u)
		fetch_unpack "$new" "$work/debs" -o APT::Sandbox::User= -- "${packages[@]}"
	fi

	while read -r variable package path; do
		[[ -n $variable ]] || continue
		if ! usable "$path"; then
			[[ -x $new$path ]] || lab_die "package $package brought no $path"
			path=$root$path
		fi
		printf '%s=%q\n' "$variable" "$path"
	done <<< "$wanted" > "$new/lab.env"
	add_netfilter "$new"
	printf '%s=%q\n' "$libs" "$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu" >> "$new/lab.env"
	rm -rf "$root"
	mv "$new" "$root"
fi
lab_unlock
printf '%s\n' "$env"
