/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's profile: what migcheck probe wrote, read as one of many. It is not unpacked until it
 * is known to be unlike those before: equal fingerprints stand for equal facts.
 */
#pragma once

#include "base/digest.h"
#include "facts/sieve.h"
#include "facts/stream.h"

struct profile {
	char *name;			/* nodename; NULL where it was not learned */
	char *machine_id;		/* of /etc/machine-id; NULL likewise */
	SnapshotKind kind;
	int64_t taken_at_ns;
	uint8_t fingerprint[DIGEST_SIZE];	/* SHA-256 of `facts` */
	struct buffer facts;		/* a packed Snapshot: what was kept */
};

/* Reads a whole stream, and keeps of it what the sieve does. 0, or as stream_parse(), with *ret_error said. */
int profile_read(const void *bytes, size_t n, const struct sieve *sieve, struct profile *ret,
		 struct stream_error *ret_error);
/* What a stream that cannot be read was to be, by its first record; 0: that cannot be told either. */
SnapshotKind profile_kind(const void *bytes, size_t n);

void profile_free(struct profile *p);

static inline void
cleanup_profile(struct profile *p)
{
	profile_free(p);
}
#define _cleanup_profile_ cleanup(cleanup_profile)

/*
 * The facts of a host as a check of the tree with this digest wants them: with the answers to it,
 * where there are any; else with those about paths that were asked for by themselves, and
 * without has_asked_sha256. In `arena`, pointing into `facts`. NULL when memory is short.
 */
const Snapshot *profile_for(struct arena *arena, const Snapshot *facts, ProtobufCBinaryData tree);

/* Makes the facts in `s` those of profile_for(). 0 or -ENOMEM. */
int profile_turn_to(struct snapshot *s, ProtobufCBinaryData tree);

/*
 * Whether a check of this tree may be made with it: it answers this tree, or paths that were asked
 * for by themselves, or nobody. False where it answers other trees alone.
 */
bool profile_is_for(const Snapshot *facts, ProtobufCBinaryData tree);
