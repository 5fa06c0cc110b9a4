/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes what does not last (moment.h) out of packed snapshots. Works on the wire, so that a host whose
 * like is known need not be unpacked. What becomes of each field of each kind of message is worked
 * out once, for thousands of profiles.
 */
#pragma once

#include "facts/moment.h"

struct sieve;

struct sieve *sieve_new(enum facts_kept kept);	/* NULL when memory is short; may be used by many threads */
void sieve_free(struct sieve *s);		/* accepts NULL */

/*
 * Appends the packed Snapshot in `bytes` without what is not kept. Fields that this migcheck does not
 * know pass as they are. 0, -EBADMSG (not such a message), -ENOMEM.
 */
int sieve_strip(const struct sieve *s, struct slice bytes, struct buffer *out);

static inline void
cleanup_sieve(struct sieve **s)
{
	sieve_free(*s);
}
#define _cleanup_sieve_ cleanup(cleanup_sieve)
