/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a shell: see words.h.
 */
#include "base/words.h"

#include <errno.h>
#include <string.h>

/* Moves a quoted run to `*to`; `from` stands behind the opening quote. NULL: it has no end. */
static const char *
unquote(const char *from, char quote, char **to)
{
	for (; *from != quote; from++) {
		if (!*from)
			return NULL;
		if (quote == '"' && *from == '\\' && from[1] && strchr("\"\\$`", from[1]))
			from++;
		*(*to)++ = *from;
	}
	return from + 1;
}

/* Takes the word at `*from` off and writes it to `*to`, which is never ahead. NULL: a quote has no end. */
static char *
take_word(const char **from, char **to)
{
	char *word = *to;
	const char *s = *from;

	while (*s && !strchr(" \t\n", *s)) {
		if (*s == '\'' || *s == '"') {
			s = unquote(s + 1, *s, to);
			if (!s)
				return NULL;
			continue;
		}
		if (*s == '\\' && s[1])
			s++;
		*(*to)++ = *s++;
	}
	*from = *s ? s + 1 : s;
	*(*to)++ = '\0';
	return word;
}

int
words_part(char *text, char **word, size_t *ret_n)
{
	const char *from = text + strspn(text, " \t\n");
	char *to = text;
	size_t n = 0;

	while (*from) {
		word[n] = take_word(&from, &to);
		if (!word[n++])
			return -EINVAL;
		from += strspn(from, " \t\n");
	}
	*ret_n = n;
	return 0;
}
