// SPDX-License-Identifier: GPL-2.0-or-later
// Netfilter netlink by libmnl. The kernel handles a packet while it is being sent, so its answers are
// there when send returns, and nothing here ever waits.
#include "enforce/nfnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

int nfnl_open(struct nfnl *n)
{
    const struct timeval patience = {.tv_sec = 2}; // never waits for an answer that was lost
    int size = 2 * NFNL_BUFFER, yes = 1;

    *n = (struct nfnl){.buffer = calloc(1, NFNL_BUFFER), .nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC)};
    if (!n->buffer || !n->nl || mnl_socket_bind(n->nl, 0, MNL_SOCKET_AUTOPID) < 0)
        return n->buffer ? -errno : -ENOMEM;
    n->portid = mnl_socket_get_portid(n->nl);
    // a transaction is one packet, and a dump may fill the other direction
    (void)setsockopt(mnl_socket_get_fd(n->nl), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
    (void)setsockopt(mnl_socket_get_fd(n->nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    (void)mnl_socket_setsockopt(n->nl, NETLINK_CAP_ACK, &yes, sizeof(yes)); // an error does not repeat what it is about
    (void)setsockopt(mnl_socket_get_fd(n->nl), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return 0;
}

void nfnl_close(struct nfnl *n)
{
    if (n->nl)
        mnl_socket_close(n->nl);
    free(n->buffer);
}

static struct nlmsghdr *put_header(struct nfnl *n, void *buffer, uint16_t type, uint8_t family, uint16_t flags, uint16_t resource)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = NLM_F_REQUEST | flags;
    nlh->nlmsg_seq = ++n->seq;
    g->nfgen_family = family;
    g->version = NFNETLINK_V0;
    g->res_id = htons(resource);
    return nlh;
}

static void put_batch_mark(struct nfnl *n, uint16_t type)
{
    nfnl_done(n, put_header(n, n->buffer + n->used, type, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES));
}

void nfnl_begin(struct nfnl *n)
{
    n->used = 0;
    n->error = 0;
    put_batch_mark(n, NFNL_MSG_BATCH_BEGIN);
}

struct nlmsghdr *nfnl_put(struct nfnl *n, uint16_t type, uint16_t family, uint16_t flags)
{
    return put_header(n, n->buffer + n->used, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), (uint8_t)family, flags, 0);
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

struct nlmsghdr *nfnl_ask(struct nfnl *n, void *buffer, uint16_t type, uint8_t family, uint16_t flags)
{
    return put_header(n, buffer, type, family, flags, 0);
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
