// SPDX-License-Identifier: GPL-2.0-or-later
// A network in a set is two elements of the kernel's: its first address, and the first one behind it. Both lists of them,
// the wanted and the kernel's, are sorted; what only one of them has goes or comes.
#include "firewall/elements_nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "firewall/render.h"

enum {
    PER_MESSAGE = 1000,      // elements: a list of them ends at 64 KiB
    PER_PART = 5 * PER_MESSAGE,
    MESSAGE_MAX = 80 * 1024,
    TRIES = 10,              // the kernel's list changed while it was read
};

struct bound {
    struct addr addr; // of an end: the first one behind
    bool end, open;   // open: the network ends with the address space, and has no end
};

struct bounds {
    struct bound *v;
    size_t n, room;
};

// An end before a beginning, as networks may touch.
static int compare(const struct bound *a, const struct bound *b)
{
    int r = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));

    return r ? r : (int)b->end - (int)a->end;
}

static int compare_any(const void *a, const void *b)
{
    return compare(a, b);
}

static int append(struct bounds *l, const struct bound *b)
{
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 1024;
        struct bound *grown = reallocarray(l->v, room, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        l->v = grown;
        l->room = room;
    }
    l->v[l->n++] = *b;
    return 0;
}

// Both bounds of a network; returns how many there are.
static size_t bounds_of(const struct prefix *p, struct bound ret[static 2])
{
    int first = addr_is_v4(&p->addr) ? 96 : 0, i = p->len - 1;

    ret[0] = ret[1] = (struct bound){.addr = p->addr};
    for (; i >= first; i--) // one is added to the last bit of the network
        if ((ret[1].addr.b[i / 8] ^= (uint8_t)(0x80u >> i % 8)) & (0x80u >> i % 8))
            break;
    ret[0].open = i < first;
    ret[1].end = true;
    return ret[0].open ? 1 : 2;
}

static int wanted_bounds(const struct fw_networks *networks, struct bounds *ret)
{
    struct bound pair[2];
    int r = 0;

    for (size_t i = 0; r == 0 && i < networks->n; i++) {
        size_t n = bounds_of(&networks->v[i], pair);
        for (size_t k = 0; r == 0 && k < n; k++)
            r = append(ret, &pair[k]);
    }
    return r;
}

// --- what the kernel has

struct listing {
    struct bounds *bounds;
    bool v4;
    int error;
};

static int take_data(const struct nlattr *a, void *userdata)
{
    if (mnl_attr_get_type(a) == NFTA_DATA_VALUE)
        *(const struct nlattr **)userdata = a;
    return MNL_CB_OK;
}

static void take_element(const struct nlattr *element, struct listing *l)
{
    static const struct addr zero;
    struct bound b = {.addr = {.b = {[10] = 0xff, [11] = 0xff}}};
    const struct nlattr *a, *value = NULL;
    uint16_t length = l->v4 ? 4 : 16;

    mnl_attr_for_each_nested(a, element) {
        if (mnl_attr_get_type(a) == NFTA_SET_ELEM_KEY)
            mnl_attr_parse_nested(a, take_data, &value);
        else if (mnl_attr_get_type(a) == NFTA_SET_ELEM_FLAGS)
            b.end = ntohl(mnl_attr_get_u32(a)) & NFT_SET_ELEM_INTERVAL_END;
    }
    if (!value || mnl_attr_get_payload_len(value) != length) {
        l->error = -EBADMSG;
        return;
    }
    memcpy(b.addr.b + 16 - length, mnl_attr_get_payload(value), length);
    if (b.end && memcmp(b.addr.b + 16 - length, zero.b, length) == 0)
        return; // nft says that nothing begins before the first one
    if (append(l->bounds, &b) < 0)
        l->error = -ENOMEM;
}

static int take_message(const struct nlmsghdr *nlh, void *userdata)
{
    const struct nlattr *a, *element;
    struct listing *l = userdata;

    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
            mnl_attr_for_each_nested(element, a)
                take_element(element, l);
    return MNL_CB_OK;
}

// The kernel lists from the last to the first.
static void sort(struct bounds *l)
{
    bool sorted = true;

    for (size_t i = 0; i < l->n / 2; i++) {
        struct bound other = l->v[i];
        l->v[i] = l->v[l->n - 1 - i];
        l->v[l->n - 1 - i] = other;
    }
    for (size_t i = 1; sorted && i < l->n; i++)
        sorted = compare(&l->v[i - 1], &l->v[i]) <= 0;
    if (!sorted)
        qsort(l->v, l->n, sizeof(*l->v), compare_any);
}

static int kernel_bounds(struct fw_batch *b, const struct fw_script_set *set, struct bounds *ret)
{
    char buffer[NFNL_ANSWER];
    int r = -EINTR;

    for (int tries = 0; r == -EINTR && tries < TRIES; tries++) {
        struct listing l = {.bounds = ret, .v4 = set->v4};
        struct nlmsghdr *nlh = nfnl_ask(&b->nfnl, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP);
        mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, FW_NFT_TABLE);
        mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
        ret->n = 0;
        r = nfnl_answer(&b->nfnl, nlh, take_message, &l);
        r = r == 0 ? l.error : r;
    }
    if (r == 0)
        sort(ret);
    return r;
}

// --- the transaction

int fw_batch_open(struct fw_batch *b, bool in_parts)
{
    *b = (struct fw_batch){.room = NFNL_BUFFER, .in_parts = in_parts};
    int r = nfnl_open(&b->nfnl);

    if (r == 0)
        nfnl_begin(&b->nfnl);
    return r;
}

void fw_batch_close(struct fw_batch *b)
{
    nfnl_close(&b->nfnl);
}

int fw_batch_commit(struct fw_batch *b)
{
    int size = (int)(b->nfnl.used < INT32_MAX / 4 ? 2 * b->nfnl.used : INT32_MAX / 2);

    (void)setsockopt(mnl_socket_get_fd(b->nfnl.nl), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)); // it is one packet
    return nfnl_commit(&b->nfnl);
}

// Room for one more message.
static bool grow(struct fw_batch *b)
{
    struct nfnl *n = &b->nfnl;

    if (b->room - n->used < MESSAGE_MAX) {
        char *grown = realloc(n->buffer, 2 * b->room);
        if (!grown) {
            n->error = -ENOMEM;
            return false;
        }
        n->buffer = grown;
        b->room *= 2;
    }
    return n->error == 0;
}

static void put_bound(struct nlmsghdr *nlh, const struct bound *b, bool v4, uint32_t seconds, bool adding)
{
    uint8_t is_open[2 + sizeof(uint32_t)] = {NFTNL_UDATA_SET_ELEM_FLAGS, sizeof(uint32_t)};
    struct nlattr *element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
    struct nlattr *key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
    uint64_t ms = seconds * UINT64_C(1000);
    uint32_t timeout[2] = {htonl((uint32_t)(ms >> 32)), htonl((uint32_t)ms)};

    mnl_attr_put(nlh, NFTA_DATA_VALUE, v4 ? 4 : 16, b->addr.b + (v4 ? 12 : 0));
    mnl_attr_nest_end(nlh, key);
    if (b->end)
        mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
    if (seconds > 0 && !b->end)
        mnl_attr_put(nlh, NFTA_SET_ELEM_TIMEOUT, sizeof(timeout), timeout);
    if (adding && b->open) { // what nft(8) writes where a network has no end
        memcpy(is_open + 2, &(uint32_t){NFTNL_SET_ELEM_F_INTERVAL_OPEN}, sizeof(uint32_t));
        mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, sizeof(is_open), is_open);
    }
    mnl_attr_nest_end(nlh, element);
}

// Elements on their way into one set or out of it, in as many messages as they need.
struct flow {
    struct fw_batch *batch;
    uint16_t type;
    const char *set;
    bool v4;
    struct nlmsghdr *nlh; // NULL: none is begun
    struct nlattr *list;
    size_t n;
};

static void begin_message(struct flow *f)
{
    if (!grow(f->batch))
        return;
    f->nlh = nfnl_put(&f->batch->nfnl, f->type, NFPROTO_INET, f->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
    mnl_attr_put_strz(f->nlh, NFTA_SET_ELEM_LIST_TABLE, FW_NFT_TABLE);
    mnl_attr_put_strz(f->nlh, NFTA_SET_ELEM_LIST_SET, f->set);
    f->list = NULL;
    f->n = 0;
}

static void end_message(struct flow *f)
{
    if (!f->nlh)
        return;
    if (f->list)
        mnl_attr_nest_end(f->nlh, f->list);
    nfnl_done(&f->batch->nfnl, f->nlh);
    f->nlh = NULL;
}

static void commit_part(struct fw_batch *b)
{
    if (!b->in_parts || b->changes % PER_PART != 0 || b->nfnl.error < 0)
        return;
    int r = fw_batch_commit(b);
    nfnl_begin(&b->nfnl);
    b->nfnl.error = r;
}

static void put(struct flow *f, const struct bound *b, uint32_t seconds)
{
    if (f->nlh && f->n == PER_MESSAGE) {
        end_message(f);
        commit_part(f->batch);
    }
    if (!f->nlh)
        begin_message(f);
    if (!f->nlh)
        return;
    if (!f->list)
        f->list = mnl_attr_nest_start(f->nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
    put_bound(f->nlh, b, f->v4, seconds, f->type == NFT_MSG_NEWSETELEM);
    f->n++;
    f->batch->changes++;
}

// What of the list is not in the other; both are sorted.
static void put_missing(struct fw_batch *b, uint16_t type, const struct fw_script_set *set, const struct bounds *l,
                        const struct bounds *other)
{
    struct flow f = {b, type, set->name, set->v4, NULL, NULL, 0};

    for (size_t i = 0, k = 0; i < l->n; i++) {
        while (k < other->n && compare(&other->v[k], &l->v[i]) < 0)
            k++;
        if (k == other->n || compare(&other->v[k], &l->v[i]) != 0)
            put(&f, &l->v[i], 0);
    }
    end_message(&f);
}

int fw_batch_set(struct fw_batch *b, const struct fw_script_set *set)
{
    struct bounds wanted = {.n = 0}, there = {.n = 0};
    int r = b->in_parts ? 0 : kernel_bounds(b, set, &there);

    if (r == 0)
        r = wanted_bounds(&set->networks, &wanted);
    if (r == 0) {
        put_missing(b, NFT_MSG_DELSETELEM, set, &there, &wanted);
        put_missing(b, NFT_MSG_NEWSETELEM, set, &wanted, &there);
        r = b->nfnl.error;
    }
    free(wanted.v);
    free(there.v);
    return r;
}

static void put_fill(struct fw_batch *b, const struct fw_fill *fill, bool v4, bool interval)
{
    char name[32];
    struct flow away = {b, NFT_MSG_DELSETELEM, name, v4, NULL, NULL, 0}, in = {b, NFT_MSG_NEWSETELEM, name, v4, NULL, NULL, 0};
    struct bound pair[2];

    snprintf(name, sizeof(name), "%s%c", fill->set, v4 ? '4' : '6');
    begin_message(&away); // without a list: all of them, as one that stayed would keep its old timeout
    end_message(&away);
    for (size_t i = 0; i < fill->n; i++) {
        if (addr_is_v4(&fill->v[i].addr) != v4)
            continue;
        size_t n = bounds_of(&fill->v[i], pair);
        for (size_t k = 0; k < (interval ? n : 1); k++)
            put(&in, &pair[k], fill->seconds);
    }
    end_message(&in);
}

void fw_batch_fill(struct fw_batch *b, const struct fw_fill *fill)
{
    bool interval = strcmp(fill->set, FW_SET_TUNNELS) != 0 && strcmp(fill->set, FW_SET_GRE) != 0;

    put_fill(b, fill, true, interval);
    put_fill(b, fill, false, interval);
}

static bool add_comment(struct nftnl_rule *r, const char *comment)
{
    struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(128);
    bool good = u && nftnl_udata_put_strz(u, NFTNL_UDATA_RULE_COMMENT, comment) &&
                nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(u), nftnl_udata_buf_len(u)) == 0;

    if (u)
        nftnl_udata_buf_free(u);
    return good;
}

// comment NULL: all rules of the chain.
static void put_revision_rule(struct nfnl *n, uint16_t type, const char *comment)
{
    struct nftnl_rule *r = nfnl_rule(n, NFPROTO_INET, FW_NFT_TABLE);

    if (!r)
        return;
    nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, "revision");
    if (comment && (!add_comment(r, comment) || !nfnl_expr(n, r, "counter"))) // nft(8) reads no rule of a comment alone
        n->error = -ENOMEM;
    struct nlmsghdr *nlh = nfnl_put(n, type, NFPROTO_INET, comment ? NLM_F_CREATE | NLM_F_APPEND : 0);
    nftnl_rule_nlmsg_build_payload(nlh, r);
    nfnl_done(n, nlh);
    nftnl_rule_free(r);
}

void fw_batch_comments(struct fw_batch *b, const char *const *comments, size_t n)
{
    if (!grow(b))
        return;
    put_revision_rule(&b->nfnl, NFT_MSG_DELRULE, NULL);
    for (size_t i = 0; i < n; i++)
        put_revision_rule(&b->nfnl, NFT_MSG_NEWRULE, comments[i]);
}
