/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose content is read, and in which order: the biggest first, so that no child is left alone
 * with it at the end. And which questions guess: of one inode that others may not read only one
 * content is compared, or a source could try contents until one is the same.
 */
#include "probes/paths-look.h"
#include <errno.h>

struct bulk {
	uint64_t size;
	uint32_t question;
};

static int
by_size(const void *a, const void *b)
{
	const struct bulk *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->question < y->question ? -1 : x->question > y->question;
}

struct asked {
	uint64_t dev, ino;
	uint32_t question;
};

static int
by_inode(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->question < y->question ? -1 : x->question > y->question;
}

static bool
same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool
same_content(const File *a, const File *b)
{
	return same_bytes(&a->sha256, &b->sha256) && same_bytes(&a->build_id, &b->build_id);
}

/* Marks each question that asks of an inode whether it has another content than the first does. */
static int
mark_guesses(struct paths *a, const struct crew_results *seen)
{
	struct path_question *question = a->questions.question;
	_cleanup_free_ struct asked *asked = calloc(a->n_order + 1, sizeof(*asked));
	uint32_t first = 0;

	if (!asked)
		return -ENOMEM;
	for (size_t i = 0; i < a->n_order; i++) {
		const struct path_seen *s = crew_result(seen, a->order[i]);

		asked[i].question = a->order[i];
		asked[i].ino = s ? s->st.stx_ino : 0;
		asked[i].dev = s ? (uint64_t) s->st.stx_dev_major << 32 | s->st.stx_dev_minor : 0;
	}
	qsort(asked, a->n_order, sizeof(*asked), by_inode);
	for (size_t i = 0; i < a->n_order; i++) {
		if (i == 0 || asked[i].ino != asked[i - 1].ino || asked[i].dev != asked[i - 1].dev)
			first = asked[i].question;
		question[asked[i].question].guesses_again = question[first].file &&
			!same_content(question[asked[i].question].file, question[first].file);
	}
	return 0;
}

static uint64_t
bytes_to_read(const struct path_question *q, const struct path_seen *s)
{
	return q->itself || q->file->has_sha256 ? s->st.stx_size : 0;
}

int
path_contents_order(struct paths *a, const struct crew_results *seen)
{
	size_t n = a->questions.n;
	_cleanup_free_ struct bulk *bulk = calloc(n + 1, sizeof(*bulk));

	a->order = arena_alloc(a->c->snapshot->arena, n * sizeof(*a->order));
	a->stamp = calloc(n + 1, sizeof(*a->stamp));
	if (!bulk || !a->order || !a->stamp)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct path_question *q = &a->questions.question[i];
		const struct path_seen *s = crew_result(seen, i);

		if (s && !path_is_declared(a->c->options, q) && path_content_is_wanted(a, q, s))
			bulk[a->n_order++] = (struct bulk){ .size = bytes_to_read(q, s), .question = (uint32_t) i };
	}
	qsort(bulk, a->n_order, sizeof(*bulk), by_size);
	for (size_t i = 0; i < a->n_order; i++) {
		const struct path_seen *s = crew_result(seen, bulk[i].question);

		a->order[i] = bulk[i].question;
		a->stamp[i] = content_stamp_of_statx(&s->st);
	}
	return mark_guesses(a, seen);
}
