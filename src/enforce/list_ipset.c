// SPDX-License-Identifier: GPL-2.0-or-later
// Lists ipset's sets by netlink itself, because libipset can only print text.
#include "enforce/list.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <string.h>
#include <sys/socket.h>

struct reading {
    struct ipset_header *header;
    list_fn fn;
    void *userdata;
};

static uint32_t number(const struct nlattr *nest, uint16_t type, uint32_t otherwise)
{
    const struct nlattr *a = list_find(nest, type, 4);

    return a ? ntohl(mnl_attr_get_u32(a)) : otherwise;
}

static void take_element(const struct nlattr *data, const struct reading *r)
{
    const struct nlattr *ip = list_find(data, IPSET_ATTR_IP, 0), *v4 = list_find(ip, IPSET_ATTR_IPADDR_IPV4, 4), *a;
    const struct nlattr *v = v4 ? v4 : list_find(ip, IPSET_ATTR_IPADDR_IPV6, 16);
    struct addr addr = {.b = {[10] = 0xff, [11] = 0xff}};
    unsigned size = v4 ? 4 : 16;

    if (!v)
        return;
    memcpy(addr.b + 16 - size, mnl_attr_get_payload(v), size);
    a = list_find(data, IPSET_ATTR_CIDR, 1);
    struct element_state e = {.net = prefix_of(&addr, a ? (uint8_t)(mnl_attr_get_u8(a) + 128 - 8 * size) : 128),
                              .left = number(data, IPSET_ATTR_TIMEOUT, 0)};
    a = list_find(data, IPSET_ATTR_PACKETS, 8);
    e.packets = a ? be64toh(mnl_attr_get_u64(a)) : 0;
    a = list_find(data, IPSET_ATTR_BYTES, 8);
    e.bytes = a ? be64toh(mnl_attr_get_u64(a)) : 0;
    e.left = e.left ? e.left : UINT32_MAX; // the kernel's "for ever"
    r->fn(r->userdata, &e);
}

static int take_message(const struct nlmsghdr *nlh, void *userdata)
{
    const struct nlattr *a, *type = NULL, *data = NULL, *entries = NULL, *entry;
    struct reading *r = userdata;
    struct ipset_header *h = r->header;

    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
        type = mnl_attr_get_type(a) == IPSET_ATTR_TYPENAME ? a : type;
        data = mnl_attr_get_type(a) == IPSET_ATTR_DATA ? a : data;
        entries = mnl_attr_get_type(a) == IPSET_ATTR_ADT ? a : entries;
    }
    if (type && data) // the first message of a listing
        *h = (struct ipset_header){
            .ours = mnl_attr_get_payload_len(type) == sizeof("hash:net") && list_find(data, IPSET_ATTR_TIMEOUT, 4) &&
                    memcmp(mnl_attr_get_payload(type), "hash:net", sizeof("hash:net")) == 0,
            .elements = number(data, IPSET_ATTR_ELEMENTS, 0), .max = number(data, IPSET_ATTR_MAXELEM, UINT32_MAX)};
    if (entries && r->fn && h->ours)
        mnl_attr_for_each_nested(entry, entries) take_element(entry, r);
    return MNL_CB_OK;
}

int ipset_read(struct nfnl *n, const char *name, struct ipset_header *ret, list_fn fn, void *userdata)
{
    char buffer[NFNL_ANSWER] = {0};
    struct nlmsghdr *nlh = nfnl_ask(n, buffer, NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST, AF_INET, NLM_F_ACK | NLM_F_DUMP);
    struct reading r = {.header = ret, .fn = fn, .userdata = userdata};

    *ret = (struct ipset_header){.ours = false};
    mnl_attr_put_u8(nlh, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
    mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, name);
    if (!fn)
        mnl_attr_put_u32(nlh, IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, htonl(IPSET_FLAG_LIST_HEADER));
    return nfnl_answer(n, nlh, take_message, &r);
}

int list_ipset(struct nfnl *n, const struct limits *l, const struct prefix *only, list_fn fn, void *userdata)
{
    struct ipset_header h;
    int r = 0;

    for (enum family f = V4; r == 0 && f < FAMILIES; f++)
        if (!only || family_of(only) == f) { // the kernel can list a set, not an entry
            r = ipset_read(n, f == V4 ? l->set4 : l->set6, &h, fn, userdata);
            r = r == -ENOENT ? 0 : r;
        }
    return r;
}
