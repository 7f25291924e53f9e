// SPDX-License-Identifier: GPL-2.0-or-later
// Listens to the kernel's announcements of nf_tables changes and tells those that touch our table or take
// something of the base ruleset out, and who made them. Repairs nothing itself.
#ifndef PB_ENFORCE_GUARD_H
#define PB_ENFORCE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

struct guard_culprit {
    uint32_t pid; // 0: unknown
    char program[32];
};

struct guard_news {
    bool hook;     // our table, chain, rule or set was changed by somebody else
    bool elements; // so were a set's elements
    bool missed;   // some announcements were lost: anything may have happened
    bool ruleset;  // rules, chains or sets of the base ruleset were taken out, by whatever is not called pptpban
    struct guard_culprit who, ruleset_who;
};

struct guard {
    struct mnl_socket *nl;
    bool hook, elements, ruleset; // of a transaction whose end, which names the program, has not come yet
};

int guard_open(struct guard *ret);

// Stops listening, and forgets what it has heard; listens again. -errno.
int guard_leave(struct guard *g);
int guard_join(struct guard *g);

enum { GUARD_PORTS = 2 };

// Reads all announcements; own_ports are the netlink ports of our own changes, which are no news.
void guard_read(struct guard *g, const uint32_t own_ports[GUARD_PORTS], const char *table, struct guard_news *ret);

#endif
