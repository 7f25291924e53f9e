// SPDX-License-Identifier: GPL-2.0-or-later
// Asks each kind of packet filter that is there, and none that is not: a listing must not load modules.
#include "audit/kernel_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int add_iptables(const struct audit_root *root, struct kernel_rules *k, enum view_tables which,
                        enum rs_origin origin, unsigned family)
{
    char *text = NULL;
    int r = root->iptables ? root->iptables(root->userdata, which, &text) : -ENOENT;

    if (r == 0)
        r = ruleset_add_save(k->rs, str_of(text), origin, family);
    free(text);
    return r;
}

// Tables of iptables-legacy that the kernel has. Only root may look.
static bool has_legacy(const struct audit_root *root)
{
    char line[64];

    return (view_line(root, "/proc/net/ip_tables_names", line, sizeof(line)) == 0 && *line) ||
           (view_line(root, "/proc/net/ip6_tables_names", line, sizeof(line)) == 0 && *line);
}

static int add_pair(const struct audit_root *root, struct kernel_rules *k, bool legacy)
{
    enum rs_origin origin = legacy ? RS_IPTABLES_LEGACY : RS_IPTABLES_NFT;
    int r = add_iptables(root, k, legacy ? VIEW_LEGACY_SAVE4 : VIEW_NFT_SAVE4, origin, 4);

    return r < 0 ? r : add_iptables(root, k, legacy ? VIEW_LEGACY_SAVE6 : VIEW_NFT_SAVE6, origin, 6);
}

static int add_all(const struct audit_root *root, struct kernel_rules *k, const char *json)
{
    int r = ruleset_add_nft(k->rs, json, false, &k->iptables_nft);

    if (r == 0 && k->iptables_nft) {
        r = add_pair(root, k, false);
        if (r < 0 && r != -ENOMEM) { // then as nftables shows them
            k->half = true;
            ruleset_free(k->rs);
            k->rs = ruleset_new();
            r = k->rs ? ruleset_add_nft(k->rs, json, true, &k->iptables_nft) : -ENOMEM;
        }
    }
    for (size_t i = 0; r == 0 && i < k->rs->n_chains; i++)
        k->native |=
            k->rs->chains[i].origin == RS_NFT && k->rs->chains[i].hook && !rs_is_ours(&k->rs->chains[i]) && !k->half;
    k->iptables_legacy = has_legacy(root);
    if (r == 0 && k->iptables_legacy) {
        r = add_pair(root, k, true);
        k->half |= r < 0 && r != -ENOMEM;
        r = r == -ENOMEM ? r : 0;
    }
    return r;
}

int kernel_rules_read(const struct audit_root *root, struct kernel_rules *ret)
{
    struct kernel_rules k = {0};
    char *json = NULL;
    int r = root->nft ? root->nft(root->userdata, &json) : -EOPNOTSUPP;

    if (r == 0 && !(k.rs = ruleset_new()))
        r = -ENOMEM;
    if (r == 0)
        r = add_all(root, &k, json);
    free(json);
    if (r == 0)
        ruleset_sort(k.rs);
    else
        kernel_rules_free(&k);
    if (r == -ENOMEM)
        return r;
    k.error = r;
    *ret = k;
    return 0;
}

void kernel_rules_free(struct kernel_rules *k)
{
    ruleset_free(k->rs);
    k->rs = NULL;
}

static int by_port(const void *a, const void *b)
{
    const struct listener *x = a, *y = b;

    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    return x->port < y->port ? -1 : x->port > y->port;
}

// "0100007F" and "00000000000000000000000001000000" are loopback: 127/8 and ::1, as the kernel prints words.
static bool is_loopback(const char *address)
{
    size_t n = strlen(address);

    return n == 8 ? strcmp(address + 6, "7F") == 0
                  : strcmp(address, "00000000000000000000000001000000") == 0 ||
                        (n == 32 && strncmp(address, "0000000000000000FFFF0000", 24) == 0 &&
                         strcmp(address + 30, "7F") == 0);
}

// UDP listens for everybody as long as it is connected to nobody.
static void read_table(struct str text, uint8_t protocol, bool v6, struct listener *v, size_t *n)
{
    const unsigned wanted = protocol == RS_TCP ? 0x0a : 0x07;
    struct str line;

    view_cut_line(&text, &line); // the head line
    while (view_cut_line(&text, &line)) {
        char copy[256], address[40], remote[40];
        unsigned port, remote_port, state;
        snprintf(copy, sizeof(copy), "%.*s", (int)(line.n < 200 ? line.n : 200), line.p);
        if (sscanf(copy, " %*u: %39[0-9A-F]:%x %39[0-9A-F]:%x %x", address, &port, remote, &remote_port, &state) != 5)
            continue;
        if (state != wanted || is_loopback(address) || port == 0 || port > UINT16_MAX)
            continue;
        bool any = strspn(address, "0") == strlen(address);
        size_t i = 0;
        while (i < *n && (v[i].port != port || v[i].protocol != protocol))
            i++;
        if (i == LISTENERS_MAX)
            return;
        if (i == *n)
            v[(*n)++] = (struct listener){.protocol = protocol, .port = (uint16_t)port};
        v[i].v6 |= v6;
        v[i].v4 |= !v6 || any; // [::] takes IPv4 as well, as a rule
    }
}

int listeners_read(const struct audit_root *root, struct listener ret[LISTENERS_MAX])
{
    static const struct {
        const char *path;
        uint8_t protocol;
        bool v6;
    } tables[] = {{"/proc/net/tcp", RS_TCP, false},
                  {"/proc/net/tcp6", RS_TCP, true},
                  {"/proc/net/udp", RS_UDP, false},
                  {"/proc/net/udp6", RS_UDP, true}};
    size_t n = 0;

    for (size_t i = 0; i < 4; i++) {
        struct text t = {0};
        int r = view_read(root, tables[i].path, VIEW_SECRETS_MAX, &t);
        if (r < 0 && !tables[i].v6)
            return r;
        if (r == 0)
            read_table((struct str){t.p, t.n}, tables[i].protocol, tables[i].v6, ret, &n);
        view_free(&t);
    }
    if (n)
        qsort(ret, n, sizeof(*ret), by_port);
    return (int)n;
}
