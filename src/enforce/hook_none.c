// SPDX-License-Identifier: GPL-2.0-or-later
// The back end that only observes: does nothing.
#include "enforce/hook.h"

static int put(struct hook *h)
{
    h->error[V4] = h->error[V6] = 0;
    return 0;
}

static int footprint(struct hook *h, uint64_t *ret)
{
    (void)h;
    *ret = 0;
    return 0;
}

static int check(struct hook *h, const uint32_t expected[FAMILIES])
{
    (void)h, (void)expected;
    return 0;
}

static void nothing(struct hook *h)
{
    (void)h;
}

const struct hook_ops hook_none = {
    .name = "none", .put = put, .footprint = footprint, .check = check, .retire = nothing, .close = nothing,
};
