/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text on its way out. Process names, paths and answers of other hosts may hold
 * anything: terminal sequences, line breaks, text that runs backwards, bytes that are no
 * UTF-8. Every foreign string of every format passes through here.
 */
#pragma once

#include "base/buffer.h"

/*
 * For a person: valid printable UTF-8 passes; control characters (C0, DEL, C1), bidirectional
 * overrides, line and paragraph separators, noncharacters and bytes that are not UTF-8 become
 * \xNN, one a byte. 0 or -ENOMEM.
 */
int escape_text(struct buffer *out, const char *s, size_t n);

/*
 * For formats that have their own escapes of control characters (JSON): only bytes that are
 * not UTF-8 become \xNN.
 */
int escape_utf8(struct buffer *out, const char *s, size_t n);

/*
 * For finished JSON text: characters that escape_text() would not let pass, and that only
 * strings can hold there, become \uNNNN. Programs read the same, a terminal is safe.
 */
int escape_json_text(struct buffer *out, const char *s, size_t n);

/*
 * For finished JSON text that is to stand inside an HTML element: < > & become \uNNNN, so that
 * nothing in it can end the element.
 */
int escape_json_html(struct buffer *out, const char *s, size_t n);
