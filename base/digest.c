/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 by libcrypto, which picks the fastest code for the processor. Its own functions for
 * this digest, not the EVP interface: that one first sets up providers and the names of all
 * algorithms, which costs each process and each child of a crew more than hashing a library
 * does (0.8 ms), and reads the host's configuration, which must not change what a digest is.
 */
#define OPENSSL_SUPPRESS_DEPRECATED	/* since 3.0, in favour of EVP */
#include "base/digest.h"
#include <openssl/sha.h>
#include <stdio.h>

struct digest {
	SHA256_CTX context;
};

struct digest *
digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	(void) SHA256_Init(&d->context);
	return d;
}

void
digest_free(struct digest *d)
{
	free(d);
}

int
digest_add(struct digest *d, const void *p, size_t n)
{
	return SHA256_Update(&d->context, p, n) == 1 ? 0 : -EIO;
}

int
digest_end(struct digest *d, uint8_t ret[DIGEST_SIZE])
{
	_Static_assert(DIGEST_SIZE == SHA256_DIGEST_LENGTH, "SHA-256");
	uint8_t out[DIGEST_SIZE];

	if (SHA256_Final(out, &d->context) != 1 || SHA256_Init(&d->context) != 1)
		return -EIO;
	for (unsigned int i = 0; i < DIGEST_SIZE; i++)
		ret[i] = out[i];
	return 0;
}

void
digest_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX])
{
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		(void) snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
