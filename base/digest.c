/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 by libcrypto's EVP interface, which picks the fastest code for the processor. The
 * library is started without its configuration file: no host's settings may change what a
 * digest is, and reading them costs more than hashing a small file.
 */
#include "base/digest.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>

struct digest {
	EVP_MD_CTX *context;
};

struct digest *
digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	(void) OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	d->context = EVP_MD_CTX_new();
	if (!d->context || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1) {
		digest_free(d);
		return NULL;
	}
	return d;
}

void
digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->context);
	free(d);
}

int
digest_add(struct digest *d, const void *p, size_t n)
{
	return EVP_DigestUpdate(d->context, p, n) == 1 ? 0 : -EIO;
}

int
digest_end(struct digest *d, uint8_t ret[DIGEST_SIZE])
{
	unsigned int n = 0;
	uint8_t out[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(d->context, out, &n) != 1 || n != DIGEST_SIZE)
		return -EIO;
	if (EVP_DigestInit_ex(d->context, NULL, NULL) != 1)
		return -EIO;
	for (unsigned int i = 0; i < DIGEST_SIZE; i++)
		ret[i] = out[i];
	return 0;
}
