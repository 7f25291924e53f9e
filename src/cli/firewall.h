// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs of pptpban firewall, and what they share: arguments, configuration, namespace, state and the plan.
#ifndef PB_CLI_FIREWALL_H
#define PB_CLI_FIREWALL_H

#include "cli/args.h"
#include "config/config.h"
#include "firewall/change.h"
#include "firewall/frame.h"

struct firewall {
    struct args args;
    struct config *config;
    usec_t confirm; // of --confirm, else of the configuration
    struct fw_places places;
    bool locked;
    char frame[FW_FRAME_LEN + 1]; // of the plan
};

// Reads the arguments of the verb argv[0] ("firewall plan") and the configuration; for verbs that need no root. False:
// *ret_exit is the exit code, all is said and nothing is left to end.
bool firewall_configure(int argc, char **argv, struct firewall *ret, int *ret_exit);

// Does that, enters the network namespace and opens the state directories, with the lock if wanted. False as above.
bool firewall_begin(int argc, char **argv, bool lock, struct firewall *ret, int *ret_exit);

// With the lock, and a change whose time is over is taken back first.
bool firewall_begin_change(int argc, char **argv, struct firewall *ret, int *ret_exit);
void firewall_end(struct firewall *f);

bool firewall_lock(struct firewall *f); // false: said why
void firewall_unlock(struct firewall *f);

// What the configuration says against what the machine has. False: said why.
bool firewall_make_plan(struct firewall *f, struct fw_plan *ret);

// So that firewall refresh knows later what of this plan people have decided.
int firewall_remember(const struct firewall *f, const struct fw_plan *p, struct fw_error *error);

// The rows of "pptpban firewall" in the table of verbs.
int firewall_show(int argc, char **argv);
int firewall_plan(int argc, char **argv);
int firewall_check(int argc, char **argv);
int firewall_apply(int argc, char **argv);
int firewall_confirm(int argc, char **argv);
int firewall_rollback(int argc, char **argv);
int firewall_status(int argc, char **argv);
int firewall_override(int argc, char **argv);
int firewall_restore(int argc, char **argv);
int firewall_refresh(int argc, char **argv);
int firewall_remove(int argc, char **argv);
int firewall_countries(int argc, char **argv);

#endif
