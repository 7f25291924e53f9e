// SPDX-License-Identifier: GPL-2.0-or-later
// One rtnetlink socket, opened before the process locks itself in: asks for all addresses, and again when the
// kernel announces a change.
#include "daemon/own.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { READ_PATIENCE_MS = 2000 };

struct list {
    struct prefix *v;
    size_t n, room;
};

struct own {
    int fd;
    uint32_t seq;
    bool asking, again; // an answer is under way; something changed meanwhile
    struct list now, next;
    sd_event_source *source;
    own_fn changed;
    void *userdata;
};

static int ask(struct own *o)
{
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg body;
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
                   .nlmsg_type = RTM_GETADDR,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = ++o->seq},
    };

    o->asking = true;
    o->again = false;
    o->next.n = 0;
    return send(o->fd, &request, request.header.nlmsg_len, 0) < 0 ? -errno : 0;
}

static void add(struct list *l, const struct prefix *p)
{
    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 16;
        struct prefix *v = room <= OWN_MAX ? reallocarray(l->v, room, sizeof(*v)) : NULL;
        if (!v)
            return;
        l->v = v;
        l->room = room;
    }
    l->v[l->n++] = *p;
}

static void read_address(struct own *o, const struct nlmsghdr *h)
{
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    const struct rtattr *best = NULL;
    int left = (int)IFA_PAYLOAD(h);

    // IFA_LOCAL is ours on a point-to-point link, where IFA_ADDRESS is the peer
    for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && !best))
            best = a;
    if (!best)
        return;
    struct addr address = {.b = {[10] = 0xff, [11] = 0xff}};
    if (m->ifa_family == AF_INET && RTA_PAYLOAD(best) == 4)
        memcpy(address.b + 12, RTA_DATA(best), 4);
    else if (m->ifa_family == AF_INET6 && RTA_PAYLOAD(best) == 16)
        memcpy(address.b, RTA_DATA(best), 16);
    else
        return;
    struct prefix p = prefix_of(&address, 128);
    add(&o->next, &p);
}

static bool same(const struct list *a, const struct list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!prefix_eq(&a->v[i], &b->v[i]))
            return false;
    return true;
}

// The answer is complete. True when the list is another one now.
static bool finish(struct own *o)
{
    bool changed = !same(&o->now, &o->next);
    struct list old = o->now;

    o->now = o->next;
    o->next = old;
    o->asking = false;
    if (o->again)
        (void)ask(o);
    return changed;
}

// Reads what is there. True when the list has changed.
static bool drain(struct own *o)
{
    _Alignas(struct nlmsghdr) char buffer[16384];
    bool changed = false;
    ssize_t n;

    while ((n = recv(o->fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0 || (n < 0 && errno == ENOBUFS)) {
        if (n < 0) { // announcements were lost: look again
            o->again = true;
            o->asking = false;
            continue;
        }
        unsigned left = (unsigned)n;
        for (const struct nlmsghdr *h = (struct nlmsghdr *)buffer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            bool answer = h->nlmsg_seq == o->seq && o->asking;
            if (h->nlmsg_type == RTM_NEWADDR && answer)
                read_address(o, h);
            else if (h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR)
                o->again = true;
            else if ((h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) && answer)
                changed |= finish(o);
        }
    }
    if (o->again && !o->asking)
        (void)ask(o);
    return changed;
}

int own_new(struct own **ret)
{
    struct sockaddr_nl me = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    struct own *o = calloc(1, sizeof(*o));
    usec_t end = clock_monotonic() + READ_PATIENCE_MS * USEC_MSEC;
    int r = 0;

    if (!o)
        return -ENOMEM;
    o->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (o->fd < 0 || bind(o->fd, (struct sockaddr *)&me, sizeof(me)) < 0)
        r = -errno;
    if (r == 0)
        r = ask(o);
    while (r == 0 && o->asking) {
        struct pollfd p = {.fd = o->fd, .events = POLLIN};
        usec_t left = end - clock_monotonic();
        if (left <= 0 || poll(&p, 1, (int)(left / USEC_MSEC) + 1) < 0)
            r = -ETIMEDOUT;
        else
            (void)drain(o);
    }
    if (r < 0) {
        own_free(o);
        return r;
    }
    *ret = o;
    return 0;
}

void own_free(struct own *o)
{
    if (!o)
        return;
    sd_event_source_unref(o->source);
    if (o->fd >= 0)
        close(o->fd);
    free(o->now.v);
    free(o->next.v);
    free(o);
}

const struct prefix *own_list(const struct own *o, size_t *ret_n)
{
    *ret_n = o->now.n;
    return o->now.v;
}

static int on_news(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct own *o = userdata;

    (void)s;
    (void)fd;
    (void)revents;
    if (drain(o))
        o->changed(o->userdata, o->now.v, o->now.n);
    return 0;
}

int own_watch(struct own *o, sd_event *event, own_fn changed, void *userdata)
{
    o->changed = changed;
    o->userdata = userdata;
    return sd_event_add_io(event, &o->source, o->fd, EPOLLIN, on_news, o);
}
