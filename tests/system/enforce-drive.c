// SPDX-License-Identifier: GPL-2.0-or-later
// Drives the enforcer in the system tests and the benchmark: writes its limits file, and stands in for the watcher.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "enforce/limits.h"
#include "enforce/link.h"
#include "enforce/protocol.h"

struct drive {
    sd_event *event;
    struct enforce_link *link;
    char **argv; // command and its arguments
    int argc;
    int next;    // of the arguments, while a sync is being told
    unsigned refused;
    bool began;
    usec_t start, until;
    unsigned n, i; // latency: how many, how far
    double *latency;
    uint64_t base; // bans before the first of ours
};

static int usage(void)
{
    fputs("usage: enforce-drive limits FILE [KEY=VALUE]...   keys: uid allow max timeout backend widest4 widest6 extent4 extent6 silent first keep_open new\n"
          "       enforce-drive SOCKET ban|sync SECONDS|forever ADDR...\n"
          "       enforce-drive SOCKET unban ADDR... | query ADDR | status | watch SECONDS | garbage\n"
          "       enforce-drive SOCKET bulk N SECONDS | latency N SECONDS\n", stderr);
    return 2;
}

static struct prefix parse(const char *text)
{
    struct prefix p;

    if (prefix_parse(str_of(text), &p) < 0) {
        fprintf(stderr, "%s: not an address\n", text);
        exit(2);
    }
    return p;
}

static int write_limits(int argc, char **argv)
{
    static struct limits l;

    limits_defaults(&l);
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return usage();
        *value++ = '\0';
        unsigned long number = strtoul(value, NULL, 10);
        if (strcmp(argv[i], "uid") == 0)
            l.watcher_uid = (uint32_t)number;
        else if (strcmp(argv[i], "allow") == 0)
            l.allow[l.n_allow++] = parse(value);
        else if (strcmp(argv[i], "max") == 0)
            l.max_entries = (uint32_t)number;
        else if (strcmp(argv[i], "timeout") == 0)
            l.max_timeout = (uint32_t)number;
        else if (strcmp(argv[i], "widest4") == 0)
            l.widest4 = (uint8_t)number;
        else if (strcmp(argv[i], "widest6") == 0)
            l.widest6 = (uint8_t)number;
        else if (strcmp(argv[i], "extent4") == 0)
            l.max_extent4 = number;
        else if (strcmp(argv[i], "extent6") == 0)
            l.max_extent6 = number;
        else if (strcmp(argv[i], "silent") == 0)
            l.silent_ms = (uint32_t)number;
        else if (strcmp(argv[i], "first") == 0)
            l.first_packet = (uint16_t)number;
        else if (strcmp(argv[i], "keep_open") == 0)
            l.keep_open = (uint8_t)number;
        else if (strcmp(argv[i], "new") == 0)
            l.ban_new = l.keep_open = (uint8_t)number;
        else if (strcmp(argv[i], "backend") == 0)
            l.backend = strcmp(value, "ipset") == 0 ? LIMITS_IPSET : strcmp(value, "nftables") == 0 ? LIMITS_NFTABLES
                        : strcmp(value, "none") == 0 ? LIMITS_NONE : LIMITS_AUTO;
        else
            return usage();
    }
    int r = limits_write(argv[0], &l);
    if (r < 0)
        fprintf(stderr, "%s: %s\n", argv[0], strerror(-r));
    return r < 0;
}

static void on_refused(void *userdata, const struct prefix *net, const char *reason)
{
    char text[PREFIX_STRLEN];

    printf("refused %s: %s\n", prefix_format(net, text), reason);
    ((struct drive *)userdata)->refused++;
}

static void on_event(void *userdata, enum enforce_event what, int level, const char *text)
{
    (void)userdata, (void)what;
    printf("event %d: %s\n", level, text);
    fflush(stdout);
}

static void on_query(void *userdata, int error, const struct enforce_kernel_state *s)
{
    struct drive *d = userdata;

    if (strcmp(d->argv[0], "query") == 0) {
        if (error)
            printf("error %s\n", strerror(-error));
        else if (s->left == USEC_FOREVER)
            printf("present=%d left=forever packets=%llu bytes=%llu\n", s->present, (unsigned long long)s->packets,
                   (unsigned long long)s->bytes);
        else
            printf("present=%d left=%lld packets=%llu bytes=%llu\n", s->present, (long long)(s->left / USEC_SEC),
                   (unsigned long long)s->packets, (unsigned long long)s->bytes);
    }
    sd_event_exit(d->event, error ? 1 : d->refused ? 3 : 0);
}

// Answers come in order: when this question is answered, all before it is done.
static void finish(struct drive *d, const char *addr)
{
    struct prefix net = parse(addr);

    if (enforce_link_query(d->link, &net, on_query, d) < 0)
        sd_event_exit(d->event, 1);
}

static struct prefix numbered(unsigned i) // 16.0.0.0 and up: room for millions, none special
{
    struct addr a = {.b = {[10] = 0xff, [11] = 0xff}};
    uint32_t v = htonl(0x10000000u + i * 3);

    memcpy(a.b + 12, &v, 4);
    return prefix_of(&a, 128);
}

static bool next_entry(void *userdata, struct enforce_entry *ret)
{
    struct drive *d = userdata;

    if (d->next >= d->argc)
        return false;
    *ret = (struct enforce_entry){.net = parse(d->argv[d->next++]), .until = d->until, .count = 5, .jail = "test"};
    return true;
}

static void bulk(struct drive *d)
{
    struct enforce_entry *e = calloc(d->n, sizeof(*e));

    if (!e)
        exit(1);
    for (unsigned i = 0; i < d->n; i++)
        e[i] = (struct enforce_entry){.net = numbered(i), .until = d->until, .count = 5, .jail = "bench"};
    d->base = enforce_link_status(d->link)->bans + enforce_link_status(d->link)->failed;
    d->start = clock_monotonic();
    if (enforce_link_ban(d->link, e, d->n) < 0)
        exit(1);
    free(e);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// One ban at a time: from the call to the answer, which follows the kernel's.
static void one_more(struct drive *d)
{
    struct enforce_entry e = {.net = numbered(2000000 + d->i), .until = d->until, .count = 5, .jail = "bench"};

    d->start = clock_monotonic();
    (void)enforce_link_ban(d->link, &e, 1);
}

static int run(struct drive *d);

static void on_need_sync(void *userdata)
{
    struct drive *d = userdata;

    if (!d->began) {
        d->began = true;
        int r = run(d);
        if (r != 0)
            sd_event_exit(d->event, r < 0 ? 2 : 0);
    }
}

// 0: goes on, 1: done, -1: usage
static int run(struct drive *d)
{
    const char *verb = d->argv[0];
    const struct enforce_status *s = enforce_link_status(d->link);

    if (strcmp(verb, "status") == 0) {
        printf("backend=%s hooked=%d entries=%u bans=%llu unbans=%llu refused=%llu failed=%llu repairs=%llu culprit=%s problem=%s\n",
               s->backend, s->hooked, s->entries, (unsigned long long)s->bans, (unsigned long long)s->unbans,
               (unsigned long long)s->refused, (unsigned long long)s->failed, (unsigned long long)s->repairs, s->last_culprit,
               s->problem);
        return 1;
    }
    if (strcmp(verb, "watch") == 0) {
        printf("connected\n");
        fflush(stdout);
        return 0;
    }
    if (d->argc < 2)
        return -1;
    if (strcmp(verb, "query") == 0) {
        finish(d, d->argv[1]);
        return 0;
    }
    if (strcmp(verb, "unban") == 0) {
        for (int i = 1; i < d->argc; i++) {
            struct prefix net = parse(d->argv[i]);
            (void)enforce_link_unban(d->link, &net, 1);
        }
        finish(d, "198.51.100.1");
        return 0;
    }
    if (strcmp(verb, "ban") == 0 || strcmp(verb, "sync") == 0) {
        struct enforce_entry e;
        d->until = strcmp(d->argv[1], "forever") == 0 ? USEC_FOREVER : clock_realtime() + atoll(d->argv[1]) * USEC_SEC;
        d->next = 2;
        if (verb[0] == 's')
            (void)enforce_link_sync(d->link, next_entry, d, false);
        else
            while (next_entry(d, &e))
                (void)enforce_link_ban(d->link, &e, 1);
        finish(d, "198.51.100.1");
        return 0;
    }
    d->n = (unsigned)atoi(d->argv[1]);
    d->until = clock_realtime() + (d->argc > 2 ? atoll(d->argv[2]) : 3600) * USEC_SEC;
    if (strcmp(verb, "bulk") == 0)
        bulk(d);
    else if (strcmp(verb, "latency") == 0) {
        d->latency = calloc(d->n, sizeof(*d->latency));
        d->base = s->bans;
        one_more(d);
    } else
        return -1;
    return 0;
}

static int after_each_turn(sd_event_source *s, void *userdata)
{
    struct drive *d = userdata;

    (void)s;
    if (strcmp(d->argv[0], "bulk") == 0 && d->start &&
        enforce_link_status(d->link)->bans + enforce_link_status(d->link)->failed == d->base + d->n) {
        printf("%.6f\n", (double)(clock_monotonic() - d->start) / USEC_SEC);
        sd_event_exit(d->event, d->refused ? 3 : 0);
        d->start = 0;
    }
    // the link asks for the status after each result: bans counts what the kernel has taken
    if (!d->latency || enforce_link_status(d->link)->bans == d->base + d->i)
        return 0;
    d->latency[d->i++] = (double)(clock_monotonic() - d->start);
    if (d->i < d->n)
        one_more(d);
    else {
        qsort(d->latency, d->n, sizeof(*d->latency), compare);
        printf("median_us=%.0f p99_us=%.0f max_us=%.0f\n", d->latency[d->n / 2], d->latency[d->n * 99 / 100], d->latency[d->n - 1]);
        sd_event_exit(d->event, 0);
    }
    return 0;
}

static int garbage(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    static char junk[MSG_MAX_SIZE + 1000];
    const size_t sizes[] = {1, sizeof(struct msg_header) - 1, sizeof(struct msg_header), MSG_MAX_SIZE, sizeof(junk)};

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    for (size_t i = 0; i < 5; i++) {
        char answer[64];
        int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || send(fd, junk, sizes[i], 0) < 0)
            return 1;
        if (recv(fd, answer, sizeof(answer), 0) > 0) // it must hang up
            return 1;
        close(fd);
    }
    return 0;
}

static int on_alarm(sd_event_source *s, uint64_t usec, void *userdata)
{
    struct drive *d = userdata;

    (void)s, (void)usec;
    if (strcmp(d->argv[0], "watch") != 0)
        printf("no answer: %s\n", enforce_link_status(d->link)->problem);
    sd_event_exit(d->event, strcmp(d->argv[0], "watch") != 0);
    return 0;
}

int main(int argc, char **argv)
{
    struct drive d = {.argv = argv + 2, .argc = argc - 2};
    struct enforce_callbacks callbacks = {.need_sync = on_need_sync, .refused = on_refused, .event = on_event, .userdata = &d};
    sd_event_source *post = NULL;

    if (argc < 3)
        return usage();
    if (strcmp(argv[1], "limits") == 0)
        return write_limits(argc - 2, argv + 2);
    if (strcmp(argv[2], "garbage") == 0)
        return garbage(argv[1]);
    usec_t wait = strcmp(argv[2], "watch") == 0 && argc > 3 ? atoll(argv[3]) : strcmp(argv[2], "bulk") == 0 ? 60 : 10;
    if (sd_event_default(&d.event) < 0 || enforce_link_new(d.event, -1, argv[1], &callbacks, &d.link) < 0 ||
        sd_event_add_post(d.event, &post, after_each_turn, &d) < 0 ||
        sd_event_add_time_relative(d.event, NULL, CLOCK_MONOTONIC, (uint64_t)(wait * USEC_SEC), 0, on_alarm, &d) < 0)
        return 1;
    int r = sd_event_loop(d.event);
    if (r == 2)
        return usage();
    enforce_link_free(d.link);
    sd_event_source_unref(post);
    sd_event_unref(d.event);
    return r;
}
