/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --settle saw, as text:
 *
 *     Settled: looked again 4 times in 1.6 s of 30 s
 *       netlink-rx-data   gone after 1.6 s
 *             fd 3 of mdevd 811
 *       task-traced   stayed
 *             nginx 4211
 */
#include "reports/text-settled.h"

#include "checker/settling.h"
#include "reports/text-findings.h"

static void
put_time(struct buffer *b, const char *words, uint64_t ms)
{
	(void) buffer_printf(b, "%s %llu.%llu s", words, (unsigned long long) (ms / 1000),
			     (unsigned long long) (ms % 1000 / 100));
}

static void
put_end(struct buffer *b, const struct settled *t)
{
	switch (t->end) {
	case SETTLED_GONE:
		put_time(b, "gone after", t->until_ms);
		break;
	case SETTLED_STAYED:
		(void) buffer_printf(b, t->lifetime == LIFETIME_TRANSIENT ? "stayed" : "stayed, and is permanent now");
		break;
	case SETTLED_UNKNOWN:
		(void) buffer_printf(b, "not known at the last look");
		break;
	}
	if (t->came_ms > 0)
		put_time(b, "; it came after", t->came_ms);
}

static void
put_head(struct page *p, const struct settling *s)
{
	if (s->looks == 0) {
		page_put(p, STYLE_BOLD, "\nSettled: %s\n",
			 s->interrupted ? "interrupted before a second look" : "nothing to wait for");
		return;
	}
	page_put(p, STYLE_BOLD, "\nSettled: looked again %u time%s in %llu.%llu s of %llu s%s\n", s->looks,
		 s->looks == 1 ? "" : "s", (unsigned long long) (s->waited_ms / 1000),
		 (unsigned long long) (s->waited_ms % 1000 / 100), (unsigned long long) (s->limit_ms / 1000),
		 s->interrupted ? ", then interrupted" : "");
}

void
text_settled(struct page *p, const struct assessment *a)
{
	const struct settling *s = a->settling;

	if (!s)
		return;
	put_head(p, s);
	for (size_t i = 0; i < s->n; i++) {
		_cleanup_buffer_ struct buffer head = { 0 }, id = { 0 };
		const struct settled *t = &s->things[i];

		(void) buffer_printf(&id, "  %s", t->rule->id);
		put_end(&head, t);
		page_lead(p, t->end == SETTLED_GONE ? STYLE_GREEN : STYLE_YELLOW, buffer_slice(&id).p, STYLE_PLAIN,
			  buffer_slice(&head).p);
		page_line(p, FIELD, "", FIELD, STYLE_PLAIN, t->thing);
	}
}
