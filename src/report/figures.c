// SPDX-License-Identifier: GPL-2.0-or-later
// From the tables to figures: one query each, the buckets of time by the calendar of this machine's zone.
#include <errno.h>
#include <string.h>
#include <time.h>

#include "report/collect.h"

#define MINUTE (60 * USEC_SEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum { HOURLY_DAYS = 4 }; // up to so many days are shown by the hour

static const char indexes[] =
    "COMMIT;"
    "CREATE INDEX by_time ON attempts(kind,time);"
    "CREATE INDEX by_addr ON attempts(addr,time);"
    "CREATE INDEX by_user ON attempts(user,time);"
    "BEGIN";

static const char of_bans[] =
    "SELECT b.since, b.until,"
    " (SELECT min(time) FROM attempts a WHERE a.addr=b.net AND a.kind=0 AND a.time<=b.since AND a.time>=b.since-b.findtime"
    "   AND a.time>=coalesce((SELECT max(p.until) FROM bans p WHERE p.net=b.net AND p.len=128 AND p.jail=b.jail AND p.since<b.since),0)),"
    " (SELECT min(time) FROM attempts a WHERE a.addr=b.net AND a.kind=0 AND a.time>=b.until)"
    " FROM bans b WHERE b.len=128";

static int prepare(struct report *r, const char *sql, sqlite3_stmt **ret)
{
    return sqlite3_prepare_v2(r->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : -EIO;
}

static int one_number(struct report *r, const char *sql, uint64_t *ret)
{
    sqlite3_stmt *q;
    int e = prepare(r, sql, &q);

    if (e < 0)
        return e;
    e = sqlite3_step(q) == SQLITE_ROW ? 0 : -EIO;
    if (e == 0)
        *ret = (uint64_t)sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return e;
}

// An address or network by its 16 bytes, else text.
static void take_name(sqlite3_stmt *q, unsigned len4, unsigned len6, char ret[static REPORT_NAME_MAX])
{
    struct prefix p;
    char text[PREFIX_STRLEN];

    if (sqlite3_column_type(q, 0) != SQLITE_BLOB || sqlite3_column_bytes(q, 0) != sizeof(p.addr.b)) {
        const char *name = (const char *)sqlite3_column_text(q, 0);
        snprintf(ret, REPORT_NAME_MAX, "%s", name ? name : "");
        return;
    }
    memcpy(p.addr.b, sqlite3_column_blob(q, 0), sizeof(p.addr.b));
    p.len = (uint8_t)(addr_is_v4(&p.addr) ? 96 + len4 : len6);
    snprintf(ret, REPORT_NAME_MAX, "%s", prefix_format(&p, text));
}

struct query {
    const char *sql;
    unsigned len4, len6; // of networks
    char column[REPORT_ORDERS]; // by which it is sorted; 0: it has none
};

// Each gives name, country, failures, bans, others, first, last, successes, guessed.
static const struct query by_address = {
    "SELECT a.addr, d.country, count(*), (SELECT count(*) FROM bans b WHERE b.net=a.addr AND b.len=128),"
    " count(DISTINCT nullif(a.user,'')), min(a.time), max(a.time), 0, 0"
    " FROM attempts a JOIN addresses d ON d.addr=a.addr WHERE a.kind=0 GROUP BY a.addr",
    32, 128, {3, 1, 3, 4, 0, 5, 0, 7}};
static const struct query by_network = {
    "SELECT d.net, max(d.country), count(*),"
    " (SELECT count(*) FROM bans b JOIN addresses x ON x.addr=b.net WHERE b.len=128 AND x.net=d.net),"
    " count(DISTINCT a.addr) AS many, min(a.time), max(a.time), 0, 0"
    " FROM attempts a JOIN addresses d ON d.addr=a.addr WHERE a.kind=0 GROUP BY d.net HAVING many>1",
    REPORT_NET4, REPORT_NET6, {3, 1, 3, 4, 5, 0, 0, 7}};
static const struct query by_country = {
    "SELECT d.country, d.country, count(*),"
    " (SELECT count(*) FROM bans b JOIN addresses x ON x.addr=b.net WHERE b.len=128 AND x.country=d.country),"
    " count(DISTINCT a.addr), min(a.time), max(a.time), 0, 0"
    " FROM attempts a JOIN addresses d ON d.addr=a.addr WHERE a.kind=0 AND d.country<>'' GROUP BY d.country",
    32, 128, {3, 1, 3, 4, 5, 0, 0, 7}};
static const struct query by_account = {
    "SELECT a.user, '', count(*), 0, count(DISTINCT a.addr), min(a.time), max(a.time),"
    " (SELECT count(*) FROM attempts s WHERE s.user=a.user AND s.kind=1),"
    " (SELECT count(*) FROM attempts s WHERE s.user=a.user AND s.kind=1 AND"
    "   (SELECT count(*) FROM attempts f WHERE f.user=s.user AND f.kind=0 AND f.addr=s.addr AND f.time<=s.time)>=" "3" ")"
    " FROM attempts a WHERE a.kind<>1 AND a.user<>'' GROUP BY a.user",
    32, 128, {3, 1, 3, 0, 5, 0, 8, 7}};
_Static_assert(REPORT_GUESSES == 3, "by_account counts to three");

static const struct query by_jail = {
    "SELECT jail, '', 0, count(*), count(DISTINCT net), min(since), max(since), 0, 0"
    " FROM bans GROUP BY jail",
    32, 128, {4, 1, 0, 4, 5, 0, 0, 7}};

static const char name_column = 1, last_column = 7;

void report_sort(struct report *r, enum report_order by, bool reverse)
{
    r->by = by;
    r->reverse = reverse;
}

// What is equal in that column stays in the usual order.
static int prepare_list(struct report *r, const struct query *query, sqlite3_stmt **ret)
{
    int by = query->column[r->by] ? query->column[r->by] : query->column[REPORT_BY_MOST];
    bool down = (by != name_column && by != last_column) != r->reverse;
    char *sql = sqlite3_mprintf("SELECT * FROM (%s) ORDER BY %d %s, %d %s, %d", query->sql, by, down ? "DESC" : "ASC",
                                query->column[REPORT_BY_MOST], r->reverse ? "ASC" : "DESC", name_column);
    int e = sql ? prepare(r, sql, ret) : -ENOMEM;

    sqlite3_free(sql);
    return e;
}

static int list(struct report *r, const struct query *query, struct report_list *ret)
{
    sqlite3_stmt *q;
    int e = prepare_list(r, query, &q), step;

    if (e < 0)
        return e;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        if (ret->total++ >= REPORT_ROWS)
            continue;
        struct report_row *row = &ret->v[ret->n++];
        const char *country = (const char *)sqlite3_column_text(q, 1);
        take_name(q, query->len4, query->len6, row->name);
        snprintf(row->country, sizeof(row->country), "%s", country ? country : "");
        row->failures = (uint64_t)sqlite3_column_int64(q, 2);
        row->bans = (uint64_t)sqlite3_column_int64(q, 3);
        row->others = (uint64_t)sqlite3_column_int64(q, 4);
        row->first = sqlite3_column_int64(q, 5);
        row->last = sqlite3_column_int64(q, 6);
        row->successes = (uint64_t)sqlite3_column_int64(q, 7);
        row->guessed = (uint64_t)sqlite3_column_int64(q, 8);
    }
    sqlite3_finalize(q);
    return step == SQLITE_DONE ? 0 : -EIO;
}

// The start of the slot that holds t, or of the one behind it.
static usec_t slot_of(usec_t t, bool hourly, int behind)
{
    time_t s = (time_t)(t / USEC_SEC);
    struct tm tm;

    localtime_r(&s, &tm);
    if (hourly)
        return (usec_t)(s - tm.tm_min * 60 - tm.tm_sec + behind * 3600) * USEC_SEC;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_mday += behind;
    tm.tm_isdst = -1;
    return (usec_t)mktime(&tm) * USEC_SEC;
}

static void count_into(struct report_figures *f, usec_t t, int kind)
{
    size_t low = 0, high = f->n_slots;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(f->slots[middle].start <= t ? &low : &high) = middle;
    }
    struct report_slot *s = &f->slots[low];
    (*(kind == REPORT_SUCCESS ? &s->successes : kind < 0 ? &s->bans : &s->failures))++;
}

static int timeline(struct report *r, struct report_figures *f)
{
    sqlite3_stmt *q;
    int e, step;

    f->hourly = f->to - f->from <= HOURLY_DAYS * DAY;
    usec_t oldest = slot_of(f->to, f->hourly, f->hourly ? 0 : 1 - REPORT_SLOTS); // the newest slots, if they do not all fit
    for (usec_t t = slot_of(f->from > oldest || f->hourly ? f->from : oldest, f->hourly, 0);
         t <= f->to && f->n_slots < REPORT_SLOTS; t = slot_of(t, f->hourly, 1))
        f->slots[f->n_slots++].start = t;
    if ((e = prepare(r, "SELECT time,kind FROM attempts UNION ALL SELECT since,-1 FROM bans", &q)) < 0)
        return e;
    while ((step = sqlite3_step(q)) == SQLITE_ROW)
        if (f->n_slots && sqlite3_column_int64(q, 0) >= f->slots[0].start)
            count_into(f, sqlite3_column_int64(q, 0), sqlite3_column_int(q, 1));
    sqlite3_finalize(q);
    return step == SQLITE_DONE ? 0 : -EIO;
}

struct limit {
    usec_t below;
    const char *name;
};

static void count_bucket(const struct limit *limits, size_t n, usec_t t, struct report_bucket *buckets)
{
    for (size_t i = 0; i < n; i++)
        if (t < limits[i].below) {
            buckets[i].n++;
            return;
        }
}

static int buckets(struct report *r, struct report_figures *f)
{
    static const struct limit away[] = {{HOUR, "within an hour"}, {DAY, "within a day"}, {7 * DAY, "within a week"},
                                        {USEC_FOREVER, "later"}};
    static const struct limit fast[] = {{USEC_SEC, "under 1 s"}, {10 * USEC_SEC, "under 10 s"}, {MINUTE, "under 1 min"},
                                        {10 * MINUTE, "under 10 min"}, {HOUR, "under 1 h"}, {USEC_FOREVER, "longer"}};
    enum { N_AWAY = sizeof(away) / sizeof(away[0]), N_FAST = sizeof(fast) / sizeof(fast[0]) };
    sqlite3_stmt *q;
    int e = prepare(r, of_bans, &q), step;

    if (e < 0)
        return e;
    for (size_t i = 0; i < N_AWAY; i++)
        f->away[f->n_away++].name = away[i].name;
    f->away[f->n_away++].name = "not so far";
    for (size_t i = 0; i < N_FAST; i++)
        f->fast[f->n_fast++].name = fast[i].name;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        usec_t since = sqlite3_column_int64(q, 0), until = sqlite3_column_int64(q, 1);
        if (sqlite3_column_type(q, 2) != SQLITE_NULL)
            count_bucket(fast, N_FAST, since - sqlite3_column_int64(q, 2), f->fast);
        if (sqlite3_column_type(q, 3) != SQLITE_NULL)
            count_bucket(away, N_AWAY, sqlite3_column_int64(q, 3) - until, f->away);
        else if (until <= f->to) // the others could not come back yet
            f->away[N_AWAY].n++;
    }
    sqlite3_finalize(q);
    return step == SQLITE_DONE ? 0 : -EIO;
}

static int totals(struct report *r, struct report_figures *f)
{
    const struct {
        const char *sql;
        uint64_t *to;
    } all[] = {
        {"SELECT count(*) FROM attempts WHERE kind=0", &f->failures},
        {"SELECT count(*) FROM attempts WHERE kind=1", &f->successes},
        {"SELECT count(*) FROM attempts WHERE kind=2", &f->unattributed},
        {"SELECT count(*) FROM bans", &f->bans},
        {"SELECT count(DISTINCT addr) FROM attempts WHERE kind=0", &f->addresses},
        {"SELECT count(DISTINCT user) FROM attempts WHERE kind<>1 AND user<>''", &f->accounts},
        {"SELECT count(DISTINCT net) FROM addresses", &f->networks},
        {"SELECT coalesce(min(time),0) FROM attempts", (uint64_t *)&f->from},
        {"SELECT max(coalesce((SELECT max(time) FROM attempts),0), coalesce((SELECT max(since) FROM bans),0))", (uint64_t *)&f->to},
    };
    int e = 0;

    for (size_t i = 0; e == 0 && i < sizeof(all) / sizeof(all[0]); i++)
        e = one_number(r, all[i].sql, all[i].to);
    return e;
}

int report_work_out(struct report *r, struct report_figures *ret)
{
    struct report_figures *f = ret;

    memset(f, 0, sizeof(*f));
    if (r->failed || sqlite3_exec(r->db, indexes, NULL, NULL, NULL) != SQLITE_OK)
        return -EIO;
    f->has_countries = r->countries != NULL;
    if (totals(r, f) < 0 || list(r, &by_address, &f->by_address) < 0 || list(r, &by_network, &f->by_network) < 0 ||
        list(r, &by_account, &f->by_account) < 0 || list(r, &by_country, &f->by_country) < 0 ||
        list(r, &by_jail, &f->by_jail) < 0 || buckets(r, f) < 0)
        return -EIO;
    return f->to > 0 ? timeline(r, f) : 0;
}
