/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reports/json-out.h"
#include "reports/reporter.h"

/* The format "json": see docs/report.schema.json. 0 or -ENOMEM. */
int report_json(const struct assessment *a, const struct report_options *o, struct buffer *out);

/* Its parts, for other documents that tell the same: objects of `parent`, or of an array. */
void json_snapshot(struct json *parent, const char *key, const Snapshot *s, int64_t now_ns);
void json_tree(struct json *parent, const struct assessment *a);
void json_finding(struct json *array, const struct finding *f);
void json_requirement(struct json *array, const struct requirement *q);
void json_unknown(struct json *array, const struct unknown *u);
void json_hex(struct json *parent, const char *key, const ProtobufCBinaryData *data);

/* A value and where it was read; of none, nothing. */
void json_side(struct json *parent, const char *key, const char *value, const char *from);
