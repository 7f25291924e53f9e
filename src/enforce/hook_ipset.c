// SPDX-License-Identifier: GPL-2.0-or-later
// ipset's hash:net sets, made through libipset, which knows what each kernel's can do, and hooked by a small nf_tables
// table of each family whose one rule holds xtables' `set` match.
#include "enforce/footprint.h"
#include "enforce/hook.h"
#include "enforce/list.h"

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

enum { NO_INDEX = 0xffff };

struct ipset_state {
    struct ipset_session *session;
    int fd;                     // any socket: for SO_IP_SET
    uint16_t hooked[FAMILIES];  // index of the set that the rule names
};

static const uint8_t nfproto[FAMILIES] = {NFPROTO_IPV4, NFPROTO_IPV6};

static const char *set_name(const struct hook *h, enum family f)
{
    return f == V4 ? h->limits->set4 : h->limits->set6;
}

static int no_output(struct ipset_session *session, void *p, const char *fmt, ...)
{
    (void)session, (void)p, (void)fmt;
    return 0;
}

static int get_state(struct hook *h, struct ipset_state **ret)
{
    struct ipset_state *s = h->priv;

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
        h->priv = s;
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

static int read_header(struct hook *h, enum family f, struct ipset_header *ret)
{
    return ipset_read(h->nfnl, set_name(h, f), ret, NULL, NULL);
}

static int create_set(struct hook *h, struct ipset_state *s, enum family f, const char *name)
{
    uint32_t timeout = h->limits->max_timeout, max = h->limits->max_entries;
    struct ipset_session *session = s->session;

    ipset_session_data_set(session, IPSET_OPT_TYPENAME, "hash:net");
    ipset_session_data_set(session, IPSET_OPT_FAMILY, &nfproto[f]);
    const struct ipset_type *type = ipset_type_get(session, IPSET_CMD_CREATE);
    if (!type) {
        ipset_data_reset(ipset_session_data(session));
        return -EPROTONOSUPPORT;
    }
    ipset_session_data_set(session, IPSET_SETNAME, name);
    ipset_session_data_set(session, IPSET_OPT_TYPE, type);
    ipset_session_data_set(session, IPSET_OPT_TIMEOUT, &timeout);
    ipset_session_data_set(session, IPSET_OPT_MAXELEM, &max);
    ipset_session_data_set(session, IPSET_OPT_COUNTERS, &max);
    ipset_session_data_set(session, IPSET_OPT_CREATE_COMMENT, &max);
    return ipset_cmd(session, IPSET_CMD_CREATE, 0) < 0 ? -EIO : 0;
}

// A set's size cannot be changed, so one of the right size takes its place, in every rule that names it too.
static int exchange_set(struct hook *h, struct ipset_state *s, enum family f)
{
    char fresh[IPSET_MAXNAMELEN];

    snprintf(fresh, sizeof(fresh), "%.27s.new", set_name(h, f));
    int r = create_set(h, s, f, fresh);
    if (r < 0)
        return r;
    ipset_session_data_set(s->session, IPSET_SETNAME, set_name(h, f));
    ipset_session_data_set(s->session, IPSET_OPT_SETNAME2, fresh);
    r = ipset_cmd(s->session, IPSET_CMD_SWAP, 0) < 0 ? -EIO : 0;
    ipset_session_data_set(s->session, IPSET_SETNAME, fresh);
    (void)ipset_cmd(s->session, IPSET_CMD_DESTROY, 0);
    ipset_session_report_reset(s->session);
    return r;
}

static int put_hook(struct hook *h, struct ipset_state *s, enum family f)
{
    struct nfnl *n = h->nfnl;
    const char *table = h->limits->table;
    struct nftnl_rule *rule;
    struct nftnl_expr *match;
    struct xt_set_info_match_v1 *info = calloc(1, 8); // 8: what the kernel's XT_ALIGN makes of its size

    s->hooked[f] = set_index(s, set_name(h, f));
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
    nfnl_put_chain(n, NFT_MSG_NEWCHAIN, nfproto[f], table, h->limits->ban_new ? HOOK_NEW_PRIORITY : HOOK_PRIORITY);
    rule = nfnl_rule(n, nfproto[f], table);
    if (h->limits->ban_new)
        nfnl_expr_unless_open(n, rule);
    if ((match = nfnl_expr(n, rule, "match"))) {
        nftnl_expr_set_str(match, NFTNL_EXPR_MT_NAME, "set");
        nftnl_expr_set_u32(match, NFTNL_EXPR_MT_REV, 1);
        nftnl_expr_set(match, NFTNL_EXPR_MT_INFO, info, 8); // takes info over
    }
    nfnl_put_drop_rule(n, rule, nfproto[f]);
    return nfnl_commit(n);
}

static int put(struct hook *h)
{
    struct ipset_state *s;
    int r = get_state(h, &s), worst = 0;
    bool lost = false;

    for (enum family f = V4; r == 0 && f < FAMILIES; f++) {
        struct ipset_header l;
        int e = read_header(h, f, &l);
        if (e == 0 && !l.ours)
            e = -EEXIST;
        else if (e == 0 && l.max != h->limits->max_entries && exchange_set(h, s, f) == 0)
            lost = true;
        else if (e == -ENOENT)
            e = create_set(h, s, f, set_name(h, f));
        if (e == 0)
            e = put_hook(h, s, f);
        h->error[f] = -e;
        worst = e < 0 ? e : worst;
    }
    return r < 0 ? r : h->error[V4] && h->error[V6] ? worst : lost;
}

static int footprint(struct hook *h, uint64_t *ret)
{
    return footprint_take(h->nfnl, h->limits->table, ret);
}

static int check(struct hook *h, const uint32_t expected[FAMILIES])
{
    struct ipset_state *s = h->priv;
    int lost = 0;

    for (enum family f = V4; s && f < FAMILIES; f++) {
        struct ipset_header l;
        if (h->error[f]) // known to be out of order: the caller tries again by itself
            continue;
        if (set_index(s, set_name(h, f)) != s->hooked[f] || read_header(h, f, &l) < 0 || !l.ours)
            return 1;
        if (l.elements < expected[f])
            lost = 2;
    }
    return lost;
}

static void retire(struct hook *h)
{
    struct ipset_state *s;

    for (enum family f = V4; get_state(h, &s) == 0 && f < FAMILIES; f++) {
        struct ipset_header l;
        nfnl_begin(h->nfnl);
        nfnl_put_table(h->nfnl, NFT_MSG_DELTABLE, nfproto[f], h->limits->table);
        (void)nfnl_commit(h->nfnl); // none there: nothing to do
        if (read_header(h, f, &l) < 0 || !l.ours)
            continue;
        // The kernel lets go of the rule's hold on the set only later: empty is as good as gone.
        ipset_session_data_set(s->session, IPSET_SETNAME, set_name(h, f));
        (void)ipset_cmd(s->session, IPSET_CMD_FLUSH, 0);
        ipset_session_data_set(s->session, IPSET_SETNAME, set_name(h, f));
        (void)ipset_cmd(s->session, IPSET_CMD_DESTROY, 0);
        ipset_session_report_reset(s->session);
    }
}

static void close_ipset(struct hook *h)
{
    struct ipset_state *s = h->priv;

    if (!s)
        return;
    ipset_session_fini(s->session);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
    h->priv = NULL;
}

const struct hook_ops hook_ipset = {
    .name = "ipset", .silent = true, .put = put, .footprint = footprint, .check = check, .retire = retire, .close = close_ipset,
};
