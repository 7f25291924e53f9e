// SPDX-License-Identifier: GPL-2.0-or-later
// The back end that only observes: takes everything, does nothing.
#include "enforce/backend.h"

static int hook(struct backend *b)
{
    b->hook_error[V4] = b->hook_error[V6] = 0;
    return 0;
}

static void change(struct backend *b, struct element *e, size_t n)
{
    (void)b;
    for (size_t i = 0; i < n; i++)
        e[i].error = 0;
}

static int list(struct backend *b, const struct prefix *only, void (*fn)(void *userdata, const struct element_state *), void *userdata)
{
    (void)b, (void)only, (void)fn, (void)userdata;
    return 0;
}

static int footprint(struct backend *b, uint64_t *ret)
{
    (void)b;
    *ret = 0;
    return 0;
}

static int check(struct backend *b, const uint32_t expected[FAMILIES])
{
    (void)b, (void)expected;
    return 0;
}

static void nothing(struct backend *b)
{
    (void)b;
}

const struct backend_ops backend_none = {
    .name = "none", .tick_ms = 60000, .hook = hook, .add = change, .del = change, .list = list, .footprint = footprint, .check = check,
    .retire = nothing, .close = nothing,
};
