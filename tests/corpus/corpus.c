// SPDX-License-Identifier: GPL-2.0-or-later
// Judges the filter engine by fail2ban's own annotated sample logs: corpus [-v] [-g] LOGDIR FILTERDIR... runs every
// filter of the directories on the log of its name and prints what passed and failed. -v: says what is wrong with
// each; -g: only lines that pass the filter's literal gate, where it has one, are shown to it.
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <jansson.h>

#include "filter/foreign.h"

// The judge's clock: 2005-08-14T10:00Z, in his time zone.
static const usec_t judge_now = INT64_C(1124013600) * USEC_SEC;
static const char judge_zone[] = "CET-01CEST-02,M3.5.0,M10.5.0";

enum { OPTION_SETS = 64, FILES = 8, PARAMS = 16, LINE = 65536 };

struct instance {  // a filter with one set of options
    char *options; // as JSON, keys sorted: what it is known by
    struct filter *filter;
    bool *used;            // which failregexes ever matched
    struct literals *gate; // NULL: none, or not wanted
    bool journal;
    const char *prefix;
    json_t *json;
};

struct run {
    const char *logs;
    const char *const *dirs;
    const char *name;
    bool verbose, gated;
    struct instance v[OPTION_SETS];
    size_t n;
    struct instance *active[OPTION_SETS]; // those that the next line is given to
    size_t n_active;
    json_t *common;
    bool skipping; // test.condition did not hold
    char *file[FILES];
    size_t n_files;
    unsigned passed, failed, unused, errors, gates, let_by;
};

static const char *string_of(json_t *v, char buf[static 64])
{
    if (json_is_string(v))
        return json_string_value(v);
    snprintf(buf, 64, "%lld", (long long)json_integer_value(v));
    return buf;
}

// The only conditions there are.
static bool holds(const struct run *r, const char *condition, json_t *options)
{
    const char *mode = json_string_value(json_object_get(options, "mode"));
    bool aggressive = mode && strcmp(mode, "aggressive") == 0;

    if (strstr(condition, "name=='sshd'") || strstr(condition, "name == 'sshd'"))
        return strcmp(r->name, "sshd") == 0;
    if (strstr(condition, "opts.get('mode') == 'aggressive'"))
        return aggressive;
    if (strstr(condition, "opts.get('mode') != 'aggressive'"))
        return !aggressive;
    fprintf(stderr, "corpus: unknown condition: %s\n", condition);
    return false;
}

static struct instance *instance_for(struct run *r, json_t *options)
{
    char *text = json_dumps(options, JSON_SORT_KEYS);
    struct filter_param params[PARAMS];
    static char numbers[PARAMS][64];
    struct filter_error error;
    size_t n = 0;
    const char *key;
    json_t *value;

    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i].options, text) == 0) {
            free(text);
            return r->v[i].filter ? &r->v[i] : NULL;
        }
    struct instance *x = &r->v[r->n++];
    *x = (struct instance){.options = text, .json = json_incref(options)};
    json_object_foreach(options, key, value)
    {
        if (strncmp(key, "test.", 5) == 0 || n == PARAMS)
            continue;
        params[n] = (struct filter_param){str_of(key), str_of(string_of(value, numbers[n]))};
        n++;
        if (strcmp(key, "logtype") == 0)
            x->journal = strcmp(string_of(value, numbers[0]), "journal") == 0;
    }
    x->prefix = json_string_value(json_object_get(options, "test.prefix-line"));
    struct filter_options o = {.dirs = r->dirs, .params = params, .n_params = n, .journal = x->journal};
    if (filter_load(r->name, &o, &x->filter, &error) < 0) {
        printf("%s %s: %s\n", r->name, text, error.text);
        r->errors++;
        return NULL;
    }
    struct str literals[LITERALS_MAX];
    size_t n_literals = 0;
    if (r->gated && filter_gate(x->filter, literals, LITERALS_MAX, &n_literals, NULL) && n_literals &&
        literals_new(literals, n_literals, &x->gate) == 0) {
        filter_set_gate(x->filter, literals, n_literals);
        r->gates++;
    }
    x->used = calloc(filter_count_failregex(x->filter), sizeof(bool));
    return x;
}

static void use_options(struct run *r, json_t *options)
{
    json_t *merged = r->common ? json_copy(r->common) : json_object();

    json_object_update(merged, options);
    const char *condition = json_string_value(json_object_get(merged, "test.condition"));
    if (condition)
        r->skipping = !holds(r, condition, merged);
    if (!r->skipping && r->n < OPTION_SETS) {
        struct instance *x = instance_for(r, merged);
        if (x)
            r->active[r->n_active++] = x;
    }
    json_decref(merged);
}

static void set_options(struct run *r, json_t *sets)
{
    r->skipping = false;
    r->n_active = 0;
    if (!json_is_array(sets)) {
        use_options(r, sets);
        return;
    }
    for (size_t i = 0; i < json_array_size(sets); i++)
        use_options(r, json_array_get(sets, i));
}

static bool same_address(struct str a, const char *b)
{
    struct addr x, y;

    if (str_eq(a, str_of(b)))
        return true;
    return addr_parse(a, &x) == 0 && addr_parse(str_of(b), &y) == 0 && addr_eq(&x, &y);
}

// What is wrong with a finding that should be there, or NULL.
static const char *compare(const struct finding *f, json_t *want)
{
    static const struct {
        const char *key;
        enum group group;
    } values[] = {{"user", GROUP_USER}, {"ip4", GROUP_IP4}, {"ip6", GROUP_IP6}, {"dns", GROUP_DNS}};
    static char why[1024];
    json_t *v;

    if ((v = json_object_get(want, "host")) && !same_address(finding_id(f), json_string_value(v))) {
        snprintf(why, sizeof(why), "host %.*s, not %s", STR_FMT(finding_id(f)), json_string_value(v));
        return why;
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct str got = value_str(&f->value[values[i].group]);
        v = json_object_get(want, values[i].key);
        if (!v || (json_is_null(v) && !f->value[values[i].group].set))
            continue;
        if (json_is_null(v) || !str_eq(got, str_of(json_string_value(v)))) {
            snprintf(why, sizeof(why), "%s %.*s, not %s", values[i].key, STR_FMT(got), json_string_value(v));
            return why;
        }
    }
    if ((v = json_object_get(want, "attempts")) && json_integer_value(v) != f->lines) {
        snprintf(why, sizeof(why), "%u attempts, not %lld", f->lines, (long long)json_integer_value(v));
        return why;
    }
    if ((v = json_object_get(want, "users"))) {
        bool same = json_array_size(v) == f->n_users;
        for (unsigned i = 0; i < f->n_users && same; i++) {
            bool found = false;
            for (size_t j = 0; j < json_array_size(v); j++)
                found |= str_eq(value_str(&f->users[i]), str_of(json_string_value(json_array_get(v, j))));
            same = found;
        }
        if (!same) {
            snprintf(why, sizeof(why), "%u users, the last %.*s", f->n_users,
                     STR_FMT(value_str(&f->users[f->n_users ? f->n_users - 1 : 0])));
            return why;
        }
    }
    const char *text = json_string_value(json_object_get(want, "time"));
    if (text) {
        struct tm tm = {.tm_isdst = -1};
        const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
        tm.tm_isdst = -1;
        usec_t t = rest ? (usec_t)mktime(&tm) * USEC_SEC : 0;
        if (rest && *rest == '.')
            t += (usec_t)(strtod(rest, NULL) * 1e6 + 0.5);
        if (f->time != t && !(f->time / USEC_SEC * USEC_SEC == t)) {
            snprintf(why, sizeof(why), "time %lld, not %lld", (long long)(f->time / USEC_SEC),
                     (long long)(t / USEC_SEC));
            return why;
        }
    }
    return NULL;
}

static void judge(struct run *r, struct instance *x, struct str line, json_t *want, const char *file, unsigned number)
{
    static char buf[LINE];
    const struct finding *f = NULL;
    const char *constraint = json_string_value(json_object_get(want, "constraint")), *why = NULL;
    struct record record = {.time = judge_now, .line = line};
    bool wanted = json_is_true(json_object_get(want, "match"));

    if (constraint && !holds(r, constraint, x->json))
        return;
    if (x->prefix) {
        int n = snprintf(buf, sizeof(buf), "%s%.*s", x->prefix, STR_FMT(line));
        record.line = (struct str){buf, (size_t)n};
    }
    if (x->gate) {
        record.mask = literals_mask(x->gate, record.line);
        record.flags = RECORD_HAS_MASK;
        r->let_by += record.mask == 0;
    }
    bool hit = (!x->gate || record.mask) && filter_feed(x->filter, &record, &f);
    if (hit)
        x->used[f->pattern] = true;
    if (hit && (f->pending || f->nofail))
        hit = false;
    if (hit != wanted)
        why = wanted ? "not matched" : "matched";
    else if (hit)
        why = compare(f, want);
    r->passed += !why;
    r->failed += why != NULL;
    if (why && r->verbose)
        printf("%s:%u %s %s%s: %.*s\n", file, number, x->options, why, f ? "" : " (no pattern)", STR_FMT(line));
}

// "# failJSON: {...}" and its kin. The kind, or NULL when the line is none.
static const char *directive(char *line, json_t **ret)
{
    static const char *const kinds[] = {"failJSON", "fileOptions", "filterOptions", "addFILE"};
    char *p = line;

    while (*p == '#')
        p++;
    if (p == line)
        return NULL;
    p += *p == ' ';
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t n = strlen(kinds[i]);
        if (strncmp(p, kinds[i], n) == 0 && p[n] == ':') {
            *ret = json_loads(p + n + 1, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
            return *ret ? kinds[i] : NULL;
        }
    }
    return NULL;
}

static void run_line(struct run *r, struct str line, json_t *want, const char *file, unsigned number)
{
    if (r->n_active == 0) {
        json_t *none = json_object();
        use_options(r, none);
        json_decref(none);
    }
    while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    for (size_t i = 0; i < r->n_active; i++)
        judge(r, r->active[i], line, want, file, number);
}

static void run_file(struct run *r, const char *name)
{
    static char line[LINE];
    char path[4096];
    json_t *want = NULL, *json;
    unsigned number = 0;

    snprintf(path, sizeof(path), "%s/%s", r->logs, name);
    FILE *f = fopen(path, "r");
    if (!f) {
        printf("%s: %s\n", path, strerror(errno));
        r->errors++;
        return;
    }
    while (fgets(line, sizeof(line), f)) {
        const char *kind = want ? NULL : directive(line, &json);
        number++;
        if (kind && strcmp(kind, "failJSON") == 0) {
            want = json;
            continue;
        }
        if (kind) {
            if (strcmp(kind, "fileOptions") == 0) {
                json_decref(r->common);
                r->common = json_incref(json);
            } else if (strcmp(kind, "filterOptions") == 0) {
                set_options(r, json);
            } else if (r->n_files < FILES) {
                r->file[r->n_files++] = strdup(json_string_value(json));
            }
            json_decref(json);
            continue;
        }
        if (!want && (r->skipping || line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0'))
            continue;
        if (!r->skipping)
            run_line(r, str_of(line), want, name, number);
        json_decref(want);
        want = NULL;
    }
    json_decref(want);
    fclose(f);
}

// Patterns that matched nothing, neither here nor, with the same text, with other options.
static unsigned count_unused(const struct run *r, const struct instance *x)
{
    unsigned unused = 0;

    for (size_t k = 0; k < filter_count_failregex(x->filter); k++) {
        bool used = x->used[k];
        for (size_t i = 0; i < r->n && !used; i++)
            for (size_t j = 0; r->v[i].filter && j < filter_count_failregex(r->v[i].filter) && !used; j++)
                used =
                    r->v[i].used[j] && strcmp(filter_failregex(x->filter, k), filter_failregex(r->v[i].filter, j)) == 0;
        unused += !used;
        if (!used && r->verbose)
            printf("%s %s never matched: %s\n", r->name, x->options, filter_failregex(x->filter, k));
    }
    return unused;
}

static void run_filter(const char *logs, const char *const *dirs, const char *name, struct run *total)
{
    static struct run r;

    r = (struct run){
        .logs = logs, .dirs = dirs, .name = name, .verbose = total->verbose, .gated = total->gated, .n_files = 1};
    r.file[0] = strdup(name);
    for (size_t i = 0; i < r.n_files; i++) {
        run_file(&r, r.file[i]);
        free(r.file[i]);
    }
    size_t patterns = 0;
    for (size_t i = 0; i < r.n; i++)
        if (r.v[i].filter) {
            patterns += filter_count_failregex(r.v[i].filter);
            r.unused += count_unused(&r, &r.v[i]);
        }
    printf("%-28s %4u passed %4u failed %4zu patterns %3u unused\n", name, r.passed, r.failed, patterns, r.unused);
    for (size_t i = 0; i < r.n; i++) {
        filter_free(r.v[i].filter);
        literals_free(r.v[i].gate);
        free(r.v[i].used);
        free(r.v[i].options);
        json_decref(r.v[i].json);
    }
    json_decref(r.common);
    total->passed += r.passed;
    total->failed += r.failed;
    total->unused += r.unused;
    total->errors += r.errors;
    total->gates += r.gates;
    total->let_by += r.let_by;
}

int main(int argc, char **argv)
{
    struct run total = {0};

    for (; argc > 1 && argv[1][0] == '-'; argv++, argc--) {
        total.verbose |= strcmp(argv[1], "-v") == 0;
        total.gated |= strcmp(argv[1], "-g") == 0;
    }
    if (argc < 3) {
        fprintf(stderr, "usage: corpus [-v] [-g] LOGDIR FILTERDIR...\n");
        return 2;
    }
    setenv("TZ", judge_zone, 1);
    tzset();
    for (int i = 2; i < argc; i++) {
        char pattern[4096];
        glob_t g;
        snprintf(pattern, sizeof(pattern), "%s/*.conf", argv[i]);
        if (glob(pattern, 0, NULL, &g) != 0)
            continue;
        for (size_t k = 0; k < g.gl_pathc; k++) {
            char *name = strrchr(g.gl_pathv[k], '/') + 1, *end = strstr(name, ".conf");
            if (strstr(name, "common.conf"))
                continue;
            *end = '\0';
            if (getenv("ONLY") && strcmp(getenv("ONLY"), name) != 0)
                continue;
            run_filter(argv[1], (const char *const *)argv + 2, name, &total);
        }
        globfree(&g);
    }
    if (total.gated)
        printf("%u filters with a gate, which let %u lines go by unseen\n", total.gates, total.let_by);
    printf("%u of %u evaluations passed, %u patterns never matched, %u errors\n", total.passed,
           total.passed + total.failed, total.unused, total.errors);
    // nothing judged is nothing shown
    return total.failed || total.errors || total.unused || !total.passed ? 1 : 0;
}
