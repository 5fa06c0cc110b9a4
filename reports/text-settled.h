/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reports/style.h"

/* Appends what became of the transient blockers that were waited for; nothing without --settle. */
void text_settled(struct page *p, const struct assessment *a);
