/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where criu was taken to run: see place.h.
 */
#include "reports/place.h"

#include "base/cleanup.h"

static const struct {
	const char *name;
	NamespaceKind kind;
} kinds[] = {
	{ "cgroup", NAMESPACE_KIND__NS_CGROUP }, { "ipc", NAMESPACE_KIND__NS_IPC },
	{ "mnt", NAMESPACE_KIND__NS_MNT },	 { "net", NAMESPACE_KIND__NS_NET },
	{ "pid", NAMESPACE_KIND__NS_PID },	 { "time", NAMESPACE_KIND__NS_TIME },
	{ "user", NAMESPACE_KIND__NS_USER },	 { "uts", NAMESPACE_KIND__NS_UTS },
};

static const Process *
root_of(const Snapshot *source)
{
	for (size_t i = 0; source->tree && i < source->n_process; i++)
		if (source->process[i]->pid == source->tree->root_pid)
			return source->process[i];
	return NULL;
}

/* "; dumps the tree's mnt, net namespaces": those that criu does not live in. */
static int
dumped_namespaces(const Snapshot *source, struct buffer *out)
{
	const Process *root = root_of(source);
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && root && i < ARRAY_SIZE(kinds); i++) {
		uint64_t own = namespace_of(root->ns, kinds[i].kind);
		uint64_t of_criu = namespace_of(source->criu_place->ns, kinds[i].kind);

		if (own && of_criu && own != of_criu)
			r = buffer_printf(out, "%s%s", n++ ? ", " : "; dumps the tree's ", kinds[i].name);
	}
	return r == 0 && n ? buffer_printf(out, " namespace%s", n == 1 ? "" : "s") : r;
}

int
place_line(const struct assessment *a, bool destination, struct buffer *out)
{
	const Snapshot *s = destination ? a->destination : a->source;
	const CriuPlace *place = s ? s->criu_place : NULL;
	const Credentials *c = place ? place->credentials : NULL;
	int r;

	if (!place || !place->has_pid || (!place->given && !(c && c->has_euid && c->euid != 0)))
		return 0;
	r = buffer_printf(out, "criu %s: started by %s %d", destination ? "there" : "here",
			  place->comm ? place->comm : "?", place->pid);
	if (r == 0 && c && c->has_euid)
		r = c->euid ? buffer_printf(out, ", user %u", c->euid) : buffer_printf(out, ", root");
	if (r == 0 && place->root)
		r = buffer_printf(out, ", below %s", place->root);
	return r == 0 && !destination ? dumped_namespaces(s, out) : r;
}
