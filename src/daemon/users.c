// SPDX-License-Identifier: GPL-2.0-or-later
// What the accounts' table is asked for.
#include "daemon/users.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon/answers_room.h"
#include "daemon/enact.h"
#include "daemon/state.h"
#include "daemon/say.h"

enum { SHOWN = ACCOUNTS_NAME_MAX * 4 + 1, LATEST_TOLD = 16 };

static const char *shown_name(const struct account *a, char buf[static SHOWN])
{
    text_show(str_of(a->name), 0, buf, SHOWN);
    return buf;
}

// --- users ---------------------------------------------------------------------------------------------------

static int by_last(const void *a, const void *b)
{
    const struct account_address *x = a, *y = b;

    return x->last < y->last ? 1 : x->last > y->last ? -1 : 0;
}

static json_t *account_object(const struct service *s, const struct account *a)
{
    struct account_address from[ACCOUNTS_ADDRESSES];
    char name[SHOWN], text[ADDR_STRLEN];
    json_t *addresses = json_array();
    unsigned banned = 0, observed = 0;

    memcpy(from, a->from, a->n_from * sizeof(*from));
    if (a->n_from)
        qsort(from, a->n_from, sizeof(*from), by_last);
    for (unsigned i = 0; i < a->n_from; i++) {
        banned += bans_covering(engine_bans(s->engine), &from[i].addr) != NULL;
        const struct ban *would = bans_covering(engine_observed(s->engine), &from[i].addr);
        observed += would && would->until > clock_realtime();
        if (i < LATEST_TOLD)
            json_array_append_new(addresses, json_string(addr_format(&from[i].addr, text)));
    }
    json_t *o = json_pack("{s:s,s:I,s:i,s:b,s:i,s:i,s:o,s:I,s:I,s:I,s:o}", "account", shown_name(a, name), "failures", (json_int_t)a->failures,
                          "addresses", (int)a->n_from, "more", (int)a->more_from, "banned", (int)banned, "observed", (int)observed, "latest", addresses, "first",
                          (json_int_t)(a->first / USEC_SEC), "last", (json_int_t)(a->last / USEC_SEC), "logins",
                          (json_int_t)a->successes, "jails", answer_jails(s->config, a->jails));
    if (o && a->guessed)
        json_object_set_new(o, "guessed", json_pack("{s:I,s:s,s:I}", "time", (json_int_t)(a->guessed / USEC_SEC), "addr",
                                                    addr_format(&a->guessed_from, text), "failures", (json_int_t)a->guesses));
    return o;
}

static bool next_account(const struct service *s, struct answer_place *place, json_t **ret)
{
    const struct account *a = accounts_next(engine_accounts(s->engine), &place->account);

    if (a)
        *ret = account_object(s, a);
    return a != NULL;
}

void users_answer(struct service *s, struct control_client client)
{
    answer_rows(s, client, next_account);
}

// --- unban ---------------------------------------------------------------------------------------------------

struct unbanning {
    struct service *s;
    struct prefix *v;
    size_t n, room;
};

static int take_net(void *userdata, const struct prefix *net)
{
    struct unbanning *u = userdata;

    if (u->n < u->room && bans_find(engine_bans(u->s->engine), net))
        u->v[u->n++] = *net;
    return 0;
}

size_t users_unban(struct service *s, const char *name)
{
    struct unbanning u = {.s = s, .room = bans_count(engine_bans(s->engine)) + ACCOUNTS_ADDRESSES};
    const struct account *a;
    char shown[SHOWN];
    size_t ended = 0;
    unsigned i = 0;

    u.v = calloc(u.room, sizeof(*u.v));
    if (!u.v)
        return 0;
    while ((a = accounts_next(engine_accounts(s->engine), &i))) {
        if (strcmp(shown_name(a, shown), name) != 0)
            continue;
        for (unsigned k = 0; k < a->n_from; k++) {
            struct prefix net = prefix_of(&a->from[k].addr, 128);
            take_net(&u, &net);
        }
    }
    (void)state_each_banned_user(s->state, name, take_net, &u); // those of before a restart
    for (size_t k = 0; k < u.n; k++)
        ended += enact_unban(s->enact, &u.v[k]); // one that stands there twice is ended once
    free(u.v);
    return ended;
}

// --- guessed -------------------------------------------------------------------------------------------------

void users_guessed(void *userdata, const struct account *a)
{
    struct service *s = userdata;
    char name[SHOWN], quoted[SHOWN], addr[ADDR_STRLEN], text[SHOWN + 256], count[16];
    struct prefix from = prefix_of(&a->guessed_from, 128);

    if (clock_realtime() - a->guessed > 3600 * USEC_SEC)
        return; // an old log
    text_show(str_of(a->name), TEXT_QUOTED, quoted, sizeof(quoted));
    snprintf(text, sizeof(text), "%s logged in as \"%s\" after %u failures as that account: if it was not its owner, the password is known",
             addr_format(&a->guessed_from, addr), quoted, a->guesses);
    snprintf(count, sizeof(count), "%u", a->guesses);
    struct said what = {.kind = NEWS_GUESSED, .level = LOG_WARNING, .net = &from, .user = shown_name(a, name),
                        .more = {{"PPTPBAN_COUNT", count}}};
    say_news(s, &what, "%s", text);
}

const char *users_remark(const struct service *s, const struct ban *ban, char buf[static USERS_REMARK_MAX])
{
    struct spray_look look[SPRAY_TRIES_MAX];
    char quoted[SHOWN];

    *buf = '\0';
    if (engine_spray(s->engine, ban->jail, &ban->net.addr, ban->since, look) == 0)
        return buf;
    text_show(str_of(look[0].account->name), TEXT_QUOTED, quoted, sizeof(quoted));
    snprintf(buf, USERS_REMARK_MAX, "; %u addresses try \"%s\"", look[0].addresses, quoted);
    return buf;
}

void users_sprayed(void *userdata, const struct jail_config *jail, const struct account *a, unsigned addresses)
{
    struct service *s = userdata;
    char name[SHOWN], quoted[SHOWN], span[DURATION_STRLEN], text[SHOWN + 256], count[16];

    if (clock_realtime() - a->last > 3600 * USEC_SEC)
        return; // an old log
    text_show(str_of(a->name), TEXT_QUOTED, quoted, sizeof(quoted));
    snprintf(text, sizeof(text), "account \"%s\" is tried from %u addresses within %s (%s): each that does so %u times is banned", quoted,
             addresses, duration_format(jail->findtime, span), jail->name, jail->tries);
    snprintf(count, sizeof(count), "%u", addresses);
    struct said what = {.kind = NEWS_SPRAYED, .level = LOG_WARNING, .user = shown_name(a, name), .more = {{"PPTPBAN_COUNT", count}}};
    say_news(s, &what, "%s", text);
}
