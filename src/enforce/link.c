// SPDX-License-Identifier: GPL-2.0-or-later
// The watcher's end of the line to the enforcer. Everything goes through one queue in order; what the socket does not
// take at once waits there, so no caller ever blocks.
#include "enforce/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "enforce/limits.h"
#include "enforce/protocol.h"

enum {
    QUEUE_MAX = 64 << 20, // bytes; a list of a million bans
    QUERIES_MAX = 32,
    READ_AT_ONCE = 32,    // answers a turn of the loop
};
#define RETRY_FIRST    (20 * USEC_MSEC)
#define RETRY_LAST     (1 * USEC_SEC)
// Another watcher has the line. If it is our successor we shall soon end; if it was one left over from before, it will.
#define REPLACED_FIRST (500 * USEC_MSEC)
#define REPLACED_LAST  (30 * USEC_SEC)

struct packet {
    struct packet *next;
    size_t size, capacity;
    struct msg_header header; // the elements follow
};

struct query {
    uint32_t seq; // 0: free
    void (*done)(void *userdata, int error, const struct enforce_kernel_state *state);
    void *userdata;
};

struct enforce_link {
    sd_event *event;
    sd_event_source *io, *timer;
    int fd;
    char *path; // NULL: the line was given, and ends with it
    struct enforce_callbacks callbacks;
    struct packet *first, *last;
    size_t queued;
    bool overflow;      // something was dropped: ask for a sync when the queue is empty
    bool status_asked;
    bool owed; // the kernel could not take what was sent: all of it again when it can
    usec_t retry, replaced_retry, connected_at; // the last: monotonic
    uint32_t seq;
    struct query queries[QUERIES_MAX];
    struct enforce_status status;
    uint64_t packet[MSG_MAX_SIZE / 8];
};

static const char *const reasons[REASON_MAX] = {
    [REASON_DONE] = "done",
    [REASON_MALFORMED] = "malformed",
    [REASON_UNBANNABLE] = "loopback, multicast or unspecified addresses are never banned",
    [REASON_TOO_WIDE] = "wider than the widest network that may be banned",
    [REASON_ALLOWLIST] = "on the allowlist",
    [REASON_OWN] = "an address of this machine",
    [REASON_GATEWAY] = "the default gateway",
    [REASON_FULL] = "as many bans as the limits allow",
    [REASON_EXTENT] = "all bans together would cover too much of the address space",
    [REASON_KERNEL] = "the kernel refused it",
    [REASON_NOT_THERE] = "was not in the set",
};

static int connect_to(struct enforce_link *l);

static void drop_queue(struct enforce_link *l)
{
    while (l->first) {
        struct packet *p = l->first;
        l->first = p->next;
        free(p);
    }
    l->last = NULL;
    l->queued = 0;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
    (void)s, (void)usec;
    (void)connect_to(userdata); // tries again by itself
    return 0;
}

static void disconnect(struct enforce_link *l, usec_t retry)
{
    l->io = sd_event_source_disable_unref(l->io);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    drop_queue(l);
    l->overflow = l->status_asked = false;
    if (l->status.connected && l->callbacks.lost)
        l->callbacks.lost(l->callbacks.userdata);
    l->status.connected = false;
    for (size_t i = 0; i < QUERIES_MAX; i++)
        if (l->queries[i].seq) {
            l->queries[i].seq = 0;
            l->queries[i].done(l->queries[i].userdata, -ENOTCONN, NULL);
        }
    if (!l->path)
        return;
    l->timer = sd_event_source_disable_unref(l->timer);
    if (sd_event_add_time_relative(l->event, &l->timer, CLOCK_MONOTONIC, (uint64_t)retry, 0, on_timer, l) < 0)
        snprintf(l->status.problem, sizeof(l->status.problem), "no timer to connect again");
}

// Each failure waits twice as long, from 20 ms to 1 s.
static void fail(struct enforce_link *l, const char *why, int error)
{
    snprintf(l->status.problem, sizeof(l->status.problem), "%s%s%s", why, error ? ": " : "", error ? strerror(-error) : "");
    usec_t wait = l->retry;
    l->retry = l->retry * 2 > RETRY_LAST ? RETRY_LAST : l->retry * 2;
    disconnect(l, wait);
}

static void flush(struct enforce_link *l)
{
    while (l->first && l->fd >= 0) {
        struct packet *p = l->first;
        if (send(l->fd, &p->header, p->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
                fail(l, "the enforcer went away", 0);
            break;
        }
        l->first = p->next;
        l->last = l->first ? l->last : NULL;
        l->queued -= p->capacity;
        free(p);
    }
    if (l->io)
        (void)sd_event_source_set_io_events(l->io, EPOLLIN | (l->first ? EPOLLOUT : 0));
    if (!l->first && l->overflow && l->fd >= 0) {
        l->overflow = false;
        l->callbacks.need_sync(l->callbacks.userdata);
    }
}

// Room for n elements of a type at the end of the queue; in the last packet when that is of the same type and has
// not been sent. NULL without memory or room: then a sync follows.
static void *enqueue(struct enforce_link *l, uint16_t type, size_t element, size_t n)
{
    struct packet *p = l->last;
    size_t size = sizeof(struct msg_header) + n * element;

    if (p && p->header.type == type && element > 0 && p->header.n + n <= MSG_MAX_ENTRIES) {
        size = p->size + n * element;
        if (size <= p->capacity) {
            void *room = (char *)&p->header + p->size;
            p->size = size;
            p->header.n += (uint32_t)n;
            return room;
        }
    }
    // a second packet of a kind is a sign of a burst: leave room for what follows
    bool burst = p && p->header.type == type && element > 0;
    size_t capacity = burst ? sizeof(struct msg_header) + MSG_MAX_ENTRIES * element : sizeof(struct msg_header) + n * element;
    if (l->queued + capacity > QUEUE_MAX || !(p = calloc(1, offsetof(struct packet, header) + capacity))) {
        l->overflow = true;
        return NULL;
    }
    p->capacity = capacity;
    p->size = sizeof(struct msg_header) + n * element;
    p->header = (struct msg_header){.magic = MSG_MAGIC, .version = MSG_VERSION, .type = type, .n = (uint32_t)n,
                                    .seq = ++l->seq ? l->seq : ++l->seq};
    *(l->last ? &l->last->next : &l->first) = p;
    l->last = p;
    l->queued += capacity;
    return (char *)&p->header + sizeof(struct msg_header);
}

static void ask_status(struct enforce_link *l)
{
    if (!l->status_asked && enqueue(l, MSG_GET_STATUS, 0, 0))
        l->status_asked = true;
}

static void put_net(struct msg_net *m, const struct prefix *p)
{
    memcpy(m->addr, p->addr.b, sizeof(m->addr));
    m->len = p->len;
    memset(m->pad, 0, sizeof(m->pad));
}

static void put_entry(struct msg_entry *m, const struct enforce_entry *e)
{
    memset(m, 0, sizeof(*m));
    put_net(&m->net, &e->net);
    m->count = e->count;
    m->until = e->until;
    memcpy(m->jail, e->jail, strnlen(e->jail, sizeof(m->jail) - 1));
}

static void take_result(struct enforce_link *l, const struct msg_header *m)
{
    const struct msg_verdict *v = (const void *)(m + 1);

    for (uint32_t i = 0; i < m->n; i++) {
        struct prefix net = {.len = v[i].net.len};
        const char *reason = v[i].reason < REASON_MAX ? reasons[v[i].reason] : "unknown reason";
        char text[128];
        memcpy(net.addr.b, v[i].net.addr, sizeof(net.addr.b));
        if (v[i].reason == REASON_NOT_THERE)
            continue; // what was to be away is away
        if (v[i].reason == REASON_KERNEL) {
            l->owed |= v[i].error != ENOSPC;
            snprintf(text, sizeof(text), "%s: %s", reason,
                     v[i].error == ENOSPC ? "the set is full" : v[i].error == EEXIST
                     ? "a set of another type has its name, or it overlaps another network" : strerror(v[i].error));
            reason = text;
        }
        l->callbacks.refused(l->callbacks.userdata, &net, reason);
    }
    ask_status(l);
}

static void take_state(struct enforce_link *l, const struct msg_header *m)
{
    const struct msg_state *s = (const void *)(m + 1);

    for (size_t i = 0; i < QUERIES_MAX; i++)
        if (l->queries[i].seq == m->seq && m->seq) {
            struct enforce_kernel_state state = {.present = s->present, .left = s->left, .packets = s->packets, .bytes = s->bytes};
            l->queries[i].seq = 0;
            l->queries[i].done(l->queries[i].userdata, s->error > 0 ? -s->error : s->error, s->error ? NULL : &state);
            return;
        }
}

static void take_status(struct enforce_link *l, const struct msg_status *s)
{
    static const char *const backends[] = {"auto", "ipset", "nftables", "none"};
    _Static_assert(sizeof(backends) / sizeof(backends[0]) == LIMITS_BACKENDS, "each back end has a name");
    static const char *const problems[PROBLEM_MAX] = {
        [PROBLEM_NONE] = "",
        [PROBLEM_FOREIGN_SET] = "a set of another type has the name of ours: rename or destroy it",
        [PROBLEM_NO_KERNEL] = "the kernel has no ip_set or nf_tables",
        [PROBLEM_HOOK] = "the hook cannot be put in",
        [PROBLEM_FIGHT] = "another program keeps removing the hook; repairs are slowed down",
        [PROBLEM_OBSERVING] = "back end none: observes only",
    };
    const struct msg_hook *h = &s->hook;
    struct enforce_status *t = &l->status;
    bool fresh = !t->connected;

    l->status_asked = false;
    l->retry = RETRY_FIRST;
    t->connected = true;
    snprintf(t->backend, sizeof(t->backend), "%s", s->backend < LIMITS_BACKENDS ? backends[s->backend] : "unknown");
    snprintf(t->problem, sizeof(t->problem), "%s", h->problem < PROBLEM_MAX ? problems[h->problem] : "unknown");
    t->hooked = h->hooked;
    t->entries = s->entries;
    t->bans = s->bans;
    t->unbans = s->unbans;
    t->refused = s->refused;
    t->failed = s->failed;
    t->repairs = h->repairs;
    t->hook_missing = h->missing;
    t->last_culprit[0] = '\0';
    if (h->culprit_pid)
        snprintf(t->last_culprit, sizeof(t->last_culprit), "%.31s (pid %u)", h->culprit, h->culprit_pid);
    if (h->problem == PROBLEM_FIGHT && h->culprit_pid) {
        size_t n = strlen(t->problem);
        snprintf(t->problem + n, sizeof(t->problem) - n, "; it is %s", t->last_culprit);
    }
    t->put_off = h->put_off;
    t->ruleset_lost = h->ruleset_lost;
    t->netns = h->netns;
    t->repair_time = h->repair_time;
    t->repair_missing = h->repair_missing;
    t->repair_hook = h->repair_what == WHAT_HOOK_LOST;
    t->repair_culprit[0] = '\0';
    if (h->repair_pid)
        snprintf(t->repair_culprit, sizeof(t->repair_culprit), "%.31s (pid %u)", h->repair_program, h->repair_pid);
    if (fresh)
        l->connected_at = clock_monotonic();
    l->owed |= h->problem == PROBLEM_FOREIGN_SET || h->problem == PROBLEM_HOOK || h->problem == PROBLEM_NO_KERNEL;
    if (fresh || (l->owed && h->hooked)) {
        l->owed &= !h->hooked;
        l->callbacks.need_sync(l->callbacks.userdata);
    }
}

static void take_event(struct enforce_link *l, const struct msg_event *e)
{
    static const char *const texts[WHAT_MAX] = {
        [WHAT_HOOK_LOST] = "hook was taken away and is back",
        [WHAT_HOOK_STUCK] = "hook is not in the kernel",
        [WHAT_SET_LOST] = "kernel set had lost entries, which are back",
        [WHAT_FULL] = "kernel set is full: new bans fail",
        [WHAT_FOREIGN_SET] = "a set of another type has the name of ours: nothing is banned there",
        [WHAT_FIGHT] = "hook or entries are taken away again and again: repairs are slowed down, and go on",
        [WHAT_RULESET] = "rules were taken out of the base ruleset",
    };
    char text[256], who[64] = "an unknown program";

    ask_status(l);
    if (e->what == WHAT_REPAIRED)
        return;
    if (e->pid)
        snprintf(who, sizeof(who), "%.31s (pid %u)", e->program, e->pid);
    snprintf(text, sizeof(text), "%s; by %s; missing for %lld ms",
             e->what < WHAT_MAX && texts[e->what] ? texts[e->what] : "unknown event", who, (long long)(e->missing / USEC_MSEC));
    enum enforce_event what = e->what == WHAT_RULESET ? ENFORCE_RULESET : e->what == WHAT_FULL ? ENFORCE_FULL : ENFORCE_HOOK;
    l->callbacks.event(l->callbacks.userdata, what, e->what == WHAT_HOOK_LOST || e->what == WHAT_SET_LOST ? LOG_WARNING : LOG_ERR, text);
}

static int on_packet(struct enforce_link *l, const struct msg_header *m, size_t size)
{
    size_t element = m->type == MSG_RESULT   ? sizeof(struct msg_verdict)
                     : m->type == MSG_STATE  ? sizeof(struct msg_state)
                     : m->type == MSG_STATUS ? sizeof(struct msg_status)
                     : m->type == MSG_EVENT  ? sizeof(struct msg_event) : 0;

    if (size < sizeof(*m) || m->magic != MSG_MAGIC || m->version != MSG_VERSION || m->n > MSG_MAX_ENTRIES ||
        size != sizeof(*m) + m->n * element || (element > 0 && m->type != MSG_RESULT && m->n != 1))
        return -EBADMSG;
    if (m->type == MSG_RESULT)
        take_result(l, m);
    else if (m->type == MSG_STATE)
        take_state(l, m);
    else if (m->type == MSG_STATUS)
        take_status(l, (const void *)(m + 1));
    else if (m->type == MSG_EVENT)
        take_event(l, (const void *)(m + 1));
    return 0;
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct enforce_link *l = userdata;

    (void)s, (void)revents;
    for (int i = 0; i < READ_AT_ONCE && l->fd == fd; i++) {
        ssize_t n = recv(fd, l->packet, sizeof(l->packet), MSG_DONTWAIT);
        const struct msg_header *m = (const void *)l->packet;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            fail(l, l->status.connected ? "the enforcer went away"
                                        : "the enforcer closed the connection: is this the user in its limits file?", 0);
            return 0;
        }
        if ((size_t)n >= sizeof(*m) && m->type == MSG_REPLACED) {
            snprintf(l->status.problem, sizeof(l->status.problem), "another watcher has connected");
            usec_t wait = clock_monotonic() - l->connected_at > REPLACED_LAST ? REPLACED_FIRST : l->replaced_retry;
            l->replaced_retry = wait * 2 > REPLACED_LAST ? REPLACED_LAST : wait * 2; // two of them shall not fight
            disconnect(l, wait);
            return 0;
        }
        if (on_packet(l, m, (size_t)n) < 0) {
            fail(l, "the enforcer speaks another version", 0);
            return 0;
        }
    }
    flush(l);
    return 0;
}

static int begin(struct enforce_link *l)
{
    int r = sd_event_add_io(l->event, &l->io, l->fd, EPOLLIN, on_io, l);
    if (r >= 0) // before any log: there may be much of that, and bans must not wait behind it
        r = sd_event_source_set_priority(l->io, SD_EVENT_PRIORITY_IMPORTANT);

    if (r < 0)
        return r;
    (void)sd_event_source_set_description(l->io, "enforcer");
    if (!enqueue(l, MSG_HELLO, 0, 0))
        return -ENOMEM;
    flush(l);
    return 0;
}

static int connect_to(struct enforce_link *l)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int r = 0;

    memcpy(a.sun_path, l->path, strlen(l->path)); // its length was checked
    l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
        r = -errno;
    if (r == 0)
        r = begin(l);
    if (r < 0)
        fail(l, "the enforcer cannot be reached", r);
    return r;
}

int enforce_link_new(sd_event *event, int fd, const char *path, const struct enforce_callbacks *callbacks,
                     struct enforce_link **ret)
{
    struct enforce_link *l;

    if (fd < 0 && (!path || strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)))
        return -EINVAL;
    if (!(l = calloc(1, sizeof(*l))) || (fd < 0 && !(l->path = strdup(path)))) {
        free(l);
        return -ENOMEM;
    }
    l->event = sd_event_ref(event);
    l->fd = fd;
    l->callbacks = *callbacks;
    l->retry = RETRY_FIRST;
    l->replaced_retry = REPLACED_FIRST;
    snprintf(l->status.backend, sizeof(l->status.backend), "unknown");
    int r = fd >= 0 ? begin(l) : 0;
    if (r < 0) {
        l->fd = -1; // stays the caller's
        enforce_link_free(l);
        return r;
    }
    if (l->path)
        (void)connect_to(l); // not there yet: tried again
    *ret = l;
    return 0;
}

void enforce_link_free(struct enforce_link *l)
{
    if (!l)
        return;
    free(l->path);
    l->path = NULL;
    disconnect(l, 0);
    sd_event_source_disable_unref(l->timer);
    sd_event_unref(l->event);
    free(l);
}

int enforce_link_ban(struct enforce_link *l, const struct enforce_entry *entries, size_t n)
{
    if (l->fd < 0)
        return -ENOTCONN;
    while (n > 0) {
        size_t part = n < MSG_MAX_ENTRIES ? n : MSG_MAX_ENTRIES;
        struct msg_entry *m = enqueue(l, MSG_BAN, sizeof(*m), part);
        if (!m)
            break;
        for (size_t i = 0; i < part; i++)
            put_entry(&m[i], &entries[i]);
        entries += part;
        n -= part;
    }
    flush(l);
    return n > 0 ? -ENOBUFS : 0;
}

int enforce_link_unban(struct enforce_link *l, const struct prefix *nets, size_t n)
{
    if (l->fd < 0)
        return -ENOTCONN;
    while (n > 0) {
        size_t part = n < MSG_MAX_ENTRIES ? n : MSG_MAX_ENTRIES;
        struct msg_net *m = enqueue(l, MSG_UNBAN, sizeof(*m), part);
        if (!m)
            break;
        for (size_t i = 0; i < part; i++)
            put_net(&m[i], &nets[i]);
        nets += part;
        n -= part;
    }
    flush(l);
    return n > 0 ? -ENOBUFS : 0;
}

int enforce_link_sync(struct enforce_link *l, bool (*next)(void *userdata, struct enforce_entry *ret), void *userdata, bool keep)
{
    struct enforce_entry e;
    bool room;

    if (l->fd < 0)
        return -ENOTCONN;
    room = enqueue(l, MSG_SYNC_BEGIN, 0, 0) != NULL;
    while (room && next(userdata, &e)) {
        struct msg_entry *m = enqueue(l, MSG_SYNC_ENTRIES, sizeof(*m), 1);
        if ((room = m != NULL))
            put_entry(m, &e);
    }
    // half a list would remove bans: without its end it removes nothing
    room = room && (keep || enqueue(l, MSG_SYNC_END, 0, 0));
    l->overflow = false; // asking again would not make it fit
    flush(l);
    return room ? 0 : -ENOBUFS;
}

int enforce_link_query(struct enforce_link *l, const struct prefix *net,
                       void (*done)(void *userdata, int error, const struct enforce_kernel_state *state), void *userdata)
{
    struct query *q = NULL;
    struct msg_net *m;

    if (l->fd < 0)
        return -ENOTCONN;
    for (size_t i = 0; i < QUERIES_MAX; i++)
        if (l->queries[i].seq == 0)
            q = &l->queries[i];
    // one to a packet: the answer bears its number
    if (q && l->last && l->last->header.type == MSG_QUERY && !enqueue(l, MSG_GET_STATUS, 0, 0))
        q = NULL;
    if (!q || !(m = enqueue(l, MSG_QUERY, sizeof(*m), 1)))
        return -EBUSY;
    put_net(m, net);
    *q = (struct query){.seq = l->last->header.seq, .done = done, .userdata = userdata};
    flush(l);
    return 0;
}

const struct enforce_status *enforce_link_status(const struct enforce_link *l)
{
    return &l->status;
}
