/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that is moved to another CPU, and that shows there whether it still runs: it does its
 * work every few milliseconds, for ever. vm.sh builds it several times:
 *
 *	raw       -DRAW -nostdlib -static    no C library, so nothing chose its code by the CPU
 *	static    -static                    glibc chose its string functions at the start
 *	dynamic                              the same, and the loader chose how it saves registers
 *	crypto    -DCRYPTO -lcrypto          libcrypto chose too
 *	avx512    -DAVX512                   instructions of its own, used whatever the CPU
 *	level     -march=x86-64-v3           says in a property note what it demands
 */
#ifdef RAW

struct span {
	long seconds, nanoseconds;
};

static long
call(long number, long a, long b)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return r;
}

_Noreturn void _start(void);

_Noreturn void
_start(void)
{
	struct span pause = { .nanoseconds = 10 * 1000 * 1000 };

	for (;;)
		(void) call(35, (long) &pause, 0);
}

#else

#include <string.h>
#include <time.h>
#include <wchar.h>
#ifdef CRYPTO
#include <openssl/evp.h>
#endif

static volatile size_t kept;

/* String functions of many lengths: which of them has code of its own for a CPU differs. */
static void
strings(void)
{
	static char a[4096], b[4096];
	static wchar_t w[64];

	for (volatile size_t n = 1; n < sizeof(a); n = n * 2 + 1) {
		memset(a, 'a', n);
		a[n] = 0;
		memmove(b, a, n + 1);
		kept += strlen(b) + (size_t) memcmp(a, b, n) + (size_t) strcmp(a, b);
		kept += (size_t) (strchr(b, 'z') != NULL) + (size_t) (memchr(b, 'z', n) != NULL);
		kept += (size_t) (strrchr(b, 'a') - b) + strnlen(b, n) + (size_t) strncmp(a, b, n);
	}
	wmemset(w, L'w', 63);
	kept += wcslen(w);
}

#ifdef AVX512
static void
own(void)
{
	/* Registers that the compiler of such a program knows nothing of. */
	__asm__ volatile("vpxord %zmm17, %zmm17, %zmm17\n\tvpaddd %zmm17, %zmm17, %zmm18");
}
#elif defined CRYPTO
static void
own(void)
{
	static unsigned char text[1024], sealed[1040], key[32], sum[64];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;

	EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, key);
	EVP_EncryptUpdate(c, sealed, &n, text, sizeof(text));
	EVP_EncryptInit_ex(c, EVP_chacha20_poly1305(), NULL, key, key);
	EVP_EncryptUpdate(c, sealed, &n, text, sizeof(text));
	EVP_CIPHER_CTX_free(c);
	EVP_Digest(text, sizeof(text), sum, NULL, EVP_sha1(), NULL);
	EVP_Digest(text, sizeof(text), sum, NULL, EVP_sha256(), NULL);
	EVP_Digest(text, sizeof(text), sum, NULL, EVP_sha512(), NULL);
	EVP_Digest(text, sizeof(text), sum, NULL, EVP_sha3_256(), NULL);
	kept += sum[0] + sealed[0];
}
#else
static void
own(void)
{
	volatile double x = 1.5, y = 2.5, z = 3.5;

	kept += (size_t) (x * y + z);
}
#endif

int
main(void)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	for (;;) {
		strings();
		own();
		(void) nanosleep(&pause, NULL);
	}
}

#endif
