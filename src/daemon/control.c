// SPDX-License-Identifier: GPL-2.0-or-later
// Clients in a fixed table; each has one request under way at a time.
#include "daemon/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

// After a client could not be let in for want of descriptors.
#define KNOCK_AGAIN USEC_SEC

struct client {
    int fd; // -1: free
    uint64_t serial;
    struct control *control;
    sd_event_source *source;
    struct control_peer peer;
    bool allowed, busy, closing; // busy: a request waits for its answer
    usec_t deadline;             // monotonic
    char in[REQUEST_MAX + 1];
    size_t n_in;
    char *out;
    size_t n_out, sent, room;
    control_next next; // more lines to come, or NULL
    void (*done)(void *userdata);
    void *userdata;
};

struct control {
    int fd;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char final[sizeof(((struct sockaddr_un *)0)->sun_path)];
    gid_t group;
    int group_error;
    uid_t master;
    sd_event *event;
    sd_event_source *source, *timer;
    struct control_callbacks callbacks;
    uint64_t serial;
    unsigned n;
    struct control_counters counters;
    struct client *clients[CONTROL_CLIENTS_MAX];
};

static void serve(struct client *c);

// --- making the socket ---------------------------------------------------------------------------------------

// The unit's filter of system calls refuses chown() even where it would change nothing, as in the service's own group.
static int give_to_group(const char *path, gid_t group)
{
    struct stat st;

    if (stat(path, &st) < 0 || (st.st_gid != group && chown(path, (uid_t)-1, group) < 0) || chmod(path, 0660) < 0)
        return -errno;
    return 0;
}

int control_bind(const char *dir, gid_t group, struct control **ret)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct control *c = calloc(1, sizeof(*c));
    int r = 0;

    if (!c)
        return -ENOMEM;
    c->fd = -1;
    c->group = group;
    if (snprintf(c->final, sizeof(c->final), "%s/%s", dir, CONTROL_SOCKET_NAME) >= (int)sizeof(c->final) ||
        snprintf(c->path, sizeof(c->path), "%s/.control.%d", dir, (int)getpid()) >= (int)sizeof(c->path))
        r = -ENAMETOOLONG;
    memcpy(sun.sun_path, c->path, sizeof(sun.sun_path));
    if (r == 0) {
        c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        unlink(c->path);
        mode_t mask = umask(0177); // nobody may connect before the mode is right
        if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
            r = -errno;
        umask(mask);
    }
    if (r == 0 && group != (gid_t)-1)
        c->group_error = give_to_group(c->path, group);
    if (r == 0 && listen(c->fd, CONTROL_CLIENTS_MAX) < 0)
        r = -errno;
    if (r < 0) {
        control_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

int control_group_error(const struct control *c)
{
    return c->group_error;
}

int control_publish(struct control *c)
{
    if (rename(c->path, c->final) < 0)
        return -errno;
    c->path[0] = '\0';
    return 0;
}

// --- who may ask ---------------------------------------------------------------------------------------------

static bool in_group(int fd, gid_t group)
{
    gid_t groups[256];
    socklen_t size = sizeof(groups);

    if (group == (gid_t)-1 || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return false; // a member of more than 256 groups may become root
    for (size_t i = 0; i < size / sizeof(groups[0]); i++)
        if (groups[i] == group)
            return true;
    return false;
}

static bool identify(struct client *c)
{
    struct ucred cred;
    socklen_t size = sizeof(cred);

    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
        return false;
    c->peer = (struct control_peer){
        .uid = cred.uid, .pid = cred.pid, .master = cred.uid == 0 || cred.uid == c->control->master};
    return c->peer.master || (c->control->group != (gid_t)-1 && cred.gid == c->control->group) ||
           in_group(c->fd, c->control->group);
}

// --- clients -------------------------------------------------------------------------------------------------

static void drop(struct client *c)
{
    struct control *control = c->control;

    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i] == c)
            control->clients[i] = NULL;
    if (--control->n == 0)
        sd_event_source_set_enabled(control->timer, SD_EVENT_OFF); // nobody there: no more wake-ups
    if (c->done)
        c->done(c->userdata);
    sd_event_source_disable_unref(c->source);
    close(c->fd);
    free(c->out);
    free(c);
    sd_event_source_set_enabled(control->source, SD_EVENT_ON); // a descriptor is free
}

static void touch(struct client *c)
{
    c->deadline = clock_monotonic() + CONTROL_PATIENCE_SECONDS * USEC_SEC;
}

static int append(struct client *c, const char *p, size_t n)
{
    if (c->room - c->n_out < n && c->sent > 0) { // what is away first
        memmove(c->out, c->out + c->sent, c->n_out - c->sent);
        c->n_out -= c->sent;
        c->sent = 0;
    }
    if (c->room - c->n_out < n) {
        size_t room = c->room ? c->room : 1024;
        while (room - c->n_out < n)
            room *= 2;
        char *out = realloc(c->out, room);
        if (!out)
            return -ENOMEM;
        c->out = out;
        c->room = room;
    }
    memcpy(c->out + c->n_out, p, n);
    c->n_out += n;
    return 0;
}

// Fetches lines of a streamed answer until the queue is full.
static void refill(struct client *c)
{
    char line[CONTROL_LINE_MAX];

    while (c->next && c->n_out - c->sent < CONTROL_QUEUE_MAX) {
        size_t n = c->next(c->userdata, line);
        if (n > 0 && append(c, line, n) == 0)
            continue;
        c->done(c->userdata);
        c->next = NULL;
        c->done = NULL;
        c->busy = false;
    }
}

// Sends what can be sent. False when the client is gone.
static bool push(struct client *c)
{
    for (;;) {
        refill(c);
        if (c->sent == c->n_out)
            break;
        ssize_t n = send(c->fd, c->out + c->sent, c->n_out - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n < 0)
            return false;
        c->sent += (size_t)n;
        if (c->sent == c->n_out)
            c->sent = c->n_out = 0;
        touch(c);
    }
    return !c->closing;
}

static void take_request(struct client *c, size_t n)
{
    struct control *control = c->control;
    char error[REQUEST_ERROR_MAX];
    struct control_client who = {.serial = c->serial};
    struct request q;

    while (control->clients[who.slot] != c)
        who.slot++;
    c->busy = true;
    if (!c->allowed) {
        control_fail(control, who, 1, "you may not ask: only root and members of the service's group may");
        c->closing = true;
    } else if (request_parse((struct str){c->in, n}, &q, error) < 0) {
        control_fail(control, who, 2, error);
    } else {
        control->callbacks.request(control->callbacks.userdata, who, &c->peer, &q);
    }
}

// Whoever does not take his answers is asked for no more questions.
static bool may_ask(const struct client *c)
{
    return !c->busy && !c->closing && c->n_out - c->sent < CONTROL_QUEUE_MAX;
}

// Reads requests as long as none is under way; answers are only queued here. False when the client is gone.
static bool pull(struct client *c)
{
    while (may_ask(c)) {
        char *end = memchr(c->in, '\n', c->n_in);
        if (end) {
            size_t n = (size_t)(end - c->in);
            take_request(c, n);
            memmove(c->in, end + 1, c->n_in - n - 1);
            c->n_in -= n + 1;
            continue;
        }
        if (c->n_in == sizeof(c->in)) {
            c->busy = c->closing = true;
            static const char too_long[] = "{\"ok\":false,\"exit\":2,\"error\":\"the request is too long\"}\n";
            return append(c, too_long, sizeof(too_long) - 1) == 0;
        }
        ssize_t n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n < 0)
            return false;
        if (n == 0) { // it asks no more, but may still want to hear
            c->closing = true;
            return true;
        }
        c->n_in += (size_t)n;
        touch(c);
    }
    return true;
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct client *c = userdata;

    (void)source;
    (void)fd;
    if (revents & (EPOLLHUP | EPOLLERR)) {
        drop(c);
        return 0;
    }
    serve(c);
    return 0;
}

static void serve(struct client *c)
{
    do { // a request may stand in the buffer already when the answer to the one before is complete
        if (!pull(c) || !push(c)) {
            drop(c);
            return;
        }
    } while (may_ask(c) && memchr(c->in, '\n', c->n_in));
    uint32_t events = c->sent < c->n_out ? EPOLLOUT : 0;
    sd_event_source_set_io_events(c->source, events | (may_ask(c) ? EPOLLIN : 0));
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct control *control = userdata;
    usec_t now = clock_monotonic();

    (void)usec;
    sd_event_source_set_enabled(control->source, SD_EVENT_ON);
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *c = control->clients[i];
        // one whose answer is still being made is our own slowness
        bool ours = c && c->busy && !c->next && c->sent == c->n_out && !c->closing;
        if (c && !ours && now >= c->deadline)
            drop(c);
    }
    if (control->n == 0)
        return 0;
    sd_event_source_set_time_relative(source, CONTROL_PATIENCE_SECONDS * USEC_SEC / 4);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

// The one that has been silent for the longest time: of one user or of all, of root and ourselves only where they ask
// for it; and how many there are.
static struct client *longest_silent(const struct control *control, const uid_t *uid, bool masters, unsigned *ret_n)
{
    struct client *found = NULL;

    *ret_n = 0;
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *c = control->clients[i];
        if (!c || (c->peer.master && !masters) || (uid && c->peer.uid != *uid))
            continue;
        ++*ret_n;
        if (!found || c->deadline < found->deadline)
            found = c;
    }
    return found;
}

// A place for the newest: nobody may hold them all, and root takes one from others first. NULL: there is none for him.
static struct client **place_for(struct control *control, const struct control_peer *peer)
{
    unsigned n;
    struct client *victim = peer->master ? NULL : longest_silent(control, &peer->uid, false, &n);

    if (victim && n < CONTROL_OF_USER_MAX)
        victim = NULL;
    if (!victim && control->n == CONTROL_CLIENTS_MAX)
        victim = longest_silent(control, NULL, false, &n);
    if (!victim && control->n == CONTROL_CLIENTS_MAX && peer->master)
        victim = longest_silent(control, NULL, true, &n);
    control->counters.dropped += victim || control->n == CONTROL_CLIENTS_MAX;
    if (victim)
        drop(victim);
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (!control->clients[i])
            return &control->clients[i];
    return NULL;
}

static int on_knock(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct control *control = userdata;
    struct client *c, **place;

    (void)revents;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) { // no descriptors: they go on knocking
            sd_event_source_set_enabled(source, SD_EVENT_OFF);
            sd_event_source_set_time_relative(control->timer, KNOCK_AGAIN);
            sd_event_source_set_enabled(control->timer, SD_EVENT_ONESHOT);
        }
        return 0;
    }
    if (!(c = calloc(1, sizeof(*c)))) {
        close(peer);
        return 0;
    }
    *c = (struct client){.fd = peer, .serial = ++control->serial, .control = control};
    c->allowed = identify(c);
    control->counters.strangers += !c->allowed;
    touch(c);
    place = place_for(control, &c->peer);
    if (!place || sd_event_add_io(control->event, &c->source, peer, EPOLLIN, on_client, c) < 0) {
        close(peer);
        free(c);
        return 0;
    }
    *place = c;
    if (control->n++ == 0) {
        sd_event_source_set_time_relative(control->timer, CONTROL_PATIENCE_SECONDS * USEC_SEC / 4);
        sd_event_source_set_enabled(control->timer, SD_EVENT_ONESHOT);
    }
    return 0;
}

// --- answers -------------------------------------------------------------------------------------------------

static struct client *client_of(struct control *control, struct control_client who)
{
    struct client *c = who.slot < CONTROL_CLIENTS_MAX ? control->clients[who.slot] : NULL;

    return c && c->serial == who.serial ? c : NULL;
}

// The answer is complete; the next request may be read. While a request is being taken its caller goes on.
static void answered(struct client *c)
{
    c->busy = false;
    sd_event_source_set_io_events(c->source, EPOLLOUT | EPOLLIN);
}

void control_reply(struct control *control, struct control_client who, json_t *answer)
{
    struct client *c = client_of(control, who);
    char *text = c ? json_dumps(answer, JSON_COMPACT) : NULL;

    json_decref(answer);
    if (!c)
        return;
    if (!text || append(c, text, strlen(text)) < 0 || append(c, "\n", 1) < 0)
        c->closing = true;
    free(text);
    answered(c);
}

void control_fail(struct control *control, struct control_client who, int exit_code, const char *error)
{
    control_reply(control, who, json_pack("{s:b,s:i,s:s}", "ok", 0, "exit", exit_code, "error", error));
}

void control_stream(struct control *control, struct control_client who, control_next next,
                    void (*done)(void *userdata), void *userdata)
{
    struct client *c = client_of(control, who);

    if (!c || c->next) {
        done(userdata);
        return;
    }
    c->next = next;
    c->done = done;
    c->userdata = userdata;
    sd_event_source_set_io_events(c->source, EPOLLOUT);
}

struct control_counters control_counters(const struct control *c)
{
    struct control_counters counters = c->counters;

    counters.clients = c->n;
    return counters;
}

void control_drain(struct control *control)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i])
            (void)push(control->clients[i]);
}

// --- life ----------------------------------------------------------------------------------------------------

int control_start(struct control *c, sd_event *event, const struct control_callbacks *callbacks)
{
    c->event = event;
    c->callbacks = *callbacks;
    c->master = geteuid();
    int r = sd_event_add_io(event, &c->source, c->fd, EPOLLIN, on_knock, c);
    if (r >= 0)
        r = sd_event_add_time(event, &c->timer, CLOCK_MONOTONIC, 0, USEC_SEC, on_timer, c);
    return r < 0 ? r : sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
}

void control_free(struct control *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i])
            drop(c->clients[i]);
    sd_event_source_disable_unref(c->source);
    sd_event_source_disable_unref(c->timer);
    if (c->path[0])
        unlink(c->path);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}
