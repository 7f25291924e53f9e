// SPDX-License-Identifier: GPL-2.0-or-later
// One netlink request a question, on a socket that stays open: about 2 microseconds each.
#include "kset.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct kset {
    struct mnl_socket *nl;
    bool nft;
    uint8_t family;
    char table[64], set[64];
    uint32_t seq;
    char buf[65536];
};

int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct kset *kset_open(const char *name)
{
    struct kset *k = calloc(1, sizeof(*k));
    char family[16];

    if (!k)
        err(1, "kset");
    if (sscanf(name, "nft:%15[a-z]:%63[^:]:%63s", family, k->table, k->set) == 3) {
        k->nft = true;
        if (strcmp(family, "netdev") == 0)
            k->family = NFPROTO_NETDEV;
        else
            k->family = strcmp(family, "ip") == 0 ? NFPROTO_IPV4 : NFPROTO_INET;
    } else if (sscanf(name, "ipset:%31s", k->set) == 1) {
        k->family = NFPROTO_IPV4;
    } else {
        errx(2, "set %s: must be ipset:SET or nft:FAMILY:TABLE:SET", name);
    }
    k->nl = mnl_socket_open(NETLINK_NETFILTER);
    if (!k->nl || mnl_socket_bind(k->nl, 0, MNL_SOCKET_AUTOPID) < 0)
        err(1, "netlink socket");
    return k;
}

void kset_close(struct kset *k)
{
    mnl_socket_close(k->nl);
    free(k);
}

static struct nlmsghdr *request(struct kset *k, unsigned command, unsigned flags)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(k->buf);
    struct nfgenmsg *g;

    h->nlmsg_type = (uint16_t)((k->nft ? NFNL_SUBSYS_NFTABLES : NFNL_SUBSYS_IPSET) << 8 | command);
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    h->nlmsg_seq = ++k->seq;
    g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
    g->nfgen_family = k->family;
    g->version = NFNETLINK_V0;
    g->res_id = 0;
    if (k->nft) {
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, k->table);
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, k->set);
    } else {
        mnl_attr_put_u8(h, IPSET_ATTR_PROTOCOL, 6);
        mnl_attr_put_strz(h, IPSET_ATTR_SETNAME, k->set);
    }
    return h;
}

static void transmit(struct kset *k, const struct nlmsghdr *h)
{
    if (mnl_socket_sendto(k->nl, h, h->nlmsg_len) < 0)
        err(1, "netlink send");
}

static size_t receive(struct kset *k)
{
    ssize_t n;

    do
        n = mnl_socket_recvfrom(k->nl, k->buf, sizeof(k->buf));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        err(1, "netlink receive");
    return (size_t)n;
}

bool kset_has(struct kset *k, uint32_t addr)
{
    struct nlmsghdr *h;
    struct nlattr *a, *b, *c;
    uint32_t be = htonl(addr);

    if (k->nft) {
        h = request(k, NFT_MSG_GETSETELEM, 0);
        a = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
        b = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
        c = mnl_attr_nest_start(h, NFTA_SET_ELEM_KEY);
        mnl_attr_put(h, NFTA_DATA_VALUE, sizeof(be), &be);
    } else {
        h = request(k, IPSET_CMD_TEST, NLM_F_ACK);
        a = mnl_attr_nest_start(h, IPSET_ATTR_DATA);
        b = mnl_attr_nest_start(h, IPSET_ATTR_IP);
        c = NULL;
        mnl_attr_put(h, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, sizeof(be), &be);
    }
    if (c)
        mnl_attr_nest_end(h, c);
    mnl_attr_nest_end(h, b);
    mnl_attr_nest_end(h, a);
    transmit(k, h);
    receive(k);
    h = (struct nlmsghdr *)k->buf;
    if (h->nlmsg_type != NLMSG_ERROR)
        return true; // nftables answers with the element itself
    return ((struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error == 0;
}

static long elements(const struct nlmsghdr *h, bool nft)
{
    struct nlattr *a, *b;
    long n = 0;

    mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
        if (nft && mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS) {
            mnl_attr_for_each_nested (b, a)
                n++;
        } else if (!nft && mnl_attr_get_type(a) == IPSET_ATTR_DATA) {
            mnl_attr_for_each_nested (b, a)
                if (mnl_attr_get_type(b) == IPSET_ATTR_ELEMENTS)
                    n += ntohl(mnl_attr_get_u32(b));
        }
    }
    return n;
}

long kset_count(struct kset *k)
{
    struct nlmsghdr *h = request(k, k->nft ? NFT_MSG_GETSETELEM : IPSET_CMD_LIST, NLM_F_DUMP);
    long n = 0;

    if (!k->nft)
        mnl_attr_put_u32(h, IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, htonl(IPSET_FLAG_LIST_HEADER));
    transmit(k, h);
    for (;;) {
        int left = (int)receive(k);

        for (h = (struct nlmsghdr *)k->buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
            if (h->nlmsg_type == NLMSG_DONE)
                return n;
            if (h->nlmsg_type == NLMSG_ERROR)
                return ((struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error ? -1 : n;
            n += elements(h, k->nft);
        }
    }
}
