/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that have names: errno values (as in errno(3)) and signals, without a library call
 * that depends on the locale.
 */
#pragma once

/* "EACCES" for 13 or -13; "E?" for what has no name. Never NULL, static memory. */
const char *errno_name(int error);
