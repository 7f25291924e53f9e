// SPDX-License-Identifier: GPL-2.0-or-later
// Changing the base ruleset: plan it, apply it with a way back, confirm it. Prints nothing; what it did is in the state
// directories and in its results.
#ifndef PB_FIREWALL_CHANGE_H
#define PB_FIREWALL_CHANGE_H

#include "firewall/judge.h"
#include "firewall/kernel.h"
#include "firewall/peers.h"
#include "firewall/pending.h"

struct fw_plan {
    struct fw_ruleset wanted;    // what the configuration says
    struct fw_ruleset installed; // what was applied last, as far as a file tells (revision "" : none)
    char revision[FW_REVISION_LEN + 1]; // what the kernel has; "" : nothing of ours
    char missing[64];  // a rule that was taken out of it by somebody else; "" : it is whole
    bool both_kinds;   // iptables-legacy and nftables rules are both there
    bool has_session;
    struct fw_session session;
    struct fw_rule cut; // the rule that would cut new connections of that session; id NULL: none
};

// Looks at the machine and works out what would be done. Changes nothing. 0, -EEXIST: somebody else has a table of our
// name, or our ruleset stands in another tool, or -errno; with *error. Freed with fw_plan_free.
int fw_plan_make(const struct firewall_config *config, const struct fw_model *model, const struct fw_places *places,
                 struct fw_plan *ret, struct fw_error *error);
void fw_plan_free(struct fw_plan *p);

// True when the kernel has what is wanted.
bool fw_plan_is_done(const struct fw_plan *p);

// Applies the plan; the lock is held and no change waits. confirm: seconds until it is taken back unless confirmed (the guard is armed
// before anything changes); 0: it stays, and is what the next start of the machine applies. What failed on the way is
// taken back at once, and by the guard when this process does not live to see its end. 0, or -errno with *error.
int fw_apply(const struct fw_plan *plan, const struct fw_places *places, long long confirm, const struct config *config,
             struct fw_error *error);

// Confirms the change that waits; the lock is held. session: SSH_CONNECTION of whoever does, "" for none. 0, -ENOENT:
// none waits, -EALREADY: it is the session that made the change, which proves nothing about new connections (any_session
// lets it pass), or -errno with *error.
int fw_confirm(const struct fw_places *places, const char *session, bool any_session, struct fw_error *error);

// Applies what was confirmed last, as the machine starts, or after somebody else's flush; the lock is held. 1: it stands
// already, 0, -ENOENT: nothing was ever confirmed, -errno with *error.
int fw_restore_last_good(const struct fw_places *places, struct fw_error *error);

// Takes our ruleset out; the lock is held, and with it goes what the next start would apply. -EEXIST: a table of our name
// is not ours.
int fw_remove(const struct fw_places *places, enum fw_tool tool, struct fw_error *error);

#endif
