/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what probes saw of a module or a program to whether it will serve:
 *
 *     module { asked: "nf_tables" state: MODULE_BUILTIN seen: "CONFIG_NF_TABLES in /proc/config.gz" }
 *     tool { name: "tar" state: TOOL_CANNOT_TELL path: "/usr/bin/tar" }      found, not started
 */
#include "checker/presence.h"

#include "base/text.h"

enum presence
presence_of_module(const struct host_index *h, const char *asked)
{
	const Module *m = index_module(h, asked);

	if (!m || !m->has_state)
		return PRESENCE_NOT_KNOWN;
	switch (m->state) {
	case MODULE_STATE__MODULE_BUILTIN:
	case MODULE_STATE__MODULE_LOADED:
	case MODULE_STATE__MODULE_LOADABLE:
		return PRESENCE_HERE;
	case MODULE_STATE__MODULE_ABSENT:
		return PRESENCE_MISSING;
	default:
		return PRESENCE_NOT_KNOWN;
	}
}

enum presence
presence_of_tool(const struct host_index *h, const char *name)
{
	const Tool *t = index_tool(h, name);

	if (!t || !t->has_state)
		return PRESENCE_NOT_KNOWN;
	switch (t->state) {
	case TOOL_STATE__TOOL_RUNS:
		return PRESENCE_HERE;
	case TOOL_STATE__TOOL_MISSING:
	case TOOL_STATE__TOOL_FAILS:
		return PRESENCE_MISSING;
	default:
		return t->path ? PRESENCE_HERE : PRESENCE_NOT_KNOWN;
	}
}

enum presence
presence_of_library(const struct host_index *h, const char *program, const char *library)
{
	const Tool *t = index_tool(h, program);
	struct slice rest, name;

	if (!t || !t->libraries)
		return PRESENCE_NOT_KNOWN;
	rest = slice_of(t->libraries);
	while (slice_field(&rest, ' ', &name))
		if (slice_cut(&name, library) && slice_starts(name, ".so"))
			return PRESENCE_HERE;
	return PRESENCE_MISSING;
}
