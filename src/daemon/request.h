// SPDX-License-Identifier: GPL-2.0-or-later
// What may be asked at the control socket, and reading it: one line of JSON from a stranger becomes a small plain
// structure or a sentence on what is wrong. Executes nothing.
#ifndef PB_DAEMON_REQUEST_H
#define PB_DAEMON_REQUEST_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/clock.h"
#include "policy/bans.h"

// The name of the socket in the runtime directory.
#define CONTROL_SOCKET_NAME "control.sock"

enum { REQUEST_MAX = 4096, REQUEST_ERROR_MAX = 256, REQUEST_REASON_MAX = 127, REQUEST_USER_MAX = 400 }; // bytes of one line

enum request_verb { REQUEST_LIST, REQUEST_UNBAN, REQUEST_BAN, REQUEST_STATUS, REQUEST_WHY, REQUEST_RELOAD, REQUEST_USERS, REQUEST_SESSIONS, REQUEST_MAX_VERB };

extern const char *const request_verb_names[REQUEST_MAX_VERB];

struct request {
    enum request_verb verb;
    bool all;          // unban: everything
    bool observed;     // list: what jails that only observe would have banned
    bool has_net;
    struct prefix net; // unban, ban, why
    char user[REQUEST_USER_MAX + 1]; // unban: the account, as it is shown; "" when not said
    bool has_for;
    usec_t duration;   // ban: USEC_FOREVER possible
    char jail[JAIL_NAME_MAX + 1]; // list, ban; "" when not said
    char reason[REQUEST_REASON_MAX + 1]; // ban: printable ASCII without '\\' and '"'; "" when not said
};

// line: without its newline. On -EINVAL error holds one sentence of printable text.
int request_parse(struct str line, struct request *ret, char error[static REQUEST_ERROR_MAX]);

// Letters, digits, '-', '_' and '.', 1..JAIL_NAME_MAX of them.
bool request_jail_name_ok(struct str name);

#endif
