/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thin coat over json-c: see json-out.h. A struct json is json-c's own object under another
 * name, so there is nothing to keep in step.
 */
#include "reports/json-out.h"

#include "reports/escape.h"

#include <errno.h>
#include <json.h>

/* Set when json-c gave no memory; one flag for the process, as json-c has no error of its own. */
static _Thread_local bool short_of_memory;

static struct json_object *
unwrap(struct json *j)
{
	return (struct json_object *) j;
}

static struct json *
add(struct json *parent, const char *key, struct json_object *value)
{
	int r;

	if (!parent || !value) {
		short_of_memory = true;
		(void) json_object_put(value);
		return NULL;
	}
	if (key)
		r = json_object_object_add(unwrap(parent), key, value);
	else
		r = json_object_array_add(unwrap(parent), value);
	if (r < 0) {
		short_of_memory = true;
		(void) json_object_put(value);
		return NULL;
	}
	return (struct json *) value;
}

struct json *
json_root(void)
{
	short_of_memory = false;
	return (struct json *) json_object_new_object();
}

void
json_drop(struct json *j)
{
	(void) json_object_put(unwrap(j));
}

struct json *
json_add_object(struct json *parent, const char *key)
{
	return add(parent, key, json_object_new_object());
}

struct json *
json_add_array(struct json *parent, const char *key)
{
	return add(parent, key, json_object_new_array());
}

void
json_add_bytes(struct json *parent, const char *key, const char *p, size_t n)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	struct slice s;

	if (escape_utf8(&clean, p, n) < 0 || clean.n > INT32_MAX) {
		short_of_memory = true;
		return;
	}
	s = buffer_slice(&clean);
	(void) add(parent, key, json_object_new_string_len(s.p, (int) s.n));
}

void
json_add_text(struct json *parent, const char *key, const char *text)
{
	if (text)
		json_add_bytes(parent, key, text, strlen(text));
}

void
json_add_int(struct json *parent, const char *key, int64_t value)
{
	(void) add(parent, key, json_object_new_int64(value));
}

void
json_add_uint(struct json *parent, const char *key, uint64_t value)
{
	(void) add(parent, key, json_object_new_uint64(value));
}

void
json_add_bool(struct json *parent, const char *key, bool value)
{
	(void) add(parent, key, json_object_new_boolean(value));
}

void
json_add_double(struct json *parent, const char *key, double value)
{
	char text[48];

	(void) snprintf(text, sizeof(text), "%.3f", value);
	(void) add(parent, key, json_object_new_double_s(value, text));
}

int
json_print(struct json *root, struct buffer *out)
{
	size_t n = 0;
	const char *text = NULL;
	int r = -ENOMEM;

	if (root && !short_of_memory)
		text = json_object_to_json_string_length(unwrap(root),
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	if (text) {
		r = escape_json_text(out, text, n);
		if (r == 0)
			r = buffer_add(out, "\n", 1);
	}
	json_drop(root);
	return r;
}
