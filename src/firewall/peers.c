// SPDX-License-Identifier: GPL-2.0-or-later
// Administrators from SSH_CONNECTION and the machine's sessions; tunnels from its pppds and from connection tracking.
#include "firewall/peers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firewall/conntrack.h"
#include "host/sessions.h"
#include "host/tunnels.h"

enum { PARENTS_MAX = 64 };

// The base ruleset is of this namespace: the tunnels of a container do not come in here.
static const char own_namespace[] = "/proc/self/ns/net";

static int add_address(struct fw_networks *l, const struct addr *a)
{
    struct prefix p = prefix_of(a, 128);

    return addr_is_unbannable(a) ? 0 : fw_networks_add(l, &p, 1); // a login by loopback is no peer
}

static bool find_in_environment(const char *pid, char buf[static FW_SESSION_MAX])
{
    static const char name[] = "SSH_CONNECTION=";
    static const size_t size = 1 << 17; // as long as one variable may be
    char *text = malloc(size);
    long n = text ? host_read_proc(pid, "environ", text, size) : -1;
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
        if (find_in_environment(pid, buf) || host_read_proc(pid, "status", status, sizeof(status)) <= 0)
            return;
        parent = host_status_number(status, "\nPPid:");
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
    if (!host_peer_parse(peer, &ret->peer) || !host_peer_parse(here, &ret->here) || str_number(port, 65535, &number) < 0)
        return false;
    ret->port = (uint16_t)number;
    return true;
}

static int add_outer(void *userdata, const struct host_tunnel *t)
{
    return add_address(userdata, &t->outer);
}

int fw_peers_tunnels(struct fw_networks *ret)
{
    int r = host_each_tunnel(own_namespace, add_outer, ret);

    if (r == 0)
        r = fw_conntrack_gre(ret);
    ret->n = fw_unique(ret->v, ret->n); // their set takes addresses, and two neighbours are not a network of it
    return r == -ENOMEM ? r : 0;
}

struct through {
    const struct addr *inner;
    struct fw_networks *list;
};

static int add_outer_of(void *userdata, const struct host_tunnel *t)
{
    struct through *through = userdata;

    return t->has_inner && addr_eq(&t->inner, through->inner) ? add_address(through->list, &t->outer) : 0;
}

static int add_admin(void *userdata, const struct addr *a)
{
    int r = add_address(userdata, a);

    return r == 0 ? host_each_tunnel(own_namespace, add_outer_of, &(struct through){a, userdata}) : r;
}

int fw_peers_admins(struct fw_networks *ret)
{
    struct fw_session own;
    int r = fw_session_own(&own) ? add_admin(ret, &own.peer) : 0;

    if (r == 0)
        r = host_each_session(add_admin, ret);
    ret->n = fw_aggregate(ret->v, ret->n);
    return r;
}
