// SPDX-License-Identifier: GPL-2.0-or-later
// Netfilter netlink by libmnl and libnftnl. The kernel handles a packet while it is being sent, so its answers are
// there when send returns, and nothing here ever waits.
#include "enforce/nfnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

int nfnl_open(struct nfnl *n)
{
    const struct timeval patience = {.tv_sec = 2}; // never waits for an answer that was lost
    int size = 2 * NFNL_BUFFER;

    *n = (struct nfnl){.buffer = malloc(NFNL_BUFFER), .nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC)};
    if (!n->buffer || !n->nl || mnl_socket_bind(n->nl, 0, MNL_SOCKET_AUTOPID) < 0)
        return n->buffer ? -errno : -ENOMEM;
    n->portid = mnl_socket_get_portid(n->nl);
    // a transaction is one packet, and a dump may fill the other direction
    (void)setsockopt(mnl_socket_get_fd(n->nl), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
    (void)setsockopt(mnl_socket_get_fd(n->nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    (void)setsockopt(mnl_socket_get_fd(n->nl), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return 0;
}

void nfnl_close(struct nfnl *n)
{
    if (n->nl)
        mnl_socket_close(n->nl);
    free(n->buffer);
}

static void put_batch_mark(struct nfnl *n, uint16_t type)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(n->buffer + n->used);
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = NLM_F_REQUEST;
    nlh->nlmsg_seq = ++n->seq;
    g->res_id = htons(NFNL_SUBSYS_NFTABLES);
    n->used += nlh->nlmsg_len;
}

void nfnl_begin(struct nfnl *n)
{
    n->used = 0;
    n->error = 0;
    put_batch_mark(n, NFNL_MSG_BATCH_BEGIN);
}

struct nlmsghdr *nfnl_put(struct nfnl *n, uint16_t type, uint16_t family, uint16_t flags)
{
    return nftnl_nlmsg_build_hdr(n->buffer + n->used, type, family, flags, ++n->seq);
}

void nfnl_done(struct nfnl *n, struct nlmsghdr *nlh)
{
    n->used += MNL_ALIGN(nlh->nlmsg_len);
}

// ip_set says more than one word to some questions; what nobody read must not be taken for the next answer.
static void forget_old_answers(struct nfnl *n)
{
    char c;

    while (recv(mnl_socket_get_fd(n->nl), &c, sizeof(c), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
        ;
}

int nfnl_commit(struct nfnl *n)
{
    char answer[NFNL_ANSWER];
    int fd = mnl_socket_get_fd(n->nl), r = n->error;
    ssize_t len;

    put_batch_mark(n, NFNL_MSG_BATCH_END);
    if (r < 0)
        return r;
    forget_old_answers(n);
    if (mnl_socket_sendto(n->nl, n->buffer, n->used) < 0)
        return -errno;
    while ((len = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
        int left = (int)len;
        for (const struct nlmsghdr *h = (const void *)answer; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
            const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
            if (h->nlmsg_type == NLMSG_ERROR && e->error < 0 && r == 0)
                r = e->error;
        }
    }
    return r;
}

void nfnl_put_table(struct nfnl *n, uint16_t type, uint16_t family, const char *table)
{
    struct nftnl_table *t = nftnl_table_alloc();
    struct nlmsghdr *nlh = nfnl_put(n, type, family, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);

    if (!t) {
        n->error = -ENOMEM;
        return;
    }
    nftnl_table_set_str(t, NFTNL_TABLE_NAME, table);
    if (type == NFT_MSG_NEWTABLE)
        nftnl_table_set_u32(t, NFTNL_TABLE_FLAGS, 0); // wakes a table that was put to sleep
    nftnl_table_nlmsg_build_payload(nlh, t);
    nftnl_table_free(t);
    nfnl_done(n, nlh);
}

void nfnl_put_chain(struct nfnl *n, uint16_t type, uint16_t family, const char *table, int32_t priority)
{
    struct nftnl_chain *c = nftnl_chain_alloc();
    struct nlmsghdr *nlh = nfnl_put(n, type, family, type == NFT_MSG_NEWCHAIN ? NLM_F_CREATE : 0);

    if (!c) {
        n->error = -ENOMEM;
        return;
    }
    nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, table);
    nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, "prerouting");
    if (type == NFT_MSG_NEWCHAIN && priority) {
        nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
        nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
        nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, priority);
        nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
    }
    nftnl_chain_nlmsg_build_payload(nlh, c);
    nftnl_chain_free(c);
    nfnl_done(n, nlh);
}

struct nftnl_rule *nfnl_rule(struct nfnl *n, uint16_t family, const char *table)
{
    struct nftnl_rule *r = nftnl_rule_alloc();

    if (!r) {
        n->error = -ENOMEM;
        return NULL;
    }
    nftnl_rule_set_u32(r, NFTNL_RULE_FAMILY, family);
    nftnl_rule_set_str(r, NFTNL_RULE_TABLE, table);
    nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, "prerouting");
    return r;
}

struct nftnl_expr *nfnl_expr(struct nfnl *n, struct nftnl_rule *r, const char *name)
{
    struct nftnl_expr *e = r ? nftnl_expr_alloc(name) : NULL;

    if (e)
        nftnl_rule_add_expr(r, e);
    else
        n->error = -ENOMEM;
    return e; // the setters below accept only what is there: callers test
}

// ct state & (established | related) == 0: new ones, and what conntrack cannot or may not judge
void nfnl_expr_unless_open(struct nfnl *n, struct nftnl_rule *r)
{
    const uint32_t open = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED), none = 0;
    struct nftnl_expr *e;

    if ((e = nfnl_expr(n, r, "ct"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
        nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
    }
    if ((e = nfnl_expr(n, r, "bitwise"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
        nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
        nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, sizeof(open));
        nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, &open, sizeof(open));
        nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, &none, sizeof(none));
    }
    if ((e = nfnl_expr(n, r, "cmp"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
        nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
        nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &none, sizeof(none));
    }
}

void nfnl_put_drop_rule(struct nfnl *n, struct nftnl_rule *r, uint16_t family)
{
    struct nftnl_expr *verdict;

    nfnl_expr(n, r, "counter");
    if ((verdict = nfnl_expr(n, r, "immediate"))) {
        nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
    }
    if (n->error == 0) {
        struct nlmsghdr *nlh = nfnl_put(n, NFT_MSG_NEWRULE, family, NLM_F_CREATE | NLM_F_APPEND);
        nftnl_rule_nlmsg_build_payload(nlh, r);
        nfnl_done(n, nlh);
    }
    if (r)
        nftnl_rule_free(r);
}

struct nlmsghdr *nfnl_ask(struct nfnl *n, void *buffer, uint16_t type, uint8_t family, uint16_t flags)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = NLM_F_REQUEST | flags;
    nlh->nlmsg_seq = ++n->seq;
    g->nfgen_family = family;
    g->version = NFNETLINK_V0;
    return nlh;
}

int nfnl_answer(struct nfnl *n, struct nlmsghdr *nlh, mnl_cb_t fn, void *userdata)
{
    uint32_t seq = nlh->nlmsg_seq;
    ssize_t len;
    int r = MNL_CB_OK;

    forget_old_answers(n);
    if (mnl_socket_sendto(n->nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    while (r > MNL_CB_STOP && (len = mnl_socket_recvfrom(n->nl, nlh, NFNL_ANSWER)) > 0)
        r = mnl_cb_run(nlh, (size_t)len, seq, n->portid, fn, userdata);
    return r < 0 || len < 0 ? -errno : 0;
}
