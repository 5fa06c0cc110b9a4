/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way in which a dump ends, on bytes made here.
 */
#include "base/netlink.h"
#include "base/cleanup.h"

#include "tests/unit/test.h"

struct stream {
	_Alignas(struct nlmsghdr) char bytes[1024];
	size_t n;
};

struct seen {
	size_t n;
	int stop_at;			/* -ECANCELED at this message; 0: never */
};

static void
add(struct stream *s, uint16_t type, uint16_t flags, uint32_t sequence, const void *payload, size_t n)
{
	struct nlmsghdr m = {
		.nlmsg_len = (uint32_t) NLMSG_LENGTH(n),
		.nlmsg_type = type,
		.nlmsg_flags = flags,
		.nlmsg_seq = sequence,
	};

	assert_true(s->n + NLMSG_SPACE(n) <= sizeof(s->bytes));
	memcpy(s->bytes + s->n, &m, sizeof(m));
	if (n > 0)
		memcpy(s->bytes + s->n + NLMSG_HDRLEN, payload, n);
	s->n += NLMSG_SPACE(n);
}

static int
each(const struct nlmsghdr *m, void *arg)
{
	struct seen *seen = arg;

	assert_true(m->nlmsg_len >= NLMSG_HDRLEN);
	seen->n++;
	return seen->stop_at > 0 && seen->n == (size_t) seen->stop_at ? -ECANCELED : 0;
}

static int
walk(const struct stream *s, struct seen *seen)
{
	*seen = (struct seen){ .stop_at = seen->stop_at };
	return netlink_walk(s->bytes, s->n, each, seen);
}

static void
test_done(void **state)
{
	struct stream s = { 0 };
	struct seen seen = { 0 };
	int zero = 0;

	(void) state;
	add(&s, 20, NLM_F_MULTI, 7, "abcd", 4);
	add(&s, 20, NLM_F_MULTI, 7, "x", 1);
	add(&s, NLMSG_NOOP, NLM_F_MULTI, 7, NULL, 0);
	add(&s, NLMSG_DONE, NLM_F_MULTI, 7, &zero, sizeof(zero));
	add(&s, 20, NLM_F_MULTI, 8, "after the end", 13);
	assert_int_equal(walk(&s, &seen), 0);
	assert_int_equal(seen.n, 2);
}

static void
test_errors(void **state)
{
	const struct {
		uint16_t type;
		int payload;
		size_t size;
		int want;
	} cases[] = {
		{ NLMSG_ERROR, -ENOENT, sizeof(int), -ENOENT },
		{ NLMSG_ERROR, 0, sizeof(int), 0 },
		{ NLMSG_ERROR, 0, 2, -EBADMSG },
		{ NLMSG_ERROR, 17, sizeof(int), -EBADMSG },
		{ NLMSG_ERROR, -100000, sizeof(int), -EBADMSG },
		{ NLMSG_DONE, -EMSGSIZE, sizeof(int), -EMSGSIZE },
		{ NLMSG_DONE, 0, 0, 0 },
		{ NLMSG_OVERRUN, 0, 0, -ENOBUFS },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stream s = { 0 };
		struct seen seen = { 0 };

		add(&s, 20, NLM_F_MULTI, 7, "abcd", 4);
		add(&s, cases[i].type, 0, 7, &cases[i].payload, cases[i].size);
		assert_int_equal(walk(&s, &seen), cases[i].want);
		assert_int_equal(seen.n, 1);
	}
}

static void
test_interrupted(void **state)
{
	struct stream s = { 0 };
	struct seen seen = { 0 };

	(void) state;
	add(&s, 20, NLM_F_MULTI | NLM_F_DUMP_INTR, 7, "abcd", 4);
	add(&s, 20, NLM_F_MULTI, 7, "abcd", 4);
	add(&s, NLMSG_DONE, NLM_F_MULTI, 7, NULL, 0);
	assert_int_equal(walk(&s, &seen), -EINTR);
	assert_int_equal(seen.n, 2);
}

static void
test_stopped(void **state)
{
	struct stream s = { 0 };
	struct seen seen = { .stop_at = 1 };

	(void) state;
	add(&s, 20, NLM_F_MULTI, 7, "abcd", 4);
	add(&s, 20, NLM_F_MULTI, 7, "abcd", 4);
	add(&s, NLMSG_DONE, NLM_F_MULTI, 7, NULL, 0);
	assert_int_equal(walk(&s, &seen), -ECANCELED);
	assert_int_equal(seen.n, 1);
}

static void
test_wrong_sequence(void **state)
{
	struct stream s = { 0 };
	struct seen seen = { 0 };

	(void) state;
	add(&s, 20, NLM_F_MULTI, 7, "abcd", 4);
	add(&s, 20, NLM_F_MULTI, 8, "abcd", 4);
	assert_int_equal(walk(&s, &seen), -EPROTO);
	assert_int_equal(seen.n, 1);
}

static void
test_cut_off(void **state)
{
	const uint32_t lengths[] = { 0, 15, 21, 0x7fffffff, 0x80000000, 0x80000014, 0xffffffff };
	struct stream s = { 0 };
	struct seen seen = { 0 };

	(void) state;
	add(&s, 20, NLM_F_MULTI, 7, "abcd", 4);
	for (size_t n = 1; n < s.n; n++) {
		s.n = n;
		assert_int_equal(walk(&s, &seen), -EBADMSG);
		s.n = NLMSG_SPACE(4);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		memcpy(s.bytes, &lengths[i], sizeof(lengths[i]));
		assert_int_equal(walk(&s, &seen), -EBADMSG);
	}
	s.n = 0;
	assert_int_equal(walk(&s, &seen), 0);
}

static void
test_attributes(void **state)
{
	/* Type 1 with 5 bytes, nested type 2 with none, then three bytes too few. */
	static const char bytes[] = "\x09\0\x01\0hello\0\0\0\x04\0\x02\x80\x03\0\x07\0";
	struct slice rest = { .p = bytes, .n = 20 }, value;
	unsigned int type;

	(void) state;
	assert_int_equal(netlink_attribute(&rest, &type, &value), 1);
	assert_int_equal(type, 1);
	assert_true(slice_eq(value, "hello"));
	assert_int_equal(netlink_attribute(&rest, &type, &value), 1);
	assert_int_equal(type, 2);
	assert_int_equal(value.n, 0);
	assert_int_equal(netlink_attribute(&rest, &type, &value), -EBADMSG);
	rest = (struct slice){ .p = bytes, .n = 9 };	/* the last one needs no padding */
	assert_int_equal(netlink_attribute(&rest, &type, &value), 1);
	assert_int_equal(netlink_attribute(&rest, &type, &value), 0);
	rest = (struct slice){ .p = bytes, .n = 8 };
	assert_int_equal(netlink_attribute(&rest, &type, &value), -EBADMSG);
	rest = (struct slice){ .p = bytes, .n = 3 };
	assert_int_equal(netlink_attribute(&rest, &type, &value), -EBADMSG);
}

static void
test_kernel_refuses(void **state)
{
	_cleanup_netlink_ struct netlink *n = NULL;
	struct seen seen = { 0 };
	struct nlmsghdr request = { .nlmsg_len = sizeof(request), .nlmsg_type = 999 };

	(void) state;
	assert_int_equal(netlink_open(-1, NETLINK_SOCK_DIAG, &n), 0);
	/* The socket serves for another question after an error. */
	assert_int_equal(netlink_dump(n, &request, each, &seen, NULL), -EINVAL);
	assert_int_equal(netlink_dump(n, &request, each, &seen, NULL), -EINVAL);
	assert_int_equal(seen.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_wrong_sequence),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_kernel_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
