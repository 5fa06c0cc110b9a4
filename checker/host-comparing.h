/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that find differences of hosts hand one another: private to host-diff.c,
 * host-words.c and host-cpus.c. All that return int: 0 or -ENOMEM.
 */
#pragma once

#include "checker/host-diff.h"

/* Where the walk is. */
struct host_place {
	enum host_subject subject;
	bool moment;
	const struct host_record *record;
};

/* The next difference, to be filled in; NULL: no memory. */
struct host_difference *host_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact);
int host_unlearned_add(struct host_diff *d, const struct host_place *at, const char *name, bool of_b);

/* Texts of one side. */
struct host_words {
	const char **word;
	size_t n;
};
int host_words_add(struct arena *arena, struct host_words *w, const char *word);

/* The words of a text, or the texts of a repeated field, in byte order. */
int host_words_read(struct arena *arena, const struct host_fact *fact, const ProtobufCFieldDescriptor *f,
		    const ProtobufCMessage *m, struct host_words *ret);

/* Both sides are in byte order: what only one of them has becomes a difference. */
int host_words_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
		      const char *name, const struct host_words side[HOST_SIDES]);

/* The same of what only one of them has, found already; nothing: no difference. */
int host_set_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
		    const char *name, const struct host_words only[HOST_SIDES]);

int host_cpuid_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
		      const Cpu *a, const Cpu *b);
int host_flags_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
		      const Cpu *a, const Cpu *b);
