// SPDX-License-Identifier: GPL-2.0-or-later
// One rtnetlink socket, opened before the process locks itself in: asks for all addresses and default routes, one dump
// after the other, and again when the kernel announces a change.
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

enum dump { ADDRESSES, ROUTES4, ROUTES6, DUMPS };

// What the dumps find: addresses tell two things.
enum found { OWN, FAR, GATEWAYS, FOUND_MAX };

struct own {
    int fd;
    uint32_t seq;
    enum dump asking;                 // whose answer is under way; DUMPS: none
    bool again_addresses, again_routes; // something changed meanwhile
    struct list now[FOUND_MAX], next[FOUND_MAX];
    sd_event_source *source;
    own_fn changed;
    void *userdata;
};

static int ask(struct own *o, enum dump dump)
{
    static const struct {
        uint16_t type;
        uint8_t family;
    } dumps[DUMPS] = {{RTM_GETADDR, AF_UNSPEC}, {RTM_GETROUTE, AF_INET}, {RTM_GETROUTE, AF_INET6}};
    struct {
        struct nlmsghdr header;
        struct rtmsg body; // the family is at the same place in struct ifaddrmsg
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                   .nlmsg_type = dumps[dump].type,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = ++o->seq},
        .body = {.rtm_family = dumps[dump].family},
    };

    o->asking = dump;
    if (dump == ADDRESSES) {
        o->again_addresses = false;
        o->next[OWN].n = o->next[FAR].n = 0;
    } else if (dump == ROUTES4) {
        o->again_routes = false;
        o->next[GATEWAYS].n = 0;
    }
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

static bool take(const struct rtattr *a, unsigned char family, struct addr *ret)
{
    *ret = (struct addr){.b = {[10] = 0xff, [11] = 0xff}};
    if (family == AF_INET && RTA_PAYLOAD(a) == 4)
        memcpy(ret->b + 12, RTA_DATA(a), 4);
    else if (family == AF_INET6 && RTA_PAYLOAD(a) == 16)
        memcpy(ret->b, RTA_DATA(a), 16);
    else
        return false;
    return true;
}

static void add_address(struct list *l, const struct addr *a)
{
    struct prefix p = prefix_of(a, 128);

    add(l, &p);
}

// On a point-to-point link IFA_LOCAL is ours and IFA_ADDRESS the peer's; elsewhere they are the same, or there is only
// the second.
static void read_address(struct own *o, const struct nlmsghdr *h)
{
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    const struct rtattr *local = NULL, *address = NULL;
    struct addr own, far;
    int left = (int)IFA_PAYLOAD(h);

    for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFA_LOCAL)
            local = a;
        else if (a->rta_type == IFA_ADDRESS)
            address = a;
    }
    if (!local)
        local = address;
    if (!local || !take(local, m->ifa_family, &own))
        return;
    add_address(&o->next[OWN], &own);
    if (address && take(address, m->ifa_family, &far) && !addr_eq(&own, &far))
        add_address(&o->next[FAR], &far);
}

static void add_gateway(struct own *o, const struct rtattr *a, unsigned char family)
{
    const struct rtvia *via = RTA_DATA(a); // IPv4 by way of an IPv6 gateway
    struct addr gateway = {{0}};

    if (a->rta_type == RTA_GATEWAY && take(a, family, &gateway))
        add_address(&o->next[GATEWAYS], &gateway);
    if (a->rta_type == RTA_VIA && RTA_PAYLOAD(a) == sizeof(*via) + 16 && via->rtvia_family == AF_INET6) {
        memcpy(gateway.b, via->rtvia_addr, 16);
        add_address(&o->next[GATEWAYS], &gateway);
    }
}

static void read_route(struct own *o, const struct nlmsghdr *h)
{
    const struct rtmsg *m = NLMSG_DATA(h);
    int left = (int)RTM_PAYLOAD(h);

    if (m->rtm_dst_len != 0)
        return;
    for (const struct rtattr *a = RTM_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        add_gateway(o, a, m->rtm_family);
        if (a->rta_type != RTA_MULTIPATH)
            continue;
        const struct rtnexthop *hop = RTA_DATA(a);
        for (int rest = (int)RTA_PAYLOAD(a); RTNH_OK(hop, rest);
             rest -= (int)RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
            int size = (int)(hop->rtnh_len - sizeof(*hop));
            for (const struct rtattr *b = RTNH_DATA(hop); RTA_OK(b, size); b = RTA_NEXT(b, size))
                add_gateway(o, b, m->rtm_family);
        }
    }
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

static bool swap(struct own *o, enum found f)
{
    bool changed = !same(&o->now[f], &o->next[f]);
    struct list old = o->now[f];

    o->now[f] = o->next[f];
    o->next[f] = old;
    return changed;
}

static void ask_again(struct own *o)
{
    if (o->asking != DUMPS || !(o->again_addresses || o->again_routes))
        return;
    if (ask(o, o->again_addresses ? ADDRESSES : ROUTES4) < 0)
        o->asking = DUMPS; // at the next announcement, then
}

// The answer is complete. True when this machine's own addresses are others now.
static bool finish(struct own *o)
{
    enum dump done = o->asking;
    bool changed = false;

    o->asking = DUMPS;
    if (done == ADDRESSES) {
        changed = swap(o, OWN);
        swap(o, FAR);
    } else if (done == ROUTES4) {
        (void)ask(o, ROUTES6); // into the same list
    } else {
        swap(o, GATEWAYS);
    }
    return changed;
}

// A change that matters: each call brings routes of its own, which need no look.
static void note(struct own *o, const struct nlmsghdr *h)
{
    const struct rtmsg *m = NLMSG_DATA(h);

    if (h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR)
        o->again_addresses = true;
    else if ((h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE) && m->rtm_dst_len == 0)
        o->again_routes = true;
}

// Reads what is there. True when this machine's own addresses have changed.
static bool drain(struct own *o)
{
    _Alignas(struct nlmsghdr) char buffer[32768];
    bool changed = false;
    ssize_t n;

    while ((n = recv(o->fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0 || (n < 0 && errno == ENOBUFS)) {
        if (n < 0) { // announcements were lost: look again
            o->again_addresses = o->again_routes = true;
            o->asking = DUMPS;
            continue;
        }
        unsigned left = (unsigned)n;
        for (const struct nlmsghdr *h = (struct nlmsghdr *)buffer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            bool answer = h->nlmsg_seq == o->seq && o->asking != DUMPS;
            if (answer && h->nlmsg_type == RTM_NEWADDR)
                read_address(o, h);
            else if (answer && h->nlmsg_type == RTM_NEWROUTE)
                read_route(o, h);
            else if (answer && (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR))
                changed |= finish(o);
            else
                note(o, h);
        }
    }
    ask_again(o);
    return changed;
}

int own_new(struct own **ret)
{
    struct sockaddr_nl me = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                                                       RTMGRP_IPV6_ROUTE};
    struct own *o = calloc(1, sizeof(*o));
    usec_t end = clock_monotonic() + READ_PATIENCE_MS * USEC_MSEC;
    int r = 0;

    if (!o)
        return -ENOMEM;
    o->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (o->fd < 0 || bind(o->fd, (struct sockaddr *)&me, sizeof(me)) < 0)
        r = -errno;
    o->again_routes = true; // once the addresses are there
    if (r == 0)
        r = ask(o, ADDRESSES);
    while (r == 0 && o->asking != DUMPS) {
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
    for (int i = 0; i < FOUND_MAX; i++) {
        free(o->now[i].v);
        free(o->next[i].v);
    }
    free(o);
}

static const struct prefix *list(const struct own *o, enum found f, size_t *ret_n)
{
    *ret_n = o->now[f].n;
    return o->now[f].v;
}

const struct prefix *own_list(const struct own *o, size_t *ret_n)
{
    return list(o, OWN, ret_n);
}

const struct prefix *own_gateways(const struct own *o, size_t *ret_n)
{
    return list(o, GATEWAYS, ret_n);
}

const struct prefix *own_far_ends(const struct own *o, size_t *ret_n)
{
    return list(o, FAR, ret_n);
}

static int on_news(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct own *o = userdata;

    (void)s;
    (void)fd;
    (void)revents;
    if (drain(o))
        o->changed(o->userdata, o->now[OWN].v, o->now[OWN].n);
    return 0;
}

int own_watch(struct own *o, sd_event *event, own_fn changed, void *userdata)
{
    o->changed = changed;
    o->userdata = userdata;
    return sd_event_add_io(event, &o->source, o->fd, EPOLLIN, on_news, o);
}
