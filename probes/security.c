/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security modules and what the process that asks may do. Where securityfs is not mounted, a
 * module still leaves traces: selinuxfs is registered only while SELinux is on, and AppArmor
 * has a parameter whenever it was built in.
 *
 *     /sys/kernel/security/lsm                    capability,yama,apparmor
 *     /sys/kernel/security/apparmor/profiles      /usr/sbin/tcpdump (enforce)
 *     /sys/module/apparmor/parameters/enabled     Y
 *     /sys/fs/selinux/enforce                     1
 *     /proc/sys/kernel/yama/ptrace_scope          1
 */
#include "probes/probes.h"

#include "kernel/status.h"

#include <errno.h>

#define LSM_LIST "/sys/kernel/security/lsm"
#define PROFILES "/sys/kernel/security/apparmor/profiles"

enum { MAX_SMALL = 4096 };

static int
number_read(struct probe_context *c, const char *path, uint32_t *ret)
{
	struct slice text;
	int r = root_read(c->root, path, c->text, MAX_SMALL);

	if (r < 0)
		return r;
	text = buffer_slice(c->text);
	(void) slice_cut_end(&text, "\n");
	return parse_u32(text, 10, ret);
}

static int
lsm_read(struct probe_context *c, Security *s)
{
	struct slice text;
	int r = root_read(c->root, LSM_LIST, c->text, MAX_SMALL);

	SET_FACT(s, lsm_known, r == 0);
	if (r < 0)
		return 0;
	text = buffer_slice(c->text);
	(void) slice_cut_end(&text, "\n");
	s->lsm = arena_strndup(c->snapshot->arena, text.p, text.n);
	return s->lsm ? 0 : -ENOMEM;
}

static bool
lsm_listed(const Security *s, const char *name)
{
	struct slice rest = slice_of(s->lsm ? s->lsm : ""), item;

	while (slice_field(&rest, ',', &item))
		if (slice_eq(item, name))
			return true;
	return false;
}

static bool
selinuxfs_registered(struct probe_context *c)
{
	struct slice text, line;

	if (root_read(c->root, "/proc/filesystems", c->text, MAX_PROC_FILE) < 0)
		return false;
	text = buffer_slice(c->text);
	while (slice_line(&text, &line))
		if (slice_ends(line, "\tselinuxfs"))
			return true;
	return false;
}

static bool
apparmor_enabled(struct probe_context *c)
{
	return root_read(c->root, "/sys/module/apparmor/parameters/enabled", c->text,
			 MAX_SMALL) == 0 &&
	       slice_starts(buffer_slice(c->text), "Y");
}

/* "/usr/sbin/tcpdump (enforce)": names may hold blanks, the mode stands last. */
static int
profiles_parse(struct slice text, struct arena *arena, Security *s)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		const char *mode = memrchr(line.p, '(', line.n);
		char *name;

		if (mode && mode > line.p)
			line.n = (size_t) (mode - line.p) - 1;
		name = arena_strndup(arena, line.p, line.n);
		if (!name ||
		    ADD_FACT(arena, s->apparmor_profile, s->n_apparmor_profile, name) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
apparmor_read(struct probe_context *c, Security *s)
{
	int r;

	SET_FACT(s, apparmor, lsm_listed(s, "apparmor") || apparmor_enabled(c));
	if (!s->apparmor)
		return 0;
	r = root_read(c->root, PROFILES, c->text, MAX_PROC_FILE);
	if (r == 0)
		return profiles_parse(buffer_slice(c->text), c->snapshot->arena, s);
	gap_note(c->gaps, DOMAIN__DOMAIN_SECURITY, "security", 0, r,
		 "mount -t securityfs securityfs /sys/kernel/security, and run as root", PROFILES);
	return 0;
}

static void
selinux_read(struct probe_context *c, Security *s)
{
	uint32_t enforcing;
	int r;

	SET_FACT(s, selinux, lsm_listed(s, "selinux") || selinuxfs_registered(c));
	if (!s->selinux)
		return;
	r = number_read(c, "/sys/fs/selinux/enforce", &enforcing);
	if (r == 0)
		SET_FACT(s, selinux_enforcing, enforcing != 0);
	else
		gap_note(c->gaps, DOMAIN__DOMAIN_SECURITY, "security", 0, r, NULL,
			 "/sys/fs/selinux/enforce");
}

static int
credentials_read(struct probe_context *c, Security *s)
{
	Thread *self = NEW_FACT(c->snapshot->arena, Thread, thread);
	int r;

	if (!self)
		return -ENOMEM;
	r = root_read(c->root, "/proc/self/status", c->text, MAX_PROC_FILE);
	if (r == 0)
		r = status_parse(buffer_slice(c->text), c->snapshot->arena, NULL, self);
	if (r < 0)
		return r;
	s->own = self->credentials;
	return 0;
}

int
security_ask(struct probe_context *c)
{
	Security *s = NEW_FACT(c->snapshot->arena, Security, security);
	uint32_t number;
	int r;

	if (!s)
		return -ENOMEM;
	c->host->security = s;
	r = lsm_read(c, s);
	if (r < 0)
		return r;
	r = apparmor_read(c, s);
	if (r < 0)
		return r;
	selinux_read(c, s);
	if (number_read(c, "/proc/sys/kernel/yama/ptrace_scope", &number) == 0)
		SET_FACT(s, yama_ptrace_scope, number);
	if (number_read(c, "/proc/sys/kernel/cap_last_cap", &number) == 0)
		SET_FACT(s, cap_last, number);
	return credentials_read(c, s);
}
