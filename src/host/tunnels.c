// SPDX-License-Identifier: GPL-2.0-or-later
// Tunnels from the command lines of root's pppds.
#include "host/tunnels.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

long host_read_proc(const char *pid, const char *what, char *buf, size_t size)
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

long host_status_number(const char *status, const char *key)
{
    const char *p = strstr(status, key);

    return p ? strtol(p + strlen(key), NULL, 10) : -1;
}

void host_tunnel_parse(const char *args, size_t n, struct host_tunnel *ret)
{
    bool number_follows = false;

    *ret = (struct host_tunnel){0};
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

static bool is_pppd_of_root(const char *pid)
{
    char buf[4096];

    if (host_read_proc(pid, "comm", buf, sizeof(buf)) <= 0 || strcmp(buf, "pppd\n") != 0 ||
        host_read_proc(pid, "status", buf, sizeof(buf)) <= 0)
        return false;
    return host_status_number(buf, "\nUid:") == 0; // the real one
}

bool host_is_elsewhere(const char *pid, const char *netns)
{
    struct stat here, there;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%.20s/ns/net", pid);
    return stat(netns, &here) == 0 && stat(path, &there) == 0 &&
           (there.st_dev != here.st_dev || there.st_ino != here.st_ino);
}

int host_each_tunnel(const char *netns, host_tunnel_fn each, void *userdata)
{
    char buf[4096];
    struct dirent *d;
    DIR *proc = opendir("/proc");
    int r = 0;

    while (r == 0 && proc && (d = readdir(proc))) {
        struct host_tunnel t;
        if (!isdigit((unsigned char)d->d_name[0]) || !is_pppd_of_root(d->d_name) ||
            (netns && host_is_elsewhere(d->d_name, netns)))
            continue;
        long n = host_read_proc(d->d_name, "cmdline", buf, sizeof(buf));
        if (n <= 0)
            continue;
        host_tunnel_parse(buf, (size_t)n, &t);
        if (t.has_outer)
            r = each(userdata, &t);
    }
    if (proc)
        closedir(proc);
    return r;
}
