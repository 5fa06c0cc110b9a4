/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sets two hosts apart, told in text and as JSON (docs/diff.schema.json). The hosts are A
 * and B there, for two hosts may have one name.
 */
#pragma once

#include "checker/host-diff.h"
#include "reports/json-out.h"
#include "reports/reporter.h"

/* `now`: what holds for the moment is told, too, and not only counted. 0 or -ENOMEM. */
int host_diff_text(const struct host_diff *d, bool now, const struct report_options *o, struct buffer *out);
int host_diff_json(const struct host_diff *d, bool now, struct buffer *out);

/* 0: no difference that lasts; 1: there is one. */
int host_diff_exit_code(const struct host_diff *d);

/* "device eth0 mtu": the record, then the fact. Raw text, to be escaped. 0 or -ENOMEM. */
int host_fact_name(const struct host_record *record, const char *name, struct buffer *out);

/* The value of one side, of what is no set; raw text. 0 or -ENOMEM. */
int host_value(const struct host_difference *x, int side, struct buffer *out);
