#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The Ansible run of probes/fleet, by the command of its README, over real sshd on nine hosts: one is
# to keep the package, one is not, one has nothing installed, one is another Debian, one has migcheck, and
# four fail: one is down, one has a full disk, one goes away in mid-run, and one's probe is killed.

setup_file() {
	export LAB_DIR=$BATS_TEST_DIRNAME F=$BATS_FILE_TMPDIR TOP LAB_FLEET QUIET
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	: "${MIGCHECK:=$TOP/build/release/migcheck}"
	export MIGCHECK
	unset MAKEFLAGS MAKELEVEL MFLAGS
	# Sockets of ssh have short names.
	LAB_FLEET=$(mktemp -d /tmp/fleet-XXXXXX)
	make -s -C "$TOP" deb > /dev/null
	cp "$TOP"/build/migcheck_*_"$(dpkg --print-architecture)".deb "$F/migcheck.deb"

	mkdir "$F/trees" "$F/home"
	setsid sleep 1000 < /dev/null > /dev/null 2>&1 3>&- &
	QUIET=$!
	"$MIGCHECK" dump -q -p "$QUIET" -o "$F/trees/sleep.mc"
	cp "$F/trees/sleep.mc" "$F/trees/it's here.mc"

	"$LAB_DIR/fleet.sh" up kept purged copied deb13:trixie there full lost killed > "$F/addresses"
	hosts_to_fail
	"$LAB_DIR/fleet.sh" on there /bin/sh -c 'cat > /usr/local/bin/migcheck && chmod 755 /usr/local/bin/migcheck' < "$MIGCHECK"
	inventory > "$F/inventory"
	for host in kept purged copied deb13 there; do
		"$LAB_DIR/fleet.sh" on $host /usr/bin/rm -rf /var/cache/migcheck
		everything $host > "$F/before-$host"
	done
	cd "$F"
	play > "$F/first" 2>&1 && status=0 || status=$?
	echo $status > "$F/first-status"
}

teardown_file() {
	"$LAB_DIR/fleet.sh" down
	kill -KILL "$QUIET"
	rm -rf "$LAB_FLEET"
}

# A disk of four pages, a program that takes the network away with it, and one that somebody kills.
hosts_to_fail() {
	"$LAB_DIR/fleet.sh" on full /usr/bin/mount -t tmpfs -o size=64k full /var/tmp
	"$LAB_DIR/fleet.sh" on lost /bin/sh -c 'printf "#!/bin/sh\nip link set lab0 down\nsleep 60\n" > /usr/local/bin/migcheck
		chmod 755 /usr/local/bin/migcheck'
	"$LAB_DIR/fleet.sh" on killed /bin/sh -c 'printf "#!/bin/sh\nkill -KILL \$\$\n" > /usr/local/bin/migcheck
		chmod 755 /usr/local/bin/migcheck'
}

inventory() {
	local name address
	echo '[all:vars]'
	echo 'ansible_user=root'
	echo "ansible_ssh_private_key_file=$LAB_FLEET/keys/user"
	echo "ansible_ssh_common_args='-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=3 -o ServerAliveInterval=1 -o ServerAliveCountMax=2'"
	echo '[pool]'
	while read -r name address; do
		case $name in
		kept) echo "$name ansible_host=$address migcheck_package=migcheck.deb migcheck_keep=true" ;;
		purged) echo "$name ansible_host=$address migcheck_package=migcheck.deb" ;;
		there | lost | killed) echo "$name ansible_host=$address migcheck_there=/usr/local/bin/migcheck" ;;
		*) echo "$name ansible_host=$address" ;;
		esac
	done < "$F/addresses"
	echo 'down.example.org ansible_host=10.77.2.99'
}

# play [WORD…]: the command of the README, on the controller; its migcheck is the one under test.
play() {
	local command
	command=$(sed -n 's/^    \(ansible-playbook .*-e migcheck_trees=trees\)$/\1/p' "$TOP/probes/fleet/README.md")
	command=${command/\/usr\/share\/migcheck\/fleet/$TOP\/probes\/fleet}
	# shellcheck disable=SC2086
	"$LAB_DIR/fleet.sh" controller env -i "HOME=$LAB_FLEET" "PATH=$(dirname "$MIGCHECK"):/usr/sbin:/usr/bin:/sbin:/bin" \
		LC_ALL=C.UTF-8 ANSIBLE_FORKS=8 ANSIBLE_NOCOLOR=1 "PWD=$F" $command "$@"
}

# What has been written to a host, but for what sshd, apt and dpkg write whenever they are called, and
# Ansible and the start-up files of a shell into the home folder. Folders count where they are ours, for
# those in which something was for a while are listed, too.
everything() {
	"$LAB_DIR/fleet.sh" on "$1" /usr/bin/find /run/written \( ! -type d -o -path '*/var/tmp/*' -o -name '*migcheck*' \) \
		-printf '%P %y %m\n' |
		grep -vE '^(run/sshd.log|root/.*|var/(log|lib/dpkg|lib/apt|cache/apt|cache/debconf|cache/man|cache/ldconfig).*|etc/ld.so.cache|usr/lib.*/__pycache__.*) ' | sort
}

# nothing: what comes in is nothing.
nothing() {
	! grep .
}

gate_says() {
	python3 - "$F/first" "$1" <<'PYTHON'
import json, re, sys
text = open(sys.argv[1]).read()
said = json.loads(re.search(r'TASK \[migcheck : The gate says\].*?"msg": (\[.*?\n    \])', text, re.S).group(1))
assert any(re.search(sys.argv[2], line) for line in said), "\n".join(said)
PYTHON
}

@test "fleet: the hosts that fail are named with reasons, the others are judged" {
	cat "$F/first"
	[ "$(cat "$F/first-status")" -eq 2 ]
	[ "$(cd "$F/hosts" && echo *)" = "copied.mc deb13.mc down.example.org.failed expected.txt full.failed \
kept.mc killed.failed lost.failed purged.mc there.mc" ]
	gate_says '^2 trees on 5 hosts in .*; 4 more could not be judged'
	gate_says 'down.example.org .*no profile came from it: unreachable: .*10.77.2.99'
	gate_says 'full .*no profile came from it: .*No space left'
	gate_says 'lost .*no profile came from it: unreachable in mid-run'
	gate_says 'killed .*no profile came from it: probe: ended by signal 9'
	# The other Debian lacks the files of this one; the copies of this machine do not.
	gate_says '^  sleep: 4 of 9: copied, kept, purged, there'
	gate_says '^broken \(exit 1\)'
}

@test "fleet: the command that it shows judges the same, and profiles are for us alone" {
	cd "$F"
	local shown
	shown=$(sed -n 's/.*without asking the hosts: \(migcheck gate [^"]*\)".*/\1/p' first | tail -1)
	[ -n "$shown" ]
	run env "PATH=$(dirname "$MIGCHECK"):$PATH" sh -c "$shown"
	[ "$status" -eq 1 ]
	[[ $output == *"full (hosts/expected.txt): no profile came from it"* ]]
	find hosts -type f ! -perm 600 | nothing
	find hosts -name '.*' | nothing
	# Each profile is its host's own, and answers both trees.
	for host in kept purged copied deb13 there; do
		"$MIGCHECK" show "hosts/$host.mc" > show
		grep -qw "$host" show || { head show; false; }
	done
}

@test "fleet: nothing is left on the hosts, here, and of what was kept only that" {
	local host
	for host in purged copied deb13; do
		everything $host | diff "$F/before-$host" -
	done
	# A migcheck of the host's own keeps its cache, and that is all.
	everything there | diff "$F/before-there" - | grep '^[<>]' | grep -vE ' var/cache/migcheck(/digests.*)? ' | nothing
	"$LAB_DIR/fleet.sh" on kept /usr/bin/test -x /usr/bin/migcheck
	everything kept | grep '^var/tmp/' | nothing
	find /tmp -maxdepth 1 -name 'migcheck.*' -newer "$F/inventory" | nothing
}

@test "fleet: a second run of some hosts changes nothing on them, and all are judged" {
	cd "$F"
	"$LAB_DIR/fleet.sh" on killed /bin/rm /usr/local/bin/migcheck
	"$LAB_DIR/fleet.sh" on kept /bin/sh -c 'echo half > /var/tmp/half'
	everything kept > before
	echo /etc/debian_version > paths.txt
	play -e 'migcheck_only=kept,killed' -e migcheck_paths=paths.txt -e migcheck_min_hosts=2 -e '{"migcheck_reports": ["html=pool.html", "json=pool.json"]}' \
		> second 2>&1 || { cat second; false; }
	everything kept | diff before -
	# The probe itself and the profile, which is a new one.
	grep -E '^kept .* changed=2 ' second || { cat second; false; }
	grep -E '^changed: .kept' second | grep -v localhost | tail -n +2 | nothing
	grep -q 'met (exit 0)' second
	[ -s pool.html ]
	"$MIGCHECK" show hosts/kept.mc > show && grep -q "path=/etc/debian_version" show
	python3 - pool.json <<-'PYTHON'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert r["result"] == "met" and r["hosts_judged"] == 5 and r["hosts_unseen"] == 4, r["reasons"]
		why = {h["name"]: h["reason"] for h in r["not_judged"]}
		assert "No such file" in why["killed"] and "unreachable" in why["lost"], why
	PYTHON
}

@test "fleet: --check asks only whether the hosts can be reached; --limit is refused clearly" {
	cd "$F"
	ls -l --time-style=full-iso hosts > before
	everything copied > before-check
	play --check -e 'migcheck_only=copied,down.example.org' > third 2>&1 || { cat third; false; }
	ls -l --time-style=full-iso hosts | diff before -
	everything copied | diff before-check -
	grep -q 'ok: \[copied\]' third
	grep -q 'unreachable.*10.77.2.99' third || { cat third; false; }
	run play --limit copied
	[ "$status" -eq 2 ]
	[[ $output == *"migcheck_only=PATTERN, not with --limit"* ]]
}
