// SPDX-License-Identifier: GPL-2.0-or-later
// Joins rows of the service with facts of this machine. Which row is which process is told by its pid and by when it began,
// which interface is which process's by pppd itself or by the log.
#include "cli/connected.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/listing.h"

// Stamps of syslog files without fractions are up to a second early, the kernel's tick is 10 ms.
#define SLACK (1100 * USEC_MSEC)

static bool is_here(const json_t *row)
{
    return json_is_true(json_object_get(row, "here"));
}

static bool address_of(const json_t *row, const char *key, struct addr *ret)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text && addr_parse(str_of(text), ret) == 0;
}

static void set_address(json_t *row, const char *key, const struct addr *a)
{
    char text[ADDR_STRLEN];

    json_object_set_new(row, key, json_string(addr_format(a, text)));
}

// One that is younger than the first line of its session has only its pid in common with it, and so has one that another
// client called for.
static bool is_of(const struct host_pppd *p, const json_t *row)
{
    double seconds = json_number_value(json_object_get(row, "begin"));
    usec_t begin = seconds > 0 && seconds < 1e11 ? (usec_t)(seconds * (double)USEC_SEC) : 0;
    struct addr addr;

    return p->pid == row_number(row, "pid") && p->started <= begin + SLACK &&
           !(p->tunnel.has_outer && address_of(row, "addr", &addr) && !addr_eq(&addr, &p->tunnel.outer));
}

const struct host_pppd *connected_pppd(const struct connected_facts *f, const json_t *row)
{
    for (size_t i = 0; is_here(row) && i < f->n_pppds; i++)
        if (is_of(&f->pppds[i], row))
            return &f->pppds[i];
    return NULL;
}

static const struct host_interface *interface_named(const struct connected_facts *f, const char *name)
{
    for (size_t i = 0; i < f->n_interfaces; i++)
        if (strcmp(f->interfaces[i].name, name) == 0)
            return &f->interfaces[i];
    return NULL;
}

// That which says that it is this pppd's; else the only one that leads to the address that pptpd told it to give.
static const struct host_interface *interface_of(const struct connected_facts *f, const struct host_pppd *p)
{
    const struct host_interface *found = NULL;
    size_t n = 0;

    for (size_t i = 0; i < f->n_interfaces; i++)
        if (f->interfaces[i].pid == p->pid)
            return &f->interfaces[i];
    for (size_t i = 0; p->tunnel.has_inner && i < f->n_interfaces; i++)
        if (!f->interfaces[i].pid && f->interfaces[i].has_peer && addr_eq(&f->interfaces[i].peer, &p->tunnel.inner)) {
            found = &f->interfaces[i];
            n++;
        }
    return n == 1 ? found : NULL;
}

// Its own process, or its interface, is gone: the log has not said so, or not yet.
static bool is_over(const struct connected_facts *f, const json_t *row, const struct host_pppd *p)
{
    if (!is_here(row) || p)
        return false;
    if (json_is_integer(json_object_get(row, "pid")))
        return f->sees_processes;
    return f->sees_interfaces && *row_text(row, "interface") && !interface_named(f, row_text(row, "interface"));
}

static void set_interface(json_t *row, const struct host_interface *i)
{
    json_object_set_new(row, "interface", json_string(i->name));
    if (i->has_peer)
        set_address(row, "inner", &i->peer);
    if (!i->has_counts)
        return;
    json_object_set_new(row, "in", json_integer((json_int_t)i->received));
    json_object_set_new(row, "out", json_integer((json_int_t)i->sent));
    json_object_set_new(row, "counted", json_string("interface"));
}

// Where the log does not name him, pppd itself may have: older ones log only where a CHAP login came from.
static void set_account(json_t *row, const struct host_pppd *p)
{
    char text[4 * HOST_USER + 8];

    if (!*p->user || *row_text(row, "account"))
        return;
    text_show(str_of(p->user), 0, text, sizeof(text));
    json_object_set_new(row, "account", json_string(text));
}

static void join_here(const struct connected_facts *f, json_t *row, const struct host_pppd *p)
{
    const struct host_interface *i = p ? interface_of(f, p) : NULL, *said = interface_named(f, row_text(row, "interface"));

    if (!i && said && (!p || !said->pid || said->pid == p->pid))
        i = said;
    if (i)
        set_interface(row, i);
    else if (f->sees_interfaces)
        json_object_set_new(row, "interface", json_null());
    if (p)
        set_account(row, p);
    if (p && p->tunnel.has_outer && json_is_null(json_object_get(row, "addr")))
        set_address(row, "addr", &p->tunnel.outer);
}

static void add_missing(json_t *row)
{
    static const char *const keys[] = {"account", "addr", "inner", "interface", "since", "in", "out", "counted", "pid", "host"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!json_object_get(row, keys[i]))
            json_object_set_new(row, keys[i], json_null());
    if (is_here(row) || !*row_text(row, "host"))
        json_object_set_new(row, "host", json_null());
    if (!json_object_get(row, "jails"))
        json_object_set_new(row, "jails", json_array()); // no log told of it
}

// The same session among the first n: two jails read the same lines. NULL when it is new.
static json_t *find_told(json_t *const *rows, size_t n, const json_t *row)
{
    const char *interface = row_text(row, "interface");

    for (size_t i = 0; i < n; i++) {
        if (is_here(rows[i]) != is_here(row) ||
            (!is_here(row) && strcmp(row_text(rows[i], "host"), row_text(row, "host")) != 0))
            continue;
        if (row_number(row, "pid") ? row_number(rows[i], "pid") == row_number(row, "pid")
                                   : *interface && strcmp(row_text(rows[i], "interface"), interface) == 0)
            return rows[i];
    }
    return NULL;
}

static size_t join_told(const struct connected_facts *f, json_t **rows, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        json_t *row = rows[i];
        const struct host_pppd *p = connected_pppd(f, row);
        json_t *told = find_told(rows, kept, row);
        if (told)
            json_array_extend(json_object_get(told, "jails"), json_object_get(row, "jails"));
        if (told || is_over(f, row, p)) {
            json_decref(row);
            continue;
        }
        if (is_here(row))
            join_here(f, row, p);
        add_missing(row);
        rows[kept++] = row;
    }
    return kept;
}

// Tunnels that are up and that no log told of: one that began before the service did. Only an interface with an address at
// its other end says that somebody was let in.
static int add_untold(const struct connected_facts *f, json_t ***rows, size_t *n)
{
    size_t told = *n;

    for (size_t k = 0; k < f->n_pppds; k++) {
        const struct host_pppd *p = &f->pppds[k];
        const struct host_interface *i = p->server ? interface_of(f, p) : NULL;
        bool known = !i || !i->has_peer;
        for (size_t r = 0; r < told && !known; r++)
            known = is_here((*rows)[r]) && row_number((*rows)[r], "pid") == p->pid;
        if (known)
            continue;
        json_t **grown = reallocarray(*rows, *n + 1, sizeof(*grown));
        json_t *row = json_pack("{s:b,s:i,s:f}", "here", 1, "pid", (int)p->pid, "begin",
                                (double)p->started / (double)USEC_SEC);
        if (grown)
            *rows = grown;
        if (!grown || !row) {
            json_decref(row);
            return -ENOMEM;
        }
        if (p->tunnel.has_outer)
            set_address(row, "addr", &p->tunnel.outer);
        set_interface(row, i);
        set_account(row, p);
        add_missing(row);
        (*rows)[(*n)++] = row;
    }
    return 0;
}

// Several tunnels of one address share its flows, or nobody can say which is whose.
static bool is_alone(json_t *const *rows, size_t n, const json_t *row, const struct addr *addr)
{
    struct addr other;

    for (size_t i = 0; i < n; i++)
        if (rows[i] != row && is_here(rows[i]) && address_of(rows[i], "addr", &other) && addr_eq(addr, &other))
            return false;
    return true;
}

static void join_flows(const struct connected_facts *f, json_t *const *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t in = 0, out = 0;
        struct addr addr;
        bool found = false, whole = true;
        if (!is_here(rows[i]) || !json_is_null(json_object_get(rows[i], "in")) || !address_of(rows[i], "addr", &addr))
            continue;
        for (size_t k = 0; k < f->n_flows; k++) {
            if (!addr_eq(&f->flows[k].outer, &addr))
                continue;
            found = true;
            whole &= f->flows[k].has_bytes;
            in += f->flows[k].in;
            out += f->flows[k].out;
        }
        if (!found || !whole || !is_alone(rows, n, rows[i], &addr))
            continue;
        json_object_set_new(rows[i], "in", json_integer((json_int_t)in));
        json_object_set_new(rows[i], "out", json_integer((json_int_t)out));
        json_object_set_new(rows[i], "counted", json_string("flow"));
    }
}

int connected_join(const struct connected_facts *f, json_t ***rows, size_t *n)
{
    *n = join_told(f, *rows, *n);
    int r = add_untold(f, rows, n);

    if (r == 0)
        join_flows(f, *rows, *n);
    return r;
}
