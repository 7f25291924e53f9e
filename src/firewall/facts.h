// SPDX-License-Identifier: GPL-2.0-or-later
// Gathers what a model needs besides [firewall]: the allowlist of all jails, windows of time, networks of countries,
// and whether the kernel has the PPTP helper. Changes nothing.
#ifndef PB_FIREWALL_FACTS_H
#define PB_FIREWALL_FACTS_H

#include <time.h>

#include "config/config.h"
#include "firewall/model.h"
#include "firewall/program.h"

struct fw_gathered {
    struct fw_facts facts; // views of what is below
    struct fw_windows windows;
    struct fw_networks allowlist, countries;
};

// 0, or -errno with *error saying what could not be had (an unknown zone, no database). Freed with fw_facts_free.
int fw_facts_gather(const struct config *config, time_t now, struct fw_gathered *ret, struct fw_error *error);
void fw_facts_free(struct fw_gathered *g);

// Whether the kernel has the PPTP connection tracking helper, or a module of it.
bool fw_helper_available(void);

#endif
