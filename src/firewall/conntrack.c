// SPDX-License-Identifier: GPL-2.0-or-later
// Dumps the table of connections over netlink (linux/netfilter/nfnetlink_conntrack.h) and keeps GRE.
#include "firewall/conntrack.h"

#include <endian.h>
#include <errno.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <time.h>

struct entry {
    struct fw_flow flow;
    bool has_from, has_to;
    uint8_t protocol;
};

struct walk {
    fw_flow_fn each;
    void *userdata;
};

static bool take_v4(const struct nlattr *at, struct addr *ret)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};

    if (mnl_attr_get_payload_len(at) != 4)
        return false;
    memcpy(&sin.sin_addr, mnl_attr_get_payload(at), 4);
    return addr_from_sockaddr((struct sockaddr *)&sin, ret) == 0;
}

static bool take_v6(const struct nlattr *at, struct addr *ret)
{
    if (mnl_attr_get_payload_len(at) == 16)
        memcpy(ret->b, mnl_attr_get_payload(at), 16);
    return mnl_attr_get_payload_len(at) == 16;
}

static void read_addresses(const struct nlattr *ip, struct entry *e)
{
    const struct nlattr *at;

    mnl_attr_for_each_nested(at, ip) {
        switch (mnl_attr_get_type(at)) {
        case CTA_IP_V4_SRC: e->has_from = take_v4(at, &e->flow.from); break;
        case CTA_IP_V4_DST: e->has_to = take_v4(at, &e->flow.to); break;
        case CTA_IP_V6_SRC: e->has_from = take_v6(at, &e->flow.from); break;
        case CTA_IP_V6_DST: e->has_to = take_v6(at, &e->flow.to); break;
        default: break;
        }
    }
}

static void read_protocol(const struct nlattr *proto, struct entry *e)
{
    const struct nlattr *at;

    mnl_attr_for_each_nested(at, proto)
        if (mnl_attr_get_type(at) == CTA_PROTO_NUM && mnl_attr_get_payload_len(at) == 1)
            e->protocol = mnl_attr_get_u8(at);
}

static void read_tuple(const struct nlattr *tuple, struct entry *e)
{
    const struct nlattr *at;

    mnl_attr_for_each_nested(at, tuple) {
        if (mnl_attr_get_type(at) == CTA_TUPLE_IP)
            read_addresses(at, e);
        else if (mnl_attr_get_type(at) == CTA_TUPLE_PROTO)
            read_protocol(at, e);
    }
}

static bool read_bytes(const struct nlattr *counters, uint64_t *ret)
{
    const struct nlattr *at;

    mnl_attr_for_each_nested(at, counters)
        if (mnl_attr_get_type(at) == CTA_COUNTERS_BYTES && mnl_attr_get_payload_len(at) == 8) {
            *ret = be64toh(mnl_attr_get_u64(at));
            return true;
        }
    return false;
}

static int take(const struct nlmsghdr *nlh, void *userdata)
{
    const struct walk *w = userdata;
    struct entry e = {.protocol = 0};
    const struct nlattr *at;
    uint32_t status = 0;
    bool there = false, back = false;

    mnl_attr_for_each(at, nlh, sizeof(struct nfgenmsg)) {
        switch (mnl_attr_get_type(at)) {
        case CTA_TUPLE_ORIG: read_tuple(at, &e); break;
        case CTA_COUNTERS_ORIG: there = read_bytes(at, &e.flow.bytes_from); break;
        case CTA_COUNTERS_REPLY: back = read_bytes(at, &e.flow.bytes_to); break;
        case CTA_STATUS:
            if (mnl_attr_get_payload_len(at) == 4)
                status = ntohl(mnl_attr_get_u32(at));
            break;
        default: break;
        }
    }
    if (e.protocol != IPPROTO_GRE || !e.has_from || !e.has_to)
        return MNL_CB_OK;
    e.flow.answered = status & IPS_SEEN_REPLY;
    e.flow.has_bytes = there && back;
    w->each(w->userdata, &e.flow);
    return MNL_CB_OK;
}

int fw_conntrack_walk(fw_flow_fn each, void *userdata)
{
    char buf[32768]; // as much as the kernel puts into one answer
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    struct walk w = {each, userdata};
    unsigned seq = (unsigned)time(NULL);
    ssize_t n = -1;

    if (!nl)
        return -errno;
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    nlh->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    nlh->nlmsg_seq = seq;
    struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
    *nfg = (struct nfgenmsg){.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
    int r = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
    for (int more = MNL_CB_OK; r == 0 && more == MNL_CB_OK;) {
        n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
        more = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(nl), take, &w);
        if (more == MNL_CB_ERROR)
            r = -errno;
    }
    mnl_socket_close(nl);
    return r;
}

struct peers {
    struct fw_networks *list;
    struct ifaddrs *own;
    int error;
};

static bool is_own(const struct peers *d, const struct addr *a)
{
    for (const struct ifaddrs *i = d->own; i; i = i->ifa_next) {
        struct addr b;
        if (i->ifa_addr && addr_from_sockaddr(i->ifa_addr, &b) == 0 && addr_eq(a, &b))
            return true;
    }
    return false;
}

static void add(struct peers *d, const struct addr *a)
{
    struct prefix p = prefix_of(a, 128);

    if (!addr_is_unbannable(a) && !is_own(d, a) && !d->error)
        d->error = fw_networks_add(d->list, &p, 1);
}

static void add_peers(void *userdata, const struct fw_flow *flow)
{
    if (!flow->answered)
        return;
    add(userdata, &flow->from);
    add(userdata, &flow->to);
}

int fw_conntrack_gre(struct fw_networks *ret)
{
    struct peers d = {.list = ret};

    if (getifaddrs(&d.own) < 0)
        d.own = NULL;
    int r = fw_conntrack_walk(add_peers, &d);
    if (d.own)
        freeifaddrs(d.own);
    return r == 0 ? d.error : r;
}
