// SPDX-License-Identifier: GPL-2.0-or-later
// What the files answers_*.c share among themselves: one function a verb, which answers the client now or later, and
// exactly once.
#ifndef PB_DAEMON_ANSWERS_ROOM_H
#define PB_DAEMON_ANSWERS_ROOM_H

#include <jansson.h>

#include "base/str.h"
#include "daemon/control.h"
#include "daemon/service.h"

// Exit codes for the client, as in pptpban(8).
enum { ANSWER_FAILED = 1, ANSWER_NOTHING = 3 };

json_t *answer_seconds(usec_t t); // null: for ever
json_t *answer_text(struct str text); // fit to be shown
const struct jail_config *answer_jail(const struct config *c, const char *name); // enabled, or NULL

json_t *answer_jails(const struct config *c, uint64_t jails); // names of those whose bits are set, up to 64

struct answer_place { // of whoever is next; zero at first
    struct engine_place session;
    unsigned account;
};

// The next row, which the caller releases, NULL when there is no memory for it; false behind the last.
typedef bool (*answer_row)(const struct service *s, struct answer_place *place, json_t **ret);

// A line for each row, told as the client takes them.
void answer_rows(struct service *s, struct control_client client, answer_row next);

void answer_list(struct service *s, struct control_client client, const struct request *q);
void answer_unban(struct service *s, struct control_client client, const struct control_peer *peer,
                  const struct request *q);
void answer_ban(struct service *s, struct control_client client, const struct control_peer *peer,
                const struct request *q);
void answer_why(struct service *s, struct control_client client, const struct request *q);
void answer_sessions(struct service *s, struct control_client client);
void answer_status(struct service *s, struct control_client client);

#endif
