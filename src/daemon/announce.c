// SPDX-License-Identifier: GPL-2.0-or-later
// One line a ban.
#include "daemon/announce.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon/say.h"

static const char *const verbs[] = {
    [ANNOUNCE_BAN] = "ban",
    [ANNOUNCE_OBSERVED] = "would ban",
    [ANNOUNCE_LATE] = "would have banned",
    [ANNOUNCE_BY_HAND] = "ban",
};

const char *announce_text(const struct ban *ban, enum announce_kind kind, const struct evidence_item *lines, size_t n,
                          char buf[static ANNOUNCE_TEXT_MAX])
{
    char net[PREFIX_STRLEN], length[DURATION_STRLEN], span[DURATION_STRLEN], user[128], more[192] = "", times[32] = "";
    char rule[REASON_STRLEN];
    size_t own = 0;
    usec_t oldest = ban->since;

    for (size_t i = 0; i < n && own < ban->count; i++) { // newest first
        if (!str_eq(lines[i].jail, str_of(ban->jail)))
            continue;
        oldest = lines[i].time < oldest ? lines[i].time : oldest;
        if (own++ == 0 && lines[i].user.n > 0) {
            text_show(lines[i].user, TEXT_QUOTED, user, sizeof(user));
            snprintf(more, sizeof(more), ", last user \"%s\"", user);
        }
    }
    if (ban->times > 1)
        snprintf(times, sizeof(times), ", ban number %u", ban->times);
    prefix_format(&ban->net, net);
    duration_format(ban->until == USEC_FOREVER ? USEC_FOREVER : (ban->until - ban->since) / USEC_SEC * USEC_SEC, length);
    if (kind == ANNOUNCE_BY_HAND)
        snprintf(buf, ANNOUNCE_TEXT_MAX, "ban %s for %s by hand (%s)", net, length, ban->jail);
    else
        snprintf(buf, ANNOUNCE_TEXT_MAX, "%s %s for %s by %s: %u failure%s in %s%s%s%s", verbs[kind], net, length,
                 ban->jail, ban->count, ban->count == 1 ? "" : "s",
                 duration_format((ban->since - oldest) / USEC_SEC * USEC_SEC, span), threshold_remark(&ban->reason, rule), times, more);
    return buf;
}

// Whoever looks on may stop reading; that must not stop us.
static void show(const char *text)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    char line[ANNOUNCE_TEXT_MAX + TIME_STRLEN + 4], when[TIME_STRLEN];

    int n = snprintf(line, sizeof(line), "%s  %s\n", time_format(clock_realtime(), false, when), text);
    if (n > 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLOUT)) {
        ssize_t written = write(STDOUT_FILENO, line, (size_t)n);
        (void)written;
    }
}

static void tell_all(const struct service *s, const struct ban *ban, enum announce_kind kind, const char *user, const char *text)
{
    struct said what = {.kind = kind == ANNOUNCE_OBSERVED ? NEWS_WOULD_BAN : NEWS_BAN, .level = LOG_NOTICE, .net = &ban->net,
                        .ban = ban, .user = user};

    if (kind != ANNOUNCE_LATE)
        say_to_actions(s, &what, text);
    if (kind == ANNOUNCE_LATE)
        log_info("%s; that time is over", text);
    else if (s->options->show_bans)
        show(text); // whoever wants to see them here has the log on the same terminal
    else
        say_in_log(s, &what, text);
}

void announce_ban(const struct service *s, const struct ban *ban, enum announce_kind kind,
                  const struct evidence_item *lines, size_t n, const char *remark)
{
    char text[ANNOUNCE_TEXT_MAX], user[128] = "";

    announce_text(ban, kind, lines, n, text);
    size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, "%s", remark);
    for (size_t i = 0; i < n && !*user; i++) // newest first
        if (str_eq(lines[i].jail, str_of(ban->jail)))
            text_show(lines[i].user, 0, user, sizeof(user));
    tell_all(s, ban, kind, user, text);
}

void announce_network(const struct service *s, const struct ban *ban, enum announce_kind kind, const struct network *n)
{
    char text[ANNOUNCE_TEXT_MAX], net[PREFIX_STRLEN], length[DURATION_STRLEN], span[DURATION_STRLEN], who[PREFIX_STRLEN];
    usec_t oldest = ban->since;
    int used;

    for (unsigned i = 0; n && i < n->n; i++)
        oldest = n->from[i].when < oldest ? n->from[i].when : oldest;
    used = snprintf(text, sizeof(text), "%s %s for %s by %s: %u of its addresses were banned in %s:", verbs[kind],
                    prefix_format(&ban->net, net),
                    duration_format(ban->until == USEC_FOREVER ? USEC_FOREVER : (ban->until - ban->since) / USEC_SEC * USEC_SEC, length),
                    ban->jail, ban->count, duration_format((ban->since - oldest) / USEC_SEC * USEC_SEC, span));
    for (unsigned i = 0; n && i < n->n && (size_t)used < sizeof(text) - PREFIX_STRLEN - 8; i++)
        used += snprintf(text + used, sizeof(text) - (size_t)used, " %s", prefix_format(&n->from[i].who, who));
    tell_all(s, ban, kind, "", text);
}

void announce_unban(const struct service *s, const struct ban *ban, const char *why, int level)
{
    char text[ANNOUNCE_TEXT_MAX], net[PREFIX_STRLEN];

    struct said what = {.kind = NEWS_UNBAN, .level = level, .net = &ban->net, .ban = ban};
    snprintf(text, sizeof(text), "unban %s (%s): %s", prefix_format(&ban->net, net), ban->jail, why);
    say_to_actions(s, &what, text);
    if (s->options->show_bans)
        show(text);
    else
        say_in_log(s, &what, text);
}
