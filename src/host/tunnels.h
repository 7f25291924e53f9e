// SPDX-License-Identifier: GPL-2.0-or-later
// Which tunnels are up, and from where, as the command lines of pptpd's pppds tell it. Reads /proc only.
#ifndef PB_HOST_TUNNELS_H
#define PB_HOST_TUNNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct host_tunnel {
    bool has_inner, has_outer;
    struct addr inner; // what the client got, IPv4
    struct addr outer; // where it calls from
};

// ... 10.0.0.1:10.0.0.7 ... remotenumber 203.0.113.5: n bytes of words that each end with NUL.
void host_tunnel_parse(const char *args, size_t n, struct host_tunnel *ret);

typedef int (*host_tunnel_fn)(void *userdata, const struct host_tunnel *t);

// Calls each with every pppd that root started for a calling number; stops at the first non-zero result and returns it.
// Anybody may call a process pppd, and pppd is often setuid: those that others started tell nothing. netns: as
// host_is_elsewhere() takes it; NULL: of containers too.
int host_each_tunnel(const char *netns, host_tunnel_fn each, void *userdata);

// Whether a process is known to be in another network namespace than the one whose file this is ("/proc/self/ns/net"): a
// container's. Root alone sees where processes are.
bool host_is_elsewhere(const char *pid, const char *netns);

// From /proc/PID/WHAT; the number of bytes, NUL behind them, or -1.
long host_read_proc(const char *pid, const char *what, char *buf, size_t size);

// The number behind a key ("\nUid:") in the text of /proc/PID/status; -1.
long host_status_number(const char *status, const char *key);

#endif
