/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the examples of FIPS 180-2 and against the same bytes in other portions. */
#include "base/digest.h"
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

static void
assert_digest(struct digest *d, const char *hex)
{
	uint8_t sum[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];

	assert_int_equal(digest_end(d, sum), 0);
	for (int i = 0; i < DIGEST_SIZE; i++)
		(void) snprintf(text + (size_t) 2 * i, 3, "%02x", sum[i]);
	assert_string_equal(text, hex);
}

static void
known_answers(void **state)
{
	_cleanup_digest_ struct digest *d = digest_new();
	char *million = malloc(1000 * 1000);

	(void) state;
	assert_non_null(d);
	assert_non_null(million);
	assert_digest(d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(digest_add(d, "abc", 3), 0);
	assert_digest(d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	(void) memset(million, 'a', 1000 * 1000);
	assert_int_equal(digest_add(d, million, 1000 * 1000), 0);
	assert_digest(d, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
}

static void
portions_do_not_matter(void **state)
{
	_cleanup_digest_ struct digest *d = digest_new();

	(void) state;
	for (const char *p = "abc"; *p; p++)
		assert_int_equal(digest_add(d, p, 1), 0);
	assert_digest(d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(portions_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
