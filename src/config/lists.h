// SPDX-License-Identifier: GPL-2.0-or-later
// Lists that values of pptpban.conf become.
#ifndef PB_CONFIG_LISTS_H
#define PB_CONFIG_LISTS_H

#include <stddef.h>

#include "base/addr.h"

struct strlist {
    char **v; // n strings, each NUL-terminated
    size_t n;
};

struct prefix_list {
    struct prefix *v;
    size_t n;
};

#endif
