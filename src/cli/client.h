// SPDX-License-Identifier: GPL-2.0-or-later
// The asking end of the control socket: one request, answers line by line. Prints what went wrong, once.
#ifndef PB_CLI_CLIENT_H
#define PB_CLI_CLIENT_H

#include <jansson.h>
#include <sys/un.h>

#include "cli/args.h"

struct client;

// Connects and sends the request (its reference is taken). Returns EXIT_DONE, or an exit code after having said on
// standard error why not.
int client_ask(const struct args *a, json_t *request, struct client **ret);

// The next line of the answer; the caller decrefs it. An answer that says "ok": false is printed as an error and
// becomes its own exit code.
int client_read(struct client *c, json_t **ret);

// The same, one that says "ok": false too.
int client_read_any(struct client *c, json_t **ret);

// The rest of an answer that is a list: one object a line, until the line that says "end". texts: keys that
// each has, as text; NULL-terminated. Freed with client_free_lines.
int client_read_lines(struct client *c, const char *const *texts, json_t ***ret, size_t *ret_n);
void client_free_lines(json_t **lines, size_t n);

// A further request on the same connection, when the answer to the one before is complete (its reference is taken).
int client_send(struct client *c, json_t *request);

void client_free(struct client *c);

// Where the service listens: --runtime, else what the configuration says, else the compiled-in directory. -ENAMETOOLONG.
int client_socket(const struct args *a, struct sockaddr_un *ret);

// Asks and reads the one answer.
int client_call(const struct args *a, json_t *request, json_t **ret);

#endif
