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

// Of a ban by a jail that goes by account: how many addresses try which account, as the end of a sentence; else "". Returns
// buf.
enum { USERS_REMARK_MAX = ACCOUNTS_NAME_MAX * 4 + 64 };
const char *users_remark(const struct service *s, const struct ban *ban, char buf[static USERS_REMARK_MAX]);

// The engine's callbacks, with userdata = struct service: says it, and tells pptpban-notify.
void users_guessed(void *userdata, const struct account *a);
void users_sprayed(void *userdata, const struct jail_config *jail, const struct account *a, unsigned addresses);

#endif
