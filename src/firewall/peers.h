// SPDX-License-Identifier: GPL-2.0-or-later
// Who must not be cut off by a change: the administrators who are logged in, and the peers of tunnels that are up.
// Reads what the kernel, logind and /proc tell; changes nothing.
#ifndef PB_FIREWALL_PEERS_H
#define PB_FIREWALL_PEERS_H

#include <stdbool.h>

#include "firewall/networks.h"

enum { FW_SESSION_MAX = 160 };

// SSH_CONNECTION of the session that this command was started from, "" for none: of its own environment or, as sudo and
// su take it out of that, of the nearest process above that has it. An empty variable of its own says: none.
void fw_session_text(char buf[static FW_SESSION_MAX]);

// The same, understood.
struct fw_session {
    struct addr peer, here;
    uint16_t port; // of this machine
};

// False: it was not started from an ssh session.
bool fw_session_own(struct fw_session *ret);

// Appends the addresses of authenticated sessions: the caller's, and those of host/sessions.h. An open connection
// to the ssh port alone is nothing: an attacker could hold one. A peer that comes through one of our tunnels counts with
// the outer address of its tunnel too. 0 or -ENOMEM; what cannot be asked is left out.
int fw_peers_admins(struct fw_networks *ret);

// Appends the addresses of peers whose tunnel is up: GRE that was answered, as connection tracking has it, and pppds
// that root started for a calling number. 0 or -ENOMEM.
int fw_peers_tunnels(struct fw_networks *ret);

#endif
