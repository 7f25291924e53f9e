// SPDX-License-Identifier: GPL-2.0-or-later
// The pppds and point-to-point interfaces of this machine, as /proc, pppd's pid files and the kernel's list of addresses
// tell them. Changes nothing.
#ifndef PB_HOST_PPPD_H
#define PB_HOST_PPPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <utmpx.h>

#include "base/clock.h"
#include "host/tunnels.h"

enum { HOST_USER = 32 }; // of utmp; a name that fills it may have been cut, and is left out

struct host_pppd {
    uint32_t pid;
    uint64_t ticks; // when it began: two of the same pid differ
    usec_t started; // the same, by the wall clock
    const char *server; // what started it, as root: "pptpctrl" or "xl2tpd"; NULL: something else, an uplink perhaps
    char user[HOST_USER]; // who logged in by it, as it told utmp itself (pptpd's logwtmp); "" unknown. A client's text
    struct host_tunnel tunnel; // of its command line; inner is what pptpd proposed, not what was agreed on
};

// A process that is called pppd and that root runs; -ESRCH for any other.
int host_pppd_read(uint32_t pid, struct host_pppd *ret);

// Whether this entry of utmp was made by p, of a login; then its name is taken over.
bool host_pppd_login(struct host_pppd *p, const struct utmpx *u);

// All of them but those that are known to be in another network namespace than the one whose file netns is, as
// host_is_elsewhere(); *ret is freed by the caller. -EACCES: this machine shows nobody other people's processes (hidepid).
int host_pppds(const char *netns, struct host_pppd **ret, size_t *ret_n);

enum { HOST_INTERFACE_NAME = 16 };

struct host_interface {
    char name[HOST_INTERFACE_NAME];
    uint32_t pid; // of the pppd that says that it is its, 0: none does
    bool has_peer, has_counts;
    struct addr peer;            // the other end's address, IPv4
    uint64_t received, sent;     // bytes
};

// All point-to-point interfaces of this network namespace; *ret is freed by the caller. pid_dirs: where pppd puts NAME.pid,
// NULL at the end; NULL: /run and /run/pppd, which are root's.
int host_interfaces(const char *const *pid_dirs, struct host_interface **ret, size_t *ret_n);

// Of a text like /proc/net/dev; for tests. False when the interface is not in it.
bool host_interface_counts(const char *text, const char *name, uint64_t *ret_received, uint64_t *ret_sent);

#endif
