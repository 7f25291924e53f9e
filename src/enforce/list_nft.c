// SPDX-License-Identifier: GPL-2.0-or-later
// Lists native sets; makes networks of the starts and ends of which interval sets consist.
#include "enforce/list.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>
#include <sys/socket.h>

struct listing {
    list_fn fn;
    void *userdata;
    const struct nft_kind *kind;
    struct element_state last; // of an interval set: the previous bound
    bool last_is_end, have_last;
};

static void take_element(const struct nlattr *el, struct listing *l)
{
    const struct nlattr *key = list_find(list_find(el, NFTA_SET_ELEM_KEY, 0), NFTA_DATA_VALUE, l->kind->key_len), *a;
    struct addr addr = {.b = {[10] = 0xff, [11] = 0xff}};

    if (!key)
        return;
    memcpy(addr.b + 16 - l->kind->key_len, mnl_attr_get_payload(key), l->kind->key_len);
    a = list_find(el, NFTA_SET_ELEM_EXPIRATION, 8);
    struct element_state e = {.net = prefix_of(&addr, 128), .left = a ? (uint32_t)(be64toh(mnl_attr_get_u64(a)) / 1000) : UINT32_MAX};
    const struct nlattr *counter = list_find(list_find(el, NFTA_SET_ELEM_EXPR, 0), NFTA_EXPR_DATA, 0); // the only expression
    a = list_find(counter, NFTA_COUNTER_PACKETS, 8);
    e.packets = a ? be64toh(mnl_attr_get_u64(a)) : 0;
    a = list_find(counter, NFTA_COUNTER_BYTES, 8);
    e.bytes = a ? be64toh(mnl_attr_get_u64(a)) : 0;
    if (!l->kind->interval) {
        l->fn(l->userdata, &e);
        return;
    }
    // A network is a start and an end that follow each other, in the one order or the other.
    a = list_find(el, NFTA_SET_ELEM_FLAGS, 4);
    bool is_end = a && (ntohl(mnl_attr_get_u32(a)) & NFT_SET_ELEM_INTERVAL_END);
    const struct element_state *start = is_end ? &l->last : &e, *end = is_end ? &e : &l->last;
    if (l->have_last && l->last_is_end != is_end && memcmp(start->net.addr.b, end->net.addr.b, 16) < 0) {
        struct element_state found = *start;
        for (; found.net.len > 0; found.net.len--) { // the widest network from start on that ends before end
            struct prefix wider = prefix_of(&start->net.addr, (uint8_t)(found.net.len - 1));
            if (!addr_eq(&wider.addr, &start->net.addr) || prefix_contains(&wider, &end->net.addr))
                break;
        }
        l->fn(l->userdata, &found);
        l->have_last = false;
        return;
    }
    l->last = e;
    l->last_is_end = is_end;
    l->have_last = true;
}

static int take_message(const struct nlmsghdr *nlh, void *userdata)
{
    const struct nlattr *a, *el;

    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
            mnl_attr_for_each_nested(el, a) take_element(el, userdata);
    return MNL_CB_OK;
}

// The one entry that is asked for.
static void put_key(struct nlmsghdr *nlh, const struct nft_kind *k, const struct prefix *net)
{
    struct nlattr *elements = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
    struct nlattr *el = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM), *key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);

    mnl_attr_put(nlh, NFTA_DATA_VALUE, k->key_len, net->addr.b + 16 - k->key_len);
    mnl_attr_nest_end(nlh, key);
    mnl_attr_nest_end(nlh, el);
    mnl_attr_nest_end(nlh, elements);
}

int list_nft(struct nfnl *n, const struct limits *limits, const struct prefix *only, list_fn fn, void *userdata)
{
    char buffer[NFNL_ANSWER] = {0};
    int r = 0;

    for (const struct nft_kind *k = nft_kinds; k < nft_kinds + NFT_SETS && (r == 0 || r == -ENOENT); k++) {
        struct listing l = {.fn = fn, .userdata = userdata, .kind = k};
        bool one = only && !k->interval; // few networks: those are all listed
        if (only && (family_of(only) != k->family || (only->len < 128) != k->interval))
            continue;
        struct nlmsghdr *nlh = nfnl_ask(n, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NFPROTO_INET,
                                        one ? NLM_F_ACK : NLM_F_DUMP);
        mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, limits->table);
        mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, k->name);
        if (one)
            put_key(nlh, k, only);
        r = nfnl_answer(n, nlh, take_message, &l);
    }
    return r == -ENOENT ? 0 : r;
}
