// SPDX-License-Identifier: GPL-2.0-or-later
// From what happened to the fields of a journal entry, and to notify actions.
#include "daemon/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/tell.h"

enum { TEXT_MAX = 1024, NUMBER = 24 };

static const char *seconds(usec_t t, char buf[static NUMBER])
{
    if (t == USEC_FOREVER)
        return "forever";
    snprintf(buf, NUMBER, "%lld", (long long)(t / USEC_SEC));
    return buf;
}

void say_in_log(const struct service *s, const struct said *what, const char *text)
{
    char net[PREFIX_STRLEN], count[NUMBER], times[NUMBER], until[NUMBER], length[NUMBER];
    struct journal_field v[10];
    size_t n = 0;

    if (what->level > s->config->log_level)
        return;
    for (; n < 3; n++)
        v[n] = what->more[n];
    v[n++] = (struct journal_field){"PPTPBAN_USER", what->user && *what->user ? what->user : NULL};
    if (what->net)
        v[n++] = (struct journal_field){"PPTPBAN_ADDRESS", prefix_format(what->net, net)};
    if (what->ban) {
        const struct ban *b = what->ban;
        snprintf(count, sizeof(count), "%u", b->count);
        snprintf(times, sizeof(times), "%u", b->times);
        v[n++] = (struct journal_field){"PPTPBAN_JAIL", b->jail};
        v[n++] = (struct journal_field){"PPTPBAN_COUNT", count};
        v[n++] = (struct journal_field){"PPTPBAN_TIMES", times};
        v[n++] = (struct journal_field){"PPTPBAN_BANTIME", seconds(b->until == USEC_FOREVER ? b->until : b->until - b->since, length)};
        v[n++] = (struct journal_field){"PPTPBAN_UNTIL", seconds(b->until, until)};
    }
    journal_say(s->journal, what->level, what->kind, v, n, text);
}

void say_to_actions(const struct service *s, const struct said *what, const char *text)
{
    tell_event(s->tell, what->kind, what->net, what->ban, what->user ? what->user : "", text);
}

void say_news(const struct service *s, const struct said *what, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    say_in_log(s, what, text);
    say_to_actions(s, what, text);
}
