// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: what this machine tells of who is connected: pppd's command line, /proc/net/dev, resolv.conf, utmp, an answer
// of connection tracking, and rows of the service that are joined with all of it. No address comes out that was not put
// in; bytes are those of the interface that was asked for; each row is whole, and each process is in one.
#include <sys/socket.h>
#include <utmpx.h>

#include "cli/connected.h"
#include "cli/listing.h"
#include "firewall/conntrack.c"
#include "fuzz.h"
#include "host/nameservers.h"
#include "host/sessions.h"

// The input, with an end.
static char *copy_of(struct fuzz_in *in, size_t *ret_n)
{
    char *text = malloc(in->n + 1);

    HOLDS(text, "no memory");
    if (in->n)
        memcpy(text, in->p, in->n);
    text[in->n] = '\0';
    *ret_n = in->n;
    return text;
}

static void command_line(struct fuzz_in *in)
{
    struct host_tunnel t;
    size_t n;
    char *args = copy_of(in, &n);

    host_tunnel_parse(args, n, &t);
    for (size_t i = 0; i < n; i++)
        args[i] = args[i] ? args[i] : ' ';
    HOLDS(!t.has_outer || (strstr(args, "remotenumber ") && fuzz_names_address((struct str){args, n}, &t.outer)), "an address from nowhere");
    HOLDS(!t.has_inner || (addr_is_v4(&t.inner) && fuzz_names_address((struct str){args, n}, &t.inner)), "an inner address from nowhere");
    free(args);
}

// The first line is the name that is looked for. Counted here in another way: words of the line that begins with it.
static void interface_counts(struct fuzz_in *in)
{
    uint64_t received = 0, sent = 0;
    struct str name, line;
    size_t n;

    if (!fuzz_take_line(in, &name) || name.n == 0 || name.n >= HOST_INTERFACE_NAME || memchr(name.p, '\0', name.n))
        return;
    char wanted[HOST_INTERFACE_NAME] = "", *text = copy_of(in, &n);
    memcpy(wanted, name.p, name.n);
    struct fuzz_in lines = {(const uint8_t *)text, strlen(text)};
    bool found = host_interface_counts(text, wanted, &received, &sent), there = false;
    while (!there && fuzz_take_line(&lines, &line)) {
        while (line.n > 0 && line.p[0] == ' ')
            line = str_skip(line, 1);
        there = line.n > name.n && memcmp(line.p, name.p, name.n) == 0 && line.p[name.n] == ':';
    }
    HOLDS(there || !found, "there is no %s", wanted);
    if (found) {
        unsigned long long word[9];
        char *at = text + (line.p - text) + name.n + 1;
        for (int i = 0; i < 9; i++)
            word[i] = strtoull(at, &at, 10);
        HOLDS(word[0] == received && word[8] == sent, "%llu and %llu", (unsigned long long)received, (unsigned long long)sent);
    }
    free(text);
}

static void nameservers(struct fuzz_in *in)
{
    struct addr v[HOST_NAMESERVERS_MAX];
    struct str text = {(const char *)in->p, in->n};
    size_t before = in->n % 3, n;

    memset(v, 0, sizeof(v));
    n = host_nameservers(text, v, before);
    HOLDS(n >= before && n <= HOST_NAMESERVERS_MAX, "%zu of them", n);
    for (size_t i = before; i < n; i++)
        HOLDS(fuzz_names_address(text, &v[i]), "number %zu is from nowhere", i);
}

static void utmp(struct fuzz_in *in)
{
    struct utmpx u = {.ut_type = USER_PROCESS};
    struct addr a;

    memcpy(&u, in->p, in->n < sizeof(u) ? in->n : sizeof(u));
    if (host_utmp_peer(&u, &a)) {
        struct str host = {u.ut_host, strnlen(u.ut_host, sizeof(u.ut_host))};
        HOLDS(fuzz_names_address(host, &a) || memcmp(u.ut_addr_v6, a.b, 16) == 0 ||
                  (addr_is_v4(&a) && memcmp(u.ut_addr_v6, a.b + 12, 4) == 0), "an address from nowhere");
    }
}

static struct str answer;

static void on_flow(void *userdata, const struct fw_flow *f)
{
    const struct addr *const both[] = {&f->from, &f->to};

    ++*(unsigned *)userdata;
    for (int i = 0; i < 2; i++) {
        bool v4 = addr_is_v4(both[i]);
        HOLDS(memmem(answer.p, answer.n, both[i]->b + (v4 ? 12 : 0), v4 ? 4 : 16), "an address from nowhere");
    }
}

static void conntrack(struct fuzz_in *in)
{
    struct walk w = {on_flow, &(unsigned){0}};
    char *copy;

    answer = (struct str){(const char *)in->p, in->n};
    if (in->n < sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))
        return;
    copy = copy_of(in, &answer.n); // aligned
    ((struct nlmsghdr *)(void *)copy)->nlmsg_len = (uint32_t)answer.n; // libmnl believes the kernel in this
    (void)take((struct nlmsghdr *)(void *)copy, &w);
    free(copy);
}

// Facts from a few bytes each, then rows as JSON.
static void joined(struct fuzz_in *in)
{
    struct host_pppd pppds[4] = {0};
    struct host_interface interfaces[4] = {0};
    struct connected_flow flows[4] = {0};
    uint8_t how = (uint8_t)fuzz_take(in, 1);
    struct connected_facts f = {.pppds = pppds, .interfaces = interfaces, .flows = flows, .n_pppds = how & 3, .n_interfaces = how >> 2 & 3,
                                .n_flows = how >> 4 & 3, .sees_processes = how & 64, .sees_interfaces = how & 128};
    const struct addr base = {{[10] = 0xff, [11] = 0xff, 203, 0, 113}};

    for (int i = 0; i < 4; i++) {
        uint8_t b = (uint8_t)fuzz_take(in, 1);
        struct addr a = base;
        a.b[15] = b & 3;
        pppds[i] = (struct host_pppd){.pid = 100 + (uint32_t)i, .started = (b & 4 ? 1792800000 : 1) * USEC_SEC, .server = b & 8 ? "pptpctrl" : NULL,
                                      .tunnel = {.has_outer = b & 16, .outer = a, .has_inner = b & 32, .inner = a}};
        b = (uint8_t)fuzz_take(in, 1);
        a.b[15] = b & 3;
        interfaces[i] = (struct host_interface){.name = {'p', 'p', 'p', (char)('0' + i)}, .pid = b & 4 ? 100 + (b >> 6) : 0, .has_peer = b & 8,
                                                .peer = a, .has_counts = b & 16, .received = b, .sent = 1};
        flows[i] = (struct connected_flow){.outer = a, .has_bytes = b & 32, .in = b, .out = 2};
    }
    json_t *list = json_loadb((const char *)in->p, in->n, 0, NULL);
    size_t n = 0, most = json_array_size(list);
    json_t **rows = calloc(most + 1, sizeof(*rows));
    for (size_t i = 0; i < most; i++)
        if (json_is_object(json_array_get(list, i)))
            rows[n++] = json_deep_copy(json_array_get(list, i));
    most = n;
    HOLDS(connected_join(&f, &rows, &n) == 0 && n <= most + f.n_pppds, "%zu rows of %zu", n, most);
    for (size_t i = 0; i < n; i++) {
        static const char *const keys[] = {"account", "addr", "inner", "interface", "since", "in", "out", "counted", "pid", "host"};
        const struct host_pppd *p = connected_pppd(&f, rows[i]);
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
            HOLDS(json_object_get(rows[i], keys[k]), "no %s", keys[k]);
        if (!json_is_true(json_object_get(rows[i], "here")))
            continue;
        HOLDS(p || !f.sees_processes || !json_is_integer(json_object_get(rows[i], "pid")), "a process that is gone");
        for (size_t k = 0; k < i && p; k++)
            HOLDS(connected_pppd(&f, rows[k]) != p, "process %u is in two rows", p->pid);
    }
    for (size_t i = 0; i < n; i++)
        json_decref(rows[i]);
    free(rows);
    json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parts[])(struct fuzz_in *) = {command_line, interface_counts, nameservers, utmp, conntrack, joined};
    struct fuzz_in in = {data, size};
    uint8_t which = (uint8_t)fuzz_take(&in, 1);

    if (in.n > 0)
        parts[which % (sizeof(parts) / sizeof(parts[0]))](&in);
    return 0;
}
