/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu would make of a text of options, and whether they hold what a rule asks for. What is
 * taken and refused here, the real criu takes and refuses: tests/lab/options.bats asks it.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"

#include "base/cleanup.h"
#include "base/words.h"
#include "checker/options.h"

static const struct {
	const char *given, *wanted;
	bool holds;
} truth[] = {
	{ "", "--shell-job", false },
	{ "--shell-job", "--shell-job", true },
	{ "-j", "--shell-job", true },
	{ "--tcp-established -j --file-locks", "--shell-job", true },
	{ "--shell", "--shell-job", true },
	{ "-lj", "--shell-job", true },
	{ "-l", "--file-locks", true },
	{ "--shell-job --no-shell-job", "--shell-job", false },
	{ "--no-shell-job -j", "--shell-job", true },
	{ "-o -j", "--shell-job", false },
	{ "-D/img -j", "--shell-job", true },
	{ "--tcp-close", "--tcp-established", true },
	{ "--tcp-established", "--tcp-close", false },
	{ "--tcp-est", "--tcp-established", true },
	{ "--ghost-limit 8M", "--ghost-limit 5M", true },
	{ "--ghost-limit=8M", "--ghost-limit 8M", true },
	{ "--ghost-limit 8MB", "--ghost-limit 8M", true },
	{ "--ghost-limit 4M", "--ghost-limit 5M", false },
	{ "--ghost-limit 1G", "--ghost-limit 5M", true },
	{ "--ghost-limit 5242880", "--ghost-limit 5M", true },
	{ "--ghost-limit 1M --ghost-limit 9M", "--ghost-limit 5M", true },
	{ "--ghost-limit 9M --ghost-limit 1M", "--ghost-limit 5M", false },
	{ "--manage-cgroups=ignore", "--manage-cgroups=ignore", true },
	{ "--manage-cgroups=soft", "--manage-cgroups=ignore", false },
	{ "--manage-cgroups", "--manage-cgroups=ignore", false },
	{ "--enable-fs xfs,nfs4", "--enable-fs nfs4", true },
	{ "--enable-fs all", "--enable-fs nfs4", true },
	{ "--enable-fs xfs,nfs4", "--enable-fs xfs,nfs4", true },
	{ "--enable-fs xfs", "--enable-fs xfs,nfs4", false },
	{ "--enable-fs nfs", "--enable-fs nfs4", false },
	{ "--external mnt[/etc/hosts]:hosts", "--external mnt[/etc/hosts]:KEY", true },
	{ "--external 'mnt[/my data]:d'", "--external mnt[/my data]:KEY", true },
	{ "--external mnt[/etc]:hosts", "--external mnt[/etc/hosts]:KEY", false },
	{ "--external mnt[/etc/hosts]", "--external mnt[/etc/hosts]:KEY", true },
	{ "--external mnt[/etc/hosts]x", "--external mnt[/etc/hosts]:KEY", false },
	{ "--external 'mnt[/a [x]]:d'", "--external mnt[/a [x]]:KEY", true },
	{ "--external 'mnt[d]:/srv/a [x]'", "--external mnt[d]:/a [x]", true },
	{ "--external mnt[/a]:a --external mnt[/b]:b", "--external mnt[/a]:KEY", true },
	{ "--ext-mount-map /etc/hosts:h", "--external mnt[/etc/hosts]:KEY", true },
	{ "--ext-mount-map auto", "--external mnt[]", true },
	{ "--ext-mount-map auto", "--external mnt[/etc/hosts]:KEY", false },
	{ "--skip-mnt /etc/hosts", "--external mnt[/etc/hosts]:KEY", true },
	{ "--skip-mnt /etc", "--external mnt[/etc/hosts]:KEY", false },
	{ "--external unix[77]", "--external unix[77]", true },
	{ "--external unix[7]", "--external unix[77]", false },
	{ "--external mnt[]", "--external mnt[]", true },
	{ "--external mnt[]:ms", "--external mnt[]:m", true },
	{ "--external mnt[]", "--external mnt[]:m", false },
	{ "--external mnt[]:s", "--external mnt[]:m", false },
	{ "--network-lock skip", "--network-lock nftables", true },
	{ "--network-lock none", "--network-lock skip", true },
	{ "--network-lock nftables", "--network-lock skip", false },
	{ "--network-lock=nftables", "--network-lock nftables", true },
	{ "--network-lock iptables", "--network-lock nftables", false },
	{ "--freeze-cgroup /sys/fs/cgroup/job", "--freeze-cgroup PATH", true },
	{ "--root /srv/c1", "--root DIR", true },
	{ "-r /srv/c1", "--root /srv/c1", true },
	{ "--inherit-fd fd[5]:pipe:[77]", "--inherit-fd fd[5]:pipe:[77]", true },
	{ "--inherit-fd fd[5]:pipe:[77]", "--inherit-fd fd[N]:pipe:[77]", true },
	{ "--inherit-fd fd[5]:pipe:[78]", "--inherit-fd fd[N]:pipe:[77]", false },
	{ "  --link-remap\t", "--link-remap", true },
	{ "\"--link-remap\"", "--link-remap", true },
	{ "--exec-cmd -- ls -l", "--file-locks", false },
};

/* What criu takes, however odd. */
static const char *const taken[] = {
	"-v4 -o dump.log -D /img --leave-running --track-mem",
	"-vvv",
	"--verbosity=4",
	"-t 4211 -R",
	"--no-tcp-est",
	"-x",
	"-x12",
	"--ext-unix-sk=12",
	"--cpu-cap",
	"--cpu-cap=^ins,fpu",
	"--inherit-fd fd[3]:pipe:[77]",
	"--join-ns net:/run/netns/x",
	"-d -S",
	"--external=",
	"--tls-no",
	"--",
	"--ext-mount-map auto",
};

static const struct {
	const char *given, *says;
} refused[] = {
	{ "--shel-job", "--shel-job: criu has no such option; did you mean --shell-job?" },
	{ "--no-ghost-limit", "--no-ghost-limit: criu has no such option; did you mean --ghost-limit?" },
	{ "--quite-something-else", "--quite-something-else: criu has no such option" },
	{ "-jX", "-X: criu has no such option" },
	{ "-j=", "-=: criu has no such option" },
	{ "--tcp", "--tcp can mean several options of criu: --tcp-close --tcp-established" },
	{ "--ghost-limit", "--ghost-limit needs a value" },
	{ "-j -o", "-o needs a value" },
	{ "--shell-job=1", "--shell-job takes no value" },
	{ "--no-shell=1", "--no-shell-job takes no value" },
	{ "--ghost-limit 8m", "--ghost-limit: '8m' is not a size that criu understands: a number, with K, M or G "
			      "behind it, as in 8M" },
	{ "--ghost-limit 99999999999999999999", NULL },
	{ "--ghost-limit 99999999999G", NULL },
	{ "--ghost-limit 7.9M", NULL },
	{ "--ghost-limit 1T", NULL },
	{ "--ghost-limit=", NULL },
	{ "--manage-cgroups ignore",
	  "'ignore' belongs to no option: criu takes --manage-cgroups=ignore only in one word" },
	{ "--manage-cgroups=all", "--manage-cgroups: 'all' is none of: none props soft full strict ignore" },
	{ "--cpu-cap=avx", "--cpu-cap: 'avx' is no list of: cpu fpu all ins none" },
	{ "--empty-ns pid", "--empty-ns: 'pid' is none of: net" },
	{ "--inherit-fd 5:x", "--inherit-fd: '5:x' is not of the form fd[NUMBER]:WHAT" },
	{ "--port none", "--port: 'none' is not a number" },
	{ "--join-ns net", "--join-ns: 'net' has no colon" },
	{ "-M /a", "--ext-mount-map: '/a' has no colon" },
	{ "--veth-pair eth0", "--veth-pair: 'eth0' has no '='" },
	{ "dump -j", "'dump' belongs to no option" },
	{ "-j -", "'-' belongs to no option" },
	{ "-j -- -l", "'--' belongs to no option" },
	{ "--external 'mnt[/a", "a quote is opened and not closed" },
	{ "--external \"mnt[/a'", "a quote is opened and not closed" },
	{ "--help", "--help: with it criu neither dumps nor restores" },
	{ "-V", "--version: with it criu neither dumps nor restores" },
	{ "-S", "--restore-sibling: criu takes it only together with --restore-detached" },
	{ "--tcp-close --tcp-established", NULL },
};

static void
test_truth(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(truth); i++) {
		_cleanup_options_ struct given_options given = { 0 };
		_cleanup_buffer_ struct buffer problem = { 0 };

		if (options_parse(truth[i].given, &given, &problem) < 0)
			fail_msg("'%s': %s", truth[i].given, problem.p);
		if (!!options_find(&given, truth[i].wanted) != truth[i].holds)
			fail_msg("'%s' for '%s'", truth[i].given, truth[i].wanted);
	}
	assert_null(options_find(NULL, "--shell-job"));
	assert_null(options_last(NULL, "shell-job"));
}

static void
test_taken(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		_cleanup_options_ struct given_options given = { 0 };
		_cleanup_buffer_ struct buffer problem = { 0 };

		if (options_parse(taken[i], &given, &problem) < 0)
			fail_msg("'%s': %s", taken[i], problem.p);
	}
}

static void
test_refused(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		_cleanup_options_ struct given_options given = { 0 };
		_cleanup_buffer_ struct buffer problem = { 0 };

		if (options_parse(refused[i].given, &given, &problem) != -EINVAL)
			fail_msg("'%s' is taken", refused[i].given);
		assert_true(problem.n > 0);
		assert_int_equal(given.n, 0);
		if (refused[i].says && !streq(problem.p, refused[i].says))
			fail_msg("'%s': %s", refused[i].given, problem.p);
	}
}

static void
test_values(void **state)
{
	_cleanup_options_ struct given_options given = { 0 };
	_cleanup_buffer_ struct buffer problem = { 0 };

	(void) state;
	assert_int_equal(options_parse("-vv -D/a -o '' --root=/r --external \"a\\\"b\" --no-stream", &given, &problem), 0);
	assert_int_equal(given.n, 6);
	assert_string_equal(given.option[0].value, "v");
	assert_string_equal(given.option[1].value, "/a");
	assert_string_equal(given.option[2].value, "");
	assert_string_equal(options_last(&given, "root")->value, "/r");
	assert_string_equal(given.option[4].value, "a\"b");
	assert_true(given.option[5].off);
	assert_null(options_last(&given, "stream"));
}

/* sh(1) is the judge: `printf '<%s>' WORDS`. */
static void
test_words(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "", "" },
		{ " \t\n", "" },
		{ "a b\tc\nd", "<a><b><c><d>" },
		{ "a\\ b 'c d' \"e f\"", "<a b><c d><e f>" },
		{ "'' \"\" x''y", "<><><xy>" },
		{ "\"a\\\"b\\\\c\\d\\$e\"", "<a\"b\\c\\d$e>" },
		{ "'a\\b'\\''c'", "<a\\b'c>" },
		{ "--x='y z'", "<--x=y z>" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer out = { 0 };
		char text[64], *word[64];
		size_t n;

		(void) snprintf(text, sizeof(text), "%s", rows[i].text);
		assert_int_equal(words_part(text, word, &n), 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(buffer_printf(&out, "<%s>", word[k]), 0);
		assert_string_equal(buffer_slice(&out).p, rows[i].words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	cmocka_unit_test(test_truth),  cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
