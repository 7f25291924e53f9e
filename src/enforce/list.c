// SPDX-License-Identifier: GPL-2.0-or-later
// What both kinds of listings need.
#include "enforce/list.h"

const struct nlattr *list_find(const struct nlattr *nest, uint16_t type, size_t size)
{
    const struct nlattr *a;

    if (nest)
        mnl_attr_for_each_nested(a, nest)
            if (mnl_attr_get_type(a) == type && mnl_attr_get_payload_len(a) >= size)
                return a;
    return NULL;
}
