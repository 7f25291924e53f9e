// SPDX-License-Identifier: GPL-2.0-or-later
// The ipset back end: hash:net sets filled through libipset, hooked by a small nf_tables table of each family whose
// one rule holds xtables' `set` match. Lists by netlink itself, because libipset can only print text.
#include "enforce/backend.h"
#include "enforce/footprint.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libipset/data.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <linux/netfilter/xt_set.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// As many additions as surely fit into libipset's page, with the longest comment; it would send by itself when the
// page is full, and an error could no longer be told from one of an earlier group.
enum { GROUP = 32, NO_INDEX = 0xffff };

struct ipset_state {
    struct ipset_session *session;
    const struct ipset_type *type[FAMILIES];
    int fd;                     // any socket: for SO_IP_SET
    uint16_t hooked[FAMILIES];  // index of the set that the rule names
};

static const uint8_t nfproto[FAMILIES] = {NFPROTO_IPV4, NFPROTO_IPV6};

static const char *set_name(const struct backend *b, enum family f)
{
    return f == V4 ? b->limits->set4 : b->limits->set6;
}

static int no_output(struct ipset_session *session, void *p, const char *fmt, ...)
{
    (void)session, (void)p, (void)fmt;
    return 0;
}

static int get_state(struct backend *b, struct ipset_state **ret)
{
    struct ipset_state *s = b->priv;

    if (!s) {
        if (!(s = calloc(1, sizeof(*s))))
            return -ENOMEM;
        ipset_load_types();
        // a session of its own, not struct ipset: that one's error callbacks call exit()
        s->session = ipset_session_init(no_output, NULL);
        s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (!s->session) {
            free(s);
            return -ENOMEM;
        }
        ipset_envopt_set(s->session, IPSET_ENV_EXIST);
        b->priv = s;
    }
    *ret = s;
    return 0;
}

static uint16_t set_index(const struct ipset_state *s, const char *name)
{
    struct ip_set_req_get_set req = {.op = IP_SET_OP_GET_BYNAME, .version = IPSET_PROTOCOL};
    socklen_t size = sizeof(req);

    snprintf(req.set.name, sizeof(req.set.name), "%s", name);
    return getsockopt(s->fd, SOL_IP, SO_IP_SET, &req, &size) < 0 ? NO_INDEX : req.set.index;
}

// What the kernel says of one set, and its entries.
struct listing {
    void (*fn)(void *userdata, const struct element_state *);
    void *userdata;
    bool ours; // type, family, timeouts
    uint32_t elements, max;
};

static int take_attr(const struct nlattr *a, void *userdata)
{
    const struct nlattr **table = userdata;

    if (mnl_attr_get_type(a) <= IPSET_ATTR_ADT_MAX)
        table[mnl_attr_get_type(a)] = a;
    return MNL_CB_OK;
}

static void take_element(const struct nlattr *data, const struct listing *l)
{
    const struct nlattr *a[IPSET_ATTR_ADT_MAX + 1] = {NULL}, *ip[IPSET_ATTR_ADT_MAX + 1] = {NULL};
    struct addr addr = {.b = {[10] = 0xff, [11] = 0xff}};
    struct element_state e = {.left = 0};
    unsigned size;

    mnl_attr_parse_nested(data, take_attr, a);
    if (!a[IPSET_ATTR_IP])
        return;
    mnl_attr_parse_nested(a[IPSET_ATTR_IP], take_attr, ip);
    const struct nlattr *v = ip[IPSET_ATTR_IPADDR_IPV4] ? ip[IPSET_ATTR_IPADDR_IPV4] : ip[IPSET_ATTR_IPADDR_IPV6];
    size = ip[IPSET_ATTR_IPADDR_IPV4] ? 4 : 16;
    if (!v || mnl_attr_get_payload_len(v) < size)
        return;
    memcpy(addr.b + 16 - size, mnl_attr_get_payload(v), size);
    e.net = prefix_of(&addr, a[IPSET_ATTR_CIDR] ? (uint8_t)(mnl_attr_get_u8(a[IPSET_ATTR_CIDR]) + 128 - 8 * size) : 128);
    e.left = a[IPSET_ATTR_TIMEOUT] ? ntohl(mnl_attr_get_u32(a[IPSET_ATTR_TIMEOUT])) : 0;
    e.packets = a[IPSET_ATTR_PACKETS] ? be64toh(mnl_attr_get_u64(a[IPSET_ATTR_PACKETS])) : 0;
    e.bytes = a[IPSET_ATTR_BYTES] ? be64toh(mnl_attr_get_u64(a[IPSET_ATTR_BYTES])) : 0;
    if (e.left == 0) // the kernel's "for ever"
        e.left = UINT32_MAX;
    l->fn(l->userdata, &e);
}

static int take_message(const struct nlmsghdr *nlh, void *userdata)
{
    const struct nlattr *a[IPSET_ATTR_ADT_MAX + 1] = {NULL}, *d[IPSET_ATTR_ADT_MAX + 1] = {NULL}, *entry;
    struct listing *l = userdata;

    mnl_attr_parse(nlh, sizeof(struct nfgenmsg), take_attr, a);
    if (a[IPSET_ATTR_TYPENAME] && a[IPSET_ATTR_DATA]) { // the first message of a listing
        mnl_attr_parse_nested(a[IPSET_ATTR_DATA], take_attr, d);
        l->elements = d[IPSET_ATTR_ELEMENTS] ? ntohl(mnl_attr_get_u32(d[IPSET_ATTR_ELEMENTS])) : 0;
        l->max = d[IPSET_ATTR_MAXELEM] ? ntohl(mnl_attr_get_u32(d[IPSET_ATTR_MAXELEM])) : UINT32_MAX;
        l->ours = strcmp(mnl_attr_get_str(a[IPSET_ATTR_TYPENAME]), "hash:net") == 0 && d[IPSET_ATTR_TIMEOUT];
    }
    if (a[IPSET_ATTR_ADT] && l->fn && l->ours)
        mnl_attr_for_each_nested(entry, a[IPSET_ATTR_ADT]) take_element(entry, l);
    return MNL_CB_OK;
}

// -ENOENT: there is no such set.
static int list_set(struct backend *b, enum family f, struct listing *l)
{
    char buffer[NFNL_ANSWER];
    struct nlmsghdr *nlh = nfnl_ask(b->nfnl, buffer, (NFNL_SUBSYS_IPSET << 8) | IPSET_CMD_LIST, AF_INET,
                                    NLM_F_ACK | NLM_F_DUMP);

    mnl_attr_put_u8(nlh, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
    mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, set_name(b, f));
    if (!l->fn)
        mnl_attr_put_u32(nlh, IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, htonl(IPSET_FLAG_LIST_HEADER));
    return nfnl_answer(b->nfnl, nlh, take_message, l);
}

static int create_set(struct backend *b, struct ipset_state *s, enum family f, const char *name)
{
    uint32_t timeout = b->limits->max_timeout, max = b->limits->max_entries;
    struct ipset_session *session = s->session;

    ipset_session_data_set(session, IPSET_OPT_TYPENAME, "hash:net");
    ipset_session_data_set(session, IPSET_OPT_FAMILY, &nfproto[f]);
    if (!s->type[f] && !(s->type[f] = ipset_type_get(session, IPSET_CMD_CREATE)))
        return -EPROTONOSUPPORT;
    if (!name) { // is there already
        ipset_data_reset(ipset_session_data(session));
        return 0;
    }
    ipset_session_data_set(session, IPSET_SETNAME, name);
    ipset_session_data_set(session, IPSET_OPT_TYPE, s->type[f]);
    ipset_session_data_set(session, IPSET_OPT_TIMEOUT, &timeout);
    ipset_session_data_set(session, IPSET_OPT_MAXELEM, &max);
    ipset_session_data_set(session, IPSET_OPT_COUNTERS, &max);
    ipset_session_data_set(session, IPSET_OPT_CREATE_COMMENT, &max);
    return ipset_cmd(session, IPSET_CMD_CREATE, 0) < 0 ? -EIO : 0;
}

// A set's size cannot be changed, so one of the right size takes its place, in every rule that names it too.
static int exchange_set(struct backend *b, struct ipset_state *s, enum family f)
{
    char fresh[IPSET_MAXNAMELEN];

    snprintf(fresh, sizeof(fresh), "%.27s.new", set_name(b, f));
    int r = create_set(b, s, f, fresh);
    if (r < 0)
        return r;
    ipset_session_data_set(s->session, IPSET_SETNAME, set_name(b, f));
    ipset_session_data_set(s->session, IPSET_OPT_SETNAME2, fresh);
    r = ipset_cmd(s->session, IPSET_CMD_SWAP, 0) < 0 ? -EIO : 0;
    ipset_session_data_set(s->session, IPSET_SETNAME, fresh);
    (void)ipset_cmd(s->session, IPSET_CMD_DESTROY, 0);
    ipset_session_report_reset(s->session);
    return r;
}

static int put_hook(struct backend *b, struct ipset_state *s, enum family f)
{
    struct nfnl *n = b->nfnl;
    const char *table = b->limits->table;
    struct nftnl_rule *rule;
    struct nftnl_expr *match;
    struct xt_set_info_match_v1 *info = calloc(1, 8); // 8: what the kernel's XT_ALIGN makes of its size

    s->hooked[f] = set_index(s, set_name(b, f));
    if (!info || s->hooked[f] == NO_INDEX) {
        free(info);
        return -ENOENT;
    }
    info->match_set.index = s->hooked[f];
    info->match_set.dim = 1;
    info->match_set.flags = 2; // dimension one is the source
    nfnl_begin(n); // all or nothing: never a moment without the hook
    nfnl_put_table(n, NFT_MSG_NEWTABLE, nfproto[f], table);
    nfnl_put_table(n, NFT_MSG_DELTABLE, nfproto[f], table);
    nfnl_put_table(n, NFT_MSG_NEWTABLE, nfproto[f], table);
    nfnl_put_chain(n, NFT_MSG_NEWCHAIN, nfproto[f], table, b->limits->ban_new ? HOOK_NEW_PRIORITY : HOOK_PRIORITY);
    rule = nfnl_rule(n, nfproto[f], table);
    if (b->limits->ban_new)
        nfnl_expr_unless_open(n, rule);
    if ((match = nfnl_expr(n, rule, "match"))) {
        nftnl_expr_set_str(match, NFTNL_EXPR_MT_NAME, "set");
        nftnl_expr_set_u32(match, NFTNL_EXPR_MT_REV, 1);
        nftnl_expr_set(match, NFTNL_EXPR_MT_INFO, info, 8); // takes info over
    }
    nfnl_put_drop_rule(n, rule, nfproto[f]);
    return nfnl_commit(n);
}

static int hook(struct backend *b)
{
    struct ipset_state *s;
    int r = get_state(b, &s), worst = 0;
    bool lost = false;

    for (enum family f = V4; r == 0 && f < FAMILIES; f++) {
        struct listing l = {.fn = NULL};
        int e = list_set(b, f, &l);
        if (e == 0 && !l.ours)
            e = -EEXIST;
        else if (e == 0 && l.max != b->limits->max_entries && exchange_set(b, s, f) == 0)
            lost = true;
        else if (e == 0 || e == -ENOENT)
            e = create_set(b, s, f, e == 0 ? NULL : set_name(b, f));
        if (e == 0)
            e = put_hook(b, s, f);
        b->hook_error[f] = -e;
        worst = e < 0 ? e : worst;
    }
    return r < 0 ? r : b->hook_error[V4] && b->hook_error[V6] ? worst : lost;
}

static int send_one(struct backend *b, const struct ipset_state *s, enum ipset_cmd cmd, const struct element *e,
                    uint32_t line)
{
    enum family f = family_of(&e->net);
    uint8_t cidr = (uint8_t)prefix_family_len(&e->net);
    char comment[64];

    ipset_session_data_set(s->session, IPSET_SETNAME, set_name(b, f));
    ipset_session_data_set(s->session, IPSET_OPT_FAMILY, &nfproto[f]);
    ipset_session_data_set(s->session, IPSET_OPT_TYPE, s->type[f]);
    ipset_session_data_set(s->session, IPSET_OPT_IP, e->net.addr.b + (f == V4 ? 12 : 0));
    ipset_session_data_set(s->session, IPSET_OPT_CIDR, &cidr);
    if (cmd == IPSET_CMD_ADD) {
        snprintf(comment, sizeof(comment), "%s %u", e->jail, e->count);
        ipset_session_data_set(s->session, IPSET_OPT_TIMEOUT, &e->timeout);
        ipset_session_data_set(s->session, IPSET_OPT_ADT_COMMENT, comment);
    }
    return ipset_cmd(s->session, cmd, line);
}

// Sends e[0..n) of one family. The kernel stops at the first that it refuses and libipset tells no number, so a
// group that failed is sent again one by one.
static void send_group(struct backend *b, struct ipset_state *s, enum ipset_cmd cmd, struct element *const *e, size_t n)
{
    int r = 0;

    for (size_t i = 0; i < n; i++)
        r |= send_one(b, s, cmd, e[i], (uint32_t)i + 1);
    r |= ipset_commit(s->session);
    for (size_t i = 0; i < n; i++)
        e[i]->error = 0;
    if (r == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        ipset_session_report_reset(s->session);
        if (send_one(b, s, cmd, e[i], 0) == 0)
            continue;
        struct listing l = {.fn = NULL};
        int listed = list_set(b, family_of(&e[i]->net), &l);
        e[i]->error = listed < 0 ? -listed : l.elements >= l.max ? ENOSPC : EIO;
    }
    ipset_session_report_reset(s->session);
}

static void send_all(struct backend *b, enum ipset_cmd cmd, struct element *e, size_t n)
{
    struct ipset_state *s;
    int r = get_state(b, &s);

    for (enum family f = V4; f < FAMILIES; f++) {
        struct element *group[GROUP];
        size_t size = 0;
        for (size_t i = 0; i < n; i++) {
            if (family_of(&e[i].net) != f)
                continue;
            e[i].error = r < 0 ? -r : b->hook_error[f] == EEXIST || !s->type[f] ? EEXIST : 0;
            if (e[i].error == 0)
                group[size++] = &e[i];
            if (size == GROUP) {
                send_group(b, s, cmd, group, size);
                size = 0;
            }
        }
        if (size > 0)
            send_group(b, s, cmd, group, size);
    }
}

static void add(struct backend *b, struct element *e, size_t n)
{
    send_all(b, IPSET_CMD_ADD, e, n);
}

static void del(struct backend *b, struct element *e, size_t n)
{
    send_all(b, IPSET_CMD_DEL, e, n);
}

static int list(struct backend *b, const struct prefix *only, void (*fn)(void *userdata, const struct element_state *), void *userdata)
{
    int r = 0;

    for (enum family f = V4; r == 0 && f < FAMILIES; f++) {
        struct listing l = {.fn = fn, .userdata = userdata};
        if (only && family_of(only) != f) // the kernel can list a set, not an entry
            continue;
        r = list_set(b, f, &l);
        r = r == -ENOENT ? 0 : r;
    }
    return r;
}

static int footprint(struct backend *b, uint64_t *ret)
{
    return footprint_take(b->nfnl, b->limits->table, ret);
}

static int check(struct backend *b, const uint32_t expected[FAMILIES])
{
    struct ipset_state *s = b->priv;
    int lost = 0;

    for (enum family f = V4; s && f < FAMILIES; f++) {
        struct listing l = {.fn = NULL};
        if (b->hook_error[f]) // known to be out of order: the caller tries again by itself
            continue;
        if (set_index(s, set_name(b, f)) != s->hooked[f] || list_set(b, f, &l) < 0 || !l.ours)
            return 1;
        if (l.elements < expected[f])
            lost = 2;
    }
    return lost;
}

static void retire(struct backend *b)
{
    struct ipset_state *s;

    for (enum family f = V4; get_state(b, &s) == 0 && f < FAMILIES; f++) {
        struct listing l = {.fn = NULL};
        nfnl_begin(b->nfnl);
        nfnl_put_table(b->nfnl, NFT_MSG_DELTABLE, nfproto[f], b->limits->table);
        (void)nfnl_commit(b->nfnl); // none there: nothing to do
        if (list_set(b, f, &l) < 0 || !l.ours)
            continue;
        // The kernel lets go of the rule's hold on the set only later: empty is as good as gone.
        ipset_session_data_set(s->session, IPSET_SETNAME, set_name(b, f));
        (void)ipset_cmd(s->session, IPSET_CMD_FLUSH, 0);
        ipset_session_data_set(s->session, IPSET_SETNAME, set_name(b, f));
        (void)ipset_cmd(s->session, IPSET_CMD_DESTROY, 0);
        ipset_session_report_reset(s->session);
    }
}

static void close_ipset(struct backend *b)
{
    struct ipset_state *s = b->priv;

    if (!s)
        return;
    ipset_session_fini(s->session);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
    b->priv = NULL;
}

const struct backend_ops backend_ipset = {
    .name = "ipset", .tick_ms = 500, .hook = hook, .add = add, .del = del, .list = list, .footprint = footprint, .check = check,
    .retire = retire, .close = close_ipset,
};
