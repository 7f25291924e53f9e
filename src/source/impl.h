// SPDX-License-Identifier: GPL-2.0-or-later
// What every live source has in common behind source.h. Only the sources themselves include this.
#ifndef PB_SOURCE_IMPL_H
#define PB_SOURCE_IMPL_H

#include "source/source.h"

struct source_ops {
    void (*free)(struct source *s);
    int (*mark)(struct source *s, usec_t not_after, char **ret);
    void (*status)(const struct source *s, struct source_status *ret);
    int (*prepare)(struct source *s);
};

struct source { // the first member of each kind
    const struct source_ops *ops;
    char *name;
};

// There is more to read: calls fn once, behind all that waits in the loop already.
int source_again(sd_event *event, sd_event_source **more, sd_event_handler_t fn, void *userdata);

enum { SOURCE_MARK_MAX = 64 * 1024 };

#endif
