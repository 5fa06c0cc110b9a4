/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON texts, walked where they lie: no tree is built and nothing is copied, so that reading a few
 * words out of a large report costs no memory. A value is a slice of the text:
 *
 *     { "schema": "migcheck-gate-1", "classes": [ { "name": "c1" } ] }
 *                 ^^^^^^^^^^^^^^^^^
 *
 * json_check() looks at the whole text once; what stands in it is then walked without errors.
 */
#pragma once

#include "base/text.h"

enum { JSON_DEPTH = 32 };

/*
 * Whether the text is one value, whole, and not nested deeper than JSON_DEPTH. 0, or -EINVAL; then
 * *ret_at is how far it was well. Of numbers, and of the words true, false and null, only the letters
 * are looked at.
 */
int json_check(struct slice text, size_t *ret_at);

/* What stands between the brackets: the members of an object, the elements of an array; else nothing. */
struct slice json_members(struct slice value);
struct slice json_elements(struct slice value);

/* Takes the next one off the front; false at the end. A key comes as it is written, without its quotes. */
bool json_member(struct slice *rest, struct slice *ret_key, struct slice *ret_value);
bool json_element(struct slice *rest, struct slice *ret_value);

/* The first member of that name, or nothing (n is 0). */
struct slice json_get(struct slice object, const char *key);

/*
 * The bytes of a text value, as they are written; nothing of another value, and of a text with escapes
 * in it, which none of ours has that a program looks at.
 */
struct slice json_plain_text(struct slice value);
