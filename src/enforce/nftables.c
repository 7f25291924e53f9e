// SPDX-License-Identifier: GPL-2.0-or-later
// The native back end: an own `inet` table with four sets, hosts apart from networks. Hosts go into hash sets, fast
// and free of overlaps; only the rarer networks need interval sets, where two that overlap cannot both stand.
#include "enforce/backend.h"
#include "enforce/footprint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <libnftnl/udata.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SETS = 4, PER_MESSAGE = 256, PER_TRANSACTION = 1024 }; // a message's list ends at 64 KiB

static const struct set_kind {
    const char *name;
    enum family family;
    bool interval;
    uint32_t key_type, key_len, header_offset; // nft's number for the type, source address in the IP header
    uint8_t nfproto;
} kinds[SETS] = {
    {"ban4", V4, false, 7, 4, 12, NFPROTO_IPV4},
    {"net4", V4, true, 7, 4, 12, NFPROTO_IPV4},
    {"ban6", V6, false, 8, 16, 8, NFPROTO_IPV6},
    {"net6", V6, true, 8, 16, 8, NFPROTO_IPV6},
};

static const struct set_kind *kind_of(const struct prefix *p)
{
    return &kinds[2 * (family_of(p) == V6) + (p->len < 128)];
}

static struct nftnl_set *new_set(struct backend *b, const struct set_kind *k)
{
    struct nftnl_set *s = nftnl_set_alloc();

    if (!s) {
        b->nfnl->error = -ENOMEM;
        return NULL;
    }
    nftnl_set_set_str(s, NFTNL_SET_TABLE, b->limits->table);
    nftnl_set_set_str(s, NFTNL_SET_NAME, k->name);
    nftnl_set_set_u32(s, NFTNL_SET_FAMILY, NFPROTO_INET);
    return s;
}

static uint32_t size_of(const struct backend *b, const struct set_kind *k)
{
    return b->limits->max_entries * (k->interval ? 2 : 1) + 1;
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
static bool has_other_size(struct backend *b)
{
    char buffer[NFNL_ANSWER];
    struct nlmsghdr *nlh = nfnl_ask(b->nfnl, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSET, NFPROTO_INET, NLM_F_ACK);
    uint32_t size = 0;

    mnl_attr_put_strz(nlh, NFTA_SET_TABLE, b->limits->table);
    mnl_attr_put_strz(nlh, NFTA_SET_NAME, kinds[0].name);
    return nfnl_answer(b->nfnl, nlh, take_size, &size) == 0 && size != size_of(b, &kinds[0]);
}

static void put_set(struct backend *b, const struct set_kind *k)
{
    struct nftnl_set *s = new_set(b, k);
    struct nftnl_expr *counter = nftnl_expr_alloc("counter");

    if (s && counter) {
        nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, k->key_type);
        nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, k->key_len);
        nftnl_set_set_u32(s, NFTNL_SET_FLAGS, NFT_SET_TIMEOUT | (k->interval ? NFT_SET_INTERVAL : 0));
        nftnl_set_set_u32(s, NFTNL_SET_ID, (uint32_t)(k - kinds) + 1);
        nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, size_of(b, k));
        nftnl_set_add_expr(s, counter); // every element counts
        struct nlmsghdr *nlh = nfnl_put(b->nfnl, NFT_MSG_NEWSET, NFPROTO_INET, NLM_F_CREATE);
        nftnl_set_nlmsg_build_payload(nlh, s);
        nfnl_done(b->nfnl, nlh);
    } else
        b->nfnl->error = -ENOMEM;
    if (s)
        nftnl_set_free(s);
}

// (only what belongs to no open connection,) meta nfproto FAMILY, SOURCE in SET: counter, drop
static void put_rule(struct backend *b, const struct set_kind *k)
{
    struct nfnl *n = b->nfnl;
    struct nftnl_rule *r = nfnl_rule(n, NFPROTO_INET, b->limits->table);
    struct nftnl_expr *e;

    if (b->limits->ban_new)
        nfnl_expr_unless_open(n, r);
    if ((e = nfnl_expr(n, r, "meta"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_NFPROTO);
        nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
    }
    if ((e = nfnl_expr(n, r, "cmp"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
        nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
        nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &k->nfproto, sizeof(k->nfproto));
    }
    if ((e = nfnl_expr(n, r, "payload"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, k->header_offset);
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, k->key_len);
        nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
    }
    if ((e = nfnl_expr(n, r, "lookup"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
        nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, k->name);
        nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, (uint32_t)(k - kinds) + 1);
    }
    nfnl_put_drop_rule(n, r, NFPROTO_INET);
}

static void put_flush_chain(struct backend *b)
{
    struct nftnl_rule *r = nfnl_rule(b->nfnl, NFPROTO_INET, b->limits->table);

    if (!r)
        return;
    struct nlmsghdr *nlh = nfnl_put(b->nfnl, NFT_MSG_DELRULE, NFPROTO_INET, 0);
    nftnl_rule_nlmsg_build_payload(nlh, r);
    nftnl_rule_free(r);
    nfnl_done(b->nfnl, nlh);
}

// The chain is made anew each time, the sets are kept unless anew.
static int build(struct backend *b, bool anew)
{
    struct nfnl *n = b->nfnl;
    const char *table = b->limits->table;

    nfnl_begin(n);
    nfnl_put_table(n, NFT_MSG_NEWTABLE, NFPROTO_INET, table);
    if (anew) {
        nfnl_put_table(n, NFT_MSG_DELTABLE, NFPROTO_INET, table);
        nfnl_put_table(n, NFT_MSG_NEWTABLE, NFPROTO_INET, table);
    } else {
        nfnl_put_chain(n, NFT_MSG_NEWCHAIN, NFPROTO_INET, table, 0);
        put_flush_chain(b);
        nfnl_put_chain(n, NFT_MSG_DELCHAIN, NFPROTO_INET, table, 0);
    }
    nfnl_put_chain(n, NFT_MSG_NEWCHAIN, NFPROTO_INET, table, b->limits->ban_new ? HOOK_NEW_PRIORITY : HOOK_PRIORITY);
    for (size_t i = 0; i < SETS; i++)
        put_set(b, &kinds[i]);
    for (size_t i = 0; i < SETS; i++)
        put_rule(b, &kinds[i]);
    return nfnl_commit(n);
}

static int hook(struct backend *b)
{
    bool anew = has_other_size(b);
    int r = build(b, anew);

    // Something in our own table contradicts us (a chain or set of other kind): the table is ours, so it is made
    // anew; what was in its sets is put back by the caller.
    if (r < 0 && !anew && r != -EPERM && r != -EPROTONOSUPPORT) {
        anew = true;
        r = build(b, true);
    }
    b->hook_error[V4] = b->hook_error[V6] = -r;
    return r < 0 ? r : anew;
}

static void put_bound(struct nftnl_set *s, const struct element *e, const struct set_kind *k, bool end, bool adding)
{
    struct nftnl_set_elem *el = nftnl_set_elem_alloc();
    struct addr key = e->net.addr;
    char comment[64];

    if (!el)
        return;
    for (int i = e->net.len - 1; end && i >= 0; i--) // the first address behind the network
        if ((key.b[i / 8] ^= (uint8_t)(0x80u >> i % 8)) & (0x80u >> i % 8))
            break;
    nftnl_set_elem_set(el, NFTNL_SET_ELEM_KEY, key.b + 16 - k->key_len, k->key_len);
    if (end)
        nftnl_set_elem_set_u32(el, NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
    else if (adding) {
        struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(128);
        snprintf(comment, sizeof(comment), "%s %u", e->jail, e->count);
        nftnl_set_elem_set_u64(el, NFTNL_SET_ELEM_TIMEOUT, e->timeout * UINT64_C(1000));
        if (u && nftnl_udata_put_strz(u, NFTNL_UDATA_SET_ELEM_COMMENT, comment))
            nftnl_set_elem_set(el, NFTNL_SET_ELEM_USERDATA, nftnl_udata_buf_data(u), nftnl_udata_buf_len(u));
        if (u)
            nftnl_udata_buf_free(u);
    }
    nftnl_set_elem_add(s, el);
}

// One message of up to PER_MESSAGE elements that belong into set k; returns how many it looked at.
static size_t put_elements(struct backend *b, uint16_t type, const struct set_kind *k, const struct element *e, size_t n,
                           bool known_only)
{
    struct nftnl_set *s = new_set(b, k);
    size_t i = 0, taken = 0;

    for (; s && i < n && taken < PER_MESSAGE; i++) {
        if (kind_of(&e[i].net) != k || (known_only && !e[i].known))
            continue;
        put_bound(s, &e[i], k, false, type == NFT_MSG_NEWSETELEM);
        if (k->interval)
            put_bound(s, &e[i], k, true, type == NFT_MSG_NEWSETELEM);
        taken++;
    }
    if (taken > 0) {
        struct nlmsghdr *nlh = nfnl_put(b->nfnl, type, NFPROTO_INET, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
        nftnl_set_elems_nlmsg_build_payload(nlh, s);
        nfnl_done(b->nfnl, nlh);
    }
    if (s)
        nftnl_set_free(s);
    return s ? i : n;
}

// A transaction happens wholly or not at all: what failed is tried again in halves, so that one element that the
// kernel refuses does not cost the others. A kernel before 6.12 changes no timeout in place: known ones go first.
static void change(struct backend *b, uint16_t type, struct element *e, size_t n)
{
    int r;

    for (; n > PER_TRANSACTION; e += PER_TRANSACTION, n -= PER_TRANSACTION)
        change(b, type, e, PER_TRANSACTION);
    nfnl_begin(b->nfnl);
    for (size_t k = 0; k < SETS; k++) {
        for (size_t i = 0; type == NFT_MSG_NEWSETELEM && i < n;)
            i += put_elements(b, NFT_MSG_DELSETELEM, &kinds[k], e + i, n - i, true);
        for (size_t i = 0; i < n;)
            i += put_elements(b, type, &kinds[k], e + i, n - i, false);
    }
    r = n > 0 ? nfnl_commit(b->nfnl) : 0;
    if (r == -ENOENT && n == 1 && e->known && type == NFT_MSG_NEWSETELEM) {
        e->known = false; // it has just expired
        change(b, type, e, 1);
    } else if (r < 0 && n > 1 && r != -ENOMEM) {
        change(b, type, e, n / 2);
        change(b, type, e + n / 2, n - n / 2);
    } else
        for (size_t i = 0; i < n; i++)
            e[i].error = r == -ENFILE ? ENOSPC : -r;
}

static void add(struct backend *b, struct element *e, size_t n)
{
    change(b, NFT_MSG_NEWSETELEM, e, n);
}

static void del(struct backend *b, struct element *e, size_t n)
{
    change(b, NFT_MSG_DELSETELEM, e, n);
}

struct listing {
    void (*fn)(void *userdata, const struct element_state *);
    void *userdata;
    const struct set_kind *kind;
    struct element_state last; // of an interval set: the previous bound
    bool last_is_end, have_last;
};

static int take_element(struct nftnl_set_elem *el, void *userdata)
{
    struct addr key = {.b = {[10] = 0xff, [11] = 0xff}};
    struct listing *l = userdata;
    uint32_t size = 0;
    const void *k = nftnl_set_elem_get(el, NFTNL_SET_ELEM_KEY, &size);
    struct element_state e = {.left = UINT32_MAX};

    if (!k || size != l->kind->key_len)
        return 0;
    memcpy(key.b + 16 - size, k, size);
    e.net = prefix_of(&key, 128);
    if (nftnl_set_elem_is_set(el, NFTNL_SET_ELEM_EXPIRATION))
        e.left = (uint32_t)(nftnl_set_elem_get_u64(el, NFTNL_SET_ELEM_EXPIRATION) / 1000);
    const struct nftnl_expr *counter = nftnl_set_elem_get(el, NFTNL_SET_ELEM_EXPR, &size);
    if (counter && strcmp(nftnl_expr_get_str(counter, NFTNL_EXPR_NAME), "counter") == 0) {
        e.packets = nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_PACKETS);
        e.bytes = nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_BYTES);
    }
    if (!l->kind->interval) {
        l->fn(l->userdata, &e);
        return 0;
    }
    // A network is a start and an end that follow each other, in the one order or the other.
    bool is_end = nftnl_set_elem_is_set(el, NFTNL_SET_ELEM_FLAGS) &&
                  (nftnl_set_elem_get_u32(el, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END);
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
        return 0;
    }
    l->last = e;
    l->last_is_end = is_end;
    l->have_last = true;
    return 0;
}

static int take_message(const struct nlmsghdr *nlh, void *userdata)
{
    struct nftnl_set *s = nftnl_set_alloc();

    if (s && nftnl_set_elems_nlmsg_parse(nlh, s) == 0)
        nftnl_set_elem_foreach(s, take_element, userdata);
    if (s)
        nftnl_set_free(s);
    return MNL_CB_OK;
}

static int list(struct backend *b, const struct prefix *only, void (*fn)(void *userdata, const struct element_state *), void *userdata)
{
    char buffer[NFNL_ANSWER];
    int r = 0;

    for (size_t i = 0; i < SETS && (r == 0 || r == -ENOENT); i++) {
        struct listing l = {.fn = fn, .userdata = userdata, .kind = &kinds[i]};
        bool one = only && !kinds[i].interval; // few networks: those are all listed
        struct nlmsghdr *nlh = nfnl_ask(b->nfnl, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM,
                                        NFPROTO_INET, one ? NLM_F_ACK : NLM_F_DUMP);
        struct nftnl_set *s = new_set(b, &kinds[i]);
        if (only && &kinds[i] != kind_of(only)) {
            nftnl_set_free(s);
            continue;
        }
        if (s && one)
            put_bound(s, &(struct element){.net = *only}, &kinds[i], false, false);
        if (s)
            nftnl_set_elems_nlmsg_build_payload(nlh, s);
        nftnl_set_free(s);
        r = nfnl_answer(b->nfnl, nlh, take_message, &l);
    }
    return r == -ENOENT ? 0 : r;
}

static int footprint(struct backend *b, uint64_t *ret)
{
    return footprint_take(b->nfnl, b->limits->table, ret);
}

static int check(struct backend *b, const uint32_t expected[FAMILIES])
{
    (void)b, (void)expected; // every change raises an event
    return 0;
}

static void retire(struct backend *b)
{
    nfnl_begin(b->nfnl);
    nfnl_put_table(b->nfnl, NFT_MSG_DELTABLE, NFPROTO_INET, b->limits->table);
    (void)nfnl_commit(b->nfnl); // none there: nothing to do
}

static void close_nothing(struct backend *b)
{
    (void)b;
}

const struct backend_ops backend_nftables = {
    .name = "nftables", .tick_ms = 60000, .announced = true, .hook = hook, .add = add, .del = del, .list = list, .footprint = footprint, .check = check,
    .retire = retire, .close = close_nothing,
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

int backend_nft_in_use(struct nfnl *n, const char *our_table)
{
    char buffer[NFNL_ANSWER];
    struct survey s = {.our_table = our_table};
    int r = nfnl_answer(n, nfnl_ask(n, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN, AF_UNSPEC, NLM_F_DUMP),
                        take_chain, &s);

    return r < 0 ? r : s.native;
}
