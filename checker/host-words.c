/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that are sets of words: their order means nothing.
 *
 *     flags          fpu vme de pse … avx512f        only A: avx512f
 *     options        rw,nosuid,relatime
 */
#include "checker/host-comparing.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "facts/fields.h"

#include <errno.h>
#include <stdlib.h>

int
host_words_add(struct arena *arena, struct host_words *w, const char *word)
{
	const char **place = arena_grow(arena, &w->word, &w->n, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = word;
	return 0;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

int
host_words_read(struct arena *arena, const struct host_fact *fact, const ProtobufCFieldDescriptor *f,
		const ProtobufCMessage *m, struct host_words *ret)
{
	size_t n = field_count(m, f);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *text = *(const char *const *) field_at(m, f, i);
		struct slice rest = slice_of(text), word;

		if (fact->how == HOST_SET) {
			r = host_words_add(arena, ret, text);
			continue;
		}
		while (r == 0 && (fact->separator ? slice_field(&rest, fact->separator, &word) : slice_word(&rest, &word))) {
			const char *copy = arena_strndup(arena, word.p, word.n);

			r = copy ? host_words_add(arena, ret, copy) : -ENOMEM;
		}
	}
	if (r == 0 && ret->n > 1)
		qsort(ret->word, ret->n, sizeof(*ret->word), by_bytes);
	return r;
}

int
host_set_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact, const char *name,
		const struct host_words only[HOST_SIDES])
{
	struct host_difference *x;

	if (only[0].n + only[1].n == 0)
		return 0;
	x = host_differ(d, at, fact);
	if (!x)
		return -ENOMEM;
	x->name = name;
	x->set = true;
	for (int s = 0; s < HOST_SIDES; s++) {
		x->only[s] = only[s].word;
		x->n_only[s] = only[s].n;
	}
	return 0;
}

int
host_words_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact, const char *name,
		  const struct host_words side[HOST_SIDES])
{
	struct host_words only[HOST_SIDES] = { { 0 }, { 0 } };
	size_t i[HOST_SIDES] = { 0, 0 };
	int r = 0;

	while (r == 0 && (i[0] < side[0].n || i[1] < side[1].n)) {
		const char *a = i[0] < side[0].n ? side[0].word[i[0]] : NULL;
		const char *b = i[1] < side[1].n ? side[1].word[i[1]] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a, b);
		const char *word = order <= 0 ? a : b;

		if (order)
			r = host_words_add(d->arena, &only[order > 0], word);
		/* One that stands there twice counts once. */
		for (int s = 0; s < HOST_SIDES; s++)
			while (i[s] < side[s].n && streq(side[s].word[i[s]], word))
				i[s]++;
	}
	return r < 0 ? r : host_set_differ(d, at, fact, name, only);
}
