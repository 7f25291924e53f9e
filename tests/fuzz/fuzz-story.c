// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as the log of a server, from the file to the decision: lines, one of our filters, sessions, one
// jail. An address that is charged stands in a line that the filter took it from, on the host whose line failed; who is
// banned has failed maxretry times within findtime, counted here once more by hand; and the allowlist is never banned.
#include "filter/filter.h"
#include "fuzz.h"
#include "policy/jail.h"
#include "session/session.h"
#include "source/feed.h"

enum { LIVES = 16, GIVEN_MAX = 512, FAILURES_MAX = 512, MAXRETRY = 3 };

#define FINDTIME (600 * USEC_SEC)

static struct {
    struct filter *filter;
    struct sessions *sessions; // NULL: each failure stands for itself
    struct jail *jail;
    struct {
        char host[64];
        size_t host_n;
        struct addr addr;
    } given[GIVEN_MAX]; // by lines, as the filter has it
    size_t n_given;
    struct {
        struct addr addr;
        usec_t time;
    } failure[FAILURES_MAX];
    size_t n_failures;
} story;

static bool was_given(struct str host, const struct addr *a)
{
    if (host.n > sizeof(story.given[0].host))
        host.n = sizeof(story.given[0].host);
    for (size_t i = 0; i < story.n_given; i++)
        if (addr_eq(&story.given[i].addr, a) && str_eq((struct str){story.given[i].host, story.given[i].host_n}, host))
            return true;
    return story.n_given == GIVEN_MAX;
}

static void on_outcome(void *userdata, const struct outcome *o)
{
    unsigned count = 0;

    (void)userdata;
    HOLDS(o->kind != OUTCOME_FAILURE || o->has_addr, "a failure of nobody");
    if (!o->has_addr)
        return;
    HOLDS(was_given(o->host, &o->addr), "an address that no line of '%.*s' gave", STR_FMT(o->host));
    if (o->kind == OUTCOME_SUCCESS)
        jail_success(story.jail, &o->addr, o->user, o->time);
    if (o->kind != OUTCOME_FAILURE || story.n_failures == FAILURES_MAX)
        return;
    story.failure[story.n_failures].addr = o->addr;
    story.failure[story.n_failures++].time = o->time;
    struct verdict v = jail_failure(story.jail, &o->addr, o->user, o->time, 1, 0);
    if (v.kind != VERDICT_BAN)
        return;
    for (size_t i = 0; i < story.n_failures; i++) {
        usec_t apart = o->time - story.failure[i].time;
        count += addr_eq(&story.failure[i].addr, &o->addr) && apart <= FINDTIME && apart >= -FINDTIME;
    }
    HOLDS(count >= MAXRETRY, "banned for %u failures", count);
    HOLDS(addr_eq(&v.addr, &o->addr) && !addr_is_unbannable(&v.addr), "another one, or nobody, is banned");
    HOLDS(v.addr.b[12] != 10 || !addr_is_v4(&v.addr), "one of the allowlist is banned");
    HOLDS(v.until > o->time, "until before it was");
}

static void note_address(const struct record *r, const struct event *e)
{
    if (!e->has_addr || story.n_given == GIVEN_MAX)
        return;
    size_t n = r->host.n < sizeof(story.given[0].host) ? r->host.n : sizeof(story.given[0].host);
    HOLDS(fuzz_names_address(r->line, &e->addr), "an address from nowhere in '%.*s'", STR_FMT(r->line));
    story.given[story.n_given].addr = e->addr;
    story.given[story.n_given].host_n = n;
    if (n)
        memcpy(story.given[story.n_given].host, r->host.p, n);
    story.n_given++;
}

static int on_record(void *userdata, const struct record *r)
{
    struct event e;

    (void)userdata;
    if (!filter_match(story.filter, r, &e))
        return 0;
    note_address(r, &e);
    if (story.sessions && !e.alone) {
        sessions_event(story.sessions, r, &e, NULL);
        HOLDS(sessions_counters(story.sessions)->active <= LIVES, "%u lives", sessions_counters(story.sessions)->active);
    } else if (e.role == ROLE_FAILURE && e.has_addr) {
        struct outcome o = {.kind = OUTCOME_FAILURE, .has_addr = true, .addr = e.addr, .time = e.time, .host = r->host, .user = e.user};
        on_outcome(NULL, &o);
    }
    return 0;
}

static struct filter *filter_number(unsigned i)
{
    static const char *const names[] = {"pptpd", "accel-ppp", "mpd5", "xl2tpd", "softether", "mikrotik", "freeradius", "recidive"},
                            *const dirs[] = {SRCDIR "/filters", NULL};
    static struct filter *filters[sizeof(names) / sizeof(names[0])];
    struct filter_error error;

    i %= sizeof(names) / sizeof(names[0]);
    if (!filters[i])
        HOLDS(filter_load(names[i], &(struct filter_options){.dirs = dirs}, &filters[i], &error) == 0, "%s", error.text);
    return filters[i];
}

static void feed_all(struct fuzz_in *in)
{
    struct walk walk;

    walk_init(&walk, INT64_C(1795000000) * USEC_SEC, 1024);
    walk.record = on_record;
    walk.follow = true;
    struct feed feed = {.walk = &walk};
    while (in->n > 0) {
        char *p;
        size_t room;
        HOLDS(feed_space(&feed, &p, &room) == 0 && room > 0, "no room");
        struct str piece = fuzz_take_text(in, room);
        memcpy(p, piece.p, piece.n);
        HOLDS(feed_add(&feed, piece.n) == 0, "not taken");
    }
    HOLDS(feed_finish(&feed) == 0, "not finished");
    feed_release(&feed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    const struct prefix allowed = {.addr = {{[10] = 0xff, [11] = 0xff, 10}}, .len = 104};
    const struct jail_policy policy = {.maxretry = MAXRETRY, .findtime = FINDTIME, .bantime = 3600 * USEC_SEC, .maximum = 3600 * USEC_SEC,
                                       .factor = 1, .ignore = &allowed, .n_ignore = 1, .max_addresses = 8};
    const struct session_options options = {.max_lives = LIVES, .wait = 120 * USEC_SEC, .outcome = on_outcome};

    story.filter = filter_number((unsigned)fuzz_take(&in, 1));
    story.n_given = story.n_failures = 0;
    HOLDS(jail_new(&policy, &story.jail) == 0, "no memory");
    HOLDS(!filter_has_session(story.filter) || sessions_new(&options, &story.sessions) == 0, "no memory");
    feed_all(&in);
    if (story.sessions)
        sessions_finish(story.sessions);
    sessions_free(story.sessions);
    jail_free(story.jail);
    story.sessions = NULL;
    return 0;
}
