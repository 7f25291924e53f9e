// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: the control socket, asked without ever waiting for it. Lines go out and come in; what they mean is ask.c's.
#ifndef PB_TOP_LINK_H
#define PB_TOP_LINK_H

#include <jansson.h>
#include <sys/un.h>

#include "base/str.h"

enum { TOP_LINE_MAX = 4 << 20 }; // bytes of one line of an answer

struct top_link;

// Connects to nobody yet. -ENOMEM.
int top_link_new(const struct sockaddr_un *where, struct top_link **ret);
void top_link_free(struct top_link *l);

// The socket, to be waited on for reading; -1 when there is no connection.
int top_link_fd(const struct top_link *l);

// Sends the request (its reference is taken), over a new connection when there is none. -errno, and the connection is closed.
int top_link_send(struct top_link *l, json_t *request);

// The next line that has come, without its end; valid until the next call. 1, 0 when there is none yet, -ECONNRESET when the
// service hung up, -EMSGSIZE when it does not end its line, other -errno; then the connection is closed.
int top_link_read(struct top_link *l, struct str *ret);

void top_link_close(struct top_link *l);

#endif
