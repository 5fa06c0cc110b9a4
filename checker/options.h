/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that the user will give to criu, from one text (--criu-options), read as a shell
 * parts it and as criu's getopt_long(3) takes it; and whether what a rule asks for is among them.
 */
#pragma once

#include "base/buffer.h"
#include "checker/criu-options.h"

struct given_option {
	const struct criu_option *option;
	const char *value;		/* NULL: none */
	bool off;			/* as --no-NAME */
};

struct given_options {
	char *text;			/* holds the values */
	struct given_option *option;
	size_t n;
};

/*
 * Reads the text. 0; -ENOMEM; -EINVAL where criu would not take it, and then `problem` says
 * which word and why. The text is only read: nothing in it is expanded or run.
 */
int options_parse(const char *text, struct given_options *ret, struct buffer *problem);
void options_free(struct given_options *g);

/* Whether it has an effect: it is not undone, and none behind it takes its place. */
bool options_count(const struct given_options *g, const struct given_option *given);

/* How long the name of an external thing is: "mnt[/srv/data]" of "mnt[/srv/data]:KEY". */
size_t options_external(const char *value);

/* Bytes of "8M", "8MB"; 0 where criu would not read it as a size. */
uint64_t options_size(const char *value);

/* The last of this name, unless it is undone; NULL: none. `g` may be NULL. */
const struct given_option *options_last(const struct given_options *g, const char *name);

/*
 * The one that does what is wanted, "--shell-job", "--ghost-limit 8M", "--manage-cgroups=ignore",
 * "--external mnt[/etc/hosts]:KEY"; NULL: none. A size may be larger than wanted, the key of an
 * external thing may be called anything, words in capitals stand for any value, and another
 * option that lifts the same refusal serves too. `g` may be NULL.
 */
const struct given_option *options_find(const struct given_options *g, const char *wanted);

/* Parts "--name value" or "--name=value" as a rule writes it; the value is NULL where there is none. */
const struct criu_option *options_wanted(const char *wanted, const char **ret_value);

static inline void
cleanup_options(struct given_options *g)
{
	options_free(g);
}
#define _cleanup_options_ cleanup(cleanup_options)
