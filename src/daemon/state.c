// SPDX-License-Identifier: GPL-2.0-or-later
// The state database: statements, transactions, and what to do when it cannot be written.
#include "daemon/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/state_file.h"
#include "daemon/state_private.h"
#include "daemon/state_row.h"
#include "daemon/state_sum.h"

static const char *const sql[N_STATEMENTS] = {
    [PUT_BAN] = "INSERT OR REPLACE INTO bans VALUES(?1,?2,?3,?4,?5,?6,?7,?8,row_sum(?1,?2,?3,?4,?5,?6,?7,?8))",
    [PUT_EVIDENCE] = "INSERT OR REPLACE INTO evidence VALUES(?1,?2)",
    [PUT_HISTORY] = "INSERT OR REPLACE INTO history VALUES(?1,?2,?3,row_sum(?1,?2,?3))",
    [PUT_DECISION] = "INSERT OR REPLACE INTO decisions VALUES(?1,?2,?3,?4,?5,?6,?7,?8,row_sum(?1,?2,?3,?4,?5,?6,?7,?8))",
    [END_DECISIONS] = "UPDATE decisions SET until=?2,sum=row_sum(net,jail,settled,file,offset,since,?2,observe) WHERE net=?1 AND until>?2",
    [PUT_MARK] = "INSERT OR REPLACE INTO marks VALUES(?1,?2,row_sum(?1,?2))",
    [REMOVE_BAN] = "DELETE FROM bans WHERE net=?1",
    [REMOVE_EVIDENCE] = "DELETE FROM evidence WHERE net=?1",
    [CLEAR_BANS] = "DELETE FROM bans",
    [PRUNE_DECISIONS] = "DELETE FROM decisions WHERE settled<?1",
    [PRUNE_HISTORY] = "DELETE FROM history WHERE ended<?1",
    [PRUNE_EVIDENCE] = "DELETE FROM evidence WHERE net IN (SELECT net FROM bans WHERE until<=?1)",
    [PRUNE_BANS] = "DELETE FROM bans WHERE until<=?1",
    [GET_BANS] = "SELECT net,jail,since,until,count,times FROM bans",
    [GET_DECISIONS] = "SELECT net,jail,settled,file,offset,since,until,observe FROM decisions",
    [GET_MARK] = "SELECT mark FROM marks WHERE source=?1",
    [GET_MARKS] = "SELECT source FROM marks WHERE source NOT IN ('" STATE_LOST "','" STATE_LOGIN_KEY "')",
    [GET_EVIDENCE] = "SELECT lines FROM evidence WHERE net=?1",
    [EACH_EVIDENCE] = "SELECT net,lines FROM evidence",
    [GET_HISTORY] = "SELECT times,ended FROM history WHERE net=?1",
    [REMOVE_MARK] = "DELETE FROM marks WHERE source=?1",
    // a line that is read again after a restart makes no guest older
    [PUT_GUEST] = "INSERT INTO guests VALUES(?1,?2) ON CONFLICT(addr) DO UPDATE SET last=excluded.last WHERE excluded.last>last",
    [GET_GUESTS] = "SELECT addr,last FROM guests",
    [PRUNE_GUESTS] = "DELETE FROM guests WHERE last<?1",
    [PUT_LOGIN] = "INSERT OR REPLACE INTO logins VALUES(?1,?2,?3)",
    [REMOVE_LOGIN] = "DELETE FROM logins WHERE id=?1",
    [GET_LOGINS] = "SELECT id,first,last FROM logins ORDER BY last DESC LIMIT ?1",
    [CLEAR_LOGINS] = "DELETE FROM logins",
    [PRUNE_LOGINS] = "DELETE FROM logins WHERE last<?1",
    [PUT_REASON] = "INSERT OR REPLACE INTO reasons VALUES(?1,?2,?3,?4,?5,?6)",
    // of another ban of that network: the service was an older one in between
    [GET_REASONS] = "SELECT net,rule,threshold,country,schedule FROM reasons JOIN bans USING(net,since)",
    [PRUNE_REASONS] = "DELETE FROM reasons WHERE net NOT IN (SELECT net FROM bans WHERE until>?1)",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

int state_fail(struct state *s, int rc)
{
    int error = state_file_errno(rc);

    if (!s->failed)
        snprintf(s->problem, sizeof(s->problem), "%s/state.db: %s", s->dir ? s->dir : "",
                 s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
    s->failed = true;
    s->damaged = s->damaged || error == -EBADMSG;
    if (s->open && s->statements[ROLLBACK]) {
        // a full disk has rolled back already; then this fails, and that is as good
        sqlite3_step(s->statements[ROLLBACK]);
        sqlite3_reset(s->statements[ROLLBACK]);
    }
    s->open = false;
    return error;
}

sqlite3_stmt *state_statement(struct state *s, enum statement which)
{
    if (!s->statements[which] &&
        sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL) != SQLITE_OK)
        return NULL;
    return s->statements[which];
}

int state_run(struct state *s, enum statement which)
{
    sqlite3_stmt *q = state_statement(s, which);

    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    int rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : state_fail(s, rc);
}

int state_begin(struct state *s, enum statement which, sqlite3_stmt **ret)
{
    *ret = NULL;
    if (s->failed)
        return 0;
    if (!s->open) {
        int r = state_run(s, BEGIN);
        if (r < 0)
            return r;
        s->open = true;
    }
    *ret = state_statement(s, which);
    return *ret ? 0 : state_fail(s, sqlite3_errcode(s->db));
}

static void finalize(struct state *s)
{
    for (int i = 0; i < N_STATEMENTS; i++) {
        sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
}

// The database at dir, or one in memory when it cannot be had.
static int open_database(struct state *s, usec_t now, char *note)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof(path), "%s/state.db", s->dir ? s->dir : "");
    s->fresh = s->dir && stat(path, &st) < 0;
    int r = state_file_open(s->dir, now, &s->db, note);

    s->failed = s->damaged = s->open = false;
    s->problem[0] = '\0';
    if (r == 0 && s->fresh)
        state_file_set_lost(s->db, now); // the first start, or all was taken away
    if (r == 0 || r == -ENOMEM || r == -EBUSY)
        return r;
    snprintf(s->problem, sizeof(s->problem), "%s", note);
    r = state_file_open(NULL, now, &s->db, note);
    snprintf(note, STATE_NOTE_MAX, "%.400s; the state is kept in memory and ends with this process", s->problem);
    return r;
}

int state_make_way(const char *dir, usec_t now, char note[static STATE_NOTE_MAX])
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof(path), "%s/state.db", dir);
    if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
        return 0;
    int r = state_file_set_aside(dir, "is not a file", now, note);
    return r < 0 ? r : 1;
}

int state_open(const char *dir, usec_t now, struct state **ret, char note[static STATE_NOTE_MAX])
{
    struct state *s = calloc(1, sizeof(*s));

    note[0] = '\0';
    if (!s || (dir && !(s->dir = strdup(dir)))) {
        free(s);
        return -ENOMEM;
    }
    int r = open_database(s, now, note);
    if (r < 0) {
        state_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void state_close(struct state *s)
{
    if (!s)
        return;
    state_commit(s);
    finalize(s);
    sqlite3_close(s->db);
    free(s->dir);
    free(s);
}

const char *state_problem(const struct state *s)
{
    return s->problem;
}

bool state_dirty(const struct state *s)
{
    return s->open;
}

int state_commit(struct state *s)
{
    if (!s->open)
        return 0;
    int r = state_run(s, COMMIT);
    if (r == 0)
        s->open = false;
    return r;
}

void state_settle(struct state *s)
{
    if (!s->open && !s->failed)
        (void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

int state_put_ban(struct state *s, const struct ban *ban, const struct position *decided, const char *evidence)
{
    sqlite3_stmt *q;
    int r = state_begin(s, PUT_BAN, &q);

    if (r < 0 || !q)
        return r;
    row_bind_net(q, 1, &ban->net);
    sqlite3_bind_text(q, 2, ban->jail, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, ban->since);
    sqlite3_bind_int64(q, 4, ban->until);
    sqlite3_bind_int64(q, 5, ban->count);
    sqlite3_bind_int64(q, 6, ban->times);
    if (decided)
        row_bind_position(q, 7, decided);
    else {
        sqlite3_bind_null(q, 7);
        sqlite3_bind_null(q, 8);
    }
    r = state_run(s, PUT_BAN);
    if (r == 0)
        r = state_put_reason(s, ban);
    if (r < 0 || !evidence)
        return r;
    r = state_begin(s, PUT_EVIDENCE, &q);
    if (r < 0 || !q)
        return r;
    row_bind_net(q, 1, &ban->net);
    sqlite3_bind_text(q, 2, evidence, -1, SQLITE_STATIC);
    return state_run(s, PUT_EVIDENCE);
}

int state_put_history(struct state *s, const struct ban *ban)
{
    sqlite3_stmt *q;
    int r = state_begin(s, PUT_HISTORY, &q);

    if (r < 0 || !q)
        return r;
    row_bind_net(q, 1, &ban->net);
    sqlite3_bind_int64(q, 2, ban->times);
    sqlite3_bind_int64(q, 3, ban->until);
    return state_run(s, PUT_HISTORY);
}

int state_put_decision(struct state *s, const struct decision *d)
{
    sqlite3_stmt *q;
    int r = state_begin(s, PUT_DECISION, &q);

    if (r < 0 || !q)
        return r;
    row_bind_net(q, 1, &d->net);
    sqlite3_bind_text(q, 2, d->jail, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, d->settled);
    row_bind_position(q, 4, &d->position);
    sqlite3_bind_int64(q, 6, d->since);
    sqlite3_bind_int64(q, 7, d->until);
    sqlite3_bind_int(q, 8, d->observe);
    return state_run(s, PUT_DECISION);
}

int state_end_decisions(struct state *s, const struct prefix *net, usec_t t)
{
    sqlite3_stmt *q;
    int r = state_begin(s, END_DECISIONS, &q);

    if (r < 0 || !q)
        return r;
    row_bind_net(q, 1, net);
    sqlite3_bind_int64(q, 2, t);
    return state_run(s, END_DECISIONS);
}

int state_remove_ban(struct state *s, const struct prefix *net)
{
    static const enum statement both[] = {REMOVE_BAN, REMOVE_EVIDENCE};

    for (size_t i = 0; i < 2; i++) {
        sqlite3_stmt *q;
        int r = state_begin(s, both[i], &q);
        if (r < 0 || !q)
            return r;
        row_bind_net(q, 1, net);
        r = state_run(s, both[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

int state_put_mark(struct state *s, const char *source, const char *mark)
{
    sqlite3_stmt *q;
    int r = state_begin(s, PUT_MARK, &q);

    if (r < 0 || !q)
        return r;
    sqlite3_bind_text(q, 1, source, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, mark, -1, SQLITE_STATIC);
    return state_run(s, PUT_MARK);
}

static int prune_before(struct state *s, enum statement which, usec_t before)
{
    sqlite3_stmt *q;
    int r = state_begin(s, which, &q);

    if (r < 0 || !q)
        return r;
    sqlite3_bind_int64(q, 1, before);
    return state_run(s, which);
}

static int prune_marks(struct state *s, const char *const *sources, size_t n)
{
    for (;;) { // one at a time: a statement that reads must not run while another changes its table
        sqlite3_stmt *q, *remove;
        sqlite3_value *gone = NULL; // whatever it is: text with a zero byte in it, or no text
        int r = state_begin(s, GET_MARKS, &q);
        if (r < 0 || !q)
            return r;
        while (!gone && sqlite3_step(q) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(q, 0);
            size_t i = 0;
            while (i < n && name && strcmp(sources[i], name) != 0)
                i++;
            if (!name || i == n)
                gone = sqlite3_value_dup(sqlite3_column_value(q, 0));
        }
        sqlite3_reset(q);
        if (!gone)
            return 0;
        r = state_begin(s, REMOVE_MARK, &remove);
        if (r == 0 && remove) {
            sqlite3_bind_value(remove, 1, gone);
            r = state_run(s, REMOVE_MARK);
        }
        sqlite3_value_free(gone);
        if (r == 0 && (!remove || sqlite3_changes(s->db) == 0)) // it is read and cannot be found: not here for ever
            r = state_fail(s, SQLITE_CORRUPT);
        if (r < 0)
            return r;
    }
}

int state_prune(struct state *s, const struct state_horizon *h)
{
    int r = prune_marks(s, h->sources, h->n_sources);

    if (r == 0)
        r = prune_before(s, PRUNE_DECISIONS, h->decisions);
    if (r == 0)
        r = prune_before(s, PRUNE_HISTORY, h->history);
    if (r == 0)
        r = prune_before(s, PRUNE_GUESTS, h->guests);
    if (r == 0)
        r = prune_before(s, PRUNE_LOGINS, h->logins);
    if (r == 0)
        r = prune_before(s, PRUNE_REASONS, h->bans);
    if (r == 0)
        r = prune_before(s, PRUNE_EVIDENCE, h->bans);
    return r == 0 ? prune_before(s, PRUNE_BANS, h->bans) : r;
}

int state_each_ban(struct state *s, int (*fn)(void *userdata, const struct ban *), void *userdata, unsigned *ret_bad)
{
    sqlite3_stmt *q = state_statement(s, GET_BANS);
    int rc, r = 0;

    *ret_bad = 0;
    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    while (r == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct ban b = {.since = sqlite3_column_int64(q, 2), .until = sqlite3_column_int64(q, 3)};
        sqlite3_int64 count = sqlite3_column_int64(q, 4), times = sqlite3_column_int64(q, 5);
        if (!row_net(q, 0, &b.net) || !row_name(q, 1, b.jail) || !b.jail[0] || !row_is_time(b.since) ||
            (!row_is_time(b.until) && b.until != USEC_FOREVER) || b.until < b.since || count < 0 || count > UINT32_MAX ||
            times < 0 || times > UINT32_MAX) {
            ++*ret_bad;
            continue;
        }
        b.count = (uint32_t)count;
        b.times = (uint32_t)times;
        r = fn(userdata, &b);
    }
    sqlite3_reset(q);
    return r != 0 ? r : rc == SQLITE_DONE ? 0 : state_fail(s, rc);
}

int state_each_decision(struct state *s, int (*fn)(void *userdata, const struct decision *), void *userdata,
                        unsigned *ret_bad)
{
    sqlite3_stmt *q = state_statement(s, GET_DECISIONS);
    int rc, r = 0;

    *ret_bad = 0;
    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    while (r == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct decision d = {
            .settled = sqlite3_column_int64(q, 2),
            .since = sqlite3_column_int64(q, 5),
            .until = sqlite3_column_int64(q, 6),
            .observe = sqlite3_column_int(q, 7) != 0,
        };
        const void *file = sqlite3_column_blob(q, 3);
        if (!row_net(q, 0, &d.net) || !row_name(q, 1, d.jail) || !row_is_time(d.settled) || !row_is_time(d.since) ||
            (!row_is_time(d.until) && d.until != USEC_FOREVER) || !file || sqlite3_column_bytes(q, 3) != sizeof(d.position.file)) {
            ++*ret_bad;
            continue;
        }
        memcpy(d.position.file, file, sizeof(d.position.file));
        d.position.offset = (uint64_t)sqlite3_column_int64(q, 4);
        r = fn(userdata, &d);
    }
    sqlite3_reset(q);
    return r != 0 ? r : rc == SQLITE_DONE ? 0 : state_fail(s, rc);
}

// The first column of the only row, as text.
static int get_text(struct state *s, sqlite3_stmt *q, char **ret)
{
    int rc = sqlite3_step(q), r = rc == SQLITE_DONE ? -ENOENT : 0;
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
    char *copy = text ? strdup(text) : NULL;

    if (rc == SQLITE_ROW && !copy)
        r = -ENOMEM;
    sqlite3_reset(q);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        r = state_fail(s, rc);
    if (r == 0)
        *ret = copy;
    else
        free(copy);
    return r;
}

int state_mark(struct state *s, const char *source, char **ret)
{
    sqlite3_stmt *q = state_statement(s, GET_MARK);

    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    sqlite3_bind_text(q, 1, source, -1, SQLITE_TRANSIENT);
    return get_text(s, q, ret);
}

int state_evidence(struct state *s, const struct prefix *net, char **ret)
{
    sqlite3_stmt *q = state_statement(s, GET_EVIDENCE);

    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    row_bind_net(q, 1, net);
    return get_text(s, q, ret);
}

// The fifth field of a line, behind time, jail, class and origin.
static bool names_user(struct str lines, struct str user)
{
    while (lines.n > 0) {
        struct str line = str_cut(&lines, '\n');
        for (int i = 0; i < 4; i++)
            (void)str_cut(&line, '\t');
        if (str_eq(str_cut(&line, '\t'), user))
            return true;
    }
    return false;
}

int state_each_banned_user(struct state *s, const char *user, int (*fn)(void *userdata, const struct prefix *net), void *userdata)
{
    sqlite3_stmt *q = state_statement(s, EACH_EVIDENCE);
    struct prefix net;
    int rc, r = 0;

    if (!q)
        return state_fail(s, sqlite3_errcode(s->db));
    while (r == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        const char *lines = (const char *)sqlite3_column_text(q, 1);
        if (lines && row_net(q, 0, &net) && names_user(str_of(lines), str_of(user)))
            r = fn(userdata, &net);
    }
    sqlite3_reset(q);
    return r;
}

bool state_may_lack(struct state *s, usec_t now, usec_t horizon)
{
    char *mark = NULL;
    unsigned long long t = 0;

    if (s->fresh || s->problem[0])
        return true;
    bool lost = state_mark(s, STATE_LOST, &mark) == 0 && str_number(str_of(mark), INT64_MAX, &t) == 0;
    free(mark);
    return lost && (usec_t)t > now - horizon;
}

int state_verify(struct state *s)
{
    int r = state_sum_verify(s->db);

    return r == -EBADMSG ? state_fail(s, SQLITE_CORRUPT) : r;
}

void state_condemn(struct state *s)
{
    s->failed = s->damaged = true;
}

unsigned state_previous(struct state *s, const struct prefix *net, usec_t t, usec_t decay)
{
    sqlite3_stmt *q = state_statement(s, GET_HISTORY);
    unsigned previous = 0;

    if (!q)
        return 0;
    row_bind_net(q, 1, net);
    if (sqlite3_step(q) == SQLITE_ROW) {
        sqlite3_int64 times = sqlite3_column_int64(q, 0), ended = sqlite3_column_int64(q, 1), gone = 0;
        if (decay > 0 && row_is_time(ended) && t > ended)
            gone = (t - ended) / decay;
        if (times > gone)
            previous = times - gone > UINT32_MAX ? UINT32_MAX : (unsigned)(times - gone);
    }
    sqlite3_reset(q);
    return previous;
}

int state_repair(struct state *s, usec_t now, char note[static STATE_NOTE_MAX])
{
    bool damaged = s->damaged;
    sqlite3_stmt *q;

    note[0] = '\0';
    finalize(s);
    sqlite3_close(s->db);
    s->db = NULL;
    if (damaged && s->dir)
        state_file_set_aside(s->dir, "is damaged", now, note);
    int r = open_database(s, now, note);
    if (r < 0)
        return r;
    if (s->problem[0]) {
        s->failed = true; // in memory only: try again later
        return -EIO;
    }
    if (damaged)
        state_file_set_lost(s->db, now);
    r = state_begin(s, CLEAR_BANS, &q);
    return r == 0 ? state_run(s, CLEAR_BANS) : r;
}

void state_trim(struct state *s)
{
    sqlite3_db_release_memory(s->db);
}
