// SPDX-License-Identifier: GPL-2.0-or-later
// One netfilter netlink socket: nf_tables transactions as one packet, and dumps. Knows no table of ours.
#ifndef PB_ENFORCE_NFNL_H
#define PB_ENFORCE_NFNL_H

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdint.h>

enum { NFNL_BUFFER = 512 * 1024, NFNL_ANSWER = 32 * 1024, HOOK_PRIORITY = -310, HOOK_NEW_PRIORITY = -150 };
// -310: before conntrack and before raw (-300); -150: behind conntrack (-200), which says what is new

#define NFNL_CONNGUARD_TABLE "pptpban_connguard" // of the guard of silent connections; it blocks nobody

struct nfnl {
    struct mnl_socket *nl;
    uint32_t portid, seq;
    char *buffer; // NFNL_BUFFER bytes, zeros at first, touched as far as used
    size_t used;
    int error;    // out of memory while building
};

int nfnl_open(struct nfnl *n);
void nfnl_close(struct nfnl *n);

// A transaction: begin, any number of messages, commit. All of it happens or nothing; the first error as -errno.
void nfnl_begin(struct nfnl *n);
struct nlmsghdr *nfnl_put(struct nfnl *n, uint16_t type, uint16_t family, uint16_t flags);
void nfnl_done(struct nfnl *n, struct nlmsghdr *nlh); // the message is complete
int nfnl_commit(struct nfnl *n);

// What the hooks of both back ends are made of (nfnl_rule.c).
void nfnl_put_table(struct nfnl *n, uint16_t type, uint16_t family, const char *table);
// "prerouting"; priority 0: one that no packet comes to, or the one that is there, whatever its priority
void nfnl_put_chain(struct nfnl *n, uint16_t type, uint16_t family, const char *table, int32_t priority);
struct nftnl_rule *nfnl_rule(struct nfnl *n, uint16_t family, const char *table);
struct nftnl_expr *nfnl_expr(struct nfnl *n, struct nftnl_rule *r, const char *name);
void nfnl_expr_unless_open(struct nfnl *n, struct nftnl_rule *r); // matches what belongs to no open connection
void nfnl_put_drop_rule(struct nfnl *n, struct nftnl_rule *r, uint16_t family); // adds "counter drop", frees r

// A question; fn gets each message of the answer. nlh stands in a buffer of NFNL_ANSWER bytes that the answer
// overwrites. Whoever puts attributes gives zeros: libmnl does not fill what is between them, and the kernel is told no
// more of this process than it asks for.
struct nlmsghdr *nfnl_ask(struct nfnl *n, void *buffer, uint16_t type, uint8_t family, uint16_t flags);
int nfnl_answer(struct nfnl *n, struct nlmsghdr *nlh, mnl_cb_t fn, void *userdata);

#endif
