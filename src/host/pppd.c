// SPDX-License-Identifier: GPL-2.0-or-later
// Who is pppd is told by name, owner and parent; anybody may call a process pppd.
#include "host/pppd.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

enum { PPPDS_MAX = 8192, INTERFACES_MAX = 8192, PROC_NET_DEV_MAX = 4 << 20 };

static bool is_of_root(const char *pid, const char *name)
{
    char buf[4096];
    size_t n = strlen(name);
    long got = host_read_proc(pid, "comm", buf, sizeof(buf));

    return got == (long)n + 1 && memcmp(buf, name, n) == 0 && host_read_proc(pid, "status", buf, sizeof(buf)) > 0 &&
           host_status_number(buf, "\nUid:") == 0; // the real one
}

int host_pppd_read(uint32_t pid, struct host_pppd *ret)
{
    struct host_pppd p = {.pid = pid};
    char name[16], parent[24], buf[4096];
    uint64_t again;

    snprintf(name, sizeof(name), "%" PRIu32, pid);
    if (process_started(pid, &p.ticks) < 0 || !is_of_root(name, "pppd"))
        return -ESRCH;
    if (host_read_proc(name, "status", buf, sizeof(buf)) > 0) {
        snprintf(parent, sizeof(parent), "%ld", host_status_number(buf, "\nPPid:"));
        p.server = is_of_root(parent, "pptpctrl") ? "pptpctrl" : is_of_root(parent, "xl2tpd") ? "xl2tpd" : NULL;
    }
    long n = host_read_proc(name, "cmdline", buf, sizeof(buf));
    if (n > 0)
        host_tunnel_parse(buf, (size_t)n, &p.tunnel);
    if (process_started(pid, &again) < 0 || again != p.ticks) // the pid was used again meanwhile
        return -ESRCH;
    p.started = process_time(p.ticks);
    *ret = p;
    return 0;
}

bool host_pppd_login(struct host_pppd *p, const struct utmpx *u)
{
    size_t n = strnlen(u->ut_user, sizeof(u->ut_user));
    usec_t when = (usec_t)u->ut_tv.tv_sec * USEC_SEC + USEC_SEC; // whole seconds

    if (u->ut_type != USER_PROCESS || u->ut_pid <= 0 || (uint32_t)u->ut_pid != p->pid || n == 0 || n >= HOST_USER ||
        strncmp(u->ut_line, "ppp", 3) != 0 || when < p->started)
        return false;
    memcpy(p->user, u->ut_user, n);
    p->user[n] = '\0';
    return true;
}

static void read_logins(struct host_pppd *v, size_t n)
{
    setutxent();
    for (const struct utmpx *u; n > 0 && (u = getutxent());)
        for (size_t i = 0; i < n; i++)
            if (host_pppd_login(&v[i], u))
                break;
    endutxent();
}

int host_pppds(const char *netns, struct host_pppd **ret, size_t *ret_n)
{
    struct host_pppd *v = NULL;
    struct dirent *d;
    size_t n = 0, room = 0;
    char buf[16];
    DIR *proc = opendir("/proc");

    if (!proc)
        return -errno;
    bool hidden = geteuid() != 0 && host_read_proc("1", "comm", buf, sizeof(buf)) <= 0;
    while (!hidden && n < PPPDS_MAX && (d = readdir(proc))) {
        struct host_pppd p;
        if (!isdigit((unsigned char)d->d_name[0]) || host_read_proc(d->d_name, "comm", buf, sizeof(buf)) <= 0 ||
            strcmp(buf, "pppd\n") != 0 || host_is_elsewhere(d->d_name, netns) ||
            host_pppd_read((uint32_t)strtoul(d->d_name, NULL, 10), &p) < 0)
            continue;
        if (n == room) {
            struct host_pppd *grown = reallocarray(v, room ? room * 2 : 16, sizeof(*v));
            if (!grown) {
                closedir(proc);
                free(v);
                return -ENOMEM;
            }
            v = grown;
            room = room ? room * 2 : 16;
        }
        v[n++] = p;
    }
    closedir(proc);
    if (hidden)
        return -EACCES;
    read_logins(v, n);
    *ret = v;
    *ret_n = n;
    return 0;
}

// "  ppp0: 123 4 0 0 0 0 0 0  456 7 ...": bytes received and, eight columns on, sent
bool host_interface_counts(const char *text, const char *name, uint64_t *ret_received, uint64_t *ret_sent)
{
    size_t n = strlen(name);

    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        line += strspn(line, " ");
        if (strncmp(line, name, n) != 0 || line[n] != ':')
            continue;
        return sscanf(line + n + 1, "%" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, ret_received, ret_sent) == 2;
    }
    return false;
}

// The whole of /proc/net/dev; NULL when it cannot be read. It is that of this network namespace, unlike /sys.
static char *read_counts(void)
{
    char *text = malloc(PROC_NET_DEV_MAX);
    int fd = open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 1;

    while (text && fd >= 0 && got > 0 && n < PROC_NET_DEV_MAX - 1) {
        got = read(fd, text + n, PROC_NET_DEV_MAX - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    if (text)
        text[n] = '\0';
    if (n == 0) {
        free(text);
        text = NULL;
    }
    return text;
}

// What pppd wrote for whoever wants to signal it: its pid, in the first line of NAME.pid.
static uint32_t pid_of(const char *const *dirs, const char *name)
{
    static const char *const usual[] = {"/run", "/run/pppd", NULL};
    char path[256], buf[32];

    for (dirs = dirs ? dirs : usual; *dirs; dirs++) {
        snprintf(path, sizeof(path), "%s/%s.pid", *dirs, name);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
        if (fd >= 0)
            close(fd);
        if (n <= 0)
            continue;
        buf[n] = '\0';
        unsigned long pid = strtoul(buf, NULL, 10);
        if (pid > 1 && pid <= INT32_MAX)
            return (uint32_t)pid;
    }
    return 0;
}

int host_interfaces(const char *const *pid_dirs, struct host_interface **ret, size_t *ret_n)
{
    struct ifaddrs *list;
    size_t n = 0, most = 0;

    if (getifaddrs(&list) < 0)
        return -errno;
    for (const struct ifaddrs *i = list; i; i = i->ifa_next)
        most++;
    struct host_interface *v = calloc(most ? most : 1, sizeof(*v));
    char *counts = v ? read_counts() : NULL;
    for (const struct ifaddrs *i = list; v && i; i = i->ifa_next) {
        size_t k = 0;
        if (!(i->ifa_flags & IFF_POINTOPOINT) || strlen(i->ifa_name) >= HOST_INTERFACE_NAME)
            continue;
        while (k < n && strcmp(v[k].name, i->ifa_name) != 0)
            k++;
        if (k == n && n == INTERFACES_MAX)
            continue;
        if (k == n) {
            strcpy(v[n].name, i->ifa_name);
            v[n].pid = pid_of(pid_dirs, v[n].name);
            v[n].has_counts = counts && host_interface_counts(counts, v[n].name, &v[n].received, &v[n].sent);
            n++;
        }
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && i->ifa_dstaddr)
            v[k].has_peer = addr_from_sockaddr(i->ifa_dstaddr, &v[k].peer) == 0;
    }
    freeifaddrs(list);
    free(counts);
    if (!v)
        return -ENOMEM;
    *ret = v;
    *ret_n = n;
    return 0;
}
