// SPDX-License-Identifier: GPL-2.0-or-later
// Accounts that are tried: told to whoever asks, and their tries' addresses unbanned for the caller on the phone who
// knows his account and not his address.
#ifndef PB_DAEMON_USERS_H
#define PB_DAEMON_USERS_H

#include "daemon/control.h"
#include "daemon/service.h"

// A line for each account, in no order.
void users_answer(struct service *s, struct control_client client);

// Ends the bans of addresses that failed as this account; name: as it is shown. Returns how many.
size_t users_unban(struct service *s, const char *name);

// The engine's callback, with userdata = struct service: says it, and tells pptpban-notify.
void users_guessed(void *userdata, const struct account *a);

#endif
