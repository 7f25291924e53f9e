// SPDX-License-Identifier: GPL-2.0-or-later
// sessions, as the service answers it: a line for each who is logged in, with what the log told of him and nothing else.
// What the kernel knows of interfaces and traffic is for whoever asks to add; this process sees little of it.
#include <stdlib.h>

#include "daemon/answers_room.h"
#include "base/text.h"

struct walk {
    const struct service *s;
    struct engine_place place;
    bool begun, ended;
};

static json_t *address_or_null(bool known, const struct addr *a)
{
    char text[ADDR_STRLEN];

    return known ? json_string(addr_format(a, text)) : json_null();
}

// Longer ones are cut, so that a line has room for all of them.
static json_t *account_or_null(struct str user)
{
    char text[REQUEST_USER_MAX + 1];

    if (user.n == 0)
        return json_null();
    text_show(user, 0, text, sizeof(text));
    return json_string(text);
}

static json_t *session_object(const struct session_view *v, bool here)
{
    return json_pack("{s:o,s:o,s:s,s:o,s:b,s:o,s:f,s:I,s:o,s:o}", "account", account_or_null(v->user),
                     "addr", address_or_null(v->has_addr, &v->addr), "origin", v->has_addr ? origin_names[v->origin] : "",
                     "host", answer_text(v->host), "here", here, "pid", v->pid ? json_integer(v->pid) : json_null(), "begin",
                     (double)v->begin / (double)USEC_SEC, "since", (json_int_t)(v->login / USEC_SEC), "interface",
                     *v->interface ? answer_text(str_of(v->interface)) : json_null(), "inner",
                     address_or_null(v->has_inner, &v->inner));
}

static size_t walk_next(void *userdata, char buf[static CONTROL_LINE_MAX])
{
    struct walk *w = userdata;
    struct session_view v;
    bool here;

    if (!w->begun) {
        w->begun = true;
        return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"ok\":true}\n");
    }
    while (engine_session(w->s->engine, &w->place, &v, &here)) {
        json_t *o = session_object(&v, here);
        size_t n = o ? json_dumpb(o, buf, CONTROL_LINE_MAX - 1, JSON_COMPACT) : 0;
        json_decref(o);
        if (n == 0 || n >= CONTROL_LINE_MAX)
            continue; // without memory; lines are never longer
        buf[n] = '\n';
        return n + 1;
    }
    if (w->ended)
        return 0;
    w->ended = true;
    return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"end\":true}\n");
}

void answer_sessions(struct service *s, struct control_client client)
{
    struct walk *w = calloc(1, sizeof(*w));

    if (!w) {
        control_fail(s->control, client, ANSWER_FAILED, "out of memory");
        return;
    }
    w->s = s;
    control_stream(s->control, client, walk_next, free, w);
}
