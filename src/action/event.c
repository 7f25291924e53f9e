// SPDX-License-Identifier: GPL-2.0-or-later
// Events from JSON and back.
#include "action/event.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

// Absent is "".
static bool take_text(const json_t *o, const char *key, char *ret, size_t max)
{
    const json_t *v = json_object_get(o, key);
    struct str s = {json_string_value(v), json_string_length(v)};
    bool harmless = true;
    uint32_t code;

    *ret = '\0';
    if (!v)
        return true;
    if (!json_is_string(v) || s.n > max)
        return false;
    memcpy(ret, s.p, s.n + 1);
    while (s.n > 0 && harmless)
        s = str_skip(s, text_step(s, &code, &harmless));
    return harmless;
}

// Seconds; absent is 0, null is for ever, where that makes sense.
static bool take_time(const json_t *o, const char *key, bool for_ever, usec_t *ret)
{
    const json_t *v = json_object_get(o, key);

    if (v && !(for_ever && json_is_null(v)) &&
        (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > USEC_FOREVER / USEC_SEC - 1))
        return false;
    *ret = json_is_null(v) ? USEC_FOREVER : json_integer_value(v) * USEC_SEC;
    return true;
}

static bool take_count(const json_t *o, uint32_t *ret)
{
    const json_t *v = json_object_get(o, "count");

    if (v && (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX))
        return false;
    *ret = (uint32_t)json_integer_value(v);
    return true;
}

static bool take_kind(const json_t *o, enum news_kind *ret)
{
    const char *name = json_string_value(json_object_get(o, "event"));

    return name && news_find(str_of(name), ret);
}

static bool take_net(const json_t *o, struct action_event *e)
{
    const json_t *v = json_object_get(o, "addr");

    e->has_net = v != NULL;
    return !v || (json_is_string(v) && prefix_parse(str_of(json_string_value(v)), &e->net) == 0);
}

int action_event_parse(const char *p, size_t n, struct action_event *ret)
{
    json_t *o = n <= EVENT_MAX ? json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    struct action_event e = {.count = 0};

    bool good = json_is_object(o) && take_kind(o, &e.kind) && take_time(o, "time", false, &e.time) &&
                take_time(o, "until", true, &e.until) && take_count(o, &e.count) && take_net(o, &e) && take_text(o, "jail", e.jail, EVENT_NAME_MAX) &&
                take_text(o, "user", e.user, EVENT_USER_MAX) && take_text(o, "text", e.text, EVENT_TEXT_MAX);
    json_decref(o);
    if (!good)
        return -EINVAL;
    *ret = e;
    return 0;
}

json_t *action_event_json(const struct action_event *e)
{
    char net[PREFIX_STRLEN];
    json_t *o = json_pack("{s:s,s:I}", "event", news_table[e->kind].name, "time", (json_int_t)(e->time / USEC_SEC));

    if (e->has_net)
        json_object_set_new(o, "addr", json_string(prefix_format(&e->net, net)));
    if (e->until)
        json_object_set_new(o, "until", e->until == USEC_FOREVER ? json_null() : json_integer(e->until / USEC_SEC));
    if (e->count)
        json_object_set_new(o, "count", json_integer(e->count));
    if (*e->jail)
        json_object_set_new(o, "jail", json_string(e->jail));
    if (*e->user)
        json_object_set_new(o, "user", json_string(e->user));
    if (*e->text)
        json_object_set_new(o, "text", json_string(e->text));
    return o;
}
