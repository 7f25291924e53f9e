// SPDX-License-Identifier: GPL-2.0-or-later
// Says in the log, or with --show-bans on standard output, and to pptpban-notify, who was banned and why, and who no
// longer is.
#ifndef PB_DAEMON_ANNOUNCE_H
#define PB_DAEMON_ANNOUNCE_H

#include "daemon/service.h"

enum announce_kind {
    ANNOUNCE_BAN,
    ANNOUNCE_OBSERVED, // would be banned, but the jail or the service only observes
    ANNOUNCE_LATE,     // the line was read late: the ban would be over by now
    ANNOUNCE_BY_HAND,
};

// Evidence lines kept for a ban.
enum { ANNOUNCE_EVIDENCE_MAX = 10, ANNOUNCE_TEXT_MAX = 512 };

// The text of the announcement: "ban 203.0.113.5 for 1h by pptpd: 5 failures in 4m, last user "alice"". Returns buf.
const char *announce_text(const struct ban *ban, enum announce_kind kind, const struct evidence_item *lines, size_t n,
                          char buf[static ANNOUNCE_TEXT_MAX]);

// remark: behind the text, "" for none.
void announce_ban(const struct service *s, const struct ban *ban, enum announce_kind kind,
                  const struct evidence_item *lines, size_t n, const char *remark);

// A network that is banned as a whole; n: what led to it, NULL when that is not known.
void announce_network(const struct service *s, const struct ban *ban, enum announce_kind kind, const struct network *n);

// why: "its time is over", "by hand".
void announce_unban(const struct service *s, const struct ban *ban, const char *why, int level);

#endif
