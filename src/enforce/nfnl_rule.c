// SPDX-License-Identifier: GPL-2.0-or-later
// Tables, chains and rules as messages, by libnftnl; for whoever puts a hook in. Sends nothing.
#include "enforce/nfnl.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

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
