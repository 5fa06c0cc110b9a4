#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# get-validators.sh: programs that read formats which we write, from this machine's own release,
# unpacked and not installed. Prints the folder that holds them. Takes about 10 s and 100 MB; a second
# call takes none.
#
#	usr/bin/promtool	of Prometheus itself
#	usr/bin/cmark-gfm	Markdown as GitHub reads it
#	usr/lib/python3/dist-packages	junitparser, prometheus_client
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

out=$LAB_CACHE/validators
lab_lock validators
if [[ ! -d $out ]]; then
	work=$(mktemp -d "$LAB_CACHE/.validators.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	fetch_lists
	mapfile -t libraries < <(fetch_closure -- cmark-gfm | grep '^libcmark-gfm')
	fetch_unpack "$work/root" "$work/debs" -- prometheus python3-prometheus-client python3-junitparser \
		python3-future cmark-gfm "${libraries[@]}"
	rm -rf "$work"/root/usr/share "$work/root/usr/bin/prometheus"
	mv "$work/root" "$out"
fi
lab_unlock
printf '%s\n' "$out"
