# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # the LAB_ variables are for whoever sources this
#
# Sourced by the lab: starts and stops the real programs whose migration is judged. One at a time:
#
#	program_start redis service
#	… $LAB_PID is the root of its process tree …
#	program_stop
#
# Variants: "terminal" is what a person gets who types the command into a shell; "service" is what a
# service manager gives: a session of its own, standard descriptors on /dev/null. Where a program
# offers more (nginx becomes a daemon by itself, a whole shell may be the root) that is a variant too.
#
# After a start these say what the tree is made of, for the changes that oracle.sh makes elsewhere:
#	LAB_PID      root of the tree             LAB_OPEN_FILE  a file it holds open, or empty
#	LAB_BINARY   its executable               LAB_PORT       a TCP port it listens on, or empty
#	LAB_LIBRARY  a library that it maps       LAB_SCRATCH    its folder, removed by program_stop
#
# Nothing is stopped by name: only the tree below LAB_PID and the helpers started here.

# shellcheck source-path=SCRIPTDIR source=processes.sh
. "$(dirname "${BASH_SOURCE[0]}")/processes.sh"

programs_setup() {
	local env

	env=$("$LAB_DIR/get-programs.sh") || return 1
	# shellcheck disable=SC1090
	. "$env"
}

# lab_mapped PID PATTERN: the path of the first mapped file that matches.
lab_mapped() {
	awk -v p="$2" '$6 ~ p {print $6; exit}' "/proc/$1/maps"
}

program_begin() {
	LAB_NAME=$1
	LAB_SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/lab-$1-XXXXXX")
	chmod 755 "$LAB_SCRATCH"
	LAB_HELPERS=()
	LAB_PID='' LAB_BINARY='' LAB_LIBRARY='' LAB_OPEN_FILE='' LAB_PORT=''
}

# program_run VARIANT COMMAND…: starts COMMAND, sets LAB_PID.
program_run() {
	local variant=$1 line last
	shift
	last=$1
	[[ $last != setpriv ]] || last=$LAB_POSTGRES

	case $variant in
	service)
		(cd "$LAB_SCRATCH" && lab_program setsid "$@" < /dev/null > /dev/null 2>&1) &
		LAB_PID=$!
		lab_wait 5 program_is "$LAB_PID" "$last"
		;;
	background)
		(cd "$LAB_SCRATCH" && lab_program "$@" < /dev/null > /dev/null 2>&1) &
		LAB_PID=$!
		lab_wait 5 program_is "$LAB_PID" "$last"
		;;
	terminal)
		printf -v line '%q ' "$@"
		program_type "cd $(printf %q "$LAB_SCRATCH"); $line & echo \$! > pid.new; mv pid.new pid"
		lab_wait 5 test -s "$LAB_SCRATCH/pid"
		LAB_PID=$(< "$LAB_SCRATCH/pid")
		;;
	*)
		lab_die "$LAB_NAME has no variant $variant"
		;;
	esac
}

# program_is PID COMMAND: whether the last exec has happened.
program_is() {
	[[ $(readlink "/proc/$1/exe") == "$(readlink -f "$2")" ]]
}

# Types a line into a new shell on a terminal of its own.
program_type() {
	(lab_program "$LAB_PYTHON" "$LAB_DIR/terminal.py" "$1" < /dev/null > /dev/null 2>&1) &
	LAB_HELPERS+=($!)
}

program_stop() {
	local pids=() pid

	[[ -n ${LAB_NAME:-} ]] || return 0
	[[ $LAB_NAME != runc ]] || runc_delete
	[[ $LAB_NAME != postgres ]] || postgres_shared > "$LAB_SCRATCH/shared"
	for pid in ${LAB_PID:+"$LAB_PID"} "${LAB_HELPERS[@]}"; do
		mapfile -t -O "${#pids[@]}" pids < <(lab_tree "$pid")
	done
	lab_kill "${pids[@]}" 2> /dev/null || true
	[[ $LAB_NAME != postgres ]] || postgres_remove_shared < "$LAB_SCRATCH/shared"
	rm -rf "$LAB_SCRATCH"
	LAB_NAME='' LAB_PID='' LAB_HELPERS=()
}

# --- nginx: a master and two workers ---

# nginx_start daemon|service [ADDRESS]
nginx_start() {
	local variant=$1 address=${2:-127.0.0.1} daemon=off

	program_begin nginx
	LAB_PORT=$(lab_free_port)
	[[ $variant != daemon ]] || daemon=on
	mkdir "$LAB_SCRATCH/tmp" "$LAB_SCRATCH/html"
	echo hello > "$LAB_SCRATCH/html/index.html"
	cat > "$LAB_SCRATCH/nginx.conf" <<-CONF
		daemon $daemon;
		worker_processes 2;
		user root;
		pid $LAB_SCRATCH/nginx.pid;
		error_log $LAB_SCRATCH/error.log;
		events { worker_connections 64; }
		http {
			access_log $LAB_SCRATCH/access.log;
			client_body_temp_path $LAB_SCRATCH/tmp/body;
			proxy_temp_path $LAB_SCRATCH/tmp/proxy;
			fastcgi_temp_path $LAB_SCRATCH/tmp/fastcgi;
			uwsgi_temp_path $LAB_SCRATCH/tmp/uwsgi;
			scgi_temp_path $LAB_SCRATCH/tmp/scgi;
			server { listen $address:$LAB_PORT; root $LAB_SCRATCH/html; }
		}
	CONF
	set -- "$LAB_NGINX" -p "$LAB_SCRATCH" -c "$LAB_SCRATCH/nginx.conf" -e "$LAB_SCRATCH/error.log"
	if [[ $variant == daemon ]]; then
		program_run terminal "$@"
		lab_wait 5 test -s "$LAB_SCRATCH/nginx.pid"
		LAB_PID=$(< "$LAB_SCRATCH/nginx.pid")
	else
		program_run "$variant" "$@"
	fi
	lab_wait 5 nginx_ready
	LAB_BINARY=$LAB_NGINX
	LAB_LIBRARY=$(lab_mapped "$LAB_PID" '/libpcre2-8')
	LAB_OPEN_FILE=$LAB_SCRATCH/access.log
}

# Its workers become another user's, as they are by default.
nginx_as_nobody() {
	sed -i 's/user root;/user nobody nogroup;/' "$LAB_SCRATCH/nginx.conf"
	kill -HUP "$LAB_PID"
	lab_wait 5 nginx_worker_is_nobody
}

nginx_worker_is_nobody() {
	nginx_ready && grep -q '^Uid:.65534' "/proc/$(lab_tree "$LAB_PID" | tail -n 1)/status"
}

nginx_ready() {
	lab_listens "$LAB_PORT" && (($(lab_tree "$LAB_PID" | wc -l) == 3))
}

# --- redis-server with a client that stays connected ---

# redis_start terminal|service
redis_start() {
	program_begin redis
	LAB_PORT=$(lab_free_port)
	program_run "$1" "$LAB_REDIS" --bind 127.0.0.1 --port "$LAB_PORT" --dir "$LAB_SCRATCH" \
		--save '' --appendonly yes --logfile "$LAB_SCRATCH/redis.log"
	lab_wait 5 lab_listens "$LAB_PORT"
	(lab_program "$LAB_REDIS_CLI" -p "$LAB_PORT" subscribe lab < /dev/null > "$LAB_SCRATCH/client.log" 2>&1) &
	LAB_HELPERS+=($!)
	lab_wait 5 grep -qs lab "$LAB_SCRATCH/client.log"
	LAB_BINARY=$(readlink "/proc/$LAB_PID/exe")
	LAB_LIBRARY=$(lab_mapped "$LAB_PID" '/libjemalloc')
	LAB_OPEN_FILE=$(find "$LAB_SCRATCH" -name '*.incr.aof')
}

# --- PostgreSQL 15 under load ---

# A cluster is made once (2 s) and copied for each start.
postgres_template() {
	local template=$LAB_CACHE/pgdata-15 bin=${LAB_POSTGRES%/*} work pid
	local -x LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS

	lab_lock pgdata
	if [[ ! -d $template ]]; then
		work=$(mktemp -d)
		chmod 755 "$work"
		mkdir "$work/new"
		chown 65534:65534 "$work/new"
		"${LAB_NOBODY[@]}" "$bin/initdb" -A trust -U postgres -N -D "$work/new" > "$work/log" 2>&1 ||
			lab_die "initdb: $(tail -n 3 "$work/log")"
		"${LAB_NOBODY[@]}" "$LAB_POSTGRES" -D "$work/new" -k "$work/new" -c listen_addresses= \
			> "$work/log" 2>&1 < /dev/null &
		pid=$!
		lab_wait 10 "$LAB_PSQL" -qtA -h "$work/new" -U postgres -c 'select 1' > /dev/null 2>&1
		"$LAB_PGBENCH" -q -i -s 1 -h "$work/new" -U postgres postgres > "$work/log" 2>&1 ||
			lab_die "pgbench -i: $(tail -n 3 "$work/log")"
		kill -INT "$pid"
		wait "$pid" || true
		rm -f "$work/new/postmaster.opts"
		mv "$work/new" "$template"
		rm -rf "$work"
	fi
	lab_unlock
	printf '%s\n' "$template"
}

# postgres_start terminal|service
postgres_start() {
	local template

	template=$(postgres_template)
	program_begin postgres
	LAB_PORT=$(lab_free_port)
	cp -a "$template" "$LAB_SCRATCH/data"
	mkdir "$LAB_SCRATCH/run"
	chown 65534:65534 "$LAB_SCRATCH/run"
	program_run "$1" "${LAB_NOBODY[@]}" "$LAB_POSTGRES" -D "$LAB_SCRATCH/data" -k "$LAB_SCRATCH/run" \
		-p "$LAB_PORT" -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB
	lab_wait 10 postgres_is_ready
	(lab_program "$LAB_PGBENCH" -n -c 2 -R 50 -T 3600 -h 127.0.0.1 -p "$LAB_PORT" -U postgres postgres \
		< /dev/null > "$LAB_SCRATCH/pgbench.log" 2>&1) &
	LAB_HELPERS+=($!)
	lab_wait 10 postgres_busy
	LAB_BINARY=$LAB_POSTGRES
	LAB_LIBRARY=$(lab_mapped "$LAB_PID" '/libxml2')
	LAB_OPEN_FILE=''
}

# What shared memory it leaves behind when it is killed: one SysV segment, whose id stands in its pid
# file, and POSIX objects, some of them mapped by its children only.
postgres_shared() {
	local pid

	awk 'NR == 7 {print "sysv", $2}' "$LAB_SCRATCH/data/postmaster.pid" 2> /dev/null || true
	for pid in $(lab_tree "$LAB_PID"); do
		awk '$6 ~ "^/dev/shm/PostgreSQL" {print "posix", $6}' "/proc/$pid/maps" 2> /dev/null || true
	done | sort -u
}

postgres_remove_shared() {
	local kind name

	while read -r kind name; do
		case $kind in
		sysv) ipcrm -m "$name" 2> /dev/null || true ;;
		posix) rm -f "$name" ;;
		esac
	done
}

# It answers on its socket before it lets anybody in; line 8 of its pid file says when it does.
postgres_is_ready() {
	[[ $(sed -n 's/ *$//; 8p' "$LAB_SCRATCH/data/postmaster.pid" 2> /dev/null) == ready ]]
}

postgres_busy() {
	(($("${LAB_ENTER[@]}" ss -Htn state established "sport = :$LAB_PORT" | wc -l) >= 2))
}

# --- a pipeline of shell tools ---

# pipeline_start terminal|service|background|shell|follow: "background" has neither a session nor a
# terminal of its own, as a line "pipeline &" in a script; "shell" takes the interactive shell itself
# as the root; "follow" is a service that starts with tail -f, which does not survive CRIU's freeze.
pipeline_start() {
	local variant=$1 run=$1 first='{ cat <&3; sleep 3600; }'

	program_begin pipeline
	seq 100 > "$LAB_SCRATCH/input"
	case $variant in
	shell) run=terminal ;;
	follow) run=service first="tail -f $LAB_SCRATCH/input" ;;
	esac
	cat > "$LAB_SCRATCH/pipeline" <<-SCRIPT
		exec 3< $LAB_SCRATCH/input
		$first | sed -u s/1/one/ | tee $LAB_SCRATCH/output
	SCRIPT
	program_run "$run" /bin/sh "$LAB_SCRATCH/pipeline"
	[[ $variant != shell ]] || LAB_PID=$(awk '{print $4}' "/proc/$LAB_PID/stat")
	lab_wait 5 test -s "$LAB_SCRATCH/output"
	LAB_BINARY=$(command -v tee)
	LAB_LIBRARY=/usr/lib/x86_64-linux-gnu/libc.so.6
	LAB_OPEN_FILE=$LAB_SCRATCH/input
}

# --- python3 with threads ---

# python_start terminal|service
python_start() {
	program_begin python
	seq 1000 > "$LAB_SCRATCH/words"
	cat > "$LAB_SCRATCH/threads.py" <<-'PYTHON'
		import sys, threading, time
		words = open(sys.argv[1] + "/words")
		words.readline()
		out = open(sys.argv[1] + "/state", "w+")
		lock = threading.Lock()
		def work(n):
		    while True:
		        with lock:
		            out.seek(0)
		            out.write("%d\n" % n)
		            out.flush()
		        time.sleep(0.05)
		for n in range(3):
		    threading.Thread(target=work, args=(n,), daemon=True).start()
		threading.Event().wait()
	PYTHON
	program_run "$1" "$LAB_PYTHON" "$LAB_SCRATCH/threads.py" "$LAB_SCRATCH"
	lab_wait 5 test -s "$LAB_SCRATCH/state"
	LAB_BINARY=$(readlink "/proc/$LAB_PID/exe")
	LAB_LIBRARY=$(readlink -f "$(lab_mapped "$LAB_PID" '/libexpat')")
	LAB_OPEN_FILE=$LAB_SCRATCH/words
}

# --- a runc container ---

# runc_start service: the container's own init, in namespaces of its own, over a rootfs of busybox.
# What is written to $LAB_SCRATCH/criu.conf are CRIU's options for "runc checkpoint" and "restore".
runc_start() {
	local applet rootfs

	[[ $1 == service ]] || lab_die "runc has no variant $1"
	program_begin runc
	LAB_CONTAINER=lab-$BASHPID-$RANDOM
	LAB_BUNDLE=$LAB_SCRATCH/bundle
	LAB_RUNC_ROOT=$LAB_SCRATCH/runc
	rootfs=$LAB_BUNDLE/rootfs
	mkdir -p "$rootfs"/{bin,proc,sys,dev,etc,tmp}
	cp "$LAB_BUSYBOX" "$rootfs/bin/busybox"
	for applet in sh sleep cat ip; do
		ln -s busybox "$rootfs/bin/$applet"
	done
	echo data > "$rootfs/etc/data"
	(cd "$LAB_BUNDLE" && runc_do spec)
	# Without CAP_SYS_RESOURCE no rlimit can be raised, not even to what it is: leave them alone.
	: > "$LAB_SCRATCH/criu.conf"
	"$LAB_PYTHON" - "$LAB_BUNDLE/config.json" "$LAB_SCRATCH/criu.conf" <<-'PYTHON'
		import json, sys
		config = json.load(open(sys.argv[1]))
		process = config["process"]
		process.pop("rlimits", None)
		process["terminal"] = False
		config["annotations"] = {"org.criu.config": sys.argv[2]}
		process["args"] = ["sh", "-c", "exec 3</etc/data; while :; do sleep 1000; done"]
		config["root"]["readonly"] = False
		json.dump(config, open(sys.argv[1], "w"))
	PYTHON
	(lab_program "$LAB_RUNC" --root "$LAB_RUNC_ROOT" run -d -b "$LAB_BUNDLE" "$LAB_CONTAINER" \
		< /dev/null > /dev/null 2>&1) || lab_die "runc run fails"
	LAB_PID=$(runc_do state "$LAB_CONTAINER" |
		awk -F'[:,]' '/"pid"/ {print $2 + 0; exit}')
	lab_wait 5 runc_ready
	LAB_BINARY=$rootfs/bin/busybox
	LAB_OPEN_FILE=$rootfs/etc/data
}

# runc_do COMMAND…: runc's own command, with the state of this one container.
runc_do() {
	LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS "$LAB_RUNC" --root "$LAB_RUNC_ROOT" "$@"
}

runc_ready() {
	(($(lab_tree "$LAB_PID" | wc -l) == 2))
}

runc_delete() {
	runc_do delete -f "$LAB_CONTAINER" > /dev/null 2>&1 || true
	LAB_PID=''
}

# program_start NAME VARIANT [ARGUMENT…]
program_start() {
	local name=$1
	shift

	"${name}_start" "$@" || lab_die "$name ($1) does not start; see ${LAB_SCRATCH:-nothing}"
}
