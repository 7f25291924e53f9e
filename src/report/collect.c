// SPDX-License-Identifier: GPL-2.0-or-later
// What is told goes into three tables: attempts, bans, and what is known of each address.
#include "report/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;"
    "CREATE TABLE attempts(file BLOB, offset INTEGER, time INTEGER, kind INTEGER, addr BLOB, user TEXT,"
    " PRIMARY KEY(file,offset)) WITHOUT ROWID;"
    "CREATE TABLE addresses(addr BLOB PRIMARY KEY, net BLOB, country TEXT) WITHOUT ROWID;"
    "CREATE TABLE bans(net BLOB, len INTEGER, since INTEGER, until INTEGER, findtime INTEGER, jail TEXT,"
    " PRIMARY KEY(net,len,since,jail)) WITHOUT ROWID;"
    "BEGIN";

static const char *const inserts[REPORT_INSERTS] = {
    [INSERT_ATTEMPT] = "INSERT OR IGNORE INTO attempts VALUES(?1,?2,?3,?4,?5,?6)",
    [INSERT_ADDRESS] = "INSERT OR IGNORE INTO addresses VALUES(?1,?2,?3)",
    [INSERT_BAN] = "INSERT OR IGNORE INTO bans VALUES(?1,?2,?3,?4,?5,?6)",
};

int report_new(usec_t since, const char *countries, struct report **ret, char error[static REPORT_ERROR_MAX])
{
    struct report *r = calloc(1, sizeof(*r));

    *error = '\0';
    if (!r)
        return -ENOMEM;
    r->since = since;
    int opened = countries ? country_open(countries, &r->countries, error) : 0;
    if (opened < 0) {
        free(r);
        return opened;
    }
    // "": a temporary file that is gone with the connection
    bool good = sqlite3_open("", &r->db) == SQLITE_OK && sqlite3_exec(r->db, schema, NULL, NULL, NULL) == SQLITE_OK;
    for (size_t i = 0; good && i < REPORT_INSERTS; i++)
        good = sqlite3_prepare_v2(r->db, inserts[i], -1, &r->inserts[i], NULL) == SQLITE_OK;
    if (!good) {
        snprintf(error, REPORT_ERROR_MAX, "a temporary database cannot be made: %s", r->db ? sqlite3_errmsg(r->db) : "out of memory");
        report_free(r);
        return -EIO;
    }
    *ret = r;
    return 0;
}

void report_free(struct report *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < REPORT_INSERTS; i++)
        sqlite3_finalize(r->inserts[i]);
    sqlite3_close(r->db);
    country_close(r->countries);
    free(r);
}

static void run(struct report *r, sqlite3_stmt *q)
{
    r->failed |= sqlite3_step(q) != SQLITE_DONE;
    sqlite3_reset(q);
}

static void add_address(struct report *r, const struct addr *a)
{
    sqlite3_stmt *q = r->inserts[INSERT_ADDRESS];
    struct prefix net = prefix_of(a, addr_is_v4(a) ? REPORT_NET4 + 96 : REPORT_NET6);
    char country[COUNTRY_CODE];

    country_of(r->countries, a, country);
    sqlite3_bind_blob(q, 1, a->b, sizeof(a->b), SQLITE_STATIC);
    sqlite3_bind_blob(q, 2, net.addr.b, sizeof(net.addr.b), SQLITE_STATIC);
    sqlite3_bind_text(q, 3, country, -1, SQLITE_STATIC);
    run(r, q);
}

void report_add_attempt(struct report *r, const struct report_attempt *a)
{
    sqlite3_stmt *q = r->inserts[INSERT_ATTEMPT];

    if (a->time < r->since)
        return;
    sqlite3_bind_blob(q, 1, a->file, sizeof(a->file), SQLITE_STATIC);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)a->offset);
    sqlite3_bind_int64(q, 3, a->time);
    sqlite3_bind_int(q, 4, a->kind);
    if (a->has_addr)
        sqlite3_bind_blob(q, 5, a->addr.b, sizeof(a->addr.b), SQLITE_STATIC);
    else
        sqlite3_bind_null(q, 5);
    sqlite3_bind_text(q, 6, a->user, -1, SQLITE_STATIC);
    run(r, q);
    if (a->has_addr && sqlite3_changes(r->db) > 0)
        add_address(r, &a->addr);
}

void report_add_ban(struct report *r, const struct report_ban *b)
{
    sqlite3_stmt *q = r->inserts[INSERT_BAN];

    if (b->since < r->since)
        return;
    sqlite3_bind_blob(q, 1, b->net.addr.b, sizeof(b->net.addr.b), SQLITE_STATIC);
    sqlite3_bind_int(q, 2, b->net.len);
    sqlite3_bind_int64(q, 3, b->since);
    sqlite3_bind_int64(q, 4, b->until);
    sqlite3_bind_int64(q, 5, b->findtime);
    sqlite3_bind_text(q, 6, b->jail, -1, SQLITE_STATIC);
    run(r, q);
    if (b->net.len == 128)
        add_address(r, &b->net.addr);
}
