// SPDX-License-Identifier: GPL-2.0-or-later
// A list of those who are banned, for others to fetch: an address or network a line, the time until which as a comment.
// The file itself is the memory; entries whose time is over leave it.
#include "action/deliver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { FEED_MAX = 262144, LINE = 256 };

struct entry {
    struct prefix net;
    long long until; // unix seconds; 0: for ever
};

struct feed {
    struct entry *v;
    size_t n, room;
};

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = memcmp(x->net.addr.b, y->net.addr.b, sizeof(x->net.addr.b));

    return c ? c : x->net.len - y->net.len;
}

static bool add(struct feed *f, const struct entry *e)
{
    if (f->n == FEED_MAX)
        return true; // bounded; the oldest stay
    if (f->n == f->room) {
        size_t room = f->room ? f->room * 2 : 1024;
        struct entry *v = reallocarray(f->v, room, sizeof(*v));
        if (!v)
            return false;
        f->v = v;
        f->room = room;
    }
    f->v[f->n++] = *e;
    return true;
}

// A line of the file: "203.0.113.5 # 1792800000"; a line that is none of ours is left out.
static bool read_line(const char *line, struct entry *ret)
{
    size_t n = strcspn(line, " \t\n#");
    const char *comment = strchr(line, '#');
    char *end;

    if (n == 0 || prefix_parse((struct str){line, n}, &ret->net) < 0)
        return false;
    ret->until = comment ? strtoll(comment + 1, &end, 10) : 0;
    return true;
}

static bool read_file(struct feed *f, const char *path, long long now)
{
    FILE *in = fopen(path, "re");
    char line[LINE];
    struct entry e;
    bool good = in || errno == ENOENT;

    while (in && good && fgets(line, sizeof(line), in))
        if (read_line(line, &e) && (e.until == 0 || e.until > now))
            good = add(f, &e);
    if (in)
        fclose(in);
    return good;
}

// The latest event of an address decides.
static bool apply(struct feed *f, const struct action_event *e)
{
    struct entry fresh = {.net = e->net, .until = e->until == USEC_FOREVER ? 0 : e->until / USEC_SEC};

    if (!e->has_net || (e->kind != EVENT_BAN && e->kind != EVENT_UNBAN))
        return true;
    for (size_t i = 0; i < f->n; i++)
        if (compare(&f->v[i], &fresh) == 0) {
            f->v[i] = f->v[--f->n];
            break;
        }
    return e->kind == EVENT_UNBAN || add(f, &fresh);
}

int deliver_feed(const struct message *m)
{
    long long now = clock_realtime() / USEC_SEC;
    char net[PREFIX_STRLEN], *text = NULL;
    struct feed f = {0};
    size_t n = 0;

    bool good = read_file(&f, m->action->file, now);
    for (size_t i = 0; good && i < m->n; i++)
        good = apply(&f, &m->v[i]);
    FILE *out = open_memstream(&text, &n);
    if (!good || !out) {
        fprintf(stderr, "%s: %s\n", m->action->file, strerror(errno));
        return 1;
    }
    if (f.n)
        qsort(f.v, f.n, sizeof(*f.v), compare);
    fprintf(out, "# Who guesses at this PPTP server, %zu of them; behind each until when it is banned, in unix time.\n", f.n);
    for (size_t i = 0; i < f.n; i++) {
        fprintf(out, "%s", prefix_format(&f.v[i].net, net));
        if (f.v[i].until)
            fprintf(out, " # %lld", f.v[i].until);
        fputc('\n', out);
    }
    free(f.v);
    int r = fclose(out) == 0 ? file_replace(m->action->file, 0644, text, n) : -ENOMEM;
    if (r < 0)
        fprintf(stderr, "%s: %s\n", m->action->file, strerror(-r));
    return r < 0;
}
