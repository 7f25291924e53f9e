// SPDX-License-Identifier: GPL-2.0-or-later
// Reads NFNLGRP_NFTABLES. A transaction is announced object by object and closed by NEWGEN with pid and program name.
#include "enforce/guard.h"

#include "enforce/nfnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct reading {
    uint32_t own_port;
    const char *table;
    struct guard_news *news;
    struct guard *guard;
};

int guard_open(struct guard *ret)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int group = NFNLGRP_NFTABLES, size = 4 << 20;

    if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
        int r = -errno;
        if (nl)
            mnl_socket_close(nl);
        return r;
    }
    (void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    *ret = (struct guard){.nl = nl};
    return 0;
}

static void take_generation(const struct nlmsghdr *nlh, struct reading *r)
{
    const struct nlattr *a;

    if (r->guard->hook || r->guard->elements) {
        r->news->hook |= r->guard->hook;
        r->news->elements |= r->guard->elements;
        mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
            if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID && mnl_attr_get_payload_len(a) == 4)
                r->news->pid = ntohl(mnl_attr_get_u32(a));
            else if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME) {
                size_t n = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
                n = n < sizeof(r->news->program) ? n : sizeof(r->news->program) - 1;
                memcpy(r->news->program, mnl_attr_get_payload(a), n);
                r->news->program[n] = '\0';
            }
        }
    }
    r->guard->hook = r->guard->elements = false;
}

static int take(const struct nlmsghdr *nlh, void *userdata)
{
    uint16_t type = nlh->nlmsg_type & 0xff;
    struct reading *r = userdata;
    const struct nlattr *a;

    if (nlh->nlmsg_pid == r->own_port || nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
        return MNL_CB_OK;
    if (type == NFT_MSG_NEWGEN) {
        take_generation(nlh, r);
        return MNL_CB_OK;
    }
    // attribute 1 is the table's name in every kind of object
    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(a) == NFTA_TABLE_NAME && mnl_attr_get_payload_len(a) == strlen(r->table) + 1 &&
            memcmp(mnl_attr_get_payload(a), r->table, strlen(r->table) + 1) == 0) {
            bool elements = type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM;
            r->guard->elements |= type == NFT_MSG_DELSETELEM || type == NFT_MSG_DELSET || type == NFT_MSG_DELTABLE;
            r->guard->hook |= !elements;
        }
    return MNL_CB_OK;
}

void guard_read(struct guard *g, uint32_t own_port, const char *table, struct guard_news *ret)
{
    char buffer[NFNL_ANSWER];
    struct reading r = {.own_port = own_port, .table = table, .news = ret, .guard = g};
    ssize_t len;

    memset(ret, 0, sizeof(*ret));
    while ((len = mnl_socket_recvfrom(g->nl, buffer, sizeof(buffer))) > 0 || errno == ENOBUFS || errno == ENOSPC) {
        if (len > 0)
            (void)mnl_cb_run(buffer, (size_t)len, 0, 0, take, &r);
        else // announcements were lost: ours may have been among them
            ret->hook = ret->elements = true;
    }
}
