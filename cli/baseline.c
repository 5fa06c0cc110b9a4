/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An earlier report of a gate: see baseline.h. Read are, of
 *
 *     { "schema": "migcheck-gate-1",
 *       "classes": [ { "name": "c1", "hosts": [ "node1", "node2" ], … } ],
 *       "findings": [ { "fingerprint": "5f…0c", "classes": [ "c1" ], … } ], … }
 *
 * the class of each host, and the findings of each class. The names of classes mean nothing outside
 * of one report.
 */
#include "cli/baseline.h"

#include "base/json-walk.h"
#include "cli/files.h"
#include "cli/say.h"

#define SCHEMA "migcheck-gate-1"

/* However the text is made, the tables do not take more. */
enum { MEMORY_LIMIT = 256 * 1024 * 1024, FINGERPRINT_SIZE = 64 };

struct known_host {
	struct slice name, class;
};

struct known_finding {
	struct slice fingerprint, class;
};

static bool
same(struct slice a, struct slice b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static uint64_t
hash_of(struct slice fingerprint, struct slice class)
{
	return hash_number(hash_bytes(fingerprint.p, fingerprint.n) + hash_number(hash_bytes(class.p, class.n)));
}

static const struct known_host *
host_find(const struct baseline *b, struct slice name)
{
	return TABLE_FIND(&b->hosts, hash_bytes(name.p, name.n), struct known_host, same(found->name, name));
}

static const struct known_finding *
finding_find(const struct baseline *b, struct slice fingerprint, struct slice class)
{
	return TABLE_FIND(&b->findings, hash_of(fingerprint, class), struct known_finding,
			  same(found->fingerprint, fingerprint) && same(found->class, class));
}

static size_t
count(struct slice array)
{
	struct slice rest = json_elements(array), one;
	size_t n = 0;

	while (json_element(&rest, &one))
		n++;
	return n;
}

static bool
is_fingerprint(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0123456789abcdef", s.p[i], 16))
			return false;
	return s.n == FINGERPRINT_SIZE;
}

static int
take_class(struct baseline *b, struct slice class)
{
	struct slice rest = json_elements(json_get(class, "hosts")), name;

	while (json_element(&rest, &name)) {
		struct slice plain = json_plain_text(name);
		struct known_host *h;

		if (host_find(b, plain))
			continue;
		h = arena_alloc(b->arena, sizeof(*h));
		if (!h)
			return -ENOMEM;
		*h = (struct known_host){ .name = plain, .class = json_get(class, "name") };
		table_add(&b->hosts, hash_bytes(plain.p, plain.n), h, NULL);
	}
	return 0;
}

static int
take_finding(struct baseline *b, struct slice finding)
{
	struct slice fingerprint = json_plain_text(json_get(finding, "fingerprint"));
	struct slice rest = json_elements(json_get(finding, "classes")), class;

	if (!is_fingerprint(fingerprint))
		return -EINVAL;
	if (json_get(finding, "waived").n > 0)
		return 0;
	while (json_element(&rest, &class)) {
		struct known_finding *f;

		if (finding_find(b, fingerprint, class))
			continue;
		f = arena_alloc(b->arena, sizeof(*f));
		if (!f)
			return -ENOMEM;
		*f = (struct known_finding){ .fingerprint = fingerprint, .class = class };
		table_add(&b->findings, hash_of(fingerprint, class), f, NULL);
	}
	return 0;
}

/* A table with room for all that stands in the arrays called `key` of the elements; take_one() fills it. */
static int
fill(struct baseline *b, struct table *t, struct slice array, const char *key,
     int (*take_one)(struct baseline *b, struct slice one))
{
	struct slice rest = json_elements(array), one;
	size_t n = 0;
	int r;

	while (json_element(&rest, &one))
		n += count(json_get(one, key));
	r = table_init(t, b->arena, n);
	rest = json_elements(array);
	while (r == 0 && json_element(&rest, &one))
		r = take_one(b, one);
	return r;
}

static int
refuse_schema(struct slice schema, struct buffer *problem)
{
	if (schema.n == 0)
		return buffer_refuse(problem, "it is no report of a gate (made by: migcheck gate -f json)");
	return buffer_refuse(problem, "it is of the form %.*s; wanted is " SCHEMA " (made by: migcheck gate -f json)",
			     schema.n < 80 ? (int) schema.n : 80, schema.p);
}

int
baseline_read(struct buffer *text, struct baseline *ret, struct buffer *problem)
{
	_cleanup_baseline_ struct baseline b = { .text = *text, .arena = arena_new(MEMORY_LIMIT) };
	struct slice all = buffer_slice(text), root, schema, classes, findings;
	size_t at = 0;
	int r;

	*text = (struct buffer){ 0 };
	if (!b.arena)
		return -ENOMEM;
	if (json_check(all, &at) < 0 || !json_element(&all, &root))
		return buffer_refuse(problem, "it is no JSON, or not whole: it makes sense up to byte %zu of %zu", at, all.n);
	schema = json_plain_text(json_get(root, "schema"));
	if (!slice_eq(schema, SCHEMA))
		return refuse_schema(schema, problem);
	classes = json_get(root, "classes");
	findings = json_get(root, "findings");
	if (!slice_starts(classes, "[") || !slice_starts(findings, "["))
		return buffer_refuse(problem, "it is damaged: a report of a gate has \"classes\" and \"findings\"");
	r = fill(&b, &b.hosts, classes, "hosts", take_class);
	if (r == 0)
		r = fill(&b, &b.findings, findings, "classes", take_finding);
	if (r == -EINVAL)
		return buffer_refuse(problem, "it is damaged: a finding has no fingerprint of %d hexadecimal digits",
				     FINGERPRINT_SIZE);
	if (r < 0)
		return r;
	*ret = b;
	b = (struct baseline){ 0 };
	return 0;
}

int
baseline_load(const char *path, struct baseline *ret)
{
	_cleanup_buffer_ struct buffer text = { 0 }, problem = { 0 };
	int r;

	r = text_load(path, BASELINE_FILE_LIMIT, &text);
	if (r < 0)
		return r;
	r = baseline_read(&text, ret, &problem);
	if (r < 0)
		say_error("%s: %s", path, r == -EINVAL ? problem.p : error_text(r));
	return r;
}

void
baseline_free(struct baseline *b)
{
	buffer_free(&b->text);
	b->arena = arena_free(b->arena);
}

bool
baseline_knows(const void *baseline, const char *fingerprint, const char *host)
{
	const struct baseline *b = baseline;
	const struct known_host *h = host_find(b, slice_of(host));

	return h && finding_find(b, slice_of(fingerprint), h->class);
}
