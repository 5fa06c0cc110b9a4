# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # scripts for shells inside
# shellcheck disable=SC2034,SC2153 # variables for and of the files sourced here
#
# Sourced by containers.bats: starts whole containers, and holds what migcheck says of them against the
# real CRIU. One at a time:
#
#	container_unshare --pid --fork --net -- plain
#	container_judge all-but-mounts
#	container_end
#
# The engines run on a "host" of their own: mount, network, IPC and UTS namespaces whose mounts are shared
# as systemd makes them, without a cgroup v2 mount (crun takes none beside v1). What an engine mounts or
# plugs together there ends with it. CRIU and migcheck run on that host too.
#
# container_judge asks for the report, and then CRIU: without options, with those that the report names
# (lossless ones, and those that lift its blockers), and with each of them left out; likewise the restore,
# in another mount, PID and network namespace, upon the container's root file system. A line of the table
# is printed for each container.

# shellcheck source-path=SCRIPTDIR source=judge.sh
. "$(dirname "${BASH_SOURCE[0]}")/judge.sh"

# containers_setup: at the start of a test.
containers_setup() {
	judge_setup
	CONTAINERS=$JUDGE/c
	ROOTFS=$CONTAINERS/rootfs
	CONTAINER='' CONTAINER_HOST='' CONTAINER_END=:
	mkdir -p "$CONTAINERS/bin" "$CONTAINERS/new"
	container_rootfs "$ROOTFS"
	CONTAINER_GROUPS=$(container_groups)
	container_host_up
}

# What podman makes above its containers, and leaves; removed at the end unless some were there before.
container_groups() {
	find /sys/fs/cgroup -maxdepth 4 -depth -type d -path '*/libpod_parent*' "$@"
}

containers_teardown() {
	container_end
	[[ -z ${CONTAINER_HOST:-} ]] || lab_kill "$CONTAINER_HOST" || true
	LAB_ENTER=()
	[[ -n ${CONTAINER_GROUPS:-} ]] || container_groups -exec rmdir {} \; 2> /dev/null || true
	judge_teardown
}

# A small root file system; what is mounted over or looked at is there.
container_rootfs() {
	local applet

	mkdir -p "$1"/{bin,proc,sys,dev,etc,tmp,data,run}
	chmod 755 "$1" "${1%/*}"
	cp "$LAB_BUSYBOX" "$1/bin/busybox"
	for applet in sh sleep setsid; do
		ln -s busybox "$1/bin/$applet"
	done
	mknod -m 666 "$1/dev/null" c 1 3
}

container_host_up() {
	(lab_clean unshare --mount --net --ipc --uts --propagation private /bin/sh -c '
		! mountpoint -q "$1" || umount "$1"
		mkdir -p /run/netns; mount -t tmpfs run /run/netns; mount --make-rshared /; ip link set lo up
		: > "$2"; exec sleep infinity' sh /sys/fs/cgroup/unified "$CONTAINERS/up" < /dev/null > /dev/null 2>&1) &
	CONTAINER_HOST=$!
	lab_wait 5 test -e "$CONTAINERS/up" || lab_die 'no host for containers: unshare or mount fails'
	LAB_ENTER=(nsenter -t "$CONTAINER_HOST" --mount --net --ipc --uts --)
}

container_end() {
	[[ -n ${CONTAINER:-} ]] || return 0
	$CONTAINER_END
	CONTAINER='' CONTAINER_END=: LAB_PID='' CONTAINER_ROOT=''
}

# --- unshare(1) ---

# container_unshare OPTION… -- HOW: a sleep in namespaces of its own.
#	plain    the host's files, and descriptors from before
#	session  the same, leading a session inside a new PID namespace
#	host     the host's files, with its descriptors opened inside
#	root     a root file system and /proc of its own, by pivot_root(2)
#	chroot   the same, by chroot(2) alone
container_unshare() {
	local options=() script='exec sleep 1000' outer lead=''
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done

	CONTAINER=$2 CONTAINER_ROOT=''
	[[ " ${options[*]} " != *' --mount'* ]] || CONTAINER_ROOT=/
	# The first process of a new PID namespace leads no session in it yet.
	[[ " ${options[*]} " != *' --fork '* ]] || lead=setsid
	case $2 in
	session) script='exec setsid sleep 1000' ;;
	host) script='exec $2 sleep 1000 < /dev/null > /dev/null 2>&1' ;;
	root)
		script='mount --bind "$1" "$1"; cd "$1"; mount -t proc proc proc; pivot_root . data; cd /
			busybox umount -l /data; exec $2 sleep 1000 < /dev/null > /dev/null 2>&1'
		CONTAINER_ROOT=$ROOTFS
		;;
	chroot)
		script='cd "$1"; mount -t proc proc proc
			exec chroot . $2 sleep 1000 < dev/null > dev/null 2>&1'
		CONTAINER_ROOT=$ROOTFS
		;;
	esac
	(lab_clean "${LAB_ENTER[@]}" /bin/sh -c 'exec setsid unshare "$@" < /dev/null > /dev/null 2>&1' sh \
		"${options[@]}" /bin/sh -ec "$script" sh "$ROOTFS" "$lead" < /dev/null > /dev/null 2>&1) &
	outer=$!
	disown "$outer"
	lab_wait 5 container_sleeps "$outer" || lab_die "unshare ${options[*]} -- $CONTAINER: nothing sleeps"
	CONTAINER_END="lab_kill $(lab_tree "$outer" | xargs)"
}

# The innermost of what was started is the container's first process.
container_sleeps() {
	LAB_PID=$(lab_tree "$1" | tail -n 1)
	[[ $(tr '\0' ' ' 2> /dev/null < "/proc/$LAB_PID/cmdline") == *'sleep 1000 ' ]] 2> /dev/null
}

# --- runc and crun ---

# container_oci runc|crun [PYTHON]: the bundle of runc_start, its config altered by PYTHON.
container_oci() {
	local engine=$1 program=$LAB_RUNC

	CONTAINER=$engine
	[[ $engine == runc ]] || program=$CONTAINERS/bin/crun
	CONTAINER_END="container_oci_end $program"
	CONTAINER_ROOT=$CONTAINERS/bundle/rootfs
	mkdir -p "$CONTAINERS/bundle"
	rm -rf "$CONTAINER_ROOT"
	container_rootfs "$CONTAINER_ROOT"
	rm -f "$CONTAINERS/bundle/config.json"
	(cd "$CONTAINERS/bundle" && LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS "$LAB_RUNC" spec)
	"$LAB_PYTHON" - "$CONTAINERS/bundle/config.json" "${2:-}" <<-'PYTHON'
		import json, sys
		config = json.load(open(sys.argv[1]))
		config["process"].pop("rlimits", None)
		config["process"].update(terminal=False, args=["sleep", "1000"])
		config["root"]["readonly"] = False
		exec(sys.argv[2])
		json.dump(config, open(sys.argv[1], "w"))
	PYTHON
	(lab_program "$program" --root "$CONTAINERS/run" run -d -b "$CONTAINERS/bundle" c1 \
		< /dev/null > /dev/null 2>&1) || lab_die "$engine run fails"
	LAB_PID=$("${LAB_ENTER[@]}" env LD_LIBRARY_PATH="$LAB_PROGRAM_LIBS" "$program" --root "$CONTAINERS/run" state c1 |
		awk -F'[:,]' '/"pid"/ {print $2 + 0; exit}')
}

container_oci_end() {
	LD_LIBRARY_PATH=$LAB_PROGRAM_LIBS "${LAB_ENTER[@]}" "$1" --root "$CONTAINERS/run" delete -f c1 \
		> /dev/null 2>&1 || true
}

# --- podman ---

# Podman and what it calls, unpacked and told where everything is. Fails, and says why, where the
# packages cannot be had.
engines_setup() {
	local env name

	env=$("$LAB_DIR/get-programs.sh" engines) || return 1
	# shellcheck disable=SC1090
	. "$env"
	# Podman gives its helpers no LD_LIBRARY_PATH.
	for name in "$LAB_CRUN" "$LAB_SLIRP"; do
		printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$LAB_ENGINE_LIBS" "$name" > "$CONTAINERS/bin/${name##*/}"
		chmod 755 "$CONTAINERS/bin/${name##*/}"
	done
	ln -sf "$LAB_CACHE/criu/criu" "$CONTAINERS/bin/criu"
	mkdir -p "$CONTAINERS/hooks" "$CONTAINERS/net" "$CONTAINERS/volume"
	cat > "$CONTAINERS/containers.conf" <<-CONF
		[containers]
		log_driver = "k8s-file"
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		conmon_path = ["$LAB_CONMON"]
		helper_binaries_dir = ["${LAB_NETAVARK%/*}"]
		network_cmd_path = "$CONTAINERS/bin/slirp4netns"
		hooks_dir = ["$CONTAINERS/hooks"]
		runtime = "runc"
		[engine.runtimes]
		runc = ["$LAB_RUNC"]
		crun = ["$CONTAINERS/bin/crun"]
		[network]
		network_backend = "netavark"
		network_config_dir = "$CONTAINERS/net"
	CONF
	chmod 755 "$JUDGE" "$CONTAINERS"
}

# podman is the one whose containers need iptables for their network: CRIU is not to find it.
podman_do() {
	CONTAINERS_CONF=$CONTAINERS/containers.conf LD_LIBRARY_PATH=$LAB_ENGINE_LIBS:$LAB_PROGRAM_LIBS \
		XTABLES_LIBDIR=$XTABLES_LIBDIR PATH=$CONTAINERS/bin:$PATH:$LAB_NETFILTER_PATH \
		"${LAB_ENTER[@]}" "$LAB_PODMAN" --root "$CONTAINERS/root" --runroot "$CONTAINERS/runroot" \
		--tmpdir "$CONTAINERS/tmp" --storage-driver vfs "$@"
}

# container_podman OPTION…: of "podman run".
container_podman() {
	CONTAINER=podman CONTAINER_ROOT=$ROOTFS
	CONTAINER_END=container_podman_end
	podman_do run -d --name c1 "$@" --rootfs "$ROOTFS" sleep 1000 < /dev/null > "$CONTAINERS/err" 2>&1 3>&- 4>&- ||
		lab_die "podman run $*: $(< "$CONTAINERS/err")"
	LAB_PID=$(podman_do inspect --format '{{.State.Pid}}' c1)
}

container_podman_end() {
	podman_do rm -t 0 -f c1 > /dev/null 2>&1 3>&- 4>&- || true
}

# --- migcheck against CRIU ---

# container_report [OPTION…]: a dry run upon the container's root, of which the report is kept.
container_report() {
	JUDGE_EXIT=0
	"${LAB_ENTER[@]}" "$MIGCHECK" dry-run -p "$LAB_PID" --criu "$LAB_CACHE/criu/criu" -f json -o "$JUDGE/report" \
		${CONTAINER_ROOT:+--root "$CONTAINER_ROOT"} "$@" || JUDGE_EXIT=$?
}

# container_options STAGE: an option a line; those that only the user can fill in are filled in here.
container_options() {
	"$LAB_PYTHON" - "$JUDGE/report" "$1" <<-'PYTHON' | sed "$CONTAINER_FILL; s,^--root .*,--root $CONTAINERS/new,"
		import json, sys
		report, stage = json.load(open(sys.argv[1])), sys.argv[2]
		lifted = {f["rule"] for f in report["findings"] if f["severity"] == "blocker" and "option" in f}
		for need in report["requirements"]:
		    if (need["stage"] == stage and need["kind"] in ("lossless", "lossy", "arranged")
		            and (need["use"] == "needed" or lifted & set(need["rules"]))):
		        print(need["option"])
	PYTHON
}
CONTAINER_FILL='/^$/d; s,mnt\[/dev/console\]:KEY,mnt[/dev/console]:console,; s,mnt\[KEY\]:/dev/console,mnt[console]:/dev/null,
	s,:PEER@BRIDGE,:peer0@bridge0,; s/fd\[N\]/fd[0]/'

# container_stages: the stages of blockers that no option lifts.
container_stages() {
	"$LAB_PYTHON" - "$JUDGE/report" <<-'PYTHON'
		import json, sys
		print(" ".join({f["stage"] for f in json.load(open(sys.argv[1]))["findings"]
		                if f["severity"] == "blocker" and "option" not in f}))
	PYTHON
}

# container_restore OPTION…: into another host, which has what engines make there beforehand.
container_restore() {
	local words said ask=oracle_restore input=/dev/null
	mapfile -t words < <(printf '%s\n' "$@" | xargs -r -n 1 | grep -vx -- --shell-job)

	[[ " $* " != *' --shell-job '* ]] || ask=oracle_restore_job
	destination_up
	[[ " $* " != *' fd[0]:KEY '* ]] || input=/proc/$LAB_DEST/ns/net
	destination_run mount --make-rshared /
	destination_run ip link add bridge0 type bridge
	if [[ -n $CONTAINER_ROOT ]]; then
		# A peer group of its own: what CRIU mounts meanwhile must not show up in it.
		destination_run mount --bind "$CONTAINER_ROOT" "$CONTAINERS/new"
		destination_run mount --make-private "$CONTAINERS/new"
		destination_run mount --make-shared "$CONTAINERS/new"
	fi
	said=$(ORACLE_INPUT=$input && $ask "$JUDGE/img" "${words[@]}")
	destination_down
	printf '%s\n' "$said"
}

# container_dump OPTION…
container_dump() {
	local words
	mapfile -t words < <(printf '%s\n' "$@" | xargs -r -n 1)
	oracle_dump "$LAB_PID" "$JUDGE/img" "${words[@]}"
}

# container_without N OPTION…: all but the Nth, a line each.
container_without() {
	local n=$1
	shift
	set -- "${@:1:n-1}" "${@:n+1}"
	(($# == 0)) || printf '%s\n' "$@"
}

# container_judge NAME: as the head of this file says.
container_judge() {
	local dump=() restore=() rest=() n verdict

	container_report
	verdict=$(judge_verdict)
	mapfile -t dump < <(container_options dump)
	mapfile -t restore < <(container_options restore)
	JUDGE_RESTORE='not tried'
	JUDGE_DUMP=$(container_dump)
	printf '# %s: we said %s; criu %s\n' "$1" "$verdict" "${JUDGE_DUMP:0:110}" >&3
	case $verdict,$(container_stages) in
	blocked,*dump*)
		container_expect "$JUDGE_DUMP" refused 'a blocker of the dump, but CRIU dumps'
		((${#dump[@]} == 0)) || container_expect "$(container_dump "${dump[@]}")" refused 'with our options CRIU dumps'
		return
		;;
	undecided* | retry*)
		container_complain "$verdict"
		;;
	esac
	if ((${#dump[@]} > 0)); then
		container_expect "$JUDGE_DUMP" refused "${dump[*]} is not needed for the dump"
		for ((n = 1; n <= ${#dump[@]}; n++)); do
			mapfile -t rest < <(container_without "$n" "${dump[@]}")
			JUDGE_DUMP=$(container_dump "${rest[@]}")
			container_expect "$JUDGE_DUMP" refused "${dump[n - 1]} is not needed for the dump"
		done
		JUDGE_DUMP=$(container_dump "${dump[@]}")
		printf '#     criu dump %s: %s\n' "${dump[*]}" "$JUDGE_DUMP" >&3
	fi
	container_expect "$JUDGE_DUMP" dumped 'nothing more is needed for the dump'
	container_judge_restore "${restore[@]}"
	[[ $(container_stages) != '' ]] && return
	container_report --criu-options "${dump[*]} ${restore[*]/#"--root $CONTAINERS/new"/"--root $CONTAINER_ROOT"}"
	container_expect "$(judge_verdict)" ready 'with the options that we name ourselves we say'
}

container_judge_restore() {
	local n rest=() stages

	stages=$(container_stages)
	JUDGE_RESTORE=$(container_restore "$@")
	printf '#     criu restore %s: %s\n' "${*//"$JUDGE"/DIR}" "${JUDGE_RESTORE:0:110}" >&3
	if [[ $stages == *restore* ]]; then
		container_expect "$JUDGE_RESTORE" refused 'a blocker of the restore, but CRIU restores'
		return
	fi
	container_expect "$JUDGE_RESTORE" restored 'nothing more is needed for the restore'
	for ((n = 1; n <= $#; n++)); do
		mapfile -t rest < <(container_without "$n" "$@")
		JUDGE_RESTORE=$(container_restore "${rest[@]}")
		container_expect "$JUDGE_RESTORE" refused "${!n} is not needed for the restore"
	done
}

# container_complain WORDS…: why a test fails, with what both sides said.
container_complain() {
	printf '%s\n' "$*" "  criu dump:    $JUDGE_DUMP" "  criu restore: $JUDGE_RESTORE"
	"${LAB_ENTER[@]}" "$MIGCHECK" dry-run -p "$LAB_PID" --criu "$LAB_CACHE/criu/criu" \
		${CONTAINER_ROOT:+--root "$CONTAINER_ROOT"} || true
	return 1
}

# container_expect ANSWER BEGINNING WORDS
container_expect() {
	[[ $1 == "$2"* ]] || container_complain "$3: $1"
}
