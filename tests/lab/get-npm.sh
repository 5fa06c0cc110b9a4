#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# get-npm.sh PACKAGE@VERSION...: validators that are packages of npm, installed into the lab's cache by
# the ordinary client, without running their install scripts. The first numbers of a version will do.
# Prints the folder that holds node_modules/. A package that is there is not asked for again.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

out=$LAB_CACHE/npm
command -v npm > /dev/null || lab_die 'there is no npm'
lab_lock npm
mkdir -p "$out"

# npm writes its own list last, so what an interrupted call left behind is not in it.
is_there() {
	grep -q "\"node_modules/${1%@*}\"" "$out/node_modules/.package-lock.json" 2> /dev/null &&
		grep -q "\"version\": \"${1##*@}[.\"]" "$out/node_modules/${1%@*}/package.json"
}

for package in "$@"; do
	is_there "$package" ||
		npm install --prefix "$out" --ignore-scripts --no-audit --no-fund --loglevel error "$package" >&2 ||
		lab_die "npm cannot install $package"
done
lab_unlock
printf '%s\n' "$out"
