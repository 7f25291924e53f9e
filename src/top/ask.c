// SPDX-License-Identifier: GPL-2.0-or-later
// Question after question over one connection, which is made anew when the service hangs up.
#include "top/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/clean.h"

enum { LINES_A_STEP = 4096 }; // keys and signals have their turn in between

#define STATUS_EVERY USEC_SEC
#define LIST_EVERY USEC_SEC          // when it has changed
#define LIST_ANYWAY (60 * USEC_SEC)  // when nothing tells that it has
#define LIST_SHARE 9                 // a list that took this long is asked for again after so many times that
#define NEAR_EVERY (250 * USEC_MSEC) // one address
#define NEAR_ANYWAY (15 * USEC_SEC)  // all of them, when nobody fails
#define PATIENCE (3 * USEC_SEC)      // without an answer, it is said
#define DESPAIR (60 * USEC_SEC)      // without an answer, another connection is tried

enum question { NOTHING, STATUS, LIST, USERS, NEAR, WISH };

// A list, and whether it is time for it.
struct list {
    uint64_t mark;      // what stood in the status when it was asked for
    bool have;
    usec_t asked, took;
};

struct top_ask {
    struct top_model *m;
    struct top_link *link;
    enum question question; // under way
    bool begun;             // its first line has come
    usec_t asked, asked_real, status_at, near_at, near_round;
    struct list bans, accounts;
    struct addr near;
    unsigned near_next;
    struct top_wish wish; // waits or is under way
};

int top_ask_new(const struct sockaddr_un *where, struct top_model *m, struct top_ask **ret)
{
    struct top_ask *a = calloc(1, sizeof(*a));

    if (!a || top_link_new(where, &a->link) < 0) {
        free(a);
        return -ENOMEM;
    }
    a->m = m;
    *ret = a;
    return 0;
}

void top_ask_free(struct top_ask *a)
{
    if (!a)
        return;
    top_link_free(a->link);
    free(a);
}

int top_ask_fd(const struct top_ask *a)
{
    return top_link_fd(a->link);
}

int top_ask_wish(struct top_ask *a, const struct top_wish *wish)
{
    if (a->wish.kind != TOP_NO_WISH)
        return -EBUSY;
    a->wish = *wish;
    return 0;
}

// --- what next -----------------------------------------------------------------------------------------------

static bool is_due(const struct list *l, uint64_t mark, usec_t now)
{
    usec_t rest = LIST_SHARE * l->took > LIST_EVERY ? LIST_SHARE * l->took : LIST_EVERY;

    return !l->have || (now - l->asked >= rest && (mark != l->mark || now - l->asked >= LIST_ANYWAY));
}

static uint64_t accounts_mark(const struct top_status *s)
{
    return (uint64_t)s->failures + (uint64_t)s->successes * 3 + (uint64_t)s->banned * 7 + (uint64_t)s->pid * 0x100000000ull;
}

// The next candidate that is to be looked at, if one is.
static bool next_near(struct top_ask *a, usec_t now)
{
    if (a->near_next >= a->m->n_near) {
        if (now - a->near_round < NEAR_ANYWAY)
            return false;
        a->near_next = 0;
        a->near_round = now;
    }
    if (a->near_next >= a->m->n_near)
        return false;
    a->near = a->m->near[a->near_next++].addr;
    return true;
}

static enum question choose(struct top_ask *a, usec_t now, bool near, bool quiet)
{
    const struct top_status *s = &a->m->status;

    if (a->wish.kind != TOP_NO_WISH)
        return WISH;
    if (quiet)
        return NOTHING;
    if (now >= a->status_at)
        return STATUS;
    if (!s->known || a->m->silent_since)
        return NOTHING; // until it answers that
    if (is_due(&a->bans, s->changes, now))
        return LIST;
    if (is_due(&a->accounts, accounts_mark(s), now))
        return USERS;
    if (near && now >= a->near_at && next_near(a, now))
        return NEAR;
    return NOTHING;
}

static json_t *wish_request(const struct top_wish *w)
{
    char net[PREFIX_STRLEN];
    json_t *request;

    prefix_format(&w->net, net);
    if (w->kind == TOP_WANT_WHY)
        return json_pack("{s:s,s:s}", "verb", "why", "net", net);
    if (w->kind == TOP_WANT_UNBAN)
        return json_pack("{s:s,s:s}", "verb", "unban", *w->user ? "user" : "net", *w->user ? w->user : net);
    request = json_pack("{s:s,s:s}", "verb", "ban", "net", net);
    if (request && w->has_for)
        json_object_set_new(request, "for",
                            w->duration == USEC_FOREVER ? json_string("forever") : json_integer(w->duration / USEC_SEC));
    return request;
}

static json_t *request_of(struct top_ask *a, enum question q)
{
    char text[ADDR_STRLEN];

    switch (q) {
    case STATUS:
        return json_pack("{s:s}", "verb", "status");
    case LIST:
        return json_pack("{s:s}", "verb", "list");
    case USERS:
        return json_pack("{s:s}", "verb", "users");
    case NEAR:
        return json_pack("{s:s,s:s}", "verb", "why", "net", addr_format(&a->near, text));
    case WISH:
        return wish_request(&a->wish);
    case NOTHING:
        break;
    }
    return NULL;
}

// --- what comes ----------------------------------------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static void say(struct top_news *news, bool bad, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(news->message, sizeof(news->message), format, ap);
    va_end(ap);
    news->said = true;
    news->bad = bad;
}

static void done(struct top_ask *a, usec_t now)
{
    struct list *l = a->question == LIST ? &a->bans : a->question == USERS ? &a->accounts : NULL;

    if (l)
        l->took = now - a->asked;
    if (a->question == WISH)
        a->wish.kind = TOP_NO_WISH;
    a->question = NOTHING;
}

// The service does not answer, and will not answer this.
static void lost(struct top_ask *a, usec_t now, usec_t real, const char *why, struct top_news *news)
{
    if (a->question == LIST)
        top_bans_abort(a->m->bans);
    if (a->question == WISH)
        say(news, true, "that was not done: the service does not answer");
    a->bans.have = a->bans.have && a->question != LIST;
    a->accounts.have = a->accounts.have && a->question != USERS;
    top_link_close(a->link);
    done(a, now);
    a->status_at = now + STATUS_EVERY;
    top_model_silent(a->m, real, why);
    news->changed = true;
}

static const char *reason(int r)
{
    switch (r) {
    case -ENOENT:
    case -ECONNREFUSED:
        return "it does not run";
    case -ECONNRESET:
    case -EPIPE:
        return "it hung up";
    case -EACCES:
    case -EPERM:
        return "you may not ask it any more";
    case -EAGAIN:
        return "it takes no questions";
    case -EMSGSIZE:
        return "it answers without end";
    default:
        return strerror(-r);
    }
}

static void take_wish(struct top_ask *a, json_t *answer, struct top_news *news)
{
    const json_t *left = json_object_get(answer, "for");
    char net[PREFIX_STRLEN], text[DURATION_STRLEN];
    json_int_t n = json_integer_value(json_object_get(answer, "unbanned"));

    prefix_format(&a->wish.net, net);
    if (a->wish.kind == TOP_WANT_WHY)
        news->why = json_incref(answer);
    else if (a->wish.kind == TOP_WANT_UNBAN)
        say(news, n == 0, "%" JSON_INTEGER_FORMAT " ban%s ended", n, n == 1 ? "" : "s");
    else if (json_is_integer(left))
        say(news, false, "%s is banned for %s", net, duration_format(json_integer_value(left) * USEC_SEC, text));
    else
        say(news, false, "%s is banned until you unban it", net);
    if (a->wish.kind != TOP_WANT_WHY)
        a->bans.have = a->accounts.have = false; // look at once
}

// An answer of one object, or the first line of a list. False: it says that there will be no more.
static bool take_first(struct top_ask *a, json_t *answer, usec_t now, usec_t real, struct top_news *news)
{
    const char *error = json_string_value(json_object_get(answer, "error"));

    if (json_is_true(json_object_get(answer, "ok")))
        return true;
    if (a->question == WISH || a->question == NEAR) {
        if (a->question == WISH)
            say(news, true, "%s", error ? error : "the service refused");
        done(a, now);
    } else {
        lost(a, now, real, error ? error : "it refuses", news);
    }
    return false;
}

static void take_object(struct top_ask *a, json_t *answer, usec_t now, struct top_news *news)
{
    if (a->question == STATUS) {
        top_model_take_status(a->m, answer, now);
        a->status_at = now + STATUS_EVERY;
    } else if (a->question == NEAR) {
        top_model_take_near(a->m, &a->near, answer);
        a->near_at = now + NEAR_EVERY;
    } else {
        take_wish(a, answer, news);
    }
    done(a, now);
    news->changed = true;
}

// -errno when it is no line of this list.
static int take_line(struct top_ask *a, const json_t *line, usec_t now, struct top_news *news)
{
    int r = 0;

    if (!json_is_true(json_object_get(line, "end")))
        return a->question == LIST ? top_bans_add(a->m->bans, line) : top_model_accounts_add(a->m, line);
    if (a->question == LIST)
        r = top_model_take_bans(a->m);
    else
        top_model_accounts_end(a->m);
    if (a->question == USERS) { // other candidates, perhaps
        a->near_next = 0;
        a->near_round = now;
    }
    done(a, now);
    news->changed = true;
    return r;
}

static int take(struct top_ask *a, struct str line, usec_t now, usec_t real, struct top_news *news)
{
    json_t *answer = json_loadb(line.p, line.n, 0, NULL), *clean = NULL;
    bool list = a->question == LIST || a->question == USERS;
    int r = 0;

    if (a->question == NOTHING) { // before it hangs up
        json_decref(answer);
        return 0;
    }
    // the texts of a ban are judged where they are read, and there are many
    if (json_is_object(answer))
        clean = a->question == LIST && a->begun ? json_incref(answer) : json_clean(answer);
    json_decref(answer);
    if (!clean)
        return -EBADMSG;
    top_model_silent(a->m, 0, NULL);
    if (!a->begun) {
        if (take_first(a, clean, now, real, news)) {
            a->begun = true;
            if (!list)
                take_object(a, clean, now, news);
        }
    } else {
        r = take_line(a, clean, now, news);
    }
    json_decref(clean);
    return r;
}

// --- a step --------------------------------------------------------------------------------------------------

static void ask(struct top_ask *a, enum question q, usec_t now, usec_t real, struct top_news *news)
{
    json_t *request = request_of(a, q);

    a->question = q;
    a->begun = false;
    a->asked = now;
    a->asked_real = real;
    if (q == LIST) {
        a->bans.have = true;
        a->bans.asked = now;
        a->bans.mark = a->m->status.changes;
        top_bans_begin(a->m->bans);
    } else if (q == USERS) {
        a->accounts.have = true;
        a->accounts.asked = now;
        a->accounts.mark = accounts_mark(&a->m->status);
        top_model_accounts_begin(a->m);
    }
    int r = request ? top_link_send(a->link, request) : -ENOMEM;
    if (r < 0)
        lost(a, now, real, reason(r), news);
}

// True: more may have come already.
static bool hear(struct top_ask *a, usec_t now, usec_t real, struct top_news *news)
{
    struct str line;
    unsigned i;
    int r = 0;

    for (i = 0; i < LINES_A_STEP; i++) {
        r = top_link_read(a->link, &line);
        if (r <= 0)
            break;
        r = take(a, line, now, real, news);
        if (r < 0)
            break;
    }
    if (r == -EBADMSG || r == -EINVAL)
        lost(a, now, real, "its answer is not understood; is it of another version?", news);
    else if (r < 0 && a->question != NOTHING)
        lost(a, now, real, reason(r), news);
    // who hangs up on somebody that asks nothing just had enough of the silence
    return i == LINES_A_STEP;
}

usec_t top_ask_step(struct top_ask *a, usec_t now, usec_t real, bool near, bool quiet, struct top_news *ret)
{
    struct top_news news = {.changed = false};
    bool more = hear(a, now, real, &news);

    if (a->question == NOTHING) {
        enum question q = choose(a, now, near, quiet);
        if (q != NOTHING)
            ask(a, q, now, real, &news);
    } else if (!a->begun && now - a->asked > PATIENCE && !a->m->silent_since) {
        top_model_silent(a->m, a->asked_real, "it is busy, or stopped");
        news.changed = true;
    }
    if (a->question != NOTHING && now - a->asked > DESPAIR)
        lost(a, now, real, "it is busy, or stopped", &news);
    *ret = news;
    if (more)
        return now;
    if (a->question != NOTHING)
        return a->asked + (now - a->asked > PATIENCE ? DESPAIR : PATIENCE) + USEC_MSEC;
    if (quiet)
        return USEC_FOREVER;
    usec_t next = a->status_at; // what else is due is so after the next status, or follows from it
    if (near && a->near_next < a->m->n_near && a->near_at > now && a->near_at < next)
        next = a->near_at;
    return next;
}
