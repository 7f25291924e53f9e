// SPDX-License-Identifier: GPL-2.0-or-later
// What the state keeps beside bans: who logged in well, from where and as which account, and which threshold a ban reached.
// All of it is in tables that came later, and nobody's loss where they are missing.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/state_file.h"
#include "daemon/state_private.h"
#include "daemon/state_row.h"

int state_put_guest(struct state *s, const struct addr *a, usec_t when)
{
    sqlite3_stmt *q;
    int r = state_begin(s, PUT_GUEST, &q);

    if (r < 0 || !q)
        return r;
    sqlite3_bind_blob(q, 1, a->b, sizeof(a->b), SQLITE_STATIC);
    sqlite3_bind_int64(q, 2, when);
    return state_run(s, PUT_GUEST);
}

int state_each_guest(struct state *s, int (*fn)(void *userdata, const struct addr *a, usec_t when), void *userdata, unsigned *ret_bad)
{
    sqlite3_stmt *q = state_statement(s, GET_GUESTS);
    int rc, r = 0;

    *ret_bad = 0;
    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    while (r == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(q, 0);
        usec_t when = sqlite3_column_int64(q, 1);
        struct addr a;
        if (!bytes || sqlite3_column_bytes(q, 0) != sizeof(a.b) || !row_is_time(when)) {
            ++*ret_bad;
            continue;
        }
        memcpy(a.b, bytes, sizeof(a.b));
        r = fn(userdata, &a, when);
    }
    sqlite3_reset(q);
    return r != 0 ? r : rc == SQLITE_DONE ? 0 : state_fail(s, rc);
}

int state_put_login(struct state *s, const struct login *login)
{
    sqlite3_stmt *q;
    int r = state_begin(s, PUT_LOGIN, &q);

    if (r < 0 || !q)
        return r;
    sqlite3_bind_int64(q, 1, (sqlite3_int64)login->id);
    sqlite3_bind_int64(q, 2, login->first);
    sqlite3_bind_int64(q, 3, login->last);
    return state_run(s, PUT_LOGIN);
}

int state_remove_login(struct state *s, uint64_t id)
{
    sqlite3_stmt *q;
    int r = state_begin(s, REMOVE_LOGIN, &q);

    if (r < 0 || !q)
        return r;
    sqlite3_bind_int64(q, 1, (sqlite3_int64)id);
    return state_run(s, REMOVE_LOGIN);
}

int state_each_login(struct state *s, unsigned max, int (*fn)(void *userdata, const struct login *), void *userdata, unsigned *ret_bad)
{
    sqlite3_stmt *q = state_statement(s, GET_LOGINS);
    int rc, r = 0;

    *ret_bad = 0;
    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    sqlite3_bind_int64(q, 1, max);
    while (r == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct login l = {.first = sqlite3_column_int64(q, 1), .last = sqlite3_column_int64(q, 2)};
        sqlite3_int64 id = sqlite3_column_int64(q, 0);
        if (id <= 0 || l.first <= 0 || l.last < l.first || !row_is_time(l.last)) {
            ++*ret_bad;
            continue;
        }
        l.id = (uint64_t)id;
        r = fn(userdata, &l);
    }
    sqlite3_reset(q);
    return r != 0 ? r : rc == SQLITE_DONE ? 0 : state_fail(s, rc);
}

int state_set_login_key(struct state *s, const struct hash_key *key)
{
    char text[40];
    sqlite3_stmt *q;
    int r = state_begin(s, CLEAR_LOGINS, &q);

    snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, key->k[0], key->k[1]);
    if (r == 0 && q)
        r = state_run(s, CLEAR_LOGINS);
    return r == 0 ? state_put_mark(s, STATE_LOGIN_KEY, text) : r;
}

// 32 digits; where it came later than logins, or is no key, they can never be found again.
int state_login_key(struct state *s, struct hash_key *key)
{
    char *text = NULL;
    struct hash_key read;
    int r = state_mark(s, STATE_LOGIN_KEY, &text), end = 0;

    if (r < 0 && r != -ENOENT)
        return r;
    bool good = r == 0 && strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32 &&
                sscanf(text, "%16" SCNx64 "%16" SCNx64 "%n", &read.k[0], &read.k[1], &end) == 2 && end == 32;
    free(text);
    if (good) {
        *key = read;
        return 0;
    }
    return state_set_login_key(s, key);
}

int state_put_reason(struct state *s, const struct ban *ban)
{
    const struct threshold_reason *why = &ban->reason;
    sqlite3_stmt *q;

    if (why->rule == RULE_NONE || why->rule >= RULE_MAX || (why->rule == RULE_MAXRETRY && !why->schedule[0]))
        return 0; // one row less for each ban of a flood
    int r = state_begin(s, PUT_REASON, &q);
    if (r < 0 || !q)
        return r;
    row_bind_net(q, 1, &ban->net);
    sqlite3_bind_int64(q, 2, ban->since);
    sqlite3_bind_text(q, 3, threshold_rules[why->rule], -1, SQLITE_STATIC);
    sqlite3_bind_int(q, 4, why->max);
    sqlite3_bind_text(q, 5, why->country, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 6, why->schedule, -1, SQLITE_TRANSIENT);
    return state_run(s, PUT_REASON);
}

static bool row_reason(sqlite3_stmt *q, int column, struct threshold_reason *ret)
{
    const char *rule = (const char *)sqlite3_column_text(q, column);
    const char *country = (const char *)sqlite3_column_text(q, column + 2);
    struct threshold_reason why = {.rule = RULE_NONE};
    char schedule[JAIL_NAME_MAX + 1];
    int max = sqlite3_column_int(q, column + 1);

    while (rule && why.rule < RULE_MAX && strcmp(rule, threshold_rules[why.rule]) != 0)
        why.rule++;
    if (!rule || why.rule == RULE_NONE || why.rule >= RULE_MAX || max < 1 || max > UINT16_MAX || !country ||
        (strlen(country) != 0 && strlen(country) != 2) || strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(country) ||
        !row_name(q, column + 3, schedule) || strlen(schedule) > SCHEDULE_NAME_MAX)
        return false;
    why.max = (uint16_t)max;
    memcpy(why.country, country, strlen(country) + 1);
    memcpy(why.schedule, schedule, strlen(schedule) + 1);
    *ret = why;
    return true;
}

int state_each_reason(struct state *s, int (*fn)(void *userdata, const struct prefix *net, const struct threshold_reason *why),
                      void *userdata, unsigned *ret_bad)
{
    sqlite3_stmt *q = state_statement(s, GET_REASONS);
    struct threshold_reason why;
    struct prefix net;
    int rc, r = 0;

    *ret_bad = 0;
    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    while (r == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (!row_net(q, 0, &net) || !row_reason(q, 1, &why)) {
            ++*ret_bad;
            continue;
        }
        r = fn(userdata, &net, &why);
    }
    sqlite3_reset(q);
    return r != 0 ? r : rc == SQLITE_DONE ? 0 : state_fail(s, rc);
}
