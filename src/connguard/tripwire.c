// SPDX-License-Identifier: GPL-2.0-or-later
// The rule by libnftnl, its packets by nfnetlink_log, its keeping by the kernel's announcements of rulesets.
#include "connguard/tripwire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define CHAIN "input"
#define CHAIN_PRIORITY 300 // behind whatever drops: what is dropped wakes nobody

enum { GROUP_FIRST = 1723, GROUP_TRIES = 16 };

#define SETTLE (50 * USEC_MSEC) // one look at the rule for all changes of so long a time
#define QUIET  (10 * USEC_SEC)  // after so long without a mending nobody fights over it
#define RETRY  (5 * USEC_SEC)

// --- packets -------------------------------------------------------------------------------------------------

static struct nlmsghdr *put_config(char *buffer, uint16_t group)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

    nlh->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    g->nfgen_family = AF_UNSPEC;
    g->version = NFNETLINK_V0;
    g->res_id = htons(group);
    return nlh;
}

static int ask(struct mnl_socket *nl, struct nlmsghdr *nlh)
{
    char answer[NFNL_ANSWER];
    ssize_t n;

    if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 || (n = mnl_socket_recvfrom(nl, answer, sizeof(answer))) < 0)
        return -errno;
    return mnl_cb_run(answer, (size_t)n, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0 ? -errno : 0;
}

// A group has one listener: the first that is free.
static int open_packets(struct tripwire *t)
{
    const struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
    const struct nfulnl_msg_config_mode nothing = {.copy_mode = NFULNL_COPY_NONE};
    const struct timeval patience = {.tv_sec = 2};
    char buffer[256] = {0};
    int r = -EBUSY;

    t->packets = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!t->packets || mnl_socket_bind(t->packets, 0, MNL_SOCKET_AUTOPID) < 0)
        return -errno;
    (void)setsockopt(mnl_socket_get_fd(t->packets), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (int i = 0; r == -EBUSY && i < GROUP_TRIES; i++) {
        t->group = (uint16_t)(GROUP_FIRST + i);
        struct nlmsghdr *nlh = put_config(buffer, t->group);
        mnl_attr_put(nlh, NFULA_CFG_CMD, sizeof(bind), &bind);
        r = ask(t->packets, nlh);
        r = r == -EPERM ? -EBUSY : r; // what the kernel says of another one's
    }
    if (r < 0)
        return r;
    struct nlmsghdr *nlh = put_config(buffer, t->group);
    mnl_attr_put(nlh, NFULA_CFG_MODE, sizeof(nothing), &nothing);
    mnl_attr_put_u32(nlh, NFULA_CFG_QTHRESH, htonl(1)); // each at once
    return ask(t->packets, nlh);
}

bool tripwire_read_packets(struct tripwire *t)
{
    char buffer[NFNL_ANSWER];
    bool any = false;

    while (recv(mnl_socket_get_fd(t->packets), buffer, sizeof(buffer), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
        any = true;
    return any;
}

// --- changes by others ---------------------------------------------------------------------------------------

static int set_member(struct tripwire *t, bool member)
{
    int group = NFNLGRP_NFTABLES;

    return mnl_socket_setsockopt(t->changes, member ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno : 0;
}

// Only the end of each transaction, which names who made it: bans come by the thousand and concern us not.
static int open_changes(struct tripwire *t)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    t->changes = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!t->changes || mnl_socket_bind(t->changes, 0, MNL_SOCKET_AUTOPID) < 0)
        return -errno;
    if (setsockopt(mnl_socket_get_fd(t->changes), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        return -errno;
    return set_member(t, true);
}

static int take_change(const struct nlmsghdr *nlh, void *userdata)
{
    struct tripwire *t = userdata;
    const struct nlattr *a;

    if (nlh->nlmsg_pid == t->nfnl.portid) // our own
        return MNL_CB_OK;
    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
        if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID && mnl_attr_get_payload_len(a) == 4)
            t->culprit_pid = ntohl(mnl_attr_get_u32(a));
        else if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME) {
            size_t n = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
            n = n < sizeof(t->culprit) ? n : sizeof(t->culprit) - 1;
            memcpy(t->culprit, mnl_attr_get_payload(a), n);
            t->culprit[n] = '\0';
        }
    }
    return MNL_CB_OK;
}

void tripwire_read_changes(struct tripwire *t, usec_t now)
{
    char buffer[NFNL_ANSWER];
    ssize_t n;

    while ((n = mnl_socket_recvfrom(t->changes, buffer, sizeof(buffer))) > 0 || errno == ENOBUFS || errno == ENOSPC)
        if (n > 0)
            (void)mnl_cb_run(buffer, (size_t)n, 0, 0, take_change, t);
    if (t->armed && !t->check_at)
        t->check_at = now + SETTLE;
}

int tripwire_leave(struct tripwire *t)
{
    return t->changes ? set_member(t, false) : 0;
}

int tripwire_join(struct tripwire *t, usec_t now)
{
    int r = t->changes ? set_member(t, true) : 0;

    t->culprit_pid = 0; // whoever it was meanwhile
    t->culprit[0] = '\0';
    if (t->armed && !t->check_at)
        t->check_at = now;
    return r;
}

// --- the rule ------------------------------------------------------------------------------------------------

static void put_chain(struct nfnl *n)
{
    struct nftnl_chain *c = nftnl_chain_alloc();

    if (!c) {
        n->error = -ENOMEM;
        return;
    }
    struct nlmsghdr *nlh = nfnl_put(n, NFT_MSG_NEWCHAIN, NFPROTO_INET, NLM_F_CREATE);
    nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, NFNL_CONNGUARD_TABLE);
    nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, CHAIN);
    nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
    nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, NF_INET_LOCAL_IN);
    nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, CHAIN_PRIORITY);
    nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
    nftnl_chain_nlmsg_build_payload(nlh, c);
    nftnl_chain_free(c);
    nfnl_done(n, nlh);
}

static void put_payload(struct nfnl *n, struct nftnl_rule *r, uint32_t offset, uint32_t len)
{
    struct nftnl_expr *e = nfnl_expr(n, r, "payload");

    if (!e)
        return;
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
}

static void put_compare(struct nfnl *n, struct nftnl_rule *r, const void *value, uint32_t len)
{
    struct nftnl_expr *e = nfnl_expr(n, r, "cmp");

    if (!e)
        return;
    nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
    nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
    nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, value, len);
}

static void put_mask(struct nfnl *n, struct nftnl_rule *r, uint8_t mask)
{
    const uint8_t nothing = 0;
    struct nftnl_expr *e = nfnl_expr(n, r, "bitwise");

    if (!e)
        return;
    nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
    nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
    nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
    nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
    nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, &nothing, sizeof(nothing));
}

// tcp dport PORT, an ACK that is neither SYN nor RST, a few a second, to the group. Not the SYN: a handshake may take a
// minute, and with SYN cookies the kernel remembers nothing of it; the packet that completes it is never missed.
static void put_rule(struct tripwire *t)
{
    enum { SYN = 0x02, RST = 0x04, ACK = 0x10 };
    struct nfnl *n = &t->nfnl;
    struct nftnl_rule *r = nfnl_rule(n, NFPROTO_INET, NFNL_CONNGUARD_TABLE);
    const uint8_t tcp = IPPROTO_TCP, ack = ACK;
    const uint16_t port = htons(t->port);
    struct nftnl_expr *e;

    if (!r)
        return;
    nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, CHAIN);
    if ((e = nfnl_expr(n, r, "meta"))) {
        nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_L4PROTO);
        nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
    }
    put_compare(n, r, &tcp, sizeof(tcp));
    put_payload(n, r, 2, sizeof(port)); // destination port
    put_compare(n, r, &port, sizeof(port));
    put_payload(n, r, 13, sizeof(ack)); // flags
    put_mask(n, r, SYN | RST | ACK);
    put_compare(n, r, &ack, sizeof(ack));
    if ((e = nfnl_expr(n, r, "limit"))) {
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, TRIPWIRE_RATE);
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
        nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, TRIPWIRE_BURST);
        nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
    }
    if ((e = nfnl_expr(n, r, "log"))) {
        nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, t->group);
        nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, 0);
        nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_QTHRESHOLD, 1);
    }
    if (n->error == 0) {
        struct nlmsghdr *nlh = nfnl_put(n, NFT_MSG_NEWRULE, NFPROTO_INET, NLM_F_CREATE | NLM_F_APPEND);
        nftnl_rule_nlmsg_build_payload(nlh, r);
        nfnl_done(n, nlh);
    }
    nftnl_rule_free(r);
}

int tripwire_set(struct tripwire *t, uint16_t port)
{
    struct nfnl *n = &t->nfnl;

    nfnl_begin(n);
    nfnl_put_table(n, NFT_MSG_NEWTABLE, NFPROTO_INET, NFNL_CONNGUARD_TABLE); // so that there is one to take away
    nfnl_put_table(n, NFT_MSG_DELTABLE, NFPROTO_INET, NFNL_CONNGUARD_TABLE);
    t->port = port;
    if (port) {
        nfnl_put_table(n, NFT_MSG_NEWTABLE, NFPROTO_INET, NFNL_CONNGUARD_TABLE);
        put_chain(n);
        put_rule(t);
    }
    int r = nfnl_commit(n);
    t->armed = port != 0;
    t->error = port ? -r : 0;
    t->check_at = 0;
    return r;
}

struct sight {
    unsigned rules;
    bool asleep; // the table is dormant
};

static int see_rule(const struct nlmsghdr *nlh, void *userdata)
{
    struct sight *s = userdata;

    (void)nlh;
    s->rules++;
    return MNL_CB_OK;
}

static int see_table(const struct nlmsghdr *nlh, void *userdata)
{
    struct sight *s = userdata;
    const struct nlattr *a;

    mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(a) == NFTA_TABLE_FLAGS && mnl_attr_get_payload_len(a) == 4)
            s->asleep = (ntohl(mnl_attr_get_u32(a)) & NFT_TABLE_F_DORMANT) != 0;
    return MNL_CB_OK;
}

// One rule in a table that is awake: ours. Who puts another one in its place alone knows what he does.
static bool is_in(struct tripwire *t)
{
    char buffer[NFNL_ANSWER] = {0};
    struct sight s = {0};
    struct nlmsghdr *nlh = nfnl_ask(&t->nfnl, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NFPROTO_INET, NLM_F_ACK);

    mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NFNL_CONNGUARD_TABLE);
    if (nfnl_answer(&t->nfnl, nlh, see_table, &s) < 0)
        return false;
    nlh = nfnl_ask(&t->nfnl, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NFPROTO_INET, NLM_F_DUMP);
    mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, NFNL_CONNGUARD_TABLE);
    return nfnl_answer(&t->nfnl, nlh, see_rule, &s) == 0 && s.rules == 1 && !s.asleep;
}

usec_t tripwire_tick(struct tripwire *t, usec_t now)
{
    if (!t->armed || !t->check_at)
        return USEC_FOREVER;
    if (now < t->check_at)
        return t->check_at;
    t->check_at = 0;
    if (!t->error && is_in(t))
        return USEC_FOREVER;
    if (t->streak >= 5 && now - t->last_mend <= QUIET) { // somebody fights: ever slower
        usec_t pause = (100 * USEC_MSEC) << (t->streak < 10 ? t->streak - 5 : 5);
        if (now < t->last_mend + pause)
            return t->check_at = t->last_mend + pause;
    }
    t->streak = now - t->last_mend > QUIET ? 1 : t->streak + 1;
    t->last_mend = now;
    if (tripwire_set(t, t->port) < 0)
        return t->check_at = now + RETRY;
    t->mended++;
    return USEC_FOREVER;
}

// --- all -----------------------------------------------------------------------------------------------------

int tripwire_open(struct tripwire *t)
{
    int r;

    *t = (struct tripwire){.streak = 0};
    if ((r = nfnl_open(&t->nfnl)) < 0 || (r = open_packets(t)) < 0 || (r = open_changes(t)) < 0) {
        t->error = -r;
        return r;
    }
    return 0;
}

void tripwire_close(struct tripwire *t)
{
    if (t->armed && !t->error)
        (void)tripwire_set(t, 0);
    if (t->packets)
        mnl_socket_close(t->packets);
    if (t->changes)
        mnl_socket_close(t->changes);
    nfnl_close(&t->nfnl);
}

int tripwire_packets_fd(const struct tripwire *t)
{
    return t->packets ? mnl_socket_get_fd(t->packets) : -1;
}

int tripwire_changes_fd(const struct tripwire *t)
{
    return t->changes ? mnl_socket_get_fd(t->changes) : -1;
}
