// SPDX-License-Identifier: GPL-2.0-or-later
// The elements of native sets. Hosts stand in hash sets, fast and free of overlaps; only the rarer networks need interval
// sets, where two that overlap cannot both stand.
#include "enforce/sets.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>
#include <sys/socket.h>

enum { PER_MESSAGE = 256, PER_TRANSACTION = 1024 }; // a message's list ends at 64 KiB

const struct nft_kind nft_kinds[NFT_SETS] = {{"ban4", V4, 4, false}, {"net4", V4, 4, true}, {"ban6", V6, 16, false}, {"net6", V6, 16, true}};

static const struct nft_kind *kind_of(const struct prefix *p)
{
    return &nft_kinds[2 * (family_of(p) == V6) + (p->len < 128)];
}

static void put_bound(struct nlmsghdr *nlh, const struct element *e, const struct nft_kind *k, bool end, bool adding)
{
    struct nlattr *el = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM), *value = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
    struct addr key = e->net.addr;
    char comment[2 + SETS_COMMENT] = {0}; // as nft writes it: kind 0, length, text

    for (int i = e->net.len - 1; end && i >= 0; i--) // the first address behind the network
        if ((key.b[i / 8] ^= (uint8_t)(0x80u >> i % 8)) & (0x80u >> i % 8))
            break;
    mnl_attr_put(nlh, NFTA_DATA_VALUE, k->key_len, key.b + 16 - k->key_len);
    mnl_attr_nest_end(nlh, value);
    if (end)
        mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
    else if (adding) {
        comment[1] = (char)sets_comment(e, comment + 2);
        mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(e->timeout * UINT64_C(1000)));
        mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, 2 + (size_t)comment[1], comment);
    }
    mnl_attr_nest_end(nlh, el);
}

// One message of up to PER_MESSAGE elements that belong into set k; returns how many it looked at.
static size_t put_elements(struct sets *s, uint16_t type, const struct nft_kind *k, const struct element *e, size_t n,
                           bool known_only)
{
    bool adding = type == NFT_MSG_NEWSETELEM;
    struct nlmsghdr *nlh = nfnl_put(s->nfnl, type, NFPROTO_INET, adding ? NLM_F_CREATE : 0);
    size_t i = 0, taken = 0;

    mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, s->limits->table);
    mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, k->name);
    struct nlattr *list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (; i < n && taken < PER_MESSAGE; i++) {
        if (kind_of(&e[i].net) != k || (known_only && !e[i].known))
            continue;
        put_bound(nlh, &e[i], k, false, adding);
        if (k->interval)
            put_bound(nlh, &e[i], k, true, adding);
        taken++;
    }
    mnl_attr_nest_end(nlh, list);
    if (taken > 0)
        nfnl_done(s->nfnl, nlh);
    return i;
}

// A transaction happens wholly or not at all. A kernel before 6.12 changes no timeout in place: known ones go first.
static int change(struct sets *s, bool adding, const struct element *e, size_t n)
{
    nfnl_begin(s->nfnl);
    for (const struct nft_kind *k = nft_kinds; k < nft_kinds + NFT_SETS; k++) {
        for (size_t i = 0; adding && i < n;)
            i += put_elements(s, NFT_MSG_DELSETELEM, k, e + i, n - i, true);
        for (size_t i = 0; i < n;)
            i += put_elements(s, adding ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, k, e + i, n - i, false);
    }
    int r = nfnl_commit(s->nfnl);
    return r == -ENFILE ? -ENOSPC : r;
}

const struct sets_ops sets_nftables = {.announced = true, .most = PER_TRANSACTION, .change = change};
