/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers to one netlink dump, with the attributes behind the first four bytes of each.
 */
#include "base/cleanup.h"
#include "base/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
each(const struct nlmsghdr *m, void *arg)
{
	struct slice rest = {
		.p = (const char *) m + NLMSG_HDRLEN,
		.n = m->nlmsg_len - NLMSG_HDRLEN,
	};
	size_t *total = arg;
	unsigned int type;
	struct slice value;

	while (netlink_attribute(&rest, &type, &value) > 0)
		*total += value.n;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* What the kernel writes into is aligned. */
	_cleanup_free_ char *aligned = malloc(size + 1);
	size_t total = 0;

	if (!aligned)
		return 0;
	memcpy(aligned, data, size);
	(void) netlink_walk(aligned, size, each, &total);
	return 0;
}
