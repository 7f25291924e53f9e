// SPDX-License-Identifier: GPL-2.0-or-later
// Ban list and file. Which telling of the whole list an entry was in is kept where a ban keeps how often it came.
#include "action/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "policy/bans.h"

enum { LINE = 256 };

struct feed {
    struct bans *bans;
    char *path;
    uint32_t pass; // of telling all bans in force
    bool listing;  // between its beginning and its end
};

static int compare(const void *a, const void *b)
{
    const struct ban *x = *(const struct ban *const *)a, *y = *(const struct ban *const *)b;
    int c = memcmp(x->net.addr.b, y->net.addr.b, sizeof(x->net.addr.b));

    return c ? c : x->net.len - y->net.len;
}

// A line of the file; one that is none of ours is left out.
static bool read_line(const char *line, struct ban *ret)
{
    size_t n = strcspn(line, " \t\n#");
    const char *comment = strchr(line, '#');
    long long until = comment ? strtoll(comment + 1, NULL, 10) : 0;

    *ret = (struct ban){.until = until > 0 && until < USEC_FOREVER / USEC_SEC ? until * USEC_SEC : USEC_FOREVER};
    return n > 0 && prefix_parse((struct str){line, n}, &ret->net) == 0;
}

int feed_new(const char *path, struct feed **ret)
{
    struct feed *f = calloc(1, sizeof(*f));
    char line[LINE];
    struct ban ban;

    if (!f)
        return -ENOMEM;
    f->path = strdup(path);
    int r = f->path ? bans_new(FEED_MAX, &f->bans) : -ENOMEM;
    FILE *in = r == 0 ? fopen(path, "re") : NULL;
    if (r == 0 && !in && errno != ENOENT)
        r = -errno;
    while (in && fgets(line, sizeof(line), in))
        if (read_line(line, &ban))
            (void)bans_add(f->bans, &ban, true);
    if (in)
        fclose(in);
    if (r < 0) {
        feed_free(f);
        return r;
    }
    *ret = f;
    return 0;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    bans_free(f->bans);
    free(f->path);
    free(f);
}

// The end of a list: who was not in it is banned no more.
static void drop_unlisted(struct feed *f)
{
    const struct ban *ban;
    struct prefix net;

    for (unsigned i = 0; f->listing && (ban = bans_next(f->bans, &i));)
        if (ban->times != f->pass) {
            net = ban->net;
            bans_remove(f->bans, &net, NULL);
        }
    f->listing = false;
}

bool feed_event(struct feed *f, const struct action_event *e)
{
    struct ban ban = {.net = e->net, .until = e->until ? e->until : USEC_FOREVER, .times = f->pass};

    switch (e->kind) {
    case NEWS_LIST:
        f->listing = true;
        f->pass++;
        return false;
    case NEWS_LISTED:
        drop_unlisted(f);
        return true;
    case NEWS_BAN:
    case NEWS_HELD:
        if (e->has_net)
            (void)bans_add(f->bans, &ban, true);
        return e->kind == NEWS_BAN;
    case NEWS_UNBAN:
        return e->has_net && bans_remove(f->bans, &e->net, NULL);
    default:
        return false;
    }
}

int feed_write(struct feed *f, usec_t now)
{
    const struct ban **v, *ban;
    char net[PREFIX_STRLEN], *text = NULL;
    struct ban over;
    size_t n = 0, length = 0;

    while (bans_expire(f->bans, now, &over))
        ;
    v = calloc(bans_count(f->bans) + 1, sizeof(*v));
    FILE *out = open_memstream(&text, &length);
    if (!v || !out) {
        free(v);
        if (out)
            fclose(out);
        free(text);
        return -ENOMEM;
    }
    for (unsigned i = 0; (ban = bans_next(f->bans, &i));)
        v[n++] = ban;
    qsort(v, n, sizeof(*v), compare);
    fprintf(out, "# Who guesses at this PPTP server, %zu of them; behind each until when it is banned, in unix time.\n", n);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s", prefix_format(&v[i]->net, net));
        if (v[i]->until != USEC_FOREVER)
            fprintf(out, " # %lld", (long long)(v[i]->until / USEC_SEC));
        fputc('\n', out);
    }
    free(v);
    int r = fclose(out) == 0 ? file_replace(f->path, 0644, text, length) : -ENOMEM;
    free(text);
    return r;
}
