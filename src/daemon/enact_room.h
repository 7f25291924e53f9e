// SPDX-License-Identifier: GPL-2.0-or-later
// Inside enact*.c: what becomes of verdicts, the clock under them, and what the enforcer asks.
#ifndef PB_DAEMON_ENACT_ROOM_H
#define PB_DAEMON_ENACT_ROOM_H

#include <systemd/sd-event.h>

#include "daemon/enact.h"
#include "daemon/ledger.h"
#include "daemon/service.h"

enum { ENACT_BATCH = 512 };

// A decision that the enforcer hears of before anybody else.
struct decided {
    struct ban ban;
    struct position position;
    usec_t settled;
    bool observe;
};

struct enact {
    struct service *s;
    struct enforce_entry batch[ENACT_BATCH];
    struct decided decided[ENACT_BATCH];
    size_t n_batch, n_decided;
    sd_event_source *soon, *marks, *expiry, *deadline;
    bool soon_set, marks_set, caught_up, reload_asked;
    struct ledger *ledger;
    uint64_t faulted;      // as counted when it was last said
    usec_t faults_said;
    uint64_t refused_by_bound;
    bool unbanned_unheard; // while the enforcer was away: only a whole list tells it
    usec_t settled;        // of the outcome at hand
    usec_t clock_from;     // bans since then are of this process; moves along with the clock
};

usec_t enact_now(const struct enact *a); // of the event that is being handled

struct enforce_entry enact_entry(const struct ban *ban);

// Writes down and says what was decided; the enforcer has it already.
void enact_record_decided(struct enact *a);

#endif
