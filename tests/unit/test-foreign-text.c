/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text in XML, in Markdown, and as the name of a file in a URI.
 */
#include "tests/unit/test.h"

#include "reports/md.h"
#include "reports/uri.h"
#include "reports/xml.h"

typedef void writer(struct pen *p, const char *text);

static void
expect(writer *write, const char *text, const char *expected)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	struct pen p = { .out = &out };

	write(&p, text);
	assert_int_equal(p.error, 0);
	assert_string_equal(buffer_slice(&out).p, expected);
}

static void
test_xml(void **state)
{
	(void) state;
	expect(xml_text, "a<b>&\"'", "a&lt;b&gt;&amp;&quot;&apos;");
	expect(xml_text, "]]>\x01\n\xff\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", "]]&gt;\\x01\\x0a\\xff\\xef\\xbf\\xbe\\xef\\xbf\\xbf\xef\xbf\xbd");
	expect(xml_text, "", "");
}

static void
test_uri(void **state)
{
	(void) state;
	expect(uri_of_file, "pool/node 1:a%.mc", "pool/node%201%3Aa%25.mc");
	expect(uri_of_file, "./pool//\xff#?", "pool//%FF%23%3F");
	expect(uri_of_file, "//srv/x", "file:///srv/x");
	expect(uri_of_file, ".//srv/x", "srv/x");
	expect(uri_of_file, "../pool/x", "../pool/x");
}

static void
test_markdown(void **state)
{
	(void) state;
	expect(md_code, "node1", "`node1`");
	expect(md_code, "a|b.c", "<code>a&#124;b&#46;c</code>");
	expect(md_code, "", "");
	expect(md_text, "a_b @me", "a&#95;b &#64;<!-- -->me");
	expect(md_text, "see http://x or www.x, a.b", "see http&#58;//x or www&#46;x, a.b");
}

/* Long names are cut between characters, not within one. */
static void
test_markdown_cut(void **state)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	struct pen p = { .out = &out };
	char name[2 * MD_LONGEST + 1];

	(void) state;
	for (size_t i = 0; i < MD_LONGEST; i++)
		memcpy(&name[2 * i], "\xc3\xa4", 2);
	name[2 * MD_LONGEST] = '\0';
	md_code(&p, &name[0]);
	assert_int_equal(out.n, 1 + MD_LONGEST + strlen("…") + 1);
	out.n = 0;
	name[0] = 'a';
	name[1] = 'b';
	md_code(&p, &name[1]);
	assert_int_equal(out.n, 1 + MD_LONGEST - 1 + strlen("…") + 1);
	assert_null(strstr(out.p, "\\x"));
}

/* What failed stays, and nothing comes after it. */
static void
test_pen(void **state)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	struct pen p = { .out = &out };

	(void) state;
	pen_put(&p, "%d", 1);
	pen_keep(&p, 0);
	pen_raw(&p, "2");
	pen_keep(&p, -ENOMEM);
	pen_keep(&p, -EINVAL);
	pen_put(&p, "3");
	pen_add(&p, "4", 1);
	assert_string_equal(out.p, "12");
	assert_int_equal(p.error, -ENOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_uri),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_markdown_cut),
		cmocka_unit_test(test_pen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
