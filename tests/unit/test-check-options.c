/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the options that the user will give to criu hold what a rule asks for.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"

#include "base/cleanup.h"
#include "checker/options.h"

static const struct {
	const char *given, *wanted;
	bool holds;
} truth[] = {
	{ "", "--shell-job", false },
	{ "--shell-job", "--shell-job", true },
	{ "-j", "--shell-job", true },
	{ "--tcp-established -j --file-locks", "--shell-job", true },
	{ "--shell-jobs", "--shell-job", false },
	{ "--shell", "--shell-job", false },
	{ "-l", "--file-locks", true },
	{ "--tcp-close", "--tcp-established", true },
	{ "--tcp-established", "--tcp-close", false },
	{ "--ghost-limit 8M", "--ghost-limit 5M", true },
	{ "--ghost-limit=8M", "--ghost-limit 8M", true },
	{ "--ghost-limit 4M", "--ghost-limit 5M", false },
	{ "--ghost-limit 1G", "--ghost-limit 5M", true },
	{ "--ghost-limit 5242880", "--ghost-limit 5M", true },
	{ "--ghost-limit 99999999999999999999", "--ghost-limit 5M", false },
	{ "--ghost-limit", "--ghost-limit 5M", false },
	{ "--ghost-limit 1M --ghost-limit 9M", "--ghost-limit 5M", true },
	{ "--manage-cgroups=ignore", "--manage-cgroups=ignore", true },
	{ "--manage-cgroups ignore", "--manage-cgroups=ignore", true },
	{ "--manage-cgroups=soft", "--manage-cgroups=ignore", false },
	{ "--manage-cgroups", "--manage-cgroups=ignore", false },
	{ "--external mnt[/etc/hosts]:hosts", "--external mnt[/etc/hosts]:KEY", true },
	{ "--external mnt[/etc]:hosts", "--external mnt[/etc/hosts]:KEY", false },
	{ "--external unix[77]", "--external unix[77]", true },
	{ "--external unix[7]", "--external unix[77]", false },
	{ "--external mnt[]", "--external mnt[]", true },
	{ "--external mnt[]:ms", "--external mnt[]:m", true },
	{ "--external mnt[]", "--external mnt[]:m", false },
	{ "--external mnt[]:s", "--external mnt[]:m", false },
	{ "--network-lock skip", "--network-lock nftables", true },
	{ "--network-lock=nftables", "--network-lock nftables", true },
	{ "--network-lock iptables", "--network-lock nftables", false },
	{ "--freeze-cgroup /sys/fs/cgroup/job", "--freeze-cgroup PATH", true },
	{ "--freeze-cgroup", "--freeze-cgroup PATH", false },
	{ "--root /srv/c1", "--root DIR", true },
	{ "--inherit-fd fd[5]:pipe:[77]", "--inherit-fd fd[N]:pipe:[77]", true },
	{ "--inherit-fd fd[5]:pipe:[78]", "--inherit-fd fd[N]:pipe:[77]", false },
	{ "--inherit-fd", "--inherit-fd fd[N]:pipe:[77]", false },
	{ "  --link-remap\t", "--link-remap", true },
};

static void
test_truth(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(truth); i++)
		if (options_hold(truth[i].given, truth[i].wanted) != truth[i].holds)
			fail_msg("'%s' for '%s'", truth[i].given, truth[i].wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
