/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reports/style.h"

/* Columns of the text report: fields of a finding, their text. */
enum { FIELD = 8, TEXT = 16 };

/* All findings, in sections: permanent, transient, warnings, notes. */
void text_findings(struct page *p, const struct assessment *a);
