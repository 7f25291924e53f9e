// SPDX-License-Identifier: GPL-2.0-or-later
// An answer of many rows: a line that says that they come, one for each, and a line at the end.
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers_room.h"

struct rows {
    const struct service *s;
    answer_row next;
    struct answer_place place;
    bool begun, ended;
};

static size_t next_line(void *userdata, char buf[static CONTROL_LINE_MAX])
{
    struct rows *rows = userdata;
    json_t *row;

    if (!rows->begun) {
        rows->begun = true;
        return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"ok\":true}\n");
    }
    while (rows->next(rows->s, &rows->place, &row)) {
        size_t n = row ? json_dumpb(row, buf, CONTROL_LINE_MAX - 1, JSON_COMPACT) : 0;
        json_decref(row);
        if (n == 0 || n >= CONTROL_LINE_MAX)
            continue; // without memory; lines are never longer
        buf[n] = '\n';
        return n + 1;
    }
    if (rows->ended)
        return 0;
    rows->ended = true;
    return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"end\":true}\n");
}

void answer_rows(struct service *s, struct control_client client, answer_row next)
{
    struct rows *rows = calloc(1, sizeof(*rows));

    if (!rows) {
        control_fail(s->control, client, ANSWER_FAILED, "out of memory");
        return;
    }
    *rows = (struct rows){.s = s, .next = next};
    control_stream(s->control, client, next_line, free, rows);
}

json_t *answer_jails(const struct config *c, uint64_t jails)
{
    json_t *names = json_array();

    for (size_t k = 0; k < c->n_jails && k < CONFIG_JAILS_MAX; k++)
        if (jails >> k & 1)
            json_array_append_new(names, json_string(c->jails[k].name));
    return names;
}
