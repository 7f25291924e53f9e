// SPDX-License-Identifier: GPL-2.0-or-later
// What is remembered about changes, in root's own directories: the ruleset that was confirmed last, and the one that
// waits with what was there before. Talks to no kernel.
#ifndef PB_FIREWALL_PENDING_H
#define PB_FIREWALL_PENDING_H

#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "config/config.h"
#include "firewall/program.h"
#include "firewall/ruleset.h"

enum { FW_PATH_MAX = 1024 };

// Beside the service's directories, as those belong to a user who is not believed.
struct fw_places {
    char run[FW_PATH_MAX];   // /run/pptpban-firewall: gone with a reboot
    char state[FW_PATH_MAX]; // /var/lib/pptpban-firewall
    char guards[FW_PATH_MAX]; // /run/pptpban-enforcer: where the guards can be asked to be quiet
    int lock;                // of run/lock, or -1
};

// Makes the directories, which must be root's (the caller's) alone. With lock it waits up to five seconds for the
// lock, which goes with fw_places_close(). -EPERM, -EBUSY, -errno with *error.
int fw_places_open(const struct config *config, bool lock, struct fw_places *ret, struct fw_error *error);
void fw_places_close(struct fw_places *p);

// Paths of run and state, in order: the change that waits, what was there before it (the kernel's listing; or, where the
// kernel had just that, a ruleset), its ruleset, what is installed now; what is applied when the machine starts, and what
// is about to be; how the last change ended.
enum fw_file { FW_PENDING, FW_SNAPSHOT, FW_BEFORE, FW_CANDIDATE, FW_INSTALLED, FW_LAST_GOOD, FW_NEXT_GOOD, FW_OUTCOME, FW_FILES };
const char *fw_place(const struct fw_places *p, enum fw_file file, char buf[static FW_PATH_MAX]);

struct fw_before {  // a change: one of the two
    char *snapshot; // of fw_kernel.snapshot(), "" for nothing; NULL: the ruleset is it
    struct fw_ruleset ruleset;
};

struct fw_pending {
    enum fw_tool tool;
    char revision[FW_REVISION_LEN + 1];
    long long since;    // seconds since 1970
    long long deadline; // CLOCK_BOOTTIME, seconds: goes on while the machine sleeps
    char session[160];  // SSH_CONNECTION of whoever made the change; "" for none
};

// The change that waits. -ENOENT when none does; -EBADMSG: one does, but its file is damaged.
int fw_pending_read(const struct fw_places *p, struct fw_pending *ret);
int fw_pending_write(const struct fw_places *p, const struct fw_pending *pending, const struct fw_before *before,
                     const struct fw_ruleset *candidate);
// What was there before. Freed with fw_before_free.
int fw_pending_before(const struct fw_places *p, struct fw_before *ret);
void fw_before_free(struct fw_before *b);
// It waits no more: the file is emptied, which whoever has it open sees, and goes; outcome is one line about why: "confirmed", "rolled back: ...".
void fw_pending_clear(const struct fw_places *p, const char *outcome);

// Whoever confirms writes FW_NEXT_GOOD, ends the wait with the outcome "confirmed REVISION", and then makes it
// FW_LAST_GOOD. When it died before that, this does it; else nothing. The lock is held. 1: it did, 0, -errno.
int fw_pending_finish(const struct fw_places *p);

// The outcome of the last change, "" when none is known.
void fw_outcome(const struct fw_places *p, char buf[static 256]);

long long fw_boottime(void); // CLOCK_BOOTTIME in seconds

#endif
