/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the page, taken into the program by the assembler (the Makefile knows that this
 * object depends on them).
 */
#include "reports/gate-page.h"

#define EMBED(name, file) \
	__asm__(".pushsection .rodata\n" \
		".globl " #name "\n" ".hidden " #name "\n" #name ":\n" \
		".incbin \"" file "\"\n" \
		".globl " #name "_end\n" ".hidden " #name "_end\n" #name "_end:\n" \
		".byte 0\n" \
		".popsection\n"); \
	extern const char name[] __attribute__((visibility("hidden"))); \
	extern const char name##_end[] __attribute__((visibility("hidden")))

EMBED(page_html, "reports/gate-page.html");
EMBED(page_css, "reports/gate-page.css");
EMBED(page_js, "reports/gate-page.js");

static struct slice
between(const char *from, const char *to)
{
	return (struct slice){ .p = from, .n = (size_t) (to - from) };
}

struct slice
gate_page_html(void)
{
	return between(page_html, page_html_end);
}

struct slice
gate_page_css(void)
{
	return between(page_css, page_css_end);
}

struct slice
gate_page_js(void)
{
	return between(page_js, page_js_end);
}
