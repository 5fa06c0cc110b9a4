/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second look at a tree, told in text and as JSON (docs/recheck.schema.json): what came, went
 * and changed, and what became of the judgement.
 */
#pragma once

#include "checker/changes.h"
#include "checker/drift.h"
#include "reports/json-out.h"
#include "reports/reporter.h"

struct recheck {
	const struct changes *changes;
	const struct drift *drift;
};

int recheck_text(const struct recheck *k, const struct report_options *o, struct buffer *out);	/* 0 or -ENOMEM */
int recheck_json(const struct recheck *k, struct buffer *out);

/* What a change is about: "fd 7 of nginx 4211". Raw text, to be escaped. 0 or -ENOMEM. */
int change_thing(const struct changes *c, const struct change *change, struct buffer *out);

/* What is worth knowing of it as it is (now, or before it went): a program, a target; may add nothing. */
int change_nature(const struct changes *c, const struct change *change, struct buffer *out);

/* The value of a field on one side; nothing where there is none. Raw text. 0 or -ENOMEM. */
int change_value(const struct changes *c, const struct field_change *f, bool after, struct buffer *out);
