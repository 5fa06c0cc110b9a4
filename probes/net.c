/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network namespace under our feet: devices and addresses (rtnetlink(7)), which questions
 * sock_diag(7) answers here without loading a module, and the ports in use (net-sockets.c).
 * IPv6 is there where the kernel keeps a table of its addresses, /proc/net/if_inet6. Which settings
 * a device has is a matter of the kernel: all devices have those of /proc/sys/net/ipv4/conf/default.
 */
#include "kernel/rtlink.h"
#include "kernel/rtnet.h"
#include "probes/net-sockets.h"
#include "probes/probes.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

/* Devices as far as the text shows them, for a recorded machine. */
static int
read_devices(struct probe_context *c, const struct root *proc, Net *net)
{
	int r;

	r = root_read(proc, "net/dev", c->text, MAX_PROC_FILE);
	if (r < 0)
		return r;
	r = net_dev_parse(buffer_slice(c->text), c->snapshot->arena, &net->device, &net->n_device);
	if (r < 0)
		return r;
	if (root_read(proc, "net/if_inet6", c->text, MAX_PROC_FILE) < 0)
		return 0;
	return if_inet6_parse(buffer_slice(c->text), c->snapshot->arena, net->device, net->n_device);
}

static int
ask_devices(struct probe_context *c, Net *net)
{
	_cleanup_netlink_ struct netlink *netlink = NULL;
	int r;

	r = netlink_open(-1, NETLINK_ROUTE, &netlink);
	if (r < 0)
		return r;
	return rtnet_devices(netlink, c->snapshot->arena, &net->device, &net->n_device);
}

static int
tell_devices(struct probe_context *c, const struct root *proc, Net *net)
{
	int r;

	r = c->root->recorded ? -EOPNOTSUPP : ask_devices(c, net);
	if (r == 0 || r == -ENOMEM)
		return r;
	gap_note(c->gaps, DOMAIN__DOMAIN_NET, "net", 0, r, NULL, "kinds and IPv4 addresses of devices");
	r = read_devices(c, proc, net);
	if (r < 0 && r != -ENOMEM)
		gap_note(c->gaps, DOMAIN__DOMAIN_NET, "net", 0, r, NULL, "/proc/net/dev");
	return r == -ENOMEM ? r : 0;
}

/* The first answer says enough. */
static int
enough(const struct nlmsghdr *m, void *arg)
{
	(void) m;
	(void) arg;
	return -ECANCELED;
}

static int
tell_one_diag(struct probe_context *c, const struct sock_tables *t, const struct sock_kind *kind, Net *net)
{
	SockDiag *d = NEW_FACT(c->snapshot->arena, SockDiag, sock_diag);
	int r;

	if (!d)
		return -ENOMEM;
	d->name = arena_strdup(c->snapshot->arena, kind->service);
	if (!d->name)
		return -ENOMEM;
	SET_FACT(d, present, false);
	if (t->netlink && sock_handlers_have(t->handlers, kind)) {
		r = sock_kind_dump(t->netlink, kind, enough, NULL, NULL);
		d->present = r == 0 || r == -ECANCELED;
		if (!d->present)
			SET_FACT(d, error, -r);
	}
	return ADD_FACT(c->snapshot->arena, net->diag, net->n_diag, d);
}

/* Which services answer; the table of IPv4 stands for both. */
static int
tell_diag(struct probe_context *c, const struct sock_tables *t, Net *net)
{
	for (size_t i = 0; i < n_sock_kinds; i++) {
		const struct sock_kind *kind = &sock_kinds[i];
		int r;

		if (!kind->module || !streq(kind->name, kind->service))
			continue;
		r = tell_one_diag(c, t, kind, net);
		if (r < 0)
			return r;
	}
	return 0;
}

struct names {
	struct arena *arena;
	char **name;
	size_t n;
};

static int
add_name(const char *name, unsigned char d_type, void *arg)
{
	struct names *names = arg;
	char *copy = arena_strdup(names->arena, name);

	(void) d_type;
	return copy ? ADD_FACT(names->arena, names->name, names->n, copy) : -ENOMEM;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* A kernel without the protocol has no such folder. */
static int
tell_settings(struct probe_context *c, const char *folder, char ***ret, size_t *ret_n)
{
	struct names names = { .arena = c->snapshot->arena };
	int r = root_list(c->root, folder, add_name, &names);

	if (r < 0 && r != -ENOENT && r != -ENOMEM)
		gap_note(c->gaps, DOMAIN__DOMAIN_NET, "net", 0, r, NULL, "%s", folder);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (names.n > 1)
		qsort(names.name, names.n, sizeof(*names.name), by_name);
	*ret = names.name;
	*ret_n = names.n;
	return 0;
}

static int
tell_all(struct probe_context *c, const struct sock_tables *tables, Net *net)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct statx st;
	int r;

	if (root_magic_statx(tables->proc, "self/ns/net", &st) == 0)
		SET_FACT(net, netns, st.stx_ino);
	SET_FACT(net, ipv6, root_read(tables->proc, "net/if_inet6", &text, MAX_PROC_FILE) == 0);
	r = tell_settings(c, "/proc/sys/net/ipv4/conf/default", &net->conf4, &net->n_conf4);
	if (r == 0)
		r = tell_settings(c, "/proc/sys/net/ipv6/conf/default", &net->conf6, &net->n_conf6);
	if (r == 0)
		r = tell_devices(c, tables->proc, net);
	if (r < 0)
		return r;
	r = c->root->recorded ? 0 : tell_diag(c, tables, net);
	if (r < 0 || c->source_side)
		return r;
	return net_sockets_tell(c, net, tables);
}

int
net_ask(struct probe_context *c)
{
	_cleanup_sock_handlers_ struct sock_handlers handlers = { 0 };
	_cleanup_netlink_ struct netlink *diag = NULL;
	_cleanup_root_ struct root proc = ROOT_NONE;
	struct sock_tables tables = { .handlers = &handlers, .proc = &proc, .text = c->text };
	int r;

	if (!c->host->net)
		c->host->net = NEW_FACT(c->snapshot->arena, Net, net);
	if (!c->host->net)
		return -ENOMEM;
	r = root_sub(c->root, "/proc", &proc);
	if (r < 0)
		return r;
	r = sock_handlers_read(c->root, c->options->load_modules, &handlers);
	if (r < 0)
		return r;
	if (!c->root->recorded) {
		r = netlink_open(-1, NETLINK_SOCK_DIAG, &diag);
		if (r < 0)
			gap_note(c->gaps, DOMAIN__DOMAIN_NET, "net", 0, r, NULL, "sock_diag");
		tables.netlink = r < 0 ? NULL : diag;
	}
	return tell_all(c, &tables, c->host->net);
}
