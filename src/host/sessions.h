// SPDX-License-Identifier: GPL-2.0-or-later
// Who is logged in on this machine from elsewhere, after authentication: logind's remote sessions, or utmp's where there is
// no logind. Reads what both keep in /run; a mere connection to a port is nowhere in it.
#ifndef PB_HOST_SESSIONS_H
#define PB_HOST_SESSIONS_H

#include <stdbool.h>
#include <utmpx.h>

#include "base/addr.h"
#include "base/str.h"

#define HOST_SESSIONS_DIR "/run/systemd/sessions" // of logind: one file a session, each replaced by rename
#define HOST_UTMP "/run/utmp"                     // written in place

enum { HOST_SESSIONS_MAX = 256 }; // further ones are not seen

typedef int (*host_session_fn)(void *userdata, const struct addr *peer);

// Calls each with the other end of every session, once a session; stops at the first non-zero result and returns it.
// Left out are sessions that end already, those that are no user's, pppd's own (a VPN login administrates nothing), and
// peers that no address is known of. 0 when there are none or nobody can be asked.
int host_each_session(host_session_fn each, void *userdata);

// An address as ssh, PAM and logind write it, perhaps with its zone: fe80::1%eth0.
bool host_peer_parse(struct str text, struct addr *ret);

// Whether an entry of utmp is a login on a pseudo terminal from elsewhere, and from where.
bool host_utmp_peer(const struct utmpx *u, struct addr *ret);

#endif
