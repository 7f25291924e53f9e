// SPDX-License-Identifier: GPL-2.0-or-later
// Sends the calls of source.h to the kind of source they are for.
#include "source/impl.h"

void source_free(struct source *s)
{
    if (s)
        s->ops->free(s);
}

const char *source_name(const struct source *s)
{
    return s->name;
}

int source_again(sd_event *event, sd_event_source **more, sd_event_handler_t fn, void *userdata)
{
    // a new one each time: to sd-event a deferred source is as old as its first turn, so it would always be next, and
    // neither clients nor timers would have theirs before all is read
    *more = sd_event_source_disable_unref(*more);
    return sd_event_add_defer(event, more, fn, userdata);
}

int source_mark(struct source *s, usec_t not_after, char **ret)
{
    return s->ops->mark(s, not_after, ret);
}

void source_status(const struct source *s, struct source_status *ret)
{
    s->ops->status(s, ret);
}

int source_prepare(struct source *s)
{
    return s->ops->prepare(s);
}
