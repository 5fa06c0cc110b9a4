/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text, and the quoting of words for a shell:
 *
 *     chmod 0755 '/srv/it'\''s here/run'
 */
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

enum { MAX_WORD = 4096 };

const char *
value_hex(struct judge *j, ProtobufCBinaryData bytes)
{
	static const char digit[] = "0123456789abcdef";
	char text[129];
	size_t n = bytes.len < 64 ? bytes.len : 64;

	if (n == 0)
		return "none";
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digit[bytes.data[i] >> 4];
		text[2 * i + 1] = digit[bytes.data[i] & 15];
	}
	text[2 * n] = '\0';
	return judge_text(j, "%s", text);
}

const char *
value_bytes(struct judge *j, uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t n = bytes;
	size_t i = 0;

	while (n >= 1024 && i + 1 < ARRAY_SIZE(unit)) {
		n /= 1024;
		i++;
	}
	if (i == 0)
		return judge_text(j, "%llu bytes", (unsigned long long) bytes);
	return judge_text(j, "%llu %s (%llu)", (unsigned long long) n, unit[i],
			  (unsigned long long) bytes);
}

const char *
value_file_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "regular file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symbolic link";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "FIFO";
	case S_IFSOCK:
		return "socket";
	default:
		return "unknown kind";
	}
}

const char *
value_mode(struct judge *j, uint32_t mode)
{
	return judge_text(j, "%s 0%03o", value_file_type(mode), mode & 07777);
}

const char *
value_address(struct judge *j, ProtobufCBinaryData address, int port)
{
	char text[INET6_ADDRSTRLEN] = "?";
	bool six = address.len == 16;
	const char *left = six && port >= 0 ? "[" : "", *right = six && port >= 0 ? "]" : "";

	if (address.len == 4 || address.len == 16)
		(void) inet_ntop(six ? AF_INET6 : AF_INET, address.data, text, sizeof(text));
	if (port < 0)
		return judge_text(j, "%s", text);
	if (port == 0)
		return judge_text(j, "%s%s%s:*", left, text, right);
	return judge_text(j, "%s%s%s:%d", left, text, right, port);
}

const char *
value_age(struct judge *j, uint64_t ms)
{
	unsigned long long s = ms / 1000;

	if (s < 120)
		return judge_text(j, "%llu s", s);
	if (s < 2 * 3600)
		return judge_text(j, "%llu min", s / 60);
	if (s < 48 * 3600)
		return judge_text(j, "%llu h", s / 3600);
	return judge_text(j, "%llu days", s / 86400);
}

bool
same_kernel(const struct judge *j)
{
	const Host *here = j->source->host, *there = j->destination ? j->destination->host : NULL;

	return here && there && here->boot_id && there->boot_id && streq(here->boot_id, there->boot_id);
}

bool
value_sysctl(const struct judge *j, const char *name, uint64_t *ret)
{
	const char *text = index_sysctl(j->there, name);

	return text && parse_u64(slice_trim(slice_of(text)), 10, ret) == 0;
}

static bool
is_plain(const char *word)
{
	return *word && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_@%+=:,./-")] == '\0';
}

/* The next code point of UTF-8, strictly; 0 at the end, UINT32_MAX where it is none. */
static uint32_t
next_point(const unsigned char **p)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned int more = **p < 0x80 ? 0 : **p >> 5 == 6 ? 1 : **p >> 4 == 14 ? 2 : **p >> 3 == 30 ? 3 : 4;
	uint32_t point = **p;

	if (more == 4)
		return UINT32_MAX;
	if (more)
		point &= 0x3fU >> more;
	(*p)++;
	for (unsigned int i = 0; i < more; i++, (*p)++) {
		if (**p >> 6 != 2)
			return UINT32_MAX;
		point = point << 6 | (**p & 0x3f);
	}
	if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return UINT32_MAX;
	return point;
}

/* Controls, marks that turn the direction of text, ends of lines, or bytes that are no UTF-8. */
static bool
holds_control(const char *word)
{
	const unsigned char *p = (const unsigned char *) word;

	while (*p) {
		uint32_t c = next_point(&p);

		if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x200e && c <= 0x200f) ||
		    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == UINT32_MAX)
			return true;
	}
	return false;
}

/* The word in single quotes, a quote inside as '\''; NULL where no path can be that long. */
static const char *
quote_word(struct judge *j, const char *word)
{
	char text[4 * MAX_WORD + 3], *to = text;

	if (is_plain(word))
		return word;
	if (strlen(word) > MAX_WORD)
		return NULL;
	*to++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\'");
		*to++ = *word;
	}
	*to++ = '\'';
	*to = '\0';
	return judge_text(j, "%s", text);
}

const char *
quote_command(struct judge *j, ...)
{
	const char *line = NULL, *word;
	va_list words;

	va_start(words, j);
	for (word = va_arg(words, const char *); word; word = va_arg(words, const char *)) {
		const char *quoted = holds_control(word) ? NULL : quote_word(j, word);

		if (!quoted) {
			line = NULL;
			break;
		}
		line = line ? judge_text(j, "%s %s", line, quoted) : quoted;
	}
	va_end(words);
	return line;
}

const char *
value_use(const File *f)
{
	if (f->used_exe)
		return "executed";
	if (f->used_map || f->used_map_exec)
		return "mapped";
	if (f->used_cwd)
		return "working folder";
	if (f->used_root)
		return "root folder";
	return "open";
}

bool
process_has_ended(const Process *p)
{
	return p->state && (*p->state == 'Z' || *p->state == 'X');
}

bool
thread_waits_for_vfork(const Thread *t)
{
	return t->state && t->state[0] == 'D' && t->wchan &&
	       (strstr(t->wchan, "vfork") || streq(t->wchan, "kernel_clone"));
}
