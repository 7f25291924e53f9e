// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket: lets in who may ask, reads one request a line, writes answers, never blocks. What a request
// means is answers.c's matter.
#ifndef PB_DAEMON_CONTROL_H
#define PB_DAEMON_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/str.h"
#include "daemon/request.h"

struct control;

// A client that may still be there when the answer is ready.
struct control_client {
    unsigned slot;
    uint64_t serial;
};

struct control_peer {
    uid_t uid;
    pid_t pid;
    bool master; // root or the service's own user, not just a member of the group
};

// When all places are taken, or all that one user may have, whoever was silent for the longest time makes room; root
// and the service's own user make room for each other only.
enum { CONTROL_CLIENTS_MAX = 32, CONTROL_OF_USER_MAX = 8, CONTROL_QUEUE_MAX = 1 << 16 };
#define CONTROL_PATIENCE_SECONDS 20 // for a client that neither asks on nor takes its answer

struct control_callbacks {
    void (*request)(void *userdata, struct control_client client, const struct control_peer *peer,
                    const struct request *q);
    void *userdata;
};

// Binds DIR/control.sock under a temporary name: control_publish() puts it in place of a predecessor's. group:
// whose members may ask, (gid_t)-1 for nobody's. -errno.
int control_bind(const char *dir, gid_t group, struct control **ret);
int control_publish(struct control *c);

// Why the socket could not be given to the group, which leaves it to ourselves and root: -errno; 0 when it could, or need not.
int control_group_error(const struct control *c);

// Begins to serve.
int control_start(struct control *c, sd_event *event, const struct control_callbacks *callbacks);
void control_free(struct control *c);

// One object as one line; takes the reference. A client that has left is no error.
void control_reply(struct control *c, struct control_client client, json_t *answer);
void control_fail(struct control *c, struct control_client client, int exit_code, const char *error);

// An answer of many lines: next appends one line (with its newline) to buf and returns its length, 0 at the end. It
// is called as the client takes them; done frees userdata, whatever happens.
enum { CONTROL_LINE_MAX = 8192 }; // the longest: an account of escapes, 16 addresses and the names of 64 jails, some 4 KiB
typedef size_t (*control_next)(void *userdata, char buf[static CONTROL_LINE_MAX]);
void control_stream(struct control *c, struct control_client client, control_next next, void (*done)(void *userdata),
                    void *userdata);

struct control_counters {
    unsigned clients;  // now
    uint64_t dropped;  // to make room
    uint64_t strangers; // who may not ask
};
struct control_counters control_counters(const struct control *c);

// Writes what clients will still take at once: before the process ends.
void control_drain(struct control *c);

#endif
