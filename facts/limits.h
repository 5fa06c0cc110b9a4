/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounds of a snapshot. A stream that goes over one of them is refused with what was
 * expected and what was found; a collector that reaches one records a gap.
 */
#pragma once

enum {
	SNAPSHOT_FORMAT = 1,
	MAX_RECORDS = 4 * 1000 * 1000,
	MAX_RECORD_BYTES = 64 * 1024 * 1024,
	MAX_TASKS = 200 * 1000,
	MAX_FDS_PER_TASK = 1024 * 1024,
	MAX_MAPPINGS_PER_TASK = 1024 * 1024,
	MAX_PROC_FILE = 64 * 1024 * 1024,
};

#define MAX_STREAM_BYTES (2ULL << 30)
#define MAX_ARENA_BYTES (4ULL << 30)
