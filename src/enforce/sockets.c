// SPDX-License-Identifier: GPL-2.0-or-later
// sock_diag by libmnl: one dump a family, filtered by port and state in the kernel.
#include "enforce/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

enum { BUFFER = 32 * 1024 };

// States as the kernel numbers them; <netinet/tcp.h>, which names them, cannot stand beside <linux/tcp.h>.
enum { STATE_ESTABLISHED = 1, STATE_SYN_RECV = 3, STATE_FIN_WAIT1, STATE_FIN_WAIT2, STATE_CLOSE_WAIT = 8, STATE_LAST_ACK };

int sockets_open(struct sockets *ret)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    const struct timeval patience = {.tv_sec = 2}; // never waits for an answer that was lost

    if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
        int r = -errno;
        if (nl)
            mnl_socket_close(nl);
        return r;
    }
    (void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    *ret = (struct sockets){.nl = nl};
    return 0;
}

void sockets_close(struct sockets *s)
{
    if (s->nl)
        mnl_socket_close(s->nl);
    s->nl = NULL;
}

static struct inet_diag_req_v2 *put_request(void *buffer, struct sockets *s, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = NLM_F_REQUEST | flags;
    nlh->nlmsg_seq = ++s->seq;
    return mnl_nlmsg_put_extra_header(nlh, sizeof(struct inet_diag_req_v2));
}

struct walk {
    void (*fn)(void *userdata, const struct sockets_entry *);
    void *userdata;
};

static int take(const struct nlmsghdr *nlh, void *userdata)
{
    const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);
    struct sockets_entry e = {.family = m->idiag_family, .id = m->id, .peer = {.b = {[10] = 0xff, [11] = 0xff}}};
    struct walk *w = userdata;
    const struct nlattr *a;

    if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*m))
        return MNL_CB_OK;
    if (m->idiag_family == AF_INET)
        memcpy(e.peer.b + 12, m->id.idiag_dst, 4);
    else
        memcpy(e.peer.b, m->id.idiag_dst, 16);
    e.cookie = m->id.idiag_cookie[0] | (uint64_t)m->id.idiag_cookie[1] << 32;
    mnl_attr_for_each(a, nlh, sizeof(*m)) {
        struct tcp_info info = {0};
        size_t n = mnl_attr_get_payload_len(a); // grows with each kernel
        if (mnl_attr_get_type(a) != INET_DIAG_INFO)
            continue;
        memcpy(&info, mnl_attr_get_payload(a), n < sizeof(info) ? n : sizeof(info));
        e.received = info.tcpi_bytes_received;
        e.quiet = info.tcpi_last_data_recv;
    }
    w->fn(w->userdata, &e);
    return MNL_CB_OK;
}

static int walk_family(struct sockets *s, uint8_t family, uint16_t port, enum sockets_which which, struct walk *w)
{
    char buffer[BUFFER];
    struct inet_diag_req_v2 *q = put_request(buffer, s, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
    const struct nlmsghdr *nlh = (const void *)buffer;
    int r = MNL_CB_OK;
    ssize_t len = 0;

    q->sdiag_family = family;
    q->sdiag_protocol = IPPROTO_TCP;
    q->id.idiag_sport = htons(port); // compared in the kernel, as the states are
    if (which == SOCKETS_ESTABLISHED) {
        q->idiag_states = 1u << STATE_ESTABLISHED;
        q->idiag_ext = 1u << (INET_DIAG_INFO - 1);
    } else {
        q->idiag_states = 1u << STATE_ESTABLISHED | 1u << STATE_SYN_RECV | 1u << STATE_FIN_WAIT1 | 1u << STATE_FIN_WAIT2 |
                          1u << STATE_CLOSE_WAIT | 1u << STATE_LAST_ACK;
    }
    if (mnl_socket_sendto(s->nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    while (r > MNL_CB_STOP && (len = mnl_socket_recvfrom(s->nl, buffer, sizeof(buffer))) > 0) {
        const struct nlmsghdr *h = (const void *)buffer;
        if (h->nlmsg_seq != s->seq) // the rest of an answer that was given up
            continue;
        r = mnl_cb_run(buffer, (size_t)len, s->seq, mnl_socket_get_portid(s->nl), take, w);
    }
    return r < 0 || len < 0 ? -errno : 0;
}

int sockets_walk(struct sockets *s, uint16_t port, enum sockets_which which,
                 void (*fn)(void *userdata, const struct sockets_entry *), void *userdata)
{
    struct walk w = {.fn = fn, .userdata = userdata};
    int r = walk_family(s, AF_INET, port, which, &w), r6 = walk_family(s, AF_INET6, port, which, &w);

    if (r6 == -ENOENT || r6 == -EAFNOSUPPORT) // a kernel without IPv6
        r6 = 0;
    return r < 0 ? r : r6;
}

int sockets_end(struct sockets *s, const struct sockets_entry *e)
{
    char buffer[BUFFER];
    struct inet_diag_req_v2 *q = put_request(buffer, s, SOCK_DESTROY, NLM_F_ACK);
    const struct nlmsghdr *nlh = (const void *)buffer;
    ssize_t len;

    q->sdiag_family = e->family;
    q->sdiag_protocol = IPPROTO_TCP;
    q->idiag_states = UINT32_MAX;
    q->id = e->id;
    if (mnl_socket_sendto(s->nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    while ((len = mnl_socket_recvfrom(s->nl, buffer, sizeof(buffer))) > 0) {
        const struct nlmsghdr *h = (const void *)buffer;
        if (h->nlmsg_seq == s->seq)
            return mnl_cb_run(buffer, (size_t)len, s->seq, mnl_socket_get_portid(s->nl), NULL, NULL) < 0 ? -errno : 0;
    }
    return -errno;
}
