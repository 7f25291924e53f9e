// SPDX-License-Identifier: GPL-2.0-or-later
// Own addresses and default gateways through rtnetlink.
#include "enforce/own.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static void take(const struct nlattr *a, unsigned char family, struct addr *list, uint32_t *n, bool *overflow)
{
    struct addr addr = {.b = {[10] = 0xff, [11] = 0xff}};
    size_t size = family == AF_INET ? 4 : 16;

    if ((family != AF_INET && family != AF_INET6) || mnl_attr_get_payload_len(a) < size)
        return;
    memcpy(addr.b + 16 - size, mnl_attr_get_payload(a), size);
    for (uint32_t i = 0; i < *n; i++) // a server has the same address on hundreds of ppp interfaces
        if (addr_eq(&list[i], &addr))
            return;
    if (*n < OWN_MAX)
        list[(*n)++] = addr;
    else
        *overflow = true;
}

static int take_address(const struct nlmsghdr *nlh, struct own *own)
{
    const struct ifaddrmsg *m = mnl_nlmsg_get_payload(nlh);
    const struct nlattr *a, *found = NULL;

    mnl_attr_for_each(a, nlh, sizeof(*m))
        if (mnl_attr_get_type(a) == IFA_LOCAL || (mnl_attr_get_type(a) == IFA_ADDRESS && !found))
            found = a; // IFA_ADDRESS is the peer's on point-to-point links, where there is an IFA_LOCAL
    if (found)
        take(found, m->ifa_family, own->address, &own->n_address, &own->overflow);
    return MNL_CB_OK;
}

static int take_route(const struct nlmsghdr *nlh, struct own *own)
{
    const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
    const struct nlattr *a;

    if (m->rtm_dst_len != 0)
        return MNL_CB_OK;
    mnl_attr_for_each(a, nlh, sizeof(*m)) {
        if (mnl_attr_get_type(a) == RTA_GATEWAY)
            take(a, m->rtm_family, own->gateway, &own->n_gateway, &own->overflow);
        else if (mnl_attr_get_type(a) == RTA_VIA && mnl_attr_get_payload_len(a) == sizeof(struct rtvia) + 16)
            // an IPv4 route by an IPv6 gateway: family (2 bytes), then the address
            memcpy(own->gateway[own->n_gateway < OWN_MAX ? own->n_gateway++ : 0].b,
                   ((const struct rtvia *)mnl_attr_get_payload(a))->rtvia_addr, 16);
        else if (mnl_attr_get_type(a) == RTA_MULTIPATH) {
            const struct rtnexthop *nh = mnl_attr_get_payload(a);
            int left = mnl_attr_get_payload_len(a);
            for (; RTNH_OK(nh, left); left -= (int)RTNH_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh)) {
                const struct nlattr *hop = (const void *)RTNH_DATA(nh);
                int size = (int)(nh->rtnh_len - sizeof(*nh));
                for (; mnl_attr_ok(hop, size); size -= (int)MNL_ALIGN(hop->nla_len), hop = mnl_attr_next(hop))
                    if (mnl_attr_get_type(hop) == RTA_GATEWAY)
                        take(hop, m->rtm_family, own->gateway, &own->n_gateway, &own->overflow);
            }
        }
    }
    return MNL_CB_OK;
}

static int take_any(const struct nlmsghdr *nlh, void *userdata)
{
    return nlh->nlmsg_type == RTM_NEWADDR ? take_address(nlh, userdata)
           : nlh->nlmsg_type == RTM_NEWROUTE ? take_route(nlh, userdata) : MNL_CB_OK;
}

static int read_once(struct own *ret)
{
    static const struct {
        uint16_t type;
        uint8_t family;
    } dumps[] = {{RTM_GETADDR, AF_UNSPEC}, {RTM_GETROUTE, AF_INET}, {RTM_GETROUTE, AF_INET6}};
    char buffer[32 * 1024];
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    int r = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 ? 1 : -1;
    const struct timeval patience = {.tv_sec = 2};
    ssize_t len = 0;

    memset(ret, 0, sizeof(*ret));
    if (r > 0)
        (void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (uint32_t i = 0; r >= 0 && i < sizeof(dumps) / sizeof(dumps[0]); i++) {
        struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
        struct rtmsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
        nlh->nlmsg_type = dumps[i].type;
        nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
        nlh->nlmsg_seq = i + 1;
        m->rtm_family = dumps[i].family; // at the same place in struct ifaddrmsg
        r = mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -1 : 1;
        while (r > 0 && (len = mnl_socket_recvfrom(nl, buffer, sizeof(buffer))) > 0)
            r = mnl_cb_run(buffer, (size_t)len, i + 1, mnl_socket_get_portid(nl), take_any, ret);
    }
    r = r < 0 || len < 0 ? -errno : 0;
    if (nl)
        mnl_socket_close(nl);
    return r;
}

// *ret is written only when all was read; a dump that a change interrupted is asked for again.
static int read_all(struct own *ret)
{
    struct own fresh;
    int r = -EINTR;

    for (int i = 0; r == -EINTR && i < 10; i++)
        r = read_once(&fresh);
    if (r == 0)
        *ret = fresh;
    return r;
}

int own_open(struct mnl_socket **ret_events, struct own *ret)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    unsigned groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    int r = nl && mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0 ? read_all(ret) : -errno;

    if (r == 0)
        *ret_events = nl;
    else if (nl)
        mnl_socket_close(nl);
    return r;
}

static int matters(const struct nlmsghdr *nlh, void *userdata)
{
    const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
    bool route = nlh->nlmsg_type == RTM_NEWROUTE || nlh->nlmsg_type == RTM_DELROUTE;

    if (!route || m->rtm_dst_len == 0) // each call brings routes of its own, which need no look
        *(bool *)userdata = true;
    return MNL_CB_OK;
}

int own_refresh(struct mnl_socket *events, struct own *own)
{
    char buffer[32 * 1024];
    bool changed = false;
    ssize_t len;

    while ((len = mnl_socket_recvfrom(events, buffer, sizeof(buffer))) > 0 || errno == ENOBUFS || errno == ENOSPC)
        if (len < 0)
            changed = true; // announcements were lost
        else
            (void)mnl_cb_run(buffer, (size_t)len, 0, 0, matters, &changed);
    int r = changed ? read_all(own) : 0;
    return r < 0 ? r : changed;
}
