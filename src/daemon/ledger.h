// SPDX-License-Identifier: GPL-2.0-or-later
// What the service writes into its state and takes over from it. A state that cannot be written is said once and
// tried again; nobody waits for it.
#ifndef PB_DAEMON_LEDGER_H
#define PB_DAEMON_LEDGER_H

#include "daemon/service.h"

struct ledger;

int ledger_new(struct service *s, struct ledger **ret);
void ledger_free(struct ledger *l);

// Before the first record: the bans of before into the ban list, and the decisions of before in mind.
int ledger_restore(struct ledger *l);

// True when this outcome went into a decision of before the restart.
bool ledger_decided(const struct ledger *l, const char *jail, const struct outcome *o);

// Everything of before has been read again: those decisions are no longer needed.
void ledger_caught_up(struct ledger *l);

// All of these are in one transaction until ledger_commit(). decided: NULL for one by hand.
void ledger_put_ban(struct ledger *l, const struct ban *ban, const struct position *decided,
                    const struct evidence_item *lines, size_t n);
// The same with lines that stand ready: one a line, fields apart by tabs: time, jail, class, origin, user, text.
void ledger_put_ban_text(struct ledger *l, const struct ban *ban, const struct position *decided, const char *lines);
// The clock was set: the same ban, at other times.
void ledger_move_ban(struct ledger *l, const struct ban *ban);
// It could not be carried out: as if it had never been decided.
void ledger_withdraw(struct ledger *l, const struct ban *ban);
// Somebody logged in well.
// Somebody logged in well as an account.
void ledger_put_login(struct ledger *l, const struct logins_change *change);
void ledger_put_guest(struct ledger *l, const struct addr *a, usec_t when);

// reason: printable, "" for none; it is shown where evidence would be.
void ledger_put_ban_by_hand(struct ledger *l, const struct ban *ban, const char *reason);
void ledger_put_decision(struct ledger *l, const struct ban *ban, const struct position *decided, usec_t settled,
                         bool observe);
// Somebody was spared: what counted so far bans nobody after a restart.
void ledger_put_spared(struct ledger *l, const struct ban *would, const struct position *decided, usec_t settled);
void ledger_end_ban(struct ledger *l, const struct prefix *net);
// Ended by hand: what led to it counts for no jail any more.
void ledger_forgive(struct ledger *l, const struct prefix *net, usec_t now);
void ledger_commit(struct ledger *l);

// Where each source is to be read from after a restart; prunes now and then; commits.
void ledger_save_marks(struct ledger *l, usec_t now);

#endif
