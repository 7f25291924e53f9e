// SPDX-License-Identifier: GPL-2.0-or-later
// This machine's own addresses and default gateways, read from the kernel by the enforcer itself.
#ifndef PB_ENFORCE_OWN_H
#define PB_ENFORCE_OWN_H

#include "enforce/judge.h"

struct mnl_socket;

// A socket that becomes readable when an address or route changes, and what there is now. -errno.
int own_open(struct mnl_socket **ret_events, struct own *ret);

// Reads what was announced; 1 when *own changed.
int own_refresh(struct mnl_socket *events, struct own *own);

#endif
