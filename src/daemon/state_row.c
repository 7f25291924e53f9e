// SPDX-License-Identifier: GPL-2.0-or-later
// What a row of the state may hold.
#include "daemon/state_row.h"

#include <ctype.h>
#include <string.h>

enum { NET_BYTES = sizeof(struct addr) + 1 };

static void net_pack(const struct prefix *net, uint8_t out[static NET_BYTES])
{
    memcpy(out, net->addr.b, sizeof(net->addr.b));
    out[NET_BYTES - 1] = net->len;
}

bool row_net(sqlite3_stmt *q, int column, struct prefix *ret)
{
    const uint8_t *b = sqlite3_column_blob(q, column);
    struct prefix p;

    if (!b || sqlite3_column_bytes(q, column) != NET_BYTES || b[NET_BYTES - 1] > 128)
        return false;
    memcpy(p.addr.b, b, sizeof(p.addr.b));
    p.len = b[NET_BYTES - 1];
    struct prefix canonical = prefix_of(&p.addr, p.len);
    bool of_both = addr_is_v4(&p.addr) && p.len < 96;
    if (!prefix_eq(&canonical, &p) || p.len == 0 || of_both)
        return false;
    *ret = p;
    return true;
}

bool row_name(sqlite3_stmt *q, int column, char ret[static JAIL_NAME_MAX + 1])
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    size_t n = text ? strlen(text) : 0;

    if (!text || n > JAIL_NAME_MAX || n != (size_t)sqlite3_column_bytes(q, column))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
            return false;
    memcpy(ret, text, n + 1);
    return true;
}

bool row_is_time(usec_t t)
{
    return t >= 0 && t < INT64_C(1) << 55;
}

void row_bind_net(sqlite3_stmt *q, int index, const struct prefix *net)
{
    uint8_t packed[NET_BYTES];

    net_pack(net, packed);
    sqlite3_bind_blob(q, index, packed, NET_BYTES, SQLITE_TRANSIENT);
}

void row_bind_position(sqlite3_stmt *q, int index, const struct position *p)
{
    sqlite3_bind_blob(q, index, p->file, sizeof(p->file), SQLITE_STATIC);
    sqlite3_bind_int64(q, index + 1, (sqlite3_int64)p->offset);
}
