// SPDX-License-Identifier: GPL-2.0-or-later
// Who is connected: what the service linked together from the logs, joined with what this machine's kernel and /proc tell.
// What neither tells stays unknown (null); nothing is guessed. For sessions and kick.
#ifndef PB_CLI_CONNECTED_H
#define PB_CLI_CONNECTED_H

#include <jansson.h>

#include "cli/args.h"
#include "host/pppd.h"

struct connected_flow { // of GRE, with one address, both ways
    struct addr outer;
    bool has_bytes;
    uint64_t in, out; // in: from there
};

// What this machine tells; a test makes its own.
struct connected_facts {
    struct host_pppd *pppds;
    struct host_interface *interfaces;
    struct connected_flow *flows;
    size_t n_pppds, n_interfaces, n_flows;
    bool sees_processes, sees_interfaces; // else there may be more
};

// netns: the name of the network namespace that the service is for, "" for this one; entered for good, when allowed.
void connected_look(const char *netns, struct connected_facts *ret);
void connected_forget(struct connected_facts *f);

// Turns the service's rows into those that are to be shown, in place; frees what is over, adds tunnels that no log told of
// (*rows grows). Each row has, null where unknown: account, addr, inner, interface, since, in, out (bytes), counted
// ("interface" or "flow"), pid, host (of another machine), begin. -ENOMEM.
int connected_join(const struct connected_facts *f, json_t ***rows, size_t *n);

// The living pppd of a joined row, or NULL.
const struct host_pppd *connected_pppd(const struct connected_facts *f, const json_t *row);

// Asks the service, looks at this machine, joins. Rows are there even if the service does not answer, which is said; the exit
// code is then that of client_ask(). Freed with client_free_lines() and connected_forget().
int connected_ask(const struct args *a, struct connected_facts *ret_facts, json_t ***ret, size_t *ret_n);

#endif
