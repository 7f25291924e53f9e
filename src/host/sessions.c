// SPDX-License-Identifier: GPL-2.0-or-later
// logind's sessions by sd-login, utmp's by reading its file.
#include "host/sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

bool host_peer_parse(struct str text, struct addr *ret)
{
    const char *zone = text.n ? memchr(text.p, '%', text.n) : NULL;

    if (zone)
        text.n = (size_t)(zone - text.p);
    return addr_parse(text, ret) == 0;
}

// --- logind --------------------------------------------------------------------------------------------------

// True when the value that ask() tells begins with one of these.
static bool begins(const char *id, int (*ask)(const char *, char **), const char *with)
{
    char *value = NULL;
    bool yes = ask(id, &value) >= 0 && value && strncmp(value, with, strlen(with)) == 0;

    free(value);
    return yes;
}

static bool counts(const char *id)
{
    return sd_session_is_remote(id) > 0 && begins(id, sd_session_get_class, "user") &&
           !begins(id, sd_session_get_state, "closing") && !begins(id, sd_session_get_service, "ppp");
}

// *ret_named: somebody's peer is known by a name only, which utmp may have an address for.
static int each_of_logind(host_session_fn each, void *userdata, bool *ret_named)
{
    char **ids = NULL;
    int n = sd_get_sessions(&ids), r = 0;

    for (int i = 0; i < n; i++) {
        char *host = NULL;
        struct addr a;
        if (r == 0 && i < HOST_SESSIONS_MAX && counts(ids[i]) && sd_session_get_remote_host(ids[i], &host) >= 0) {
            if (host_peer_parse(str_of(host), &a))
                r = each(userdata, &a);
            else
                *ret_named = true; // sshd with UseDNS
        }
        free(host);
        free(ids[i]);
    }
    free(ids);
    return r;
}

// --- utmp ----------------------------------------------------------------------------------------------------

static bool is_alive(pid_t pid)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    return access(path, F_OK) == 0; // who was killed leaves his entry behind
}

bool host_utmp_peer(const struct utmpx *u, struct addr *ret)
{
    const uint32_t *a = (const uint32_t *)u->ut_addr_v6; // in network order; an IPv4 address is the first of four
    struct str host = {u->ut_host, strnlen(u->ut_host, sizeof(u->ut_host))};

    if (u->ut_type != USER_PROCESS || strncmp(u->ut_line, "pts/", 4) != 0)
        return false;
    if (!(a[0] | a[1] | a[2] | a[3]))
        return host_peer_parse(host, ret);
    *ret = (struct addr){.b = {[10] = 0xff, [11] = 0xff}};
    memcpy(a[1] | a[2] | a[3] ? ret->b : ret->b + 12, a, a[1] | a[2] | a[3] ? 16 : 4);
    return true;
}

static int each_of_utmp(host_session_fn each, void *userdata)
{
    int fd = open(HOST_UTMP, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;
    struct utmpx u;
    struct addr a;

    for (int i = 0; fd >= 0 && r == 0 && i < HOST_SESSIONS_MAX && read(fd, &u, sizeof(u)) == (ssize_t)sizeof(u); i++)
        if (host_utmp_peer(&u, &a) && is_alive(u.ut_pid))
            r = each(userdata, &a);
    if (fd >= 0)
        close(fd);
    return r;
}

int host_each_session(host_session_fn each, void *userdata)
{
    bool named = access(HOST_SESSIONS_DIR, F_OK) < 0;
    int r = each_of_logind(each, userdata, &named);

    return r == 0 && named ? each_of_utmp(each, userdata) : r;
}
