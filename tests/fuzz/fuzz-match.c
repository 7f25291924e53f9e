// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any lines for the filters as they are shipped, ours and fail2ban's where it is installed. The first byte
// says which one. With and without the literal gate a filter finds the same; what it finds is in the input: no address
// that was not written there. Which patterns have matched is told to libFuzzer, which cannot see into PCRE2.
#include <glob.h>

#include "base/hash.h"
#include "filter/private.h"
#include "fuzz.h"
#include "source/header.h"

enum { FILTERS_MAX = 128, COUNTERS = 16384 };

static uint8_t counters[COUNTERS] __attribute__((section("__libfuzzer_extra_counters")));

static struct known {
    char *name;
    bool ours, bad;
    struct filter *plain, *gated;
    struct literals *literals; // NULL: it must see every line
    unsigned first;            // of its patterns in counters
    struct str samples;
} known[FILTERS_MAX];
static size_t n_known;
static unsigned n_patterns;

static void list_folder(const char *pattern, bool ours)
{
    glob_t found;

    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && n_known < FILTERS_MAX; i++) {
        char *name = strdup(strrchr(found.gl_pathv[i], '/') + 1);
        HOLDS(name, "no memory");
        name[strlen(name) - strlen(".conf")] = '\0';
        known[n_known++] = (struct known){.name = name, .ours = ours};
    }
    globfree(&found);
}

static void before(void *userdata, const struct pattern *p)
{
    (void)userdata, (void)p;
}

static void after(void *userdata, const struct pattern *p, struct str subject, int result)
{
    const struct known *k = userdata;
    const struct pattern_list *lists[] = {&k->plain->patterns, &k->plain->prefix, &k->plain->ignore, &k->plain->keys};
    unsigned at = k->first;

    (void)subject;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); at += (unsigned)lists[i]->n, i++)
        if (result > 0 && lists[i]->n > 0 && p >= lists[i]->v && p < lists[i]->v + lists[i]->n)
            counters[(at + (unsigned)(p - lists[i]->v)) % COUNTERS]++;
}

static struct filter *load(const struct known *k)
{
    static const char *const ours[] = {SRCDIR "/filters", NULL}, *const others[] = {"/etc/fail2ban/filter.d", NULL};
    const struct filter_options options = {.dirs = k->ours ? ours : others};
    struct filter_error error;
    struct filter *f = NULL;

    return filter_load(k->name, &options, &f, &error) == 0 ? f : NULL;
}

static bool prepare(struct known *k)
{
    struct str strings[LITERALS_MAX];
    size_t n = 0;

    if (k->bad || k->gated)
        return !k->bad;
    k->plain = load(k);
    k->gated = load(k);
    k->bad = !k->plain || !k->gated; // fail2ban has files that are no filters by themselves
    if (k->bad)
        return false;
    struct pattern_probe *probe = calloc(1, sizeof(*probe));
    HOLDS(probe, "no memory");
    *probe = (struct pattern_probe){.before = before, .after = after, .userdata = k};
    k->plain->matcher.probe = probe;
    k->first = n_patterns;
    n_patterns += (unsigned)(k->plain->patterns.n + k->plain->prefix.n + k->plain->ignore.n + k->plain->keys.n);
    if (filter_gate(k->gated, strings, LITERALS_MAX, &n, NULL) && n > 0) {
        HOLDS(literals_new(strings, n, &k->literals) == 0, "literals of %s", k->name);
        filter_set_gate(k->gated, strings, n);
    }
    return true;
}

// A filter of fail2ban's kind remembers lines and sessions: each input shall begin anew.
static void forget(struct filter *f)
{
    const struct foreign_parts parts = {
        .matcher = &f->matcher, .prefix = f->prefix.n ? &f->prefix.v[0] : NULL, .fail = f->patterns.v, .n_fail = f->patterns.n,
        .ignore = f->ignore.v, .n_ignore = f->ignore.n, .dates = f->dates, .carry_dates = f->dates && f->max_lines > 1,
        .max_lines = f->max_lines,
    };

    if (!f->foreign)
        return;
    foreign_free(f->foreign);
    HOLDS(foreign_new(&parts, &f->foreign) == 0, "no memory");
}

static void check_same(const struct known *k, const struct event *a, const struct event *b)
{
    HOLDS(a->role == b->role && a->class == b->class && a->order == b->order && a->last == b->last && a->time == b->time,
          "%s: %d.%d is %d.%d behind the gate", k->name, a->role, a->order, b->role, b->order);
    HOLDS(a->has_addr == b->has_addr && (!a->has_addr || addr_eq(&a->addr, &b->addr)), "%s: another address behind the gate", k->name);
    HOLDS(a->has_user == b->has_user && (!a->has_user || str_eq(a->user, b->user)), "%s: another user behind the gate", k->name);
    HOLDS(a->alone == b->alone && a->key_kind == b->key_kind && str_eq(a->key, b->key) && a->link_pid == b->link_pid,
          "%s: another life behind the gate", k->name);
}

static void one_line(const struct known *k, struct stamp_clock *clock, struct str line, struct str before)
{
    static const struct hash_key key = {{1, 2}};
    struct header h;
    struct event plain, gated;
    bool timed = header_parse(clock, line, &h) && h.has_time;
    struct record r = {
        .time = timed ? h.time : clock->bound, .host = h.host, .ident = h.ident, .pid = h.pid, .message = h.message, .line = line,
        .date = h.date, .flags = timed ? 0 : RECORD_NO_TIME,
    };
    bool hit = filter_match(k->plain, &r, &plain);

    if (k->literals) {
        r.mask = literals_mask(k->literals, line);
        r.flags |= RECORD_HAS_MASK;
    }
    HOLDS(filter_match(k->gated, &r, &gated) == hit, "%s: the gate makes a difference to '%.*s'", k->name, STR_FMT(line));
    if (!hit)
        return;
    check_same(k, &plain, &gated);
    HOLDS(plain.role < ROLE_MAX && plain.class < CLASS_MAX, "%s: role %d, class %d", k->name, plain.role, plain.class);
    HOLDS(!plain.has_addr || fuzz_names_address(k->plain->foreign ? before : line, &plain.addr),
          "%s: an address from nowhere in '%.*s'", k->name, STR_FMT(line));
    if (plain.has_user)
        (void)hash_bytes(&key, plain.user.p, plain.user.n); // readable?
    (void)hash_bytes(&key, plain.key.p, plain.key.n);
}

// Lines that somebody knows to match: of our own samples, or of those that come with fail2ban.
static void read_samples(struct known *k)
{
    const char *const files = k->ours ? SRCDIR "/tests/corpus/stacks/%s/*.log" : "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs/%s";
    char pattern[512], *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    glob_t found;

    snprintf(pattern, sizeof(pattern), files, k->name);
    HOLDS(out, "no memory");
    fputc('\n', out);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            FILE *f = fopen(found.gl_pathv[i], "r");
            for (int c; f && (c = getc(f)) != EOF;)
                putc(c, out);
            if (f)
                fclose(f);
        }
        globfree(&found);
    }
    fclose(out);
    k->samples = (struct str){text, n};
}

static struct str sample_line(struct known *k, unsigned seed)
{
    if (!k->samples.p)
        read_samples(k);
    const char *p = k->samples.p, *end = p + k->samples.n;
    const char *begin = memchr(p + seed % k->samples.n, '\n', k->samples.n - seed % k->samples.n);
    begin = begin && begin + 1 < end ? begin + 1 : p;
    const char *newline = memchr(begin, '\n', (size_t)(end - begin));
    return (struct str){begin, (size_t)((newline ? newline : end) - begin)};
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (seed % 8 || size == 0 || n_known == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    struct str line = sample_line(&known[data[0] % n_known], seed / 8);
    if (size + line.n + 1 > max_size)
        return LLVMFuzzerMutate(data, size, max_size);
    data[size] = '\n';
    memcpy(data + size + 1, line.p, line.n);
    return size + line.n + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct stamp_clock clock;
    struct str line;

    if (n_known == 0) {
        list_folder(SRCDIR "/filters/*.conf", true);
        list_folder("/etc/fail2ban/filter.d/*.conf", false);
    }
    struct known *k = &known[fuzz_take(&in, 1) % n_known];
    if (!prepare(k))
        return -1;
    forget(k->plain);
    forget(k->gated);
    stamp_clock_init(&clock, INT64_C(1795000000) * USEC_SEC);
    const char *first = (const char *)in.p;
    while (fuzz_take_line(&in, &line))
        one_line(k, &clock, line, (struct str){first, (size_t)((const char *)in.p - first)});
    return 0;
}
