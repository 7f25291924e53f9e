// SPDX-License-Identifier: GPL-2.0-or-later
// One timer, off while all is well.
#include "daemon/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/inputs.h"
#include "daemon/say.h"

#define LOOK_EVERY (2 * USEC_SEC)
// A log that is rotated, and an enforcer that is started anew, are away for less.
#define PATIENCE (5 * USEC_SEC)

struct trouble {
    usec_t since; // monotonic; 0: none
    bool said;
};

struct health {
    struct service *s;
    sd_event_source *timer;
    bool armed;
    struct trouble enforcer, sources[INPUTS_MAX];
};

// True when it is to be said now that it went wrong, or that it is right again.
static bool turns(struct trouble *t, bool wrong, usec_t now)
{
    bool turned = wrong ? !t->said && t->since && now - t->since >= PATIENCE : t->said;

    t->since = !wrong ? 0 : t->since ? t->since : now;
    t->said = wrong && (t->said || turned);
    return turned;
}

static bool look_at_enforcer(struct health *h, usec_t now)
{
    const struct service *s = h->s;
    const struct enforce_status *e = s->link ? enforce_link_status(s->link) : NULL;
    bool wrong = e && !e->connected;
    struct said what = {.kind = wrong ? NEWS_DEGRADED : NEWS_DEGRADED_OVER, .level = wrong ? LOG_ERR : LOG_NOTICE,
                        .more = {{"PPTPBAN_PART", "enforcer"}}};

    if (turns(&h->enforcer, wrong, now)) {
        if (wrong)
            say_news(s, &what, "the enforcer is away: %s; nobody new is banned until it is back, old bans stay in the kernel",
                *e->problem ? e->problem : "not connected");
        else
            say_news(s, &what, "the enforcer is back and is told all bans");
    }
    return wrong;
}

static bool look_at_sources(struct health *h, usec_t now)
{
    const struct service *s = h->s;
    struct source_status status;
    bool any = false;

    for (size_t i = 0; i < inputs_count(s->inputs) && i < INPUTS_MAX; i++) {
        if (!inputs_status(s->inputs, i, &status))
            continue; // never opened, which was said
        bool wrong = status.problem[0] != '\0';
        const char *name = inputs_names(s->inputs)[i];
        struct said what = {.kind = wrong ? NEWS_SOURCE : NEWS_SOURCE_BACK, .level = wrong ? LOG_ERR : LOG_NOTICE,
                            .more = {{"PPTPBAN_SOURCE", name}}};
        any |= wrong;
        if (!turns(&h->sources[i], wrong, now))
            continue;
        if (wrong)
            say_news(s, &what, "%s cannot be read: %s; who fails there is not seen", name, status.problem);
        else
            say_news(s, &what, "%s can be read again; what it holds since is read now", name);
    }
    return any;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct health *h = userdata;
    usec_t now = clock_monotonic();
    bool wrong = look_at_enforcer(h, now);

    (void)usec;
    wrong |= look_at_sources(h, now);
    h->armed = wrong;
    if (!wrong)
        return 0; // and is off, being one shot
    sd_event_source_set_time_relative(source, LOOK_EVERY);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void health_soon(struct health *h)
{
    if (!h || h->armed)
        return;
    h->armed = true;
    sd_event_source_set_time_relative(h->timer, LOOK_EVERY);
    sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

int health_new(struct service *s, struct health **ret)
{
    struct health *h = calloc(1, sizeof(*h));
    int r = h ? sd_event_add_time_relative(s->event, &h->timer, CLOCK_MONOTONIC, LOOK_EVERY, 0, on_timer, h) : -ENOMEM;

    if (r < 0) {
        free(h);
        return r;
    }
    h->s = s;
    h->armed = true; // at the start: the enforcer may not be there
    *ret = h;
    return 0;
}

void health_free(struct health *h)
{
    if (!h)
        return;
    sd_event_source_unref(h->timer);
    free(h);
}
