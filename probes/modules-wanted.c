/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules that a restore may need. A kernel asks for a module by an alias, and so do we:
 *
 *     fs-overlay                    mount(2) of a type that is not registered
 *     net-pf-10                     socket(2) of a family
 *     net-pf-16-proto-12            a netlink socket of a protocol
 *     rtnl-link-veth                a device of a kind
 *
 * What answers sock_diag(7) is asked by name, since CRIU needs it on the source too; nf_tables
 * since CRIU 4.2 does not start where it cannot be had.
 */
#include "probes/modules.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>

enum { MAX_NAME = 64, MAX_ASKED = 512, RDEV_MISC = 10, RDEV_TUN = 200 };

static const struct module_known known[] = {
	{ "unix_diag", "unix_diag", "UNIX_DIAG", NULL },
	{ "inet_diag", "inet_diag", "INET_DIAG", NULL },
	{ "tcp_diag", "tcp_diag", "INET_TCP_DIAG", NULL },
	{ "udp_diag", "udp_diag", "INET_UDP_DIAG", NULL },
	{ "raw_diag", "raw_diag", "INET_RAW_DIAG", NULL },
	{ "netlink_diag", "netlink_diag", "NETLINK_DIAG", NULL },
	{ "af_packet_diag", "af_packet_diag", "PACKET_DIAG", NULL },
	{ "nf_tables", "nf_tables", "NF_TABLES", NULL },
	{ "nfnetlink", "nfnetlink", "NETFILTER_NETLINK", NULL },
	{ "nft_compat", "nft_compat", "NFT_COMPAT", NULL },
	{ "ip_tables", "ip_tables", "IP_NF_IPTABLES", "/proc/net/ip_tables_names" },
	{ "iptable_filter", "iptable_filter", "IP_NF_FILTER", NULL },
	{ "ip6_tables", "ip6_tables", "IP6_NF_IPTABLES", "/proc/net/ip6_tables_names" },
	{ "ip6table_filter", "ip6table_filter", "IP6_NF_FILTER", NULL },
	{ "xt_mark", "xt_mark", "NETFILTER_XT_MARK", NULL },
	{ "nf_conntrack", "nf_conntrack", "NF_CONNTRACK",
	  "/proc/sys/net/netfilter/nf_conntrack_max" },
	{ "nf_conntrack_netlink", "nf_conntrack_netlink", "NF_CT_NETLINK", NULL },
	{ "tun", "tun", "TUN", "/sys/class/misc/tun" },
	{ "rtnl-link-veth", "veth", "VETH", NULL },
	{ "rtnl-link-bridge", "bridge", "BRIDGE", NULL },
	{ "rtnl-link-macvlan", "macvlan", "MACVLAN", NULL },
	{ "rtnl-link-sit", "sit", "IPV6_SIT", NULL },
	{ "rtnl-link-dummy", "dummy", "DUMMY", NULL },
	{ "rtnl-link-ipvlan", "ipvlan", "IPVLAN", NULL },
	{ "rtnl-link-vlan", "8021q", "VLAN_8021Q", NULL },
	{ "rtnl-link-vxlan", "vxlan", "VXLAN", NULL },
	{ "rtnl-link-bond", "bonding", "BONDING", NULL },
	{ "net-pf-1", "unix", "UNIX", "/proc/net/unix" },
	{ "net-pf-2", NULL, "INET", "/proc/net/tcp" },
	{ "net-pf-10", "ipv6", "IPV6", "/proc/net/if_inet6" },
	{ "net-pf-16", NULL, "NET", "/proc/net/netlink" },
	{ "net-pf-17", "af_packet", "PACKET", "/proc/net/packet" },
	{ "net-pf-2-proto-136", NULL, NULL, "/proc/net/udplite" },
	{ "net-pf-10-proto-136", NULL, NULL, "/proc/net/udplite6" },
	{ "net-pf-16-proto-0", NULL, "NET", "/proc/net/netlink" },
	{ "net-pf-16-proto-4", "sock_diag", "SOCK_DIAG", NULL },
	{ "net-pf-16-proto-6", "xfrm_user", "XFRM_USER", NULL },
	{ "net-pf-16-proto-7", NULL, "SECURITY_SELINUX", NULL },
	{ "net-pf-16-proto-9", NULL, "AUDIT", "/proc/self/loginuid" },
	{ "net-pf-16-proto-10", NULL, "IP_MULTIPLE_TABLES", NULL },
	{ "net-pf-16-proto-11", NULL, "CONNECTOR", "/proc/net/connector" },
	{ "net-pf-16-proto-12", "nfnetlink", "NETFILTER_NETLINK", NULL },
	{ "net-pf-16-proto-15", NULL, "NET", "/sys/kernel/uevent_seqnum" },
	{ "net-pf-16-proto-16", NULL, "NET", "/proc/net/netlink" },
	{ "net-pf-16-proto-21", "crypto_user", "CRYPTO_USER", NULL },
	{ "tcp-ulp-tls", "tls", "TLS", "/proc/net/tls_stat" },
	{ "fs-autofs", "autofs4", "AUTOFS_FS", NULL },
	{ "fs-binfmt_misc", "binfmt_misc", "BINFMT_MISC", NULL },
	{ "fs-btrfs", "btrfs", "BTRFS_FS", NULL },
	{ "fs-cgroup", NULL, "CGROUPS", NULL },
	{ "fs-cgroup2", NULL, "CGROUPS", NULL },
	{ "fs-cifs", "cifs", "CIFS", NULL },
	{ "fs-devpts", NULL, "UNIX98_PTYS", NULL },
	{ "fs-devtmpfs", NULL, "DEVTMPFS", NULL },
	{ "fs-erofs", "erofs", "EROFS_FS", NULL },
	{ "fs-ext4", "ext4", "EXT4_FS", NULL },
	{ "fs-f2fs", "f2fs", "F2FS_FS", NULL },
	{ "fs-fuse", "fuse", "FUSE_FS", NULL },
	{ "fs-hugetlbfs", NULL, "HUGETLBFS", NULL },
	{ "fs-iso9660", "isofs", "ISO9660_FS", NULL },
	{ "fs-mqueue", NULL, "POSIX_MQUEUE", NULL },
	{ "fs-nfs", "nfs", "NFS_FS", NULL },
	{ "fs-nfs4", "nfsv4", "NFS_V4", NULL },
	{ "fs-overlay", "overlay", "OVERLAY_FS", NULL },
	{ "fs-proc", NULL, "PROC_FS", NULL },
	{ "fs-squashfs", "squashfs", "SQUASHFS", NULL },
	{ "fs-sysfs", NULL, "SYSFS", NULL },
	{ "fs-tmpfs", NULL, "TMPFS", NULL },
	{ "fs-vfat", "vfat", "VFAT_FS", NULL },
	{ "fs-xfs", "xfs", "XFS_FS", NULL },
};

/* What CRIU needs by itself: to list sockets, and to keep packets away while it works. */
static const char *const always[] = {
	"unix_diag", "inet_diag", "tcp_diag", "udp_diag", "raw_diag", "netlink_diag",
	"af_packet_diag", "nf_tables", "nfnetlink", "nft_compat", "ip_tables", "iptable_filter",
	"ip6_tables", "ip6table_filter", "xt_mark", "nf_conntrack", "nf_conntrack_netlink",
};

struct module_known
module_known_of(const char *asked)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(known[i].asked, asked))
			return known[i];
	return (struct module_known){};
}

const char *
modules_config_option(size_t i)
{
	for (size_t k = 0; k < ARRAY_SIZE(known); k++)
		if (known[k].option && i-- == 0)
			return known[k].option;
	return NULL;
}

/* A word that a module or an alias can be; others come from a snapshot that lies. */
static bool
is_plain(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < MAX_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

static int
want(struct module_list *list, struct arena *arena, const char *asked)
{
	const char **place;

	if (!is_plain(asked) || list->n >= MAX_ASKED)
		return 0;
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->name[i], asked))
			return 0;
	place = arena_grow(arena, &list->name, &list->n, sizeof(*list->name));
	if (!place)
		return -ENOMEM;
	*place = arena_strdup(arena, asked);
	return *place ? 0 : -ENOMEM;
}

static int __attribute__((format(printf, 3, 4)))
wantf(struct module_list *list, struct arena *arena, const char *format, ...)
{
	char asked[MAX_NAME];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(asked, sizeof(asked), format, args);
	va_end(args);
	return n < 0 || (size_t) n >= sizeof(asked) ? 0 : want(list, arena, asked);
}

/* "fuse.sshfs" is of the type fuse; rootfs is the kernel's own and registered nowhere. */
static int
mount_want(const Mount *m, struct arena *arena, struct module_list *list)
{
	struct slice type = slice_of(m->fs_type ? m->fs_type : ""), base;

	if (!slice_field(&type, '.', &base) || slice_eq(base, "rootfs"))
		return 0;
	return wantf(list, arena, "fs-%.*s", base.n < MAX_NAME ? (int) base.n : 0, base.p);
}

static int
socket_want(const Socket *s, struct arena *arena, struct module_list *list)
{
	int r;

	if (!s->in_tree || s->family == SOCKET_FAMILY__SOCKET_OTHER)
		return 0;
	r = wantf(list, arena, "net-pf-%d", (int) s->family);
	if (r < 0)
		return r;
	if (s->ulp && *s->ulp) {
		r = wantf(list, arena, "tcp-ulp-%s", s->ulp);
		if (r < 0)
			return r;
	}
	if (s->family == SOCKET_FAMILY__SOCKET_NETLINK ||
	    ((s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6) &&
	     s->protocol == IPPROTO_UDPLITE))
		return wantf(list, arena, "net-pf-%d-proto-%u", (int) s->family, s->protocol);
	return 0;
}

static int
device_want(const NetDevice *d, struct arena *arena, struct module_list *list)
{
	if (!d->kind || !*d->kind)
		return 0;
	if (streq(d->kind, "tun"))
		return want(list, arena, "tun");
	return wantf(list, arena, "rtnl-link-%s", d->kind);
}

static bool
has_tun(const Process *p)
{
	for (size_t i = 0; i < p->n_fd; i++)
		if (p->fd[i]->rdev_major == RDEV_MISC && p->fd[i]->rdev_minor == RDEV_TUN)
			return true;
	return false;
}

static int
tree_want(const Snapshot *tree, struct arena *arena, struct module_list *list)
{
	int r;

	for (size_t i = 0; i < tree->n_mount; i++) {
		r = mount_want(tree->mount[i], arena, list);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < tree->n_socket; i++) {
		r = socket_want(tree->socket[i], arena, list);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < tree->n_ns; i++)
		for (size_t k = 0; k < tree->ns[i]->n_device; k++) {
			r = device_want(tree->ns[i]->device[k], arena, list);
			if (r < 0)
				return r;
		}
	for (size_t i = 0; i < tree->n_process; i++)
		if (has_tun(tree->process[i]))
			return want(list, arena, "tun");
	return 0;
}

int
modules_wanted(const Snapshot *tree, struct arena *arena, struct module_list *ret)
{
	struct module_list list = {};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		r = want(&list, arena, always[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; !tree && i < ARRAY_SIZE(known); i++) {
		r = want(&list, arena, known[i].asked);
		if (r < 0)
			return r;
	}
	r = tree ? tree_want(tree, arena, &list) : 0;
	if (r < 0)
		return r;
	*ret = list;
	return 0;
}
