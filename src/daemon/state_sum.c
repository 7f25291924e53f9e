// SPDX-License-Identifier: GPL-2.0-or-later
// Sums of rows by FNV-1a of 64 bits over the type and the content of each column.
#include "daemon/state_sum.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static uint64_t add(uint64_t sum, const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++)
        sum = (sum ^ b[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static void row_sum(sqlite3_context *context, int n, sqlite3_value **columns)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (int i = 0; i < n; i++) {
        int type = sqlite3_value_type(columns[i]);
        sum = add(sum, &type, sizeof(type));
        if (type == SQLITE_INTEGER) {
            sqlite3_int64 v = sqlite3_value_int64(columns[i]);
            sum = add(sum, &v, sizeof(v));
        } else if (type != SQLITE_NULL) {
            const void *p = sqlite3_value_blob(columns[i]); // before its size is asked for
            int size = sqlite3_value_bytes(columns[i]);
            sum = add(add(sum, &size, sizeof(size)), p, p ? (size_t)size : 0);
        }
    }
    sqlite3_result_int64(context, (sqlite3_int64)sum);
}

int state_sum_register(sqlite3 *db)
{
    return sqlite3_create_function(db, "row_sum", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, row_sum, NULL, NULL);
}

// Whether the only row that it gives begins with the text that stands for no damage.
static int says(sqlite3 *db, const char *sql, const char *fine)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
    int r = text && strcmp(text, fine) == 0 ? 0 : rc == SQLITE_NOMEM ? -ENOMEM : -EBADMSG;
    sqlite3_finalize(q);
    return r;
}

int state_sum_verify(sqlite3 *db)
{
    static const struct {
        const char *sql, *fine;
    } checks[] = {
        // what a page no longer names, SQLite does not miss
        {"PRAGMA quick_check(bans)", "ok"},
        {"PRAGMA quick_check(decisions)", "ok"},
        {"PRAGMA quick_check(history)", "ok"},
        {"PRAGMA quick_check(marks)", "ok"},
        {"SELECT count(*) FROM bans WHERE sum<>row_sum(net,jail,since,until,count,times,file,offset)", "0"},
        {"SELECT count(*) FROM decisions WHERE sum<>row_sum(net,jail,settled,file,offset,since,until,observe)", "0"},
        {"SELECT count(*) FROM history WHERE sum<>row_sum(net,times,ended)", "0"},
        {"SELECT count(*) FROM marks WHERE sum<>row_sum(source,mark)", "0"},
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
        r = says(db, checks[i].sql, checks[i].fine);
    return r;
}
