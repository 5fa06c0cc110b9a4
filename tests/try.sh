#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# try.sh MIGCHECK: starts a small real service tree (a shell that supervises a server on loopback
# and a client connected to it), makes a dry run of it against this host, prints the report, and
# ends what it started. What is shown is what migcheck found; the exit code is left out of it.
set -euo pipefail
migcheck=$1
work=$(mktemp -d)
service=
finish() {
	# The service runs in a session of its own: ended as a whole, by its own group.
	[ -z "$service" ] || kill -- -"$service" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

cat >"$work/service.sh" <<'SERVICE'
# A supervisor, a server with a log file, and a client that stays connected.
cd "$1"
perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die $!;
	open(my $port, ">", "port") or die $!; print $port $s->sockport, "\n"; close $port;
	open(my $log, ">>", "server.log") or die $!;
	while (my $c = $s->accept) { syswrite $log, "client\n"; push @clients, $c }
' &
until [ -s port ]; do sleep 0.05; done
read -r port <port
perl -MIO::Socket::INET -e '
	my $c = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die $!;
	open(my $ready, ">", "ready") or die $!; close $ready;
	sleep 600;
' "$port" &
wait
SERVICE

# A service inherits nothing from the shell that starts it.
(
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
	exec setsid bash "$work/service.sh" "$work" </dev/null >/dev/null 2>&1
) &
service=$!
for _ in $(seq 100); do
	[ -e "$work/ready" ] && break
	sleep 0.05
done
[ -e "$work/ready" ] || { echo "try: the service did not come up" >&2; exit 1; }

printf '$ migcheck dry-run -p %d\n' "$service"
status=0
"$migcheck" dry-run -p "$service" || status=$?
if [ "$status" = 2 ]; then
	exit 1
fi
