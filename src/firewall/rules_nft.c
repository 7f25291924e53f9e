// SPDX-License-Identifier: GPL-2.0-or-later
// Two questions over netlink: is the table there, and which rules has it.
#include "firewall/rules_nft.h"

#include <errno.h>
#include <inttypes.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforce/nfnl.h"

enum { TRIES = 10 };

struct print {
    FILE *out;
    const char *table;
    bool counters;
};

static int take_comment(const struct nftnl_udata *attr, void *userdata)
{
    if (nftnl_udata_type(attr) == NFTNL_UDATA_RULE_COMMENT)
        *(const char **)userdata = nftnl_udata_get(attr);
    return MNL_CB_OK;
}

static int print_counter(struct nftnl_expr *e, void *userdata)
{
    FILE *out = userdata;

    if (strcmp(nftnl_expr_get_str(e, NFTNL_EXPR_NAME), "counter") == 0)
        fprintf(out, "counter packets %" PRIu64 " bytes %" PRIu64 " ", nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_PACKETS),
                nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_BYTES));
    return 0;
}

static const char *comment_of(const struct nftnl_rule *r)
{
    const char *comment = NULL;
    uint32_t size = 0;
    const void *data = nftnl_rule_get_data(r, NFTNL_RULE_USERDATA, &size);

    if (data)
        nftnl_udata_parse(data, size, take_comment, &comment);
    return comment;
}

static int print_rule(const struct nlmsghdr *nlh, void *userdata)
{
    struct print *p = userdata;
    struct nftnl_rule *r = nftnl_rule_alloc();

    if (!r)
        return MNL_CB_ERROR;
    if (nftnl_rule_nlmsg_parse(nlh, r) == 0 && strcmp(nftnl_rule_get_str(r, NFTNL_RULE_TABLE), p->table) == 0) {
        const char *comment = comment_of(r);
        fprintf(p->out, "%s ", nftnl_rule_get_str(r, NFTNL_RULE_CHAIN));
        if (p->counters)
            nftnl_expr_foreach(r, print_counter, p->out);
        if (comment)
            fprintf(p->out, "comment \"%s\"", comment);
        fputc('\n', p->out);
    }
    nftnl_rule_free(r);
    return MNL_CB_OK;
}

static int ignore(const struct nlmsghdr *nlh, void *userdata)
{
    (void)nlh;
    (void)userdata;
    return MNL_CB_OK;
}

// All rules of the table; -EINTR: somebody changed the ruleset while it was read.
static int dump_rules(struct nfnl *n, const char *table, mnl_cb_t fn, void *userdata)
{
    char buffer[NFNL_ANSWER];
    struct nlmsghdr *nlh = nfnl_ask(n, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NFPROTO_INET, NLM_F_DUMP);

    mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
    return nfnl_answer(n, nlh, fn, userdata);
}

static int ask_rules(struct nfnl *n, struct print *p)
{
    char buffer[NFNL_ANSWER];
    struct nlmsghdr *nlh = nfnl_ask(n, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, NFPROTO_INET, NLM_F_ACK);

    mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, p->table);
    int r = nfnl_answer(n, nlh, ignore, NULL);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    fprintf(p->out, "table inet %s\n", p->table);
    for (int tries = 0; tries < TRIES; tries++) {
        long start = ftell(p->out);
        r = dump_rules(n, p->table, print_rule, p);
        if (r != -EINTR)
            break;
        fseek(p->out, start, SEEK_SET);
    }
    return r;
}

int fw_nft_rules(const char *table, bool counters, char **ret_text)
{
    char *text = NULL;
    size_t size;
    struct nfnl n;
    struct print p = {open_memstream(&text, &size), table, counters};
    int r = p.out ? nfnl_open(&n) : -ENOMEM;

    if (r == 0)
        r = ask_rules(&n, &p);
    if (p.out)
        nfnl_close(&n);
    if (p.out && fclose(p.out) != 0)
        r = -ENOMEM;
    if (r < 0)
        free(text);
    else
        *ret_text = text;
    return r;
}

struct last {
    const char *table;
    uint64_t handle; // the kernel counts them up
    char *comment;
};

static int take_last(const struct nlmsghdr *nlh, void *userdata)
{
    struct nftnl_rule *r = nftnl_rule_alloc();
    struct last *l = userdata;

    if (!r)
        return MNL_CB_ERROR;
    if (nftnl_rule_nlmsg_parse(nlh, r) == 0 && strcmp(nftnl_rule_get_str(r, NFTNL_RULE_TABLE), l->table) == 0 &&
        nftnl_rule_get_u64(r, NFTNL_RULE_HANDLE) > l->handle) {
        const char *comment = comment_of(r);
        l->handle = nftnl_rule_get_u64(r, NFTNL_RULE_HANDLE);
        snprintf(l->comment, 64, "%s", comment ? comment : "");
    }
    nftnl_rule_free(r);
    return MNL_CB_OK;
}

int fw_nft_last_rule(const char *table, char comment[static 64])
{
    struct nfnl n;
    int r = nfnl_open(&n);

    for (int tries = 0; r == 0 || r == -EINTR; tries++) {
        struct last l = {table, 0, comment};
        comment[0] = '\0';
        r = dump_rules(&n, table, take_last, &l);
        if (r != -EINTR || tries == TRIES)
            break;
    }
    nfnl_close(&n);
    return r == -ENOENT ? 0 : r;
}
