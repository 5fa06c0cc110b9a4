/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks counted: see seen.h. What is gone is not so any more; `is` says that too.
 */
#include "checker/seen.h"

static void
add(struct seen *s, bool is, uint64_t at_us)
{
	s->times += is;
	s->looks++;
	s->still = is;
	s->span_us = at_us;
}

struct seen
seen_thread(const Thread *t, bool first, bool (*is)(const StateSample *))
{
	struct seen s = { .times = first, .looks = 1, .still = first };

	for (size_t i = 0; i < t->n_sample; i++)
		add(&s, is(t->sample[i]), t->sample[i]->at_us);
	return s;
}

struct seen
seen_fd(const Fd *fd, bool first, bool (*is)(const FdSample *))
{
	struct seen s = { .times = first, .looks = 1, .still = first };

	for (size_t i = 0; i < fd->n_sample; i++)
		add(&s, is(fd->sample[i]), fd->sample[i]->at_us);
	return s;
}

struct seen
seen_socket(const Socket *k, bool first, bool (*is)(const SocketSample *))
{
	struct seen s = { .times = first, .looks = 1, .still = first };

	for (size_t i = 0; i < k->n_sample; i++)
		add(&s, is(k->sample[i]), k->sample[i]->at_us);
	return s;
}

const char *
seen_text(struct judge *j, const char *how, struct seen s)
{
	if (s.looks < 2)
		return NULL;
	return judge_text(j, "%s at %zu of %zu looks in %llu ms", how, s.times, s.looks,
			  (unsigned long long) (s.span_us / 1000));
}
