// SPDX-License-Identifier: GPL-2.0-or-later
// IPT_SO_GET_INFO and its sister for IPv6: two numbers a table.
#include "enforce/legacy.h"
#include "enforce/ruleset_lost.h"

#include <fcntl.h>
#include <netinet/in.h> // before the kernel's headers, which then leave its names alone
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo) &&
               offsetof(struct ipt_getinfo, num_entries) == offsetof(struct ip6t_getinfo, num_entries), "one layout");

static const struct {
    enum ruleset_table bit;
    const char *name;
} tables[LEGACY_TABLES] = {{RULESET_RAW, "raw"}, {RULESET_MANGLE, "mangle"}, {RULESET_NAT, "nat"}, {RULESET_FILTER, "filter"}};

void legacy_open(struct legacy *l)
{
    *l = (struct legacy){.fd = {socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)}};
}

static struct legacy_seen see(const struct legacy *l, int family, const char *table)
{
    struct ipt_getinfo info = {.num_entries = 0};
    socklen_t size = sizeof(info);

    snprintf(info.name, sizeof(info.name), "%s", table);
    if (l->fd[family] < 0 || getsockopt(l->fd[family], family ? IPPROTO_IPV6 : IPPROTO_IP, family ? IP6T_SO_GET_INFO : IPT_SO_GET_INFO, &info, &size) < 0)
        return (struct legacy_seen){.rules = 0};
    return (struct legacy_seen){info.num_entries, info.size};
}

// True when the ruleset is the one that stood there at the last look.
static bool read_marker(struct legacy *l, const char *dir)
{
    struct stat st = {.st_ino = 0};
    char path[320];

    if (!*dir || snprintf(path, sizeof(path), "%s/" RULESET_LEGACY, dir) >= (int)sizeof(path))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0 || read(fd, &l->tables, 1) != 1)
        l->tables = 0;
    if (fd >= 0)
        close(fd);
    bool same = l->tables && st.st_ino == l->marker && memcmp(&st.st_mtim, &l->written, sizeof(l->written)) == 0;
    l->marker = st.st_ino;
    l->written = st.st_mtim;
    return same;
}

enum legacy_change legacy_look(struct legacy *l, const char *dir)
{
    enum legacy_change change = LEGACY_SAME;
    bool same = read_marker(l, dir);

    for (int family = 0; l->tables && family < LEGACY_FAMILIES; family++)
        for (int i = 0; i < LEGACY_TABLES; i++) {
            if (!(l->tables & tables[i].bit))
                continue;
            struct legacy_seen now = see(l, family, tables[i].name), *before = &l->seen[family][i];
            if (now.rules < before->rules || now.size < before->size)
                change = LEGACY_SHRANK;
            else if ((now.rules > before->rules || now.size > before->size) && change == LEGACY_SAME)
                change = LEGACY_GREW;
            *before = now;
        }
    return same ? change : LEGACY_SAME;
}

void legacy_begin(struct legacy *l, const char *dir)
{
    l->marker = 0;
    (void)legacy_look(l, dir);
}
