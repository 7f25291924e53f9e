// SPDX-License-Identifier: GPL-2.0-or-later
// What each request of the control socket does and what is answered.
#ifndef PB_DAEMON_ANSWERS_H
#define PB_DAEMON_ANSWERS_H

#include "daemon/control.h"
#include "daemon/service.h"

// The control socket's callback, with userdata = struct service.
void answers_request(void *userdata, struct control_client client, const struct control_peer *peer,
                     const struct request *q);

// A reload that clients asked for has ended: error is NULL or why it failed.
void answers_reloaded(struct service *s, const char *error);

// The words of the service's status line.
enum { ANSWERS_STATUS_MAX = 256 };
const char *answers_status_line(const struct service *s, char buf[static ANSWERS_STATUS_MAX]);

#endif
