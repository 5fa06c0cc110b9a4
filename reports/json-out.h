/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, by json-c (the only file that includes it). Text passes through escape_utf8() on its
 * way in. A NULL or failed value spreads: adding to NULL does nothing, and json_print() of a
 * tree that ran out of memory says -ENOMEM.
 */
#pragma once

#include "base/buffer.h"
#include <stdbool.h>
#include <stdint.h>

struct json;

struct json *json_root(void);		/* a new root; freed by json_print() or json_drop() */
void json_drop(struct json *j);

/* Children belong to their parent. `key` NULL: the parent is an array. */
struct json *json_add_object(struct json *parent, const char *key);
struct json *json_add_array(struct json *parent, const char *key);

/* NULL text adds nothing: absent stays absent. */
void json_add_text(struct json *parent, const char *key, const char *text);
void json_add_bytes(struct json *parent, const char *key, const char *p, size_t n);	/* as text */
void json_add_int(struct json *parent, const char *key, int64_t value);
void json_add_uint(struct json *parent, const char *key, uint64_t value);
void json_add_bool(struct json *parent, const char *key, bool value);
void json_add_double(struct json *parent, const char *key, double value);

/* Appends the whole tree, indented, with a newline, and frees it. 0 or -ENOMEM. */
int json_print(struct json *root, struct buffer *out);
