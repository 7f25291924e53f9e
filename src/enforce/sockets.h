// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's TCP sockets on one local port, by sock_diag: walks them and ends some. Decides nothing, and sees only
// the network namespace that it was opened in.
#ifndef PB_ENFORCE_SOCKETS_H
#define PB_ENFORCE_SOCKETS_H

#include <linux/inet_diag.h>
#include <stdint.h>

#include "base/addr.h"

struct mnl_socket;

struct sockets {
    struct mnl_socket *nl;
    uint32_t seq;
};

struct sockets_entry {
    struct addr peer;           // IPv4 as ::ffff:a.b.c.d, also that of an IPv6 socket
    uint64_t cookie;            // the kernel's name for this socket, never used again
    uint64_t received;          // bytes that have come in; 0 where info was not asked for
    uint32_t quiet;             // milliseconds since the last of them, since it was established when there was none
    uint8_t family;             // AF_INET, AF_INET6
    struct inet_diag_sockid id; // for sockets_end
};

enum sockets_which {
    SOCKETS_ESTABLISHED, // with received and quiet
    SOCKETS_LIVING,      // all but listening ones and those that are over (TIME_WAIT); without
};

// -errno; needs no capability, ending does (CAP_NET_ADMIN).
int sockets_open(struct sockets *ret);
void sockets_close(struct sockets *s);

// Calls fn for each socket bound to port, in no order; the kernel passes over all others by itself. fn must not call
// sockets_end. -errno.
int sockets_walk(struct sockets *s, uint16_t port, enum sockets_which which,
                 void (*fn)(void *userdata, const struct sockets_entry *), void *userdata);

// Ends this very socket: its owner reads an error, its peer gets a reset. -ENOENT when it is gone, -EOPNOTSUPP when
// the kernel cannot (no CONFIG_INET_DIAG_DESTROY), -errno.
int sockets_end(struct sockets *s, const struct sockets_entry *e);

#endif
