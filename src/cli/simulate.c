// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban simulate: the same old logs under the present configuration and under another one; who would be banned
// more, who less, and whose good logins would not have come through. Changes nothing.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/exit.h"
#include "cli/logs.h"
#include "cli/output.h"
#include "cli/verbs.h"

#include <jansson.h>

enum { SHOWN = 20 }; // of each list of addresses, unless JSON is wanted

struct banned {
    struct prefix net;
    usec_t since, until;
};

struct good_login {
    struct addr addr;
    usec_t time;
};

struct outcome_of { // a policy
    struct banned *bans;
    size_t n_bans, room_bans;
    struct good_login *logins;
    size_t n_logins, room_logins;
    uint64_t failures;     // that counted: each was a guess that came through
    uint64_t shut_out;     // good logins while banned
    bool out_of_memory;
};

struct who { // an address or network that at least one policy bans
    struct prefix net;
    unsigned before, after; // how often
    unsigned shut_out;      // good logins that the tried policy would not have let through
};

static bool grow(void **v, size_t n, size_t *room, size_t size, struct outcome_of *o)
{
    if (n < *room)
        return true;
    size_t more = *room ? *room * 2 : 256;
    void *grown = reallocarray(*v, more, size);
    o->out_of_memory |= !grown;
    if (grown) {
        *v = grown;
        *room = more;
    }
    return grown;
}

static void on_event(void *userdata, const struct engine_event *e)
{
    struct outcome_of *o = userdata;

    if (e->verdict && (e->verdict->kind == VERDICT_NOTHING || e->verdict->kind == VERDICT_BAN))
        o->failures++;
    if (e->outcome->kind == OUTCOME_SUCCESS && e->outcome->has_addr &&
        grow((void **)&o->logins, o->n_logins, &o->room_logins, sizeof(*o->logins), o))
        o->logins[o->n_logins++] = (struct good_login){e->outcome->addr, e->outcome->time};
}

static void on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe)
{
    struct outcome_of *o = userdata;

    (void)decided;
    if (!observe && ban->since >= 0 && grow((void **)&o->bans, o->n_bans, &o->room_bans, sizeof(*o->bans), o))
        o->bans[o->n_bans++] = (struct banned){ban->net, ban->since, ban->until};
}

static int by_net(const struct prefix *a, const struct prefix *b)
{
    int c = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));

    return c ? c : a->len - b->len;
}

static int compare_bans(const void *a, const void *b)
{
    const struct banned *x = a, *y = b;
    int c = by_net(&x->net, &y->net);

    return c ? c : x->since < y->since ? -1 : x->since > y->since;
}

static int compare_logins(const void *a, const void *b)
{
    return memcmp(((const struct good_login *)a)->addr.b, ((const struct good_login *)b)->addr.b, sizeof(struct addr));
}

// Good logins of the ban's network while it lasts.
static unsigned shut_out_by(const struct outcome_of *o, const struct banned *b)
{
    size_t low = 0, high = o->n_logins;
    unsigned n = 0;

    while (low < high) { // the first at or behind the network's first address
        size_t middle = (low + high) / 2;
        if (memcmp(o->logins[middle].addr.b, b->net.addr.b, sizeof(struct addr)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < o->n_logins && prefix_contains(&b->net, &o->logins[low].addr); low++)
        n += o->logins[low].time > b->since && o->logins[low].time < b->until;
    return n;
}

static int run(const char *path, const struct logs *logs, struct outcome_of *ret, char *source, size_t source_size)
{
    const struct engine_callbacks callbacks = {.event = on_event, .ban = on_ban, .userdata = ret};
    struct replay_counts counts = {0};
    struct config *config = NULL;
    int r = logs_config(path, &config);

    if (r == 0 && logs_run(logs, config, &callbacks, &counts, source, source_size) != 0)
        r = -EIO;
    config_free(config);
    if (r == 0 && ret->out_of_memory) {
        fprintf(stderr, "pptpban simulate: out of memory\n");
        r = -ENOMEM;
    }
    if (ret->n_bans)
        qsort(ret->bans, ret->n_bans, sizeof(*ret->bans), compare_bans);
    if (ret->n_logins)
        qsort(ret->logins, ret->n_logins, sizeof(*ret->logins), compare_logins);
    for (size_t i = 0; i < ret->n_bans; i++)
        ret->shut_out += shut_out_by(ret, &ret->bans[i]);
    return r;
}

static size_t count_same(const struct outcome_of *o, size_t *at, const struct prefix *net, unsigned *ret_shut_out)
{
    size_t n = 0;

    for (; *at < o->n_bans && by_net(&o->bans[*at].net, net) == 0; ++*at, n++)
        *ret_shut_out += shut_out_by(o, &o->bans[*at]);
    return n;
}

// Everybody whom one of them bans, in order of address.
static struct who *merge(const struct outcome_of *before, const struct outcome_of *after, size_t *ret_n)
{
    struct who *v = calloc(before->n_bans + after->n_bans + 1, sizeof(*v));
    size_t i = 0, k = 0, n = 0;

    while (v && (i < before->n_bans || k < after->n_bans)) {
        bool first = k == after->n_bans || (i < before->n_bans && by_net(&before->bans[i].net, &after->bans[k].net) <= 0);
        struct who *w = &v[n++];
        unsigned ignored = 0;
        w->net = first ? before->bans[i].net : after->bans[k].net;
        w->before = (unsigned)count_same(before, &i, &w->net, &ignored);
        w->after = (unsigned)count_same(after, &k, &w->net, &w->shut_out);
    }
    *ret_n = n;
    return v;
}

static size_t distinct(const struct who *v, size_t n, bool after)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += (after ? v[i].after : v[i].before) > 0;
    return count;
}

static void print_row(const char *name, uint64_t before, uint64_t after)
{
    printf("%-34s %10llu %10llu %+10lld\n", name, (unsigned long long)before, (unsigned long long)after,
           (long long)(after - before));
}

// Those of whom keep() is true: newly banned, no longer banned, shut out.
static void print_some(const char *title, const struct who *v, size_t n, bool (*keep)(const struct who *))
{
    char net[PREFIX_STRLEN];
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (!keep(&v[i]) || count++ >= SHOWN)
            continue;
        if (count == 1)
            printf("\n%s\n", title);
        printf("  %-42s %u ban%s before, %u after", prefix_format(&v[i].net, net), v[i].before, v[i].before == 1 ? "" : "s",
               v[i].after);
        if (v[i].shut_out)
            printf(", %u good login%s shut out", v[i].shut_out, v[i].shut_out == 1 ? "" : "s");
        putchar('\n');
    }
    if (count > SHOWN)
        printf("  and %zu more; --json has them all\n", count - SHOWN);
}

static bool is_new(const struct who *w)
{
    return w->after > w->before && !w->shut_out;
}

static bool is_spared(const struct who *w)
{
    return w->after < w->before;
}

static bool is_shut_out(const struct who *w)
{
    return w->shut_out > 0;
}

static json_t *policy_object(const struct outcome_of *o, size_t addresses)
{
    return json_pack("{s:I,s:I,s:I,s:I}", "bans", (json_int_t)o->n_bans, "banned", (json_int_t)addresses, "guesses",
                     (json_int_t)o->failures, "logins_shut_out", (json_int_t)o->shut_out);
}

static void print_json(const struct outcome_of *before, const struct outcome_of *after, const struct who *v, size_t n,
                       const char *source)
{
    json_t *array = json_array(), *o;
    char net[PREFIX_STRLEN];

    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_pack("{s:s,s:i,s:i,s:i}", "addr", prefix_format(&v[i].net, net), "before",
                                               (int)v[i].before, "after", (int)v[i].after, "logins_shut_out",
                                               (int)v[i].shut_out));
    o = json_pack("{s:i,s:s,s:o,s:o,s:o}", "version", 1, "source", source, "before", policy_object(before, distinct(v, n, false)),
                  "after", policy_object(after, distinct(v, n, true)), "addresses", array);
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static void print_text(const struct outcome_of *before, const struct outcome_of *after, const struct who *v, size_t n,
                       const char *source)
{
    printf("%s\n\n%-34s %10s %10s %10s\n", source, "", "BEFORE", "AFTER", "CHANGE");
    print_row("addresses and networks banned", distinct(v, n, false), distinct(v, n, true));
    print_row("bans", before->n_bans, after->n_bans);
    print_row("guesses that came through", before->failures, after->failures);
    print_row("good logins shut out", before->shut_out, after->shut_out);
    print_some("Banned more often:", v, n, is_new);
    print_some("Banned less often:", v, n, is_spared);
    print_some("Banned, and had good logins meanwhile; look at these before you change anything:", v, n, is_shut_out);
}

int verb_simulate(int argc, char **argv)
{
    struct outcome_of before = {0}, after = {0};
    char source[600];
    struct logs logs;
    struct who *v;
    struct args a;
    size_t n = 0;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (!a.config) {
        fprintf(stderr, "pptpban simulate: --config FILE, the configuration to be tried, is wanted\n");
        return EXIT_USAGE;
    }
    code = logs_of_args(&a, argv[0], &logs);
    if (code != EXIT_DONE)
        return code;
    for (int i = 0; i < a.n_rest; i++)
        if (strcmp(a.rest[i], "-") == 0) {
            fprintf(stderr, "pptpban simulate: standard input cannot be read twice; a file is wanted\n");
            return EXIT_USAGE;
        }
    code = EXIT_FAILED;
    if (run(a.against, &logs, &before, source, sizeof(source)) == 0 &&
        run(a.config, &logs, &after, source, sizeof(source)) == 0 && (v = merge(&before, &after, &n))) {
        (a.given & ARG_JSON ? print_json : print_text)(&before, &after, v, n, source);
        free(v);
        code = EXIT_DONE;
    }
    free(before.bans);
    free(before.logins);
    free(after.bans);
    free(after.logins);
    return code;
}
