/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where criu was taken to run, told in a line.
 */
#pragma once

#include "base/buffer.h"
#include "checker/assessment.h"

/*
 * Appends "criu here: started by bash 4242, user 1000; dumps the tree's mnt, net namespaces".
 * Nothing where it is the ordinary case: as migcheck itself runs, and that as root. 0 or
 * -ENOMEM.
 */
int place_line(const struct assessment *a, bool destination, struct buffer *out);
