// SPDX-License-Identifier: GPL-2.0-or-later
// why, as the service answers it: the ban, what each jail counts, what was seen, and what the kernel says.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "daemon/aggregate.h"
#include "daemon/announce.h"
#include "daemon/answers_room.h"
#include "daemon/spare.h"
#include "daemon/state.h"

struct why {
    struct service *s;
    struct control_client client;
    json_t *answer;
};

static json_t *evidence_object(usec_t time, struct str jail, const char *class, const char *origin, struct str user,
                               struct str line)
{
    return json_pack("{s:I,s:o,s:s,s:s,s:o,s:o}", "time", (json_int_t)(time / USEC_SEC), "jail", answer_text(jail), "class",
                     class, "origin", origin, "user", answer_text(user), "line", answer_text(line));
}

static json_t *stored_line(struct str line)
{
    char class[16], origin[16];
    unsigned long long time = 0;

    str_number(str_cut(&line, '\t'), INT64_MAX, &time);
    struct str jail = str_cut(&line, '\t'), c = str_cut(&line, '\t'), o = str_cut(&line, '\t'), user = str_cut(&line, '\t');
    text_show(c, 0, class, sizeof(class));
    text_show(o, 0, origin, sizeof(origin));
    return evidence_object((usec_t)time, jail, class, origin, user, line);
}

// What the memory still has; else what was kept with the ban.
static json_t *evidence_of(struct service *s, const struct addr *a, const struct ban *ban)
{
    struct evidence_item items[ANNOUNCE_EVIDENCE_MAX * 2];
    size_t n = evidence_find(engine_evidence(s->engine), a, items, sizeof(items) / sizeof(items[0]));
    json_t *array = json_array();
    char *stored = NULL;

    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, evidence_object(items[i].time, items[i].jail, class_names[items[i].class],
                                                     origin_names[items[i].origin], items[i].user, items[i].line));
    bool by_hand = ban && ban->count == 0; // then what is kept is the reason
    if ((n == 0 || by_hand) && ban && state_evidence(s->state, &ban->net, &stored) == 0)
        for (struct str rest = str_of(stored); rest.n > 0;)
            json_array_append_new(array, stored_line(str_cut(&rest, '\n')));
    free(stored);
    return array;
}

static json_t *time_or_null(usec_t t)
{
    return t > 0 ? json_integer(t / USEC_SEC) : json_null();
}

// Which threshold that is: "rule", "threshold", "country", "schedule".
static void add_reason(json_t *object, const struct threshold_reason *r)
{
    json_object_update_new(object, json_pack("{s:s,s:i,s:s,s:s}", "rule", threshold_rules[r->rule], "threshold", (int)r->max,
                                             "country", r->country, "schedule", r->schedule));
}

static json_t *window_object(const struct engine_window *w)
{
    const struct threshold *h = &w->holds;
    json_t *object = json_pack("{s:s,s:I,s:i,s:I,s:o,s:b,s:o,s:I,s:o,s:s,s:o}", "jail", w->jail, "count", (json_int_t)w->seen.count,
                               "maxretry", (int)h->total.max, "findtime", (json_int_t)(w->findtime / USEC_SEC), "oldest",
                               time_or_null(w->seen.oldest), "ignored", w->ignored, "leaves", time_or_null(w->leaves), "more",
                               (json_int_t)w->more, "bantime", answer_seconds(h->bantime), "mode", h->observe ? "observe" : "ban",
                               "trusted_until", time_or_null(h->trusted_until));

    add_reason(object, &h->total);
    json_object_set_new(object, "country", json_string(w->country));
    json_object_set_new(object, "unknown", !h->unknown.max ? json_null() :
                        json_pack("{s:I,s:i,s:o}", "count", (json_int_t)w->seen.unknown, "threshold", (int)h->unknown.max, "oldest",
                                  time_or_null(w->seen.oldest_unknown)));
    json_object_set_new(object, "nearest", json_string(threshold_rules[w->nearest]));
    json_object_set_new(object, "learning", json_boolean(w->learning));
    return object;
}

// A jail that goes by account: as which accounts it failed, and how many others did.
static void add_accounts(json_t *object, const struct service *s, const struct engine_window *w, const struct addr *a)
{
    const struct jail_config *jail = answer_jail(s->config, w->jail);
    struct spray_look look[SPRAY_TRIES_MAX];
    unsigned n = engine_spray(s->engine, w->jail, a, clock_realtime(), look);
    json_t *accounts = json_array();

    for (unsigned i = 0; i < n; i++)
        json_array_append_new(accounts, json_pack("{s:o,s:i,s:i,s:b}", "account", answer_text(str_of(look[i].account->name)), "addresses",
                                                  (int)look[i].addresses, "count", (int)look[i].mine, "sprayed", look[i].sprayed));
    json_object_set_new(object, "addresses", json_integer(jail ? (json_int_t)jail->maxretry : 0));
    json_object_set_new(object, "accounts", accounts);
    json_object_set_new(object, "guest", time_or_null(guests_last(engine_guests(s->engine), a)));
}

// Bans of before make the next one longer, while they are remembered.
static void add_history(json_t *object, const struct service *s, const struct engine_window *w, const struct addr *a)
{
    const struct jail_config *c = answer_jail(s->config, w->jail);
    struct prefix net = prefix_of(a, 128);
    unsigned previous = c && c->increment ? state_previous(s->state, &net, clock_realtime(), c->decay) : 0;

    if (!c)
        return;
    struct jail_policy p = {.increment = c->increment, .factor = c->factor, .maximum = c->maximum};
    json_object_update_new(object, json_pack("{s:I,s:o,s:o}", "previous", (json_int_t)previous, "next",
                                             answer_seconds(jail_bantime(&p, w->holds.bantime, previous)), "decay",
                                             answer_seconds(c->decay)));
}

static json_t *windows_of(struct service *s, const struct addr *a)
{
    struct engine_window windows[CONFIG_JAILS_MAX];
    size_t n = engine_why(s->engine, a, clock_realtime(), windows, CONFIG_JAILS_MAX);
    json_t *array = json_array();

    for (size_t i = 0; i < n && i < CONFIG_JAILS_MAX; i++) {
        json_t *object = window_object(&windows[i]);
        add_history(object, s, &windows[i], a);
        if (windows[i].by_account)
            add_accounts(object, s, &windows[i], a);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *ban_object(const struct service *s, const struct ban *ban)
{
    const struct jail_config *jail = answer_jail(s->config, ban->jail);
    char net[PREFIX_STRLEN];
    bool by_hand = ban->count == 0;
    int maxretry = by_hand || !jail ? 0 : ban->reason.rule != RULE_NONE ? ban->reason.max : (int)jail->maxretry;
    json_t *object = json_pack("{s:s,s:s,s:I,s:o,s:I,s:I,s:i,s:I}", "addr", prefix_format(&ban->net, net), "jail", ban->jail,
                               "since", (json_int_t)(ban->since / USEC_SEC), "until", answer_seconds(ban->until), "count",
                               (json_int_t)ban->count, "times", (json_int_t)ban->times, "maxretry", maxretry, "findtime",
                               (json_int_t)(jail && !by_hand ? jail->findtime / USEC_SEC : 0));

    json_object_set_new(object, "network", json_boolean(ban->net.len < 128 && !by_hand));
    json_object_set_new(object, "by_account", json_boolean(jail && jail->by_account && !by_hand));
    add_reason(object, &ban->reason);
    return object;
}

// {"fault": 12, ...}: what no jail gives weight to.
static json_t *uncounted_of(struct service *s, const struct addr *a)
{
    const struct tally_entry *t = engine_uncounted(s->engine, a);
    json_t *object = json_object();

    for (unsigned i = 0; t && i < CLASS_MAX; i++)
        if (t->count[i])
            json_object_set_new(object, class_names[i], json_integer(t->count[i]));
    return object;
}

static json_t *spared_object(const struct service *s, const struct prefix *net)
{
    enum spare_kind why = spare_find(s->spare, net);

    return why == SPARE_MAX ? json_null() : json_pack("{s:s,s:s}", "by", spare_names[why], "reason", spare_reason(why));
}

// What a jail that only observes would have made, if it lasted still.
static json_t *observed_object(const struct service *s, const struct prefix *net)
{
    const struct ban *would = net->len == 128 ? bans_covering(engine_observed(s->engine), &net->addr)
                                              : bans_find(engine_observed(s->engine), net);

    return would && would->until > clock_realtime() ? ban_object(s, would) : json_null();
}

static void why_kernel(void *userdata, int error, const struct enforce_kernel_state *state)
{
    struct why *w = userdata;
    json_t *kernel;

    if (error < 0)
        kernel = json_pack("{s:s}", "error", strerror(-error));
    else
        kernel = json_pack("{s:b,s:o,s:I,s:I}", "present", state->present, "left", answer_seconds(state->left),
                           "packets", (json_int_t)state->packets, "bytes", (json_int_t)state->bytes);
    json_object_set_new(w->answer, "kernel", kernel);
    control_reply(w->s->control, w->client, w->answer);
    free(w);
}

void answer_why(struct service *s, struct control_client client, const struct request *q)
{
    const struct ban *ban = q->net.len == 128 ? bans_covering(engine_bans(s->engine), &q->net.addr)
                                              : bans_find(engine_bans(s->engine), &q->net);
    struct why *w = calloc(1, sizeof(*w));
    char net[PREFIX_STRLEN];

    if (!w) {
        control_fail(s->control, client, ANSWER_FAILED, "out of memory");
        return;
    }
    *w = (struct why){.s = s, .client = client};
    w->answer = json_pack("{s:b,s:i,s:s,s:o,s:o,s:o,s:o,s:o}", "ok", 1, "version", 1, "addr", prefix_format(&q->net, net),
                          "ban", ban ? ban_object(s, ban) : json_null(), "windows", windows_of(s, &q->net.addr),
                          "uncounted", uncounted_of(s, &q->net.addr), "spared", spared_object(s, &q->net), "evidence",
                          evidence_of(s, &q->net.addr, ban));
    json_object_set_new(w->answer, "observed", observed_object(s, &q->net));
    json_object_set_new(w->answer, "networks", aggregate_objects(s, &q->net.addr));
    int r = s->link ? enforce_link_query(s->link, ban ? &ban->net : &q->net, why_kernel, w) : -EOPNOTSUPP;
    if (r < 0)
        why_kernel(w, s->link ? r : -EOPNOTSUPP, NULL);
}
