// SPDX-License-Identifier: GPL-2.0-or-later
// Lists tables, chains and rules, and mixes what belongs to ours into one number.
#include "enforce/footprint.h"

#include <string.h>
#include <sys/socket.h>

struct taking {
    const char *table;
    uint64_t sum;
};

static void mix(uint64_t *sum, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *sum = (*sum ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3); // FNV-1a
}

static int take(const struct nlmsghdr *nlh, void *userdata)
{
    const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
    struct taking *t = userdata;
    uint16_t type = nlh->nlmsg_type & 0xff;
    const struct nlattr *a;
    bool ours = false;

    // attribute 1 is the table's name in every kind of object
    mnl_attr_for_each(a, nlh, sizeof(*g))
        ours = ours || (mnl_attr_get_type(a) == NFTA_TABLE_NAME && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 &&
                        strcmp(mnl_attr_get_str(a), t->table) == 0);
    if (!ours)
        return MNL_CB_OK;
    mix(&t->sum, &type, sizeof(type));
    mix(&t->sum, &g->nfgen_family, sizeof(g->nfgen_family));
    mnl_attr_for_each(a, nlh, sizeof(*g)) {
        // a rule cannot be altered, only replaced; and it contains its counter
        bool counts = type == NFT_MSG_NEWRULE ? mnl_attr_get_type(a) == NFTA_RULE_HANDLE
                      : type == NFT_MSG_NEWCHAIN ? mnl_attr_get_type(a) != NFTA_CHAIN_COUNTERS : true;
        if (counts)
            mix(&t->sum, a, a->nla_len);
    }
    return MNL_CB_OK;
}

int footprint_take(struct nfnl *n, const char *table, uint64_t *ret)
{
    static const uint16_t kinds[] = {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE};
    struct taking t = {.table = table, .sum = UINT64_C(0xcbf29ce484222325)};
    char buffer[NFNL_ANSWER] = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct nlmsghdr *nlh = nfnl_ask(n, buffer, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | kinds[i]), AF_UNSPEC, NLM_F_DUMP);
        if (kinds[i] == NFT_MSG_GETRULE) // the only kind of which others may have thousands
            mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
        r = nfnl_answer(n, nlh, take, &t);
    }
    if (r == 0)
        *ret = t.sum;
    return r;
}
