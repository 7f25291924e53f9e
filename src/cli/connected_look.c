// SPDX-License-Identifier: GPL-2.0-or-later
// Asks the service and this machine who is connected.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/connected.h"
#include "cli/exit.h"
#include "config/config.h"
#include "firewall/conntrack.h"

static bool enter(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool entered = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;

    if (fd >= 0)
        close(fd);
    return entered;
}

struct flows {
    struct connected_flow *v;
    size_t n, room;
};

static void take(struct flows *l, const struct connected_flow *flow)
{
    if (l->n == l->room) {
        struct connected_flow *grown = reallocarray(l->v, l->room ? l->room * 2 : 64, sizeof(*grown));
        if (!grown)
            return;
        l->v = grown;
        l->room = l->room ? l->room * 2 : 64;
    }
    l->v[l->n++] = *flow;
}

// Which end is the client nobody knows here: it stands under both.
static void on_flow(void *userdata, const struct fw_flow *f)
{
    const struct connected_flow from = {f->from, f->has_bytes, f->bytes_from, f->bytes_to};
    const struct connected_flow to = {f->to, f->has_bytes, f->bytes_to, f->bytes_from};

    take(userdata, &from);
    take(userdata, &to);
}

void connected_look(const char *netns, struct connected_facts *ret)
{
    struct connected_facts f = {.pppds = NULL};
    struct flows flows = {0};
    char path[300] = "/proc/self/ns/net";

    if (*netns)
        snprintf(path, sizeof(path), "/run/netns/%.255s", netns);
    f.sees_processes = host_pppds(path, &f.pppds, &f.n_pppds) == 0;
    if (!*netns || enter(path)) {
        f.sees_interfaces = host_interfaces(NULL, &f.interfaces, &f.n_interfaces) == 0;
        (void)fw_conntrack_walk(on_flow, &flows); // root alone may ask
    }
    f.flows = flows.v;
    f.n_flows = flows.n;
    *ret = f;
}

void connected_forget(struct connected_facts *f)
{
    free(f->pppds);
    free(f->interfaces);
    free(f->flows);
}

int connected_ask(const struct args *a, struct connected_facts *ret_facts, json_t ***ret, size_t *ret_n)
{
    struct config_report report = {0};
    struct config *config = NULL;
    struct client *c = NULL;
    json_t **rows = NULL;
    size_t n = 0;

    int code = client_ask(a, json_pack("{s:s}", "verb", "sessions"), &c);
    if (code == EXIT_DONE)
        code = client_read_lines(c, (const char *const[]){NULL}, &rows, &n);
    client_free(c);
    (void)config_load(a->config, &config, &report);
    connected_look(config && config->netns ? config->netns : "", ret_facts);
    config_free(config);
    config_report_free(&report);
    if (connected_join(ret_facts, &rows, &n) < 0) {
        fprintf(stderr, "pptpban: out of memory\n");
        code = EXIT_FAILED;
    }
    *ret = rows;
    *ret_n = n;
    return code;
}
