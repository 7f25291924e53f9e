// SPDX-License-Identifier: GPL-2.0-or-later
// An own `inet` table with four native sets, hosts apart from networks, and a chain that looks them up.
#include "enforce/footprint.h"
#include "enforce/hook.h"
#include "enforce/sets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <libnftnl/udata.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// nft's numbers for the types of addresses; where the source stands in the IP header.
static const struct kind_of_family {
    uint32_t key_type, header_offset;
    uint8_t nfproto;
} families[FAMILIES] = {[V4] = {7, 12, NFPROTO_IPV4}, [V6] = {8, 8, NFPROTO_IPV6}};

static struct nftnl_set *new_set(struct hook *h, const struct nft_kind *k)
{
    struct nftnl_set *s = nftnl_set_alloc();

    if (!s) {
        h->nfnl->error = -ENOMEM;
        return NULL;
    }
    nftnl_set_set_str(s, NFTNL_SET_TABLE, h->limits->table);
    nftnl_set_set_str(s, NFTNL_SET_NAME, k->name);
    nftnl_set_set_u32(s, NFTNL_SET_FAMILY, NFPROTO_INET);
    return s;
}

static uint32_t size_of(const struct hook *h, const struct nft_kind *k)
{
    return h->limits->max_entries * (k->interval ? 2 : 1) + 1;
}

static int take_size(const struct nlmsghdr *nlh, void *userdata)
{
    struct nftnl_set *s = nftnl_set_alloc();

    if (s && nftnl_set_nlmsg_parse(nlh, s) == 0)
        *(uint32_t *)userdata = nftnl_set_get_u32(s, NFTNL_SET_DESC_SIZE);
    if (s)
        nftnl_set_free(s);
    return MNL_CB_OK;
}

// True when our set is there with another size: older kernels (6.1) would keep that in silence.
static bool has_other_size(struct hook *h)
{
    char buffer[NFNL_ANSWER] = {0};
    struct nlmsghdr *nlh = nfnl_ask(h->nfnl, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSET, NFPROTO_INET, NLM_F_ACK);
    uint32_t size = 0;

    mnl_attr_put_strz(nlh, NFTA_SET_TABLE, h->limits->table);
    mnl_attr_put_strz(nlh, NFTA_SET_NAME, nft_kinds[0].name);
    return nfnl_answer(h->nfnl, nlh, take_size, &size) == 0 && size != size_of(h, &nft_kinds[0]);
}

static void put_set(struct hook *h, const struct nft_kind *k)
{
    struct nftnl_set *s = new_set(h, k);
    struct nftnl_expr *counter = nftnl_expr_alloc("counter");

    if (s && counter) {
        nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, families[k->family].key_type);
        nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, (uint32_t)k->key_len);
        nftnl_set_set_u32(s, NFTNL_SET_FLAGS, NFT_SET_TIMEOUT | (k->interval ? NFT_SET_INTERVAL : 0));
        nftnl_set_set_u32(s, NFTNL_SET_ID, (uint32_t)(k - nft_kinds) + 1);
        nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, size_of(h, k));
        nftnl_set_add_expr(s, counter); // every element counts
        struct nlmsghdr *nlh = nfnl_put(h->nfnl, NFT_MSG_NEWSET, NFPROTO_INET, NLM_F_CREATE);
        nftnl_set_nlmsg_build_payload(nlh, s);
        nfnl_done(h->nfnl, nlh);
    } else
        h->nfnl->error = -ENOMEM;
    if (s)
        nftnl_set_free(s);
}

// (only what belongs to no open connection,) meta nfproto FAMILY, SOURCE in SET: counter, drop
static void put_rule(struct hook *h, const struct nft_kind *k)
{
    struct nfnl *n = h->nfnl;
    struct nftnl_rule *r = nfnl_rule(n, NFPROTO_INET, h->limits->table);
    struct nftnl_expr *e;

    if (h->limits->ban_new)
        nfnl_expr_unless_open(n, r);
    if ((e = nfnl_expr(n, r, "meta"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_NFPROTO);
        nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
    }
    if ((e = nfnl_expr(n, r, "cmp"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
        nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
        nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &families[k->family].nfproto, 1);
    }
    if ((e = nfnl_expr(n, r, "payload"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, families[k->family].header_offset);
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, (uint32_t)k->key_len);
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
    }
    if ((e = nfnl_expr(n, r, "lookup"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
        nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, k->name);
        nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, (uint32_t)(k - nft_kinds) + 1);
    }
    nfnl_put_drop_rule(n, r, NFPROTO_INET);
}

static void put_flush_chain(struct hook *h)
{
    struct nftnl_rule *r = nfnl_rule(h->nfnl, NFPROTO_INET, h->limits->table);

    if (!r)
        return;
    struct nlmsghdr *nlh = nfnl_put(h->nfnl, NFT_MSG_DELRULE, NFPROTO_INET, 0);
    nftnl_rule_nlmsg_build_payload(nlh, r);
    nftnl_rule_free(r);
    nfnl_done(h->nfnl, nlh);
}

// The chain is made anew each time, the sets are kept unless anew.
static int build(struct hook *h, bool anew)
{
    struct nfnl *n = h->nfnl;
    const char *table = h->limits->table;

    nfnl_begin(n);
    nfnl_put_table(n, NFT_MSG_NEWTABLE, NFPROTO_INET, table);
    if (anew) {
        nfnl_put_table(n, NFT_MSG_DELTABLE, NFPROTO_INET, table);
        nfnl_put_table(n, NFT_MSG_NEWTABLE, NFPROTO_INET, table);
    } else {
        nfnl_put_chain(n, NFT_MSG_NEWCHAIN, NFPROTO_INET, table, 0);
        put_flush_chain(h);
        nfnl_put_chain(n, NFT_MSG_DELCHAIN, NFPROTO_INET, table, 0);
    }
    nfnl_put_chain(n, NFT_MSG_NEWCHAIN, NFPROTO_INET, table, h->limits->ban_new ? HOOK_NEW_PRIORITY : HOOK_PRIORITY);
    for (size_t i = 0; i < NFT_SETS; i++)
        put_set(h, &nft_kinds[i]);
    for (size_t i = 0; i < NFT_SETS; i++)
        put_rule(h, &nft_kinds[i]);
    return nfnl_commit(n);
}

static int put(struct hook *h)
{
    bool anew = has_other_size(h);
    int r = build(h, anew);

    // Something in our own table contradicts us (a chain or set of other kind): the table is ours, so it is made
    // anew; what was in its sets is put back by the caller.
    if (r < 0 && !anew && r != -EPERM && r != -EPROTONOSUPPORT) {
        anew = true;
        r = build(h, true);
    }
    h->error[V4] = h->error[V6] = -r;
    return r < 0 ? r : anew;
}

static int footprint(struct hook *h, uint64_t *ret)
{
    return footprint_take(h->nfnl, h->limits->table, ret);
}

static int check(struct hook *h, const uint32_t expected[FAMILIES])
{
    (void)h, (void)expected; // every change raises an event
    return 0;
}

static void retire(struct hook *h)
{
    nfnl_begin(h->nfnl);
    nfnl_put_table(h->nfnl, NFT_MSG_DELTABLE, NFPROTO_INET, h->limits->table);
    (void)nfnl_commit(h->nfnl); // none there: nothing to do
}

static void close_nothing(struct hook *h)
{
    (void)h;
}

const struct hook_ops hook_nftables = {
    .name = "nftables", .put = put, .footprint = footprint, .check = check, .retire = retire, .close = close_nothing,
};

struct survey {
    const char *our_table;
    bool native;
};

// iptables-nft's base chains bear the old names in capitals; people write theirs in small letters.
static int take_chain(const struct nlmsghdr *nlh, void *userdata)
{
    static const char *const compat[] = {"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING", "BROUTING"};
    struct survey *s = userdata;
    const char *table = "", *name = "";
    const struct nlattr *a;
    bool base = false;

    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
        if (mnl_attr_get_type(a) == NFTA_CHAIN_TABLE)
            table = mnl_attr_get_str(a);
        else if (mnl_attr_get_type(a) == NFTA_CHAIN_NAME)
            name = mnl_attr_get_str(a);
        else if (mnl_attr_get_type(a) == NFTA_CHAIN_HOOK)
            base = true;
    }
    for (size_t i = 0; i < sizeof(compat) / sizeof(compat[0]); i++)
        base = base && strcmp(name, compat[i]) != 0;
    s->native |= base && strcmp(table, s->our_table) != 0 && strcmp(table, NFNL_CONNGUARD_TABLE) != 0;
    return MNL_CB_OK;
}

int hook_nft_in_use(struct nfnl *n, const char *our_table)
{
    char buffer[NFNL_ANSWER];
    struct survey s = {.our_table = our_table};
    int r = nfnl_answer(n, nfnl_ask(n, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN, AF_UNSPEC, NLM_F_DUMP),
                        take_chain, &s);

    return r < 0 ? r : s.native;
}
