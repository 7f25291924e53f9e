// SPDX-License-Identifier: GPL-2.0-or-later
// Copies the rules of others into a namespace of a child process, sends a SYN through a tun device there and waits for
// the SYN-ACK. When none comes, each ruleset is tried alone.
#include "firewall/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firewall/syn.h"
#include "firewall/foreign.h"

enum { PATIENCE_MS = 400, TRIES = 2, SOURCE_PORT = 40000 };

struct place { // what the packet meets
    char interface[IF_NAMESIZE];
    struct in_addr here, there;
    uint16_t port;
};

static bool is_public(const struct firewall_config *c, const char *name)
{
    for (size_t i = 0; i < c->interface.n; i++) {
        size_t n = strlen(c->interface.v[i]);
        if (strcmp(c->interface.v[i], name) == 0 ||
            (c->interface.v[i][n - 1] == '+' && strncmp(c->interface.v[i], name, n - 1) == 0))
            return true;
    }
    return c->interface.n == 0 && strcmp(name, "lo") != 0 && strncmp(name, "ppp", 3) != 0;
}

// The first IPv4 address of a list that is one host, or the first host of its first network.
static bool first_host(const struct prefix_list *l, struct in_addr *ret)
{
    for (size_t i = 0; i < l->n; i++)
        if (addr_is_v4(&l->v[i].addr) && l->v[i].len >= 96) {
            memcpy(ret, l->v[i].addr.b + 12, 4);
            if (l->v[i].len < 128)
                ret->s_addr |= htonl(1);
            return true;
        }
    return false;
}

static void choose_place(const struct firewall_config *c, struct place *p)
{
    struct ifaddrs *all = NULL;

    *p = (struct place){.interface = "eth0", .port = (uint16_t)c->port};
    p->here.s_addr = htonl(0xc0000201);  // 192.0.2.1
    p->there.s_addr = htonl(0x09090909); // somebody on the Internet
    if (getifaddrs(&all) == 0) {
        for (const struct ifaddrs *i = all; i; i = i->ifa_next)
            if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && is_public(c, i->ifa_name)) {
                snprintf(p->interface, sizeof(p->interface), "%s", i->ifa_name);
                p->here = ((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
                break;
            }
        freeifaddrs(all);
    }
    first_host(&c->address, &p->here);
    first_host(&c->allow_from, &p->there);
}

// --- in the child's namespace

static void put_address(struct ifreq *r, struct in_addr a)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = a};

    memcpy(&r->ifr_addr, &sin, sizeof(sin));
}

// A tun device of that name that is up, with the server's address and the way to everybody. -errno.
static int make_device(const struct place *p)
{
    struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = r.ifr_name};
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    bool good = tun >= 0 && s >= 0;

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", p->interface);
    ioctl(s, SIOCSIFFLAGS, &lo);
    good = good && ioctl(tun, TUNSETIFF, &r) == 0;
    put_address(&r, p->here);
    good = good && ioctl(s, SIOCSIFADDR, &r) == 0;
    r.ifr_flags = IFF_UP | IFF_RUNNING;
    good = good && ioctl(s, SIOCSIFFLAGS, &r) == 0;
    for (struct sockaddr *a = &route.rt_dst; a; a = a == &route.rt_dst ? &route.rt_genmask : NULL)
        a->sa_family = AF_INET;
    good = good && ioctl(s, SIOCADDRT, &route) == 0;
    int error = good ? 0 : -errno;
    if (s >= 0)
        close(s);
    return good ? tun : error;
}

static int listen_at(const struct place *p)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = p->here, .sin_port = htons(p->port)};
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return s >= 0 && bind(s, (struct sockaddr *)&sin, sizeof(sin)) == 0 && listen(s, 1) == 0 ? s : -errno;
}

// Is this packet the answer to ours?
static bool is_answer(const uint8_t *b, ssize_t n, const struct place *p)
{
    size_t head = n >= 40 ? (size_t)(b[0] & 15) * 4 : 0;

    return n >= 40 && b[0] >> 4 == 4 && b[9] == IPPROTO_TCP && memcmp(b + 16, &p->there, 4) == 0 && (size_t)n >= head + 20 &&
           b[head] == p->port >> 8 && b[head + 1] == (p->port & 255) && (b[head + 13] & 0x12) == 0x12; // SYN and ACK
}

static enum fw_way send_syn(int tun, const struct place *p)
{
    uint8_t syn[40];

    for (int i = 0; i < TRIES; i++) {
        struct pollfd fd = {.fd = tun, .events = POLLIN};
        fw_make_syn(syn, p->there, p->here, SOURCE_PORT, p->port);
        if (write(tun, syn, sizeof(syn)) != sizeof(syn))
            return FW_WAY_UNKNOWN;
        while (poll(&fd, 1, PATIENCE_MS) > 0) {
            uint8_t packet[2048];
            if (is_answer(packet, read(tun, packet, sizeof(packet)), p))
                return FW_WAY_OPEN;
        }
    }
    return FW_WAY_CLOSED;
}

// Runs in the child; only: the index of the one ruleset that is copied, or -1 for all.
static enum fw_way probe_here(const struct place *p, const struct fw_foreign *rules, int only)
{
    struct fw_error error;

    if (unshare(CLONE_NEWNET) < 0)
        return FW_WAY_UNKNOWN;
    int tun = make_device(p), listener = listen_at(p);
    if (tun < 0 || listener < 0)
        return FW_WAY_UNKNOWN;
    if (rules->sets && *rules->sets && fw_foreign_load_sets(rules, &error) < 0)
        return FW_WAY_UNKNOWN;
    for (size_t i = 0; i < rules->n; i++)
        if ((only < 0 || (size_t)only == i) && fw_foreign_load(&rules->v[i], &error) < 0)
            return FW_WAY_UNKNOWN;
    return send_syn(tun, p);
}

static enum fw_way probe(const struct place *p, const struct fw_foreign *rules, int only)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit((int)probe_here(p, rules, only));
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) <= FW_WAY_UNKNOWN ? (enum fw_way)WEXITSTATUS(status)
                                                                                 : FW_WAY_UNKNOWN;
}

void fw_probe(const struct firewall_config *c, struct fw_way_report *ret)
{
    struct fw_foreign rules;
    struct fw_error error = {""};
    struct place p;

    *ret = (struct fw_way_report){.way = FW_WAY_UNKNOWN};
    if (fw_foreign_read(&rules, &error) < 0) {
        snprintf(ret->why, sizeof(ret->why), "%.250s", error.text);
        return;
    }
    choose_place(c, &p);
    ret->way = probe(&p, &rules, -1);
    if (ret->way == FW_WAY_UNKNOWN)
        snprintf(ret->why, sizeof(ret->why), "their rules could not be copied into a network namespace with a tun device");
    for (size_t i = 0; ret->way == FW_WAY_CLOSED && i < rules.n && ret->n < FW_BLOCKERS_MAX; i++)
        if (probe(&p, &rules, (int)i) == FW_WAY_CLOSED) {
            struct fw_blocker *b = &ret->blocker[ret->n++];
            snprintf(b->name, sizeof(b->name), "%s", rules.v[i].name);
            fw_foreign_remedy(&rules.v[i], p.port, b->remedy, sizeof(b->remedy));
        }
    fw_foreign_free(&rules);
}
