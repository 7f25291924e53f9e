// SPDX-License-Identifier: GPL-2.0-or-later
// sessions, as the service answers it: a line for each who is logged in, with what the log told of him and nothing else.
// What the kernel knows of interfaces and traffic is for whoever asks to add; this process sees little of it.
#include "daemon/answers_room.h"
#include "base/text.h"

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

static bool next_session(const struct service *s, struct answer_place *place, json_t **ret)
{
    struct session_view v;
    bool here;

    if (!engine_session(s->engine, &place->session, &v, &here))
        return false;
    *ret = json_pack("{s:o,s:o,s:s,s:o,s:b,s:o,s:f,s:I,s:o,s:o,s:o}", "account", account_or_null(v.user), "addr",
                     address_or_null(v.has_addr, &v.addr), "origin", v.has_addr ? origin_names[v.origin] : "", "host",
                     answer_text(v.host), "here", here, "pid", v.pid ? json_integer(v.pid) : json_null(), "begin",
                     (double)v.begin / (double)USEC_SEC, "since", (json_int_t)(v.login / USEC_SEC), "interface",
                     *v.interface ? answer_text(str_of(v.interface)) : json_null(), "inner",
                     address_or_null(v.has_inner, &v.inner), "jails",
                     answer_jails(s->config, engine_jails(s->engine, place->session.filter)));
    return true;
}

void answer_sessions(struct service *s, struct control_client client)
{
    answer_rows(s, client, next_session);
}
