// SPDX-License-Identifier: GPL-2.0-or-later
// Says what happened, once in the log, with its fields where that is the journal, and once to pptpban-notify.
#ifndef PB_DAEMON_SAY_H
#define PB_DAEMON_SAY_H

#include "base/journal.h"
#include "base/log.h"
#include "base/news.h"
#include "daemon/service.h"

struct said {
    enum news_kind kind;
    int level;                // LOG_...; what the configured level leaves out of the log is told all the same
    const struct prefix *net; // whom it is about; NULL: nobody
    const struct ban *ban;    // which ban; NULL: none
    const char *user;         // fit to be shown; NULL: unknown
    struct journal_field more[3]; // of the kind's own, such as PPTPBAN_SOURCE
};

void say_in_log(const struct service *s, const struct said *what, const char *text);
void say_to_actions(const struct service *s, const struct said *what, const char *text);

// Both.
void say_news(const struct service *s, const struct said *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
