/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as a manual page wants it: the man(7) macros are lines that begin with a dot, and some
 * characters mean something else to troff than they look like.
 */
#pragma once

#include "base/buffer.h"

/*
 * The text, so that it is shown and copied as it is here: no hyphen, quote or backslash becomes
 * another one, no line becomes a macro, and what is no ASCII is named by its code point.
 * 0 or -ENOMEM.
 */
int roff_text(struct buffer *out, struct slice text);

/*
 * A synopsis: what is typed as it stands is bold, what stands for something (upper case) is
 * italic, brackets and bars are neither. 0 or -ENOMEM.
 */
int roff_synopsis(struct buffer *out, const char *text);
