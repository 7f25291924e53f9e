// SPDX-License-Identifier: GPL-2.0-or-later
// Administrators from SSH_CONNECTION and logind; tunnels from the command lines of pppds and from connection tracking.
#include "firewall/peers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "firewall/conntrack.h"

enum { PARENTS_MAX = 64 };

static int add_address(struct fw_networks *l, const struct addr *a)
{
    struct prefix p = prefix_of(a, 128);

    return addr_is_unbannable(a) ? 0 : fw_networks_add(l, &p, 1); // a login by loopback is no peer
}

// ssh writes an IPv6 address with its zone, fe80::1%eth0.
static bool take_address(struct str s, struct addr *ret)
{
    const char *zone = memchr(s.p, '%', s.n);

    if (zone)
        s.n = (size_t)(zone - s.p);
    return addr_parse(s, ret) == 0;
}

static ssize_t read_proc(const char *pid, const char *what, char *buf, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
    if (fd >= 0)
        close(fd);
    if (n >= 0)
        buf[n] = '\0';
    return n;
}

// The number behind a key in /proc/PID/status; -1.
static long status_number(const char *status, const char *key)
{
    const char *p = strstr(status, key);

    return p ? strtol(p + strlen(key), NULL, 10) : -1;
}

static bool find_in_environment(const char *pid, char buf[static FW_SESSION_MAX])
{
    static const char name[] = "SSH_CONNECTION=";
    static const size_t size = 1 << 17; // as long as one variable may be
    char *text = malloc(size);
    ssize_t n = text ? read_proc(pid, "environ", text, size) : -1;
    bool found = false;

    for (const char *p = text; n > 0 && p < text + n && !found; p += strlen(p) + 1) {
        found = strncmp(p, name, sizeof(name) - 1) == 0;
        if (found)
            snprintf(buf, FW_SESSION_MAX, "%.*s", (int)strcspn(p + sizeof(name) - 1, "\n"), p + sizeof(name) - 1);
    }
    free(text);
    return found;
}

void fw_session_text(char buf[static FW_SESSION_MAX])
{
    const char *own = getenv("SSH_CONNECTION");
    char pid[24], status[4096];
    long parent = getppid();

    snprintf(buf, FW_SESSION_MAX, "%.*s", own ? (int)strcspn(own, "\n") : 0, own ? own : "");
    for (int i = 0; !own && i < PARENTS_MAX && parent > 1; i++) {
        snprintf(pid, sizeof(pid), "%ld", parent);
        if (find_in_environment(pid, buf) || read_proc(pid, "status", status, sizeof(status)) <= 0)
            return;
        parent = status_number(status, "\nPPid:");
    }
}

bool fw_session_own(struct fw_session *ret)
{
    char text[FW_SESSION_MAX];
    fw_session_text(text);
    struct str rest = str_of(text); // "client-address client-port server-address server-port"
    struct str peer = str_word(&rest);
    struct str peer_port = str_word(&rest), here = str_word(&rest), port = str_word(&rest);
    unsigned long long number;

    (void)peer_port;
    if (!take_address(peer, &ret->peer) || !take_address(here, &ret->here) || str_number(port, 65535, &number) < 0)
        return false;
    ret->port = (uint16_t)number;
    return true;
}

// --- pppd's command line: ... 10.0.0.1:10.0.0.7 ... remotenumber 203.0.113.5

struct tunnel {
    bool has_inner, has_outer;
    struct addr inner, outer;
};

static void read_tunnel(const char *args, size_t n, struct tunnel *ret)
{
    bool number_follows = false;

    *ret = (struct tunnel){0};
    for (const char *p = args; p < args + n; p += strlen(p) + 1) {
        struct str word = str_of(p);
        const char *colon = memchr(word.p, ':', word.n);
        if (number_follows && !ret->has_outer)
            ret->has_outer = addr_parse(word, &ret->outer) == 0;
        number_follows = str_eq(word, STR("remotenumber"));
        if (colon && !ret->has_inner)
            ret->has_inner = addr_parse(str_skip(word, (size_t)(colon - word.p) + 1), &ret->inner) == 0 &&
                             addr_is_v4(&ret->inner);
    }
}

// Anybody may call a process pppd, and pppd is often setuid: only one that root itself started is pptpd's.
static bool is_pppd_of_root(const char *pid)
{
    char buf[4096];

    if (read_proc(pid, "comm", buf, sizeof(buf)) <= 0 || strcmp(buf, "pppd\n") != 0 ||
        read_proc(pid, "status", buf, sizeof(buf)) <= 0)
        return false;
    return status_number(buf, "\nUid:") == 0; // the real one
}

// Every pppd of this machine that was started for a calling number.
static int each_tunnel(int (*each)(const struct tunnel *t, void *userdata), void *userdata)
{
    char buf[4096];
    struct dirent *d;
    DIR *proc = opendir("/proc");
    int r = 0;

    while (r == 0 && proc && (d = readdir(proc))) {
        struct tunnel t;
        if (!isdigit((unsigned char)d->d_name[0]) || !is_pppd_of_root(d->d_name))
            continue;
        ssize_t n = read_proc(d->d_name, "cmdline", buf, sizeof(buf));
        if (n <= 0)
            continue;
        read_tunnel(buf, (size_t)n, &t);
        if (t.has_outer)
            r = each(&t, userdata);
    }
    if (proc)
        closedir(proc);
    return r;
}

static int add_outer(const struct tunnel *t, void *userdata)
{
    return add_address(userdata, &t->outer);
}

int fw_peers_tunnels(struct fw_networks *ret)
{
    int r = each_tunnel(add_outer, ret);

    if (r == 0)
        r = fw_conntrack_gre(ret);
    ret->n = fw_aggregate(ret->v, ret->n);
    return r == -ENOMEM ? r : 0;
}

struct through {
    const struct addr *inner;
    struct fw_networks *list;
};

static int add_outer_of(const struct tunnel *t, void *userdata)
{
    struct through *through = userdata;

    return t->has_inner && addr_eq(&t->inner, through->inner) ? add_address(through->list, &t->outer) : 0;
}

static int add_admin(struct fw_networks *l, const struct addr *a)
{
    int r = add_address(l, a);

    return r == 0 ? each_tunnel(add_outer_of, &(struct through){a, l}) : r;
}

int fw_peers_admins(struct fw_networks *ret)
{
    struct fw_session own;
    char **sessions = NULL;
    int r = fw_session_own(&own) ? add_admin(ret, &own.peer) : 0;
    int n = sd_get_sessions(&sessions);

    for (int i = 0; i < n; i++) {
        char *host = NULL;
        struct addr a;
        if (r == 0 && sd_session_is_remote(sessions[i]) > 0 && sd_session_get_remote_host(sessions[i], &host) >= 0 &&
            take_address(str_of(host), &a))
            r = add_admin(ret, &a);
        free(host);
        free(sessions[i]);
    }
    free(sessions);
    ret->n = fw_aggregate(ret->v, ret->n);
    return r;
}
