/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for the shells, made from the commands' tables: commands, options, the words that an
 * option may have, files, folders, process ids, hosts, rules.
 */
#pragma once

#include "base/buffer.h"

/* A file that bash sources, and one that zsh finds as _migcheck. 0 or -ENOMEM. */
int completion_bash(struct buffer *out);
int completion_zsh(struct buffer *out);
