/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nearest word: see nearest.h.
 */
#include "base/nearest.h"

struct nearest
nearest_to(struct slice word)
{
	return (struct nearest){ .word = word, .reach = word.n < NEAREST_MAX ? 1 + word.n / 3 : 0 };
}

/* How many letters are to be changed, added or taken away to make `b` of `a`. */
static size_t
distance(struct slice a, struct slice b)
{
	size_t row[NEAREST_MAX + 1];

	for (size_t k = 0; k <= b.n; k++)
		row[k] = k;
	for (size_t i = 1; i <= a.n; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= b.n; k++) {
			size_t least = corner + (a.p[i - 1] != b.p[k - 1]);

			corner = row[k];
			least = corner + 1 < least ? corner + 1 : least;
			row[k] = row[k - 1] + 1 < least ? row[k - 1] + 1 : least;
		}
	}
	return row[b.n];
}

void
nearest_offer(struct nearest *n, struct slice candidate)
{
	size_t far;

	if (n->reach == 0 || candidate.n >= NEAREST_MAX)
		return;
	far = distance(n->word, candidate);
	if (far > n->reach || (far == n->reach && *n->found))
		return;
	n->reach = far;
	memcpy(n->found, candidate.p, candidate.n);
	n->found[candidate.n] = '\0';
}
