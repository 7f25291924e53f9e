// SPDX-License-Identifier: GPL-2.0-or-later
// The elements of ipset's hash:net sets, by netlink itself: libipset sends what it likes when it likes, and tells no
// error's number.
#include "enforce/sets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/ipset/ip_set_hash.h>
#include <sys/socket.h>

enum { GROUP = 256 }; // ip_set repeats what it refuses: that must fit into an answer

static const char *set_name(const struct sets *s, enum family f)
{
    return f == V4 ? s->limits->set4 : s->limits->set6;
}

static void put_element(struct nlmsghdr *nlh, bool adding, const struct element *e)
{
    bool v4 = family_of(&e->net) == V4;
    struct nlattr *data = mnl_attr_nest_start(nlh, IPSET_ATTR_DATA), *ip = mnl_attr_nest_start(nlh, IPSET_ATTR_IP);
    char comment[SETS_COMMENT];

    mnl_attr_put(nlh, NLA_F_NET_BYTEORDER | (v4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6), v4 ? 4 : 16,
                 e->net.addr.b + (v4 ? 12 : 0));
    mnl_attr_nest_end(nlh, ip);
    mnl_attr_put_u8(nlh, IPSET_ATTR_CIDR, (uint8_t)prefix_family_len(&e->net));
    if (adding) {
        mnl_attr_put_u32(nlh, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(e->timeout));
        mnl_attr_put(nlh, IPSET_ATTR_COMMENT, sets_comment(e, comment), comment);
    }
    mnl_attr_nest_end(nlh, data);
}

static int change_family(struct sets *s, enum family f, bool adding, const struct element *e, size_t n)
{
    size_t taken = 0;
    // without NLM_F_EXCL: one that is there gets the new timeout, one that is not there is none to delete
    struct nlmsghdr *nlh = nfnl_ask(s->nfnl, s->nfnl->buffer, NFNL_SUBSYS_IPSET << 8 | (adding ? IPSET_CMD_ADD : IPSET_CMD_DEL),
                                    f == V4 ? AF_INET : AF_INET6, NLM_F_ACK);

    mnl_attr_put_u8(nlh, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
    mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, set_name(s, f));
    mnl_attr_put_u32(nlh, IPSET_ATTR_LINENO, 0); // wanted with a list; the kernel writes there which one it refused
    struct nlattr *list = mnl_attr_nest_start(nlh, IPSET_ATTR_ADT);
    for (size_t i = 0; i < n; i++)
        if (family_of(&e[i].net) == f) {
            put_element(nlh, adding, &e[i]);
            taken++;
        }
    mnl_attr_nest_end(nlh, list);
    if (taken == 0)
        return 0;
    if (s->foreign[f])
        return -EEXIST;
    int r = nfnl_answer(s->nfnl, nlh, NULL, NULL);
    return r == -IPSET_ERR_HASH_FULL ? -ENOSPC : r <= -IPSET_ERR_PRIVATE ? -EIO : r;
}

static int change(struct sets *s, bool adding, const struct element *e, size_t n)
{
    int r = change_family(s, V4, adding, e, n);

    return r < 0 ? r : change_family(s, V6, adding, e, n);
}

const struct sets_ops sets_ipset = {.most = GROUP, .change = change};
