#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# restore.py's verdict on all changes; the whole table is printed. `make restore-table` writes it to RESTORE.md.

@test "what migcheck says of a changed destination is what criu restore does there" {
	[ "$(id -u)" -eq 0 ] || skip 'needs root: CRIU does'
	status=0
	"$BATS_TEST_DIRNAME/restore.py" > "$BATS_TEST_TMPDIR/table" 2> "$BATS_TEST_TMPDIR/errors" || status=$?
	sed 's/^/# /' "$BATS_TEST_TMPDIR/table" >&3
	cat "$BATS_TEST_TMPDIR/errors"
	grep -B4 'agree *NO' "$BATS_TEST_TMPDIR/table" || true
	[ "$status" -eq 0 ]
}
