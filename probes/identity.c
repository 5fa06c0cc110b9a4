/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which machine this is: names, ids, clocks. The boot id and the inode of the PID namespace
 * tell whether two snapshots stand on the same running system, where a pid and a start time
 * mean the same task:
 *
 *     /etc/machine-id                    c2b1b4ad7e3f4b1d9a2b6f4c0d5e8a11
 *     /proc/sys/kernel/random/boot_id    5f9e5c2e-0d53-4b34-9a2c-0c5f7f1a9d3e
 *     /proc/uptime                       1189.02 2270.11
 */
#include "probes/probes.h"

#include "kernel/nslink.h"
#include "kernel/osrelease.h"

#include <errno.h>

enum { MAX_IDENTITY = 64 * 1024 };

/* A file that holds one line, without its newline. */
static int
line_read(struct probe_context *c, const char *path, char **ret)
{
	struct slice text, line;
	char *copy;
	int r = root_read(c->root, path, c->text, MAX_IDENTITY);

	if (r < 0)
		return r;
	text = buffer_slice(c->text);
	if (!slice_line(&text, &line))
		return -ENODATA;
	copy = arena_strndup(c->snapshot->arena, line.p, line.n);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* The same, where the lack of it is a gap. */
static int
line_read_noted(struct probe_context *c, const char *path, char **ret)
{
	int r = line_read(c, path, ret);

	if (r < 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_IDENTITY, "identity", 0, r, NULL, "%s", path);
	return r == -ENOMEM ? r : 0;
}

static int
os_release_read(struct probe_context *c)
{
	int r = root_read(c->root, "/etc/os-release", c->text, MAX_IDENTITY);

	if (r == -ENOENT)
		r = root_read(c->root, "/usr/lib/os-release", c->text, MAX_IDENTITY);
	/* A root file system may well have none. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return osrelease_get(buffer_slice(c->text), "PRETTY_NAME", c->snapshot->arena,
			     &c->host->os_release);
}

/* "1189.02 2270.11", seconds with two digits after the point. */
static int
uptime_parse(struct slice text, int64_t *ret_ms)
{
	struct slice number, whole;
	uint64_t seconds, hundredths;

	if (!slice_word(&text, &number) || !slice_field(&number, '.', &whole) || number.n != 2 ||
	    parse_u64(whole, 10, &seconds) < 0 || parse_u64(number, 10, &hundredths) < 0 ||
	    seconds > INT64_MAX / 2000)
		return -EBADMSG;
	*ret_ms = (int64_t) (seconds * 1000 + hundredths * 10);
	return 0;
}

static int
uptime_read(struct probe_context *c)
{
	int64_t ms = 0;
	int r = root_read(c->root, "/proc/uptime", c->text, MAX_IDENTITY);

	if (r == 0)
		r = uptime_parse(buffer_slice(c->text), &ms);
	if (r < 0)
		return r;
	SET_FACT(c->host, uptime_ms, ms);
	return 0;
}

static int
namespaces_read(struct probe_context *c)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	NamespaceSet *ns = NEW_FACT(c->snapshot->arena, NamespaceSet, namespace_set);
	int r;

	if (!ns)
		return -ENOMEM;
	r = root_sub(c->root, "/proc/self", &self);
	if (r == 0)
		r = nsset_read(&self, ns);
	if (r < 0)
		return r;
	c->host->ns = ns;
	if (ns->has_pid)
		SET_FACT(c->host, pid_ns, ns->pid);
	return 0;
}

int
identity_ask(struct probe_context *c)
{
	static int (*const steps[])(struct probe_context *) = { os_release_read, uptime_read,
								namespaces_read };
	static const char *const what[] = { "/etc/os-release", "/proc/uptime", "/proc/self/ns" };
	Host *host = c->host;
	int r;

	r = line_read_noted(c, "/proc/sys/kernel/hostname", &host->name);
	if (r < 0)
		return r;
	r = line_read_noted(c, "/proc/sys/kernel/random/boot_id", &host->boot_id);
	if (r < 0)
		return r;
	/* Not every machine has one, and nothing is decided by it alone. */
	if (line_read(c, "/etc/machine-id", &host->machine_id) == -ENOMEM)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		r = steps[i](c);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			gap_note(c->gaps, DOMAIN__DOMAIN_IDENTITY, "identity", 0, r, NULL, "%s",
				 what[i]);
	}
	if (c->root->recorded)
		return 0;
	SET_FACT(host, clock_ticks, (uint64_t) sysconf(_SC_CLK_TCK));
	SET_FACT(host, page_size, (uint64_t) sysconf(_SC_PAGESIZE));
	return 0;
}
