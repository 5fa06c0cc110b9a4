/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of a gate, as bytes: its places are filled, and no name in it is anything but text. What
 * it does is tried in a browser (tests/lab/gate-html.bats).
 */
#include "tests/unit/gate-fixture.h"

#include "reports/escape.h"
#include "reports/gate.h"
#include "reports/gate-page.h"
#include "reports/html.h"

static const struct report_options options = { 0 };

static void
test_places_are_filled(void **state)
{
	_cleanup_buffer_ struct buffer page = { 0 };
	struct gate_fixture x;

	(void) state;
	gate_fixture(&x, false);
	assert_int_equal(gate_html(&x.gate, &options, &page), 0);
	assert_int_equal(count_of(&page, "<!--"), 0);
	assert_int_equal(strlen(page.p), page.n);
	assert_int_equal(count_of(&page, "style-src 'sha256-"), 1);
	assert_int_equal(count_of(&page, "script-src 'sha256-"), 1);
	assert_int_equal(count_of(&page, "'unsafe-"), 0);
	assert_non_null(strstr(page.p, "\"schema\": \"migcheck-gate-1\""));
	assert_non_null(memmem(page.p, page.n, gate_page_css().p, gate_page_css().n));
	assert_non_null(memmem(page.p, page.n, gate_page_js().p, gate_page_js().n));
	gate_fixture_free(&x);
}

/* As many elements as with ordinary names, and no handler of an event. */
static void
test_hostile_names_are_text(void **state)
{
	static const char *const tags[] = { "<script", "</script", "<style", "<td", "<b>", "<code", "<!--", "<img" };
	_cleanup_buffer_ struct buffer plain = { 0 }, hostile = { 0 };
	struct gate_fixture x;

	(void) state;
	gate_fixture(&x, false);
	assert_int_equal(gate_html(&x.gate, &options, &plain), 0);
	gate_fixture_free(&x);
	gate_fixture(&x, true);
	assert_int_equal(gate_html(&x.gate, &options, &hostile), 0);
	gate_fixture_free(&x);
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		assert_int_equal(count_of(&plain, tags[i]), count_of(&hostile, tags[i]));
	assert_int_equal(count_of(&plain, "<script"), 2);
	assert_non_null(strstr(hostile.p, "&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(hostile.p, "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e"));
}

static void
test_json_in_html(void **state)
{
	static const char in[] = "{\"a\":\"</script><!--&\"}";
	_cleanup_buffer_ struct buffer out = { 0 };

	(void) state;
	assert_int_equal(escape_json_html(&out, in, sizeof(in) - 1), 0);
	assert_string_equal(out.p, "{\"a\":\"\\u003c/script\\u003e\\u003c!--\\u0026\"}");
}

static void
test_numbers(void **state)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	struct pen p = { .out = &out };

	(void) state;
	html_count(&p, 1, "host", "hosts");
	pen_put(&p, "|");
	html_count(&p, 999, "host", "hosts");
	pen_put(&p, "|");
	html_count(&p, 1234567, "host", "hosts");
	html_element(&p, "b", "name", "a<\"b");
	html_element(&p, "b", NULL, NULL);
	assert_int_equal(p.error, 0);
	assert_string_equal(out.p, "1 host|999 hosts|1,234,567 hosts<b class=\"name\">a&lt;&quot;b</b>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_are_filled),
		cmocka_unit_test(test_hostile_names_are_text),
		cmocka_unit_test(test_json_in_html),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests_name("gate-html", tests, NULL, NULL);
}
