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

/* A digest as people write it: DIGEST_HEX - 1 digits and a NUL. */
enum { DIGEST_HEX = 2 * DIGEST_SIZE + 1 };
void digest_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX]);

static inline void
cleanup_digest(struct digest **d)
{
	digest_free(*d);
}
#define _cleanup_digest_ cleanup(cleanup_digest)
