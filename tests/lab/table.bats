#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# table.py's verdict on all situations; the whole table is printed. `make table` writes it to TABLE.md.

@test "what migcheck says of the dump is what CRIU does, in each situation" {
	[ "$(id -u)" -eq 0 ] || skip 'needs root: CRIU does'
	status=0
	"$BATS_TEST_DIRNAME/table.py" > "$BATS_TEST_TMPDIR/table" 2> "$BATS_TEST_TMPDIR/errors" || status=$?
	sed 's/^/# /' "$BATS_TEST_TMPDIR/table" >&3
	cat "$BATS_TEST_TMPDIR/errors"
	grep -B4 'agree *NO' "$BATS_TEST_TMPDIR/table" || true
	[ "$status" -eq 0 ]
}
