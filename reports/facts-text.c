/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot as text for a person, from the descriptors: a line a message, what it holds as
 * key=value, the messages in it indented below. A sample:
 *
 *     process pid=4211 start_time=8123 ppid=1 comm=nginx state=S
 *         exe path=/usr/sbin/nginx file=0
 *         fd number=0 kind=chardev flags=0x8002 file=3
 */
#include "reports/escape.h"
#include "reports/facts.h"

#include <errno.h>

enum { INDENT = 4 };

static bool
is_message(const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* A word as it is, anything that could be misread as more than one word in quotes. */
static int
add_word(struct buffer *out, const struct buffer *raw)
{
	struct slice s = buffer_slice(raw);
	bool quote = s.n == 0;
	int r;

	for (size_t i = 0; i < s.n; i++)
		quote = quote || s.p[i] == ' ' || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == ',';
	if (!quote)
		return escape_text(out, s.p, s.n);
	r = buffer_add(out, "\"", 1);
	for (size_t i = 0, run; r == 0 && i < s.n; i = run) {
		for (run = i; run < s.n && s.p[run] != '"'; run++)
			;
		r = escape_text(out, s.p + i, run - i);
		if (r == 0 && run < s.n) {
			r = buffer_add(out, "\\\"", 2);
			run++;
		}
	}
	return r < 0 ? r : buffer_add(out, "\"", 1);
}

static int
add_scalars(struct buffer *out, const ProtobufCMessage *message, struct buffer *scratch)
{
	const ProtobufCMessageDescriptor *d = message->descriptor;
	int r;

	for (unsigned int i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		size_t n = is_message(f) ? 0 : field_count(message, f);

		for (size_t k = 0; k < n; k++) {
			r = k == 0 ? buffer_printf(out, " %s=", f->name) : buffer_add(out, ",", 1);
			if (r < 0)
				return r;
			scratch->n = 0;
			r = field_print(f, field_at(message, f, k), scratch);
			if (r < 0)
				return r;
			r = add_word(out, scratch);
			if (r < 0)
				return r;
		}
	}
	return buffer_add(out, "\n", 1);
}

static int
add_message(struct buffer *out, const char *name, const ProtobufCMessage *message, int depth,
	    struct buffer *scratch)
{
	const ProtobufCMessageDescriptor *d = message->descriptor;
	int r;

	r = buffer_printf(out, "%*s%s", depth * INDENT, "", name);
	if (r < 0)
		return r;
	r = add_scalars(out, message, scratch);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		size_t n = is_message(f) ? field_count(message, f) : 0;

		for (size_t k = 0; k < n; k++) {
			r = add_message(out, f->name,
					*(const ProtobufCMessage *const *) field_at(message, f, k),
					depth + 1, scratch);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int
facts_report_text(const Snapshot *s, struct buffer *out)
{
	_cleanup_buffer_ struct buffer scratch = { 0 };
	const ProtobufCMessageDescriptor *d = s->base.descriptor;
	int r;

	for (unsigned int i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		size_t n = field_count(&s->base, f);
		char name[64];

		for (size_t k = 0; k < n; k++) {
			/* Files and cgroup sets are pointed at by their number. */
			(void) snprintf(name, sizeof(name),
					f->label == PROTOBUF_C_LABEL_REPEATED ? "%s[%zu]" : "%s",
					f->name, k);
			r = add_message(out, name,
					*(const ProtobufCMessage *const *) field_at(&s->base, f, k),
					0, &scratch);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
