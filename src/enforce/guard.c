// SPDX-License-Identifier: GPL-2.0-or-later
// Reads NFNLGRP_NFTABLES. A transaction is announced object by object and closed by NEWGEN with pid and program name.
#include "enforce/guard.h"

#include "enforce/nfnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define FIREWALL_TABLE  "pptpban_fw" // as src/firewall names them
#define FIREWALL_CHAINS "PPTPBAN-"

struct reading {
    const uint32_t *own_ports;
    const char *table;
    struct guard_news *news;
    struct guard *guard;
};

int guard_open(struct guard *ret)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int size = 4 << 20, r = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;

    *ret = (struct guard){.nl = nl};
    if (r < 0 || (r = guard_join(ret)) < 0) {
        if (nl)
            mnl_socket_close(nl);
        return r;
    }
    (void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    return 0;
}

int guard_join(struct guard *g)
{
    int group = NFNLGRP_NFTABLES;

    return mnl_socket_setsockopt(g->nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno : 0;
}

int guard_leave(struct guard *g)
{
    int group = NFNLGRP_NFTABLES;
    char c;

    if (mnl_socket_setsockopt(g->nl, NETLINK_DROP_MEMBERSHIP, &group, sizeof(group)) < 0)
        return -errno;
    while (recv(mnl_socket_get_fd(g->nl), &c, sizeof(c), MSG_DONTWAIT) >= 0 || errno == ENOBUFS || errno == ENOSPC)
        ;
    g->hook = g->elements = g->ruleset = false;
    return 0;
}

static void take_culprit(const struct nlmsghdr *nlh, struct guard_culprit *ret)
{
    const struct nlattr *a;

    memset(ret, 0, sizeof(*ret));
    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
        if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID && mnl_attr_get_payload_len(a) == 4)
            ret->pid = ntohl(mnl_attr_get_u32(a));
        else if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME) {
            size_t n = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
            n = n < sizeof(ret->program) ? n : sizeof(ret->program) - 1;
            memcpy(ret->program, mnl_attr_get_payload(a), n);
        }
    }
}

static void take_generation(const struct nlmsghdr *nlh, struct reading *r)
{
    struct guard *g = r->guard;
    struct guard_culprit who;

    take_culprit(nlh, &who);
    if (g->hook || g->elements) {
        r->news->hook |= g->hook;
        r->news->elements |= g->elements;
        r->news->who = who;
    }
    if (g->ruleset && strcmp(who.program, "pptpban") != 0) { // that one knows what it does
        r->news->ruleset = true;
        r->news->ruleset_who = who;
    }
    g->hook = g->elements = g->ruleset = false;
}

static bool is_named(const struct nlattr *a, const char *name)
{
    return mnl_attr_get_payload_len(a) == strlen(name) + 1 && memcmp(mnl_attr_get_payload(a), name, strlen(name) + 1) == 0;
}

// Of the base ruleset: nftables' table, or iptables' chains, or a rule that jumps there. Whether something is missing
// then only root can say, who knows what was confirmed.
static bool is_ruleset(const struct nlmsghdr *nlh, uint16_t type, const struct nlattr *table)
{
    if (type != NFT_MSG_DELTABLE && type != NFT_MSG_DELCHAIN && type != NFT_MSG_DELRULE && type != NFT_MSG_DELSET)
        return false;
    return is_named(table, FIREWALL_TABLE) ||
           memmem(mnl_nlmsg_get_payload(nlh), mnl_nlmsg_get_payload_len(nlh), FIREWALL_CHAINS, strlen(FIREWALL_CHAINS));
}

static int take(const struct nlmsghdr *nlh, void *userdata)
{
    uint16_t type = nlh->nlmsg_type & 0xff;
    struct reading *r = userdata;
    const struct nlattr *a;

    if (nlh->nlmsg_pid == r->own_ports[0] || nlh->nlmsg_pid == r->own_ports[1] || nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
        return MNL_CB_OK;
    if (type == NFT_MSG_NEWGEN) {
        take_generation(nlh, r);
        return MNL_CB_OK;
    }
    // attribute 1 is the table's name in every kind of object
    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(a) == NFTA_TABLE_NAME && is_ruleset(nlh, type, a)) {
            r->guard->ruleset = true;
        } else if (mnl_attr_get_type(a) == NFTA_TABLE_NAME && is_named(a, r->table)) {
            bool elements = type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM;
            r->guard->elements |= type == NFT_MSG_DELSETELEM || type == NFT_MSG_DELSET || type == NFT_MSG_DELTABLE;
            r->guard->hook |= !elements;
        }
    return MNL_CB_OK;
}

void guard_read(struct guard *g, const uint32_t own_ports[GUARD_PORTS], const char *table, struct guard_news *ret)
{
    char buffer[NFNL_ANSWER];
    struct reading r = {.own_ports = own_ports, .table = table, .news = ret, .guard = g};
    ssize_t len;

    memset(ret, 0, sizeof(*ret));
    while ((len = mnl_socket_recvfrom(g->nl, buffer, sizeof(buffer))) > 0 || errno == ENOBUFS || errno == ENOSPC) {
        if (len > 0)
            (void)mnl_cb_run(buffer, (size_t)len, 0, 0, take, &r);
        else
            ret->missed = true;
    }
}
