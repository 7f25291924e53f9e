// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban unhook: takes hook and sets of all back ends out of the kernel, for whoever removes the programs. Needs no
// service and no configuration; leaves the base ruleset alone.
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/exit.h"
#include "cli/verbs.h"
#include "enforce/hook.h"
#include "enforce/list.h"

// The kernel lets go of a rule's hold on a set only later; an enforcer that runs has all back within a second.
enum { TRIES = 25, TRY_MS = 10, LOOK_MS = 1200 };

static const struct place {
    uint8_t family;
    const char *name; // NULL: that of the limits
} places[] = {{NFPROTO_IPV4, NULL}, {NFPROTO_IPV6, NULL}, {NFPROTO_INET, NULL}, {NFPROTO_INET, NFNL_CONNGUARD_TABLE}};

static void rest(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static int ignore_message(const struct nlmsghdr *nlh, void *userdata)
{
    (void)nlh, (void)userdata;
    return MNL_CB_OK;
}

// 0, -ENOENT, or why nobody knows.
static int find_table(struct nfnl *n, const struct place *p, const struct limits *limits)
{
    char buffer[NFNL_ANSWER];
    struct nlmsghdr *nlh = nfnl_ask(n, buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, p->family, NLM_F_ACK);

    mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, p->name ? p->name : limits->table);
    return nfnl_answer(n, nlh, ignore_message, NULL);
}

static bool is_set(int fd, const char *name)
{
    struct ip_set_req_get_set req = {.op = IP_SET_OP_GET_BYNAME, .version = IPSET_PROTOCOL};
    socklen_t size = sizeof(req);

    snprintf(req.set.name, sizeof(req.set.name), "%s", name);
    return getsockopt(fd, SOL_IP, SO_IP_SET, &req, &size) == 0 && req.set.index != IPSET_INVALID_ID;
}

static bool are_sets(int fd, const struct limits *limits)
{
    return is_set(fd, limits->set4) || is_set(fd, limits->set6);
}

// How many of our tables there are, or -errno.
static int count_tables(struct nfnl *n, const struct limits *limits)
{
    int found = 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int r = find_table(n, &places[i], limits);
        if (r < 0 && r != -ENOENT && r != -EOPNOTSUPP && r != -EINVAL) // the latter two: a kernel without nf_tables
            return r;
        found += r >= 0;
    }
    return found;
}

static void count_entry(void *userdata, const struct element_state *e)
{
    (void)e;
    ++*(uint64_t *)userdata;
}

static uint64_t take_out(struct nfnl *n, const struct limits *limits, int fd)
{
    static const struct {
        const struct hook_ops *hook;
        int (*list)(struct nfnl *, const struct limits *, const struct prefix *, list_fn, void *);
    } all[] = {{&hook_ipset, list_ipset}, {&hook_nftables, list_nft}};
    uint64_t entries = 0;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct hook h = {.ops = all[i].hook, .nfnl = n, .limits = limits};
        (void)all[i].list(n, limits, NULL, count_entry, &entries);
        h.ops->retire(&h);
        h.ops->close(&h);
    }
    nfnl_begin(n);
    nfnl_put_table(n, NFT_MSG_DELTABLE, NFPROTO_INET, NFNL_CONNGUARD_TABLE);
    (void)nfnl_commit(n); // none there: nothing to do
    // not while somebody puts the tables back: he would only be made to do that ever later
    for (int tries = 0; tries < TRIES && are_sets(fd, limits) && count_tables(n, limits) == 0; tries++) {
        struct hook h = {.ops = &hook_ipset, .nfnl = n, .limits = limits};
        rest(TRY_MS);
        h.ops->retire(&h);
        h.ops->close(&h);
    }
    return entries;
}

static int unhook(struct nfnl *n, int fd, const struct limits *limits)
{
    int found = count_tables(n, limits);

    if (found < 0) {
        fprintf(stderr, "error: the kernel's ruleset cannot be read: %s\n", strerror(-found));
        return EXIT_FAILED;
    }
    if (found == 0 && !are_sets(fd, limits)) {
        puts("nothing to do: no hook and no set of ours is in the kernel");
        return EXIT_NOTHING;
    }
    uint64_t entries = take_out(n, limits, fd);
    rest(LOOK_MS);
    if (count_tables(n, limits) != 0 || are_sets(fd, limits)) {
        fputs("error: hook or sets are still there, or were put back: stop pptpban, pptpban-connguard and pptpban-enforcer\n"
              "first, and take out rules of others that name the sets\n", stderr);
        return EXIT_FAILED;
    }
    printf("took hook and sets out of the kernel: %" PRIu64 " ban%s ended there\n", entries, entries == 1 ? "" : "s");
    return EXIT_DONE;
}

int verb_unhook(int argc, char **argv)
{
    struct limits *limits = NULL;
    struct nfnl n;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (geteuid() != 0) {
        fputs("error: only root can do this: sudo pptpban unhook\n", stderr);
        return EXIT_FAILED;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); // any socket: for SO_IP_SET
    int r = fd < 0 ? -errno : (limits = calloc(1, sizeof(*limits))) ? nfnl_open(&n) : -ENOMEM;
    code = EXIT_FAILED;
    if (r == 0) {
        limits_defaults(limits);
        code = unhook(&n, fd, limits);
        nfnl_close(&n);
    } else {
        fprintf(stderr, "error: no netfilter netlink: %s\n", strerror(-r));
    }
    if (fd >= 0)
        close(fd);
    free(limits);
    return code;
}
