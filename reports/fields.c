/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single fields of a message, found through the descriptor: how many values, where they are,
 * how they read. Samples of what comes out:
 *
 *     mode=0100755   cap_effective=0x1ffffffffff   kind=regular   source=127.0.0.1
 *     sha256=7c1e...   mtime_ns=2026-11-02T09:14:00.123456789Z
 */
#include "reports/facts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <time.h>

static const struct {
	const char *name;
	enum field_format format;
} formats[] = {
	{ "mode", FORMAT_OCTAL },
	{ "umask", FORMAT_OCTAL },
	{ "flags", FORMAT_HEX },
	{ "fd_flags", FORMAT_HEX },
	{ "mask", FORMAT_HEX },
	{ "signalfd_mask", FORMAT_HEX },
	{ "personality", FORMAT_HEX },
	{ "events", FORMAT_HEX },
	{ "cap_inheritable", FORMAT_HEX },
	{ "cap_permitted", FORMAT_HEX },
	{ "cap_effective", FORMAT_HEX },
	{ "cap_bounding", FORMAT_HEX },
	{ "cap_ambient", FORMAT_HEX },
	{ "sig_pending", FORMAT_HEX },
	{ "sig_shared_pending", FORMAT_HEX },
	{ "sig_blocked", FORMAT_HEX },
	{ "sig_ignored", FORMAT_HEX },
	{ "sig_caught", FORMAT_HEX },
	{ "pending", FORMAT_PLAIN },
	{ "start", FORMAT_HEX },
	{ "end", FORMAT_HEX },
	{ "leaf", FORMAT_HEX },
	{ "eax", FORMAT_HEX },
	{ "ebx", FORMAT_HEX },
	{ "ecx", FORMAT_HEX },
	{ "edx", FORMAT_HEX },
	{ "xcr0", FORMAT_HEX },
	{ "hwcap", FORMAT_HEX },
	{ "hwcap2", FORMAT_HEX },
	{ "taken_at_ns", FORMAT_TIME },
	{ "mtime_ns", FORMAT_TIME },
	{ "ctime_ns", FORMAT_TIME },
	{ "source", FORMAT_ADDRESS },
	{ "destination", FORMAT_ADDRESS },
	{ "address", FORMAT_ADDRESS },
	{ "unix_name", FORMAT_NAME },
	{ "name", FORMAT_NAME },
};

enum field_format
field_format_of(const ProtobufCFieldDescriptor *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (streq(formats[i].name, f->name))
			return formats[i].format;
	return f->type == PROTOBUF_C_TYPE_BYTES ? FORMAT_DIGEST : FORMAT_PLAIN;
}

static int
print_bytes(enum field_format format, const ProtobufCBinaryData *data, struct buffer *out)
{
	char text[INET6_ADDRSTRLEN];
	int r;

	if (format == FORMAT_ADDRESS && (data->len == 4 || data->len == 16) &&
	    inet_ntop(data->len == 4 ? AF_INET : AF_INET6, data->data, text, sizeof(text)))
		return buffer_printf(out, "%s", text);
	if (format == FORMAT_NAME) {
		bool abstract = data->len > 0 && data->data[0] == '\0';

		if (abstract) {
			r = buffer_add(out, "@", 1);
			if (r < 0)
				return r;
		}
		/* An empty name has no bytes to point at. */
		return data->len == 0 ? 0 : buffer_add(out, data->data + (abstract ? 1 : 0), data->len - (abstract ? 1 : 0));
	}
	for (size_t i = 0; i < data->len; i++) {
		r = buffer_printf(out, "%02x", data->data[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
print_time(int64_t ns, struct buffer *out)
{
	int64_t fraction = ns % 1000000000;
	time_t seconds = (time_t) (ns / 1000000000);
	struct tm tm;
	char text[64];

	if (fraction < 0) {
		fraction += 1000000000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return buffer_printf(out, "%lld ns", (long long) ns);
	return buffer_printf(out, "%s.%09lldZ", text, (long long) fraction);
}

/* FD_EPOLL of FdKind reads "epoll", PATH_KIND_FIFO "fifo": the common prefix says nothing. */
static int
print_enum(const ProtobufCEnumDescriptor *d, int value, struct buffer *out)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);
	const char *first, *name;
	size_t prefix = 0;

	if (!v)
		return buffer_printf(out, "%d", value);
	first = d->values[0].name;
	name = v->name;
	for (size_t i = 0; first[i]; i++) {
		bool common = true;

		for (unsigned int k = 0; k < d->n_values; k++)
			common = common && strncmp(d->values[k].name, first, i + 1) == 0;
		if (!common)
			break;
		if (first[i] == '_')
			prefix = i + 1;
	}
	for (name += prefix; *name; name++) {
		char c = *name == '_' ? '-' : (char) tolower((unsigned char) *name);
		int r = buffer_add(out, &c, 1);

		if (r < 0)
			return r;
	}
	return 0;
}

static int
print_unsigned(enum field_format format, uint64_t value, struct buffer *out)
{
	if (format == FORMAT_OCTAL)
		return buffer_printf(out, "0%llo", (unsigned long long) value);
	if (format == FORMAT_HEX)
		return buffer_printf(out, "0x%llx", (unsigned long long) value);
	return buffer_printf(out, "%llu", (unsigned long long) value);
}

int
field_print(const ProtobufCFieldDescriptor *f, const void *at, struct buffer *out)
{
	enum field_format format = field_format_of(f);

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING: {
		const char *s = *(char *const *) at;

		return buffer_add(out, s, strlen(s));
	}
	case PROTOBUF_C_TYPE_BYTES:
		return print_bytes(format, at, out);
	case PROTOBUF_C_TYPE_BOOL:
		return buffer_printf(out, "%s", *(const protobuf_c_boolean *) at ? "true" : "false");
	case PROTOBUF_C_TYPE_ENUM:
		return print_enum(f->descriptor, *(const int *) at, out);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		if (format == FORMAT_TIME)
			return print_time(*(const int64_t *) at, out);
		return buffer_printf(out, "%lld", (long long) *(const int64_t *) at);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return buffer_printf(out, "%d", *(const int32_t *) at);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return print_unsigned(format, *(const uint64_t *) at, out);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return print_unsigned(format, *(const uint32_t *) at, out);
	default:
		return 0;
	}
}
