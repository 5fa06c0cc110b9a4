/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, by libcrypto. The only file that includes it.
 */
#pragma once

#include "base/cleanup.h"
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32

struct digest;				/* a running digest */

struct digest *digest_new(void);	/* NULL when memory is short */
void digest_free(struct digest *d);	/* accepts NULL */
int digest_add(struct digest *d, const void *p, size_t n);	/* 0 or -EIO */
int digest_end(struct digest *d, uint8_t ret[DIGEST_SIZE]);	/* 0 or -EIO; then it starts anew */

static inline void
cleanup_digest(struct digest **d)
{
	digest_free(*d);
}
#define _cleanup_digest_ cleanup(cleanup_digest)
