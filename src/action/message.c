// SPDX-License-Identifier: GPL-2.0-or-later
// Messages as a title, as lines, as JSON.
#include "action/message.h"

const char *message_title(const struct message *m, char buf[static MESSAGE_TITLE_MAX])
{
    uint64_t others = m->n - 1 + m->more;
    int n = snprintf(buf, MESSAGE_TITLE_MAX, "%.80s: %s", m->host, m->v[0].text);

    if (others > 0 && n > 0 && n < MESSAGE_TITLE_MAX)
        snprintf(buf + n, (size_t)(MESSAGE_TITLE_MAX - n), ", and %llu more", (unsigned long long)others);
    return buf;
}

void message_print_text(const struct message *m, FILE *out)
{
    char when[TIME_STRLEN];

    for (size_t i = 0; i < m->n; i++)
        fprintf(out, "%s  %s\n", time_format(m->v[i].time, false, when), m->v[i].text);
    if (m->more)
        fprintf(out, "and %llu more\n", (unsigned long long)m->more);
}

char *message_json(const struct message *m)
{
    json_t *events = json_array();

    for (size_t i = 0; i < m->n; i++)
        json_array_append_new(events, action_event_json(&m->v[i]));
    json_t *o = json_pack("{s:i,s:s,s:s,s:o,s:I}", "version", 1, "host", m->host, "action", m->action->name, "events", events,
                          "more", (json_int_t)m->more);
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return text;
}
