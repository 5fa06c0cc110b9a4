/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of `migcheck gate -f html`: its document with places to fill, its style and its script
 * are files of their own, which stand in the program as they are.
 */
#pragma once

#include "base/text.h"

struct slice gate_page_html(void);
struct slice gate_page_css(void);
struct slice gate_page_js(void);
