/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line in one text, parted into words as sh(1) does it: by blanks, with '…', "…" and \.
 * Nothing is expanded, and what would end a command (; | &) is a letter like any other.
 */
#pragma once

#include <stddef.h>

/*
 * Parts `text`, in place; `word` has room for strlen(text) / 2 + 1 words and points into it.
 * 0, or -EINVAL where a quote is not closed.
 */
int words_part(char *text, char **word, size_t *ret_n);
