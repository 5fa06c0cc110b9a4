/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns as a shell has them: * any bytes, ? one byte, [a-c] and [!a-c] one byte of a set, \x the
 * byte x itself. All of the text must match. Unlike fnmatch(3), whose time grows with the power of
 * the stars, a match takes at most the product of both lengths: patterns may come from anybody.
 */
#pragma once

#include <stdbool.h>

bool glob_match(const char *pattern, const char *text);

/* Whether it can be read: a set that is open or runs backwards, or a \ at the end, is -EINVAL. */
int glob_check(const char *pattern);

/* Whether it can match one text only: nothing of * ? [ \ is in it. */
bool glob_is_plain(const char *pattern);

/* Whether it holds a letter or digit that the text must have: false for "*", "?*", "*-*", "[a-z]*". */
bool glob_names_something(const char *pattern);
