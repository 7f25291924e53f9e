// SPDX-License-Identifier: GPL-2.0-or-later
// One keyword table; values replace what an earlier directory said.
#include "action/action.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/inifile.h"
#include "base/text.h"

const char *const action_type_names[ACTION_TYPES] = {
    [ACTION_EXEC] = "exec",     [ACTION_MAIL] = "mail",           [ACTION_WEBHOOK] = "webhook",
    [ACTION_SYSLOG] = "syslog", [ACTION_ABUSEIPDB] = "abuseipdb", [ACTION_FEED] = "feed",
};

enum kind { FLAG, TYPE, EVENTS, WORDS, TIME, NUMBER, RATE, TEXT, PATH, URL };

struct keyword {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *fallback; // NULL: none
    const char *accepted;
};

#define AT(field) offsetof(struct action, field)

static const struct keyword keywords[] = {
    {"enabled", FLAG, AT(enabled), "no", "yes or no"},
    {"type", TYPE, AT(type), "exec", "exec, mail, webhook, syslog, abuseipdb or feed"},
    {"events", EVENTS, AT(events), "ban",
     "some of ban, unban, would-ban, guessed, sprayed, hook, ruleset, ruleset-back, full, source, source-back, degraded, "
     "degraded-over, surge, surge-over, or all"},
    {"jails", WORDS, AT(jails), "", "names of jails; none is all of them"},
    {"timeout", TIME, AT(timeout), "30s", "1s to 10m"},
    {"rate", RATE, AT(rate), "20/1h", "a number of messages, a slash and a time: 20/1h"},
    {"digest", TIME, AT(digest), "10s", "0 to 1d"},
    {"retries", NUMBER, AT(retries), "3", "0 to 10"},
    {"command", WORDS, AT(command), "", "a program with its whole path, and its arguments"},
    {"to", WORDS, AT(to), "", "addresses of mail"},
    {"from", TEXT, AT(from), "", "an address of mail"},
    {"user", TEXT, AT(user), "", "a name to log in with"},
    {"url", URL, AT(url), "", "https://..., http://...; of a mail server smtp://... or smtps://..."},
    {"secret_file", PATH, AT(secret_file), "", "a file with its whole path"},
    {"categories", TEXT, AT(categories), "18,22", "numbers with commas, as AbuseIPDB lists them"},
    {"file", PATH, AT(file), "", "a file with its whole path"},
};

enum { N_KEYWORDS = sizeof(keywords) / sizeof(keywords[0]) };

struct loading {
    action_problem_fn problem;
    void *userdata;
    const char *path;
    bool bad; // the action at hand
};

static void tell(struct loading *l, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void tell(struct loading *l, unsigned line, const char *fmt, ...)
{
    char text[700], shown[sizeof(text) + 100];
    int n = snprintf(text, sizeof(text), "%s:%u: ", l->path, line);
    va_list ap;

    va_start(ap, fmt);
    if (n > 0 && n < (int)sizeof(text))
        vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
    va_end(ap);
    text_show(str_of(text), 0, shown, sizeof(shown)); // a value may have several lines
    l->problem(l->userdata, shown);
    l->bad = true;
}

static void free_list(struct strlist *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
    *l = (struct strlist){0};
}

// Words between blanks; one that holds blanks stands between double quotes.
static int read_words(struct str s, struct strlist *ret)
{
    struct strlist l = {.v = calloc(ACTION_WORDS_MAX, sizeof(*l.v))};

    if (!l.v)
        return -ENOMEM;
    for (s = str_trim(s); s.n > 0; s = str_trim(s)) {
        bool quoted = *s.p == '"';
        const char *start = s.p + quoted, *end = start;
        bool plain = true; // one line: a word may become a mail's header
        for (; end < s.p + s.n && (quoted ? *end != '"' : !strchr(" \t\n", *end)); end++)
            plain = plain && (unsigned char)*end >= 0x20;
        if (l.n == ACTION_WORDS_MAX || !plain || (quoted && end == s.p + s.n)) {
            free_list(&l);
            return -EINVAL;
        }
        l.v[l.n++] = strndup(start, (size_t)(end - start));
        if (!l.v[l.n - 1]) {
            free_list(&l);
            return -ENOMEM;
        }
        s = str_skip(s, (size_t)(end - s.p) + quoted);
    }
    free_list(ret);
    *ret = l;
    return 0;
}

static int read_events(struct str s, unsigned *ret)
{
    struct strlist words = {0};
    int r = read_words(s, &words);
    unsigned bits = 0, known = 0;

    for (size_t i = 0; r == 0 && i < words.n; i++, known = 0) {
        enum news_kind kind;
        if (strcmp(words.v[i], "all") == 0)
            known = (1u << NEWS_CHOICES) - 1;
        else if (news_find(str_of(words.v[i]), &kind) && kind < NEWS_CHOICES)
            known = 1u << kind;
        if (!known)
            r = -EINVAL;
        bits |= known;
    }
    free_list(&words);
    if (r == 0)
        *ret = bits;
    return r;
}

static int read_number(struct str s, unsigned max, unsigned *ret)
{
    unsigned long long n;

    if (str_number(s, max, &n) < 0)
        return -EINVAL;
    *ret = (unsigned)n;
    return 0;
}

static int read_rate(struct str s, struct action *a)
{
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    unsigned n;
    usec_t t;

    if (!slash || read_number(str_trim((struct str){s.p, (size_t)(slash - s.p)}), 100000, &n) < 0 || n == 0 ||
        duration_parse(str_skip(s, (size_t)(slash - s.p) + 1), &t) < 0 || t < USEC_SEC || t > 86400 * USEC_SEC)
        return -EINVAL;
    a->rate = n;
    a->rate_time = t;
    return 0;
}

static int read_text(struct str s, enum kind kind, char **field)
{
    bool path = kind == PATH && s.n > 0 && s.p[0] != '/';
    bool url = kind == URL && s.n > 0 && !str_starts(s, STR("https://")) && !str_starts(s, STR("http://")) &&
               !str_starts(s, STR("smtp://")) && !str_starts(s, STR("smtps://"));
    char *copy;

    for (size_t i = 0; i < s.n; i++) // a header of a mail or of HTTP is one line
        if ((unsigned char)s.p[i] < 0x20)
            return -EINVAL;
    if (path || url)
        return -EINVAL;
    if (!(copy = str_dup(s)))
        return -ENOMEM;
    free(*field);
    *field = copy;
    return 0;
}

static int read_time(const struct keyword *k, struct str s, usec_t *ret)
{
    bool digest = strcmp(k->name, "digest") == 0;
    usec_t t;

    if (duration_parse(s, &t) < 0 || t > (digest ? 86400 : 600) * USEC_SEC || (!digest && t < USEC_SEC))
        return -EINVAL;
    *ret = t;
    return 0;
}

static int read_value(const struct keyword *k, struct str s, struct action *a)
{
    void *field = (char *)a + k->offset;

    switch (k->kind) {
    case FLAG:
        if (!str_eq(s, STR("yes")) && !str_eq(s, STR("no")))
            return -EINVAL;
        *(bool *)field = str_eq(s, STR("yes"));
        return 0;
    case TYPE:
        for (unsigned i = 0; i < ACTION_TYPES; i++)
            if (str_eq(s, str_of(action_type_names[i]))) {
                a->type = (enum action_type)i;
                return 0;
            }
        return -EINVAL;
    case EVENTS:
        return read_events(s, field);
    case WORDS:
        return read_words(s, field);
    case TIME:
        return read_time(k, s, field);
    case NUMBER:
        return read_number(s, 10, field);
    case RATE:
        return read_rate(s, a);
    case TEXT:
    case PATH:
    case URL:
        return read_text(s, k->kind, field);
    }
    return -EINVAL;
}

static void action_clear(struct action *a)
{
    free_list(&a->jails);
    free_list(&a->command);
    free_list(&a->to);
    free(a->from);
    free(a->user);
    free(a->url);
    free(a->secret_file);
    free(a->categories);
    free(a->file);
}

static int set_defaults(struct action *a)
{
    for (size_t i = 0; i < N_KEYWORDS; i++) {
        int r = read_value(&keywords[i], str_of(keywords[i].fallback), a);
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_entry(struct loading *l, const struct inifile_entry *e, struct action *a)
{
    for (size_t i = 0; i < N_KEYWORDS; i++) {
        if (strcmp(keywords[i].name, e->key) != 0)
            continue;
        int r = read_value(&keywords[i], str_trim(str_of(e->value)), a);
        if (r == -EINVAL)
            tell(l, e->line, "%s = %.100s: cannot be read; accepted: %s", e->key, e->value, keywords[i].accepted);
        return r == -EINVAL ? 0 : r;
    }
    tell(l, e->line, "%s: there is no such key of an action", e->key);
    return 0;
}

static void on_problem(void *userdata, unsigned line, const char *text)
{
    tell(userdata, line, "%s", text);
}

static int take_file(struct loading *l, const char *path, struct action *a)
{
    struct inifile *ini;
    int r;

    l->path = path;
    r = inifile_read(path, on_problem, l, &ini);
    if (r == -ENOMEM || r == -ENOENT)
        return r;
    if (r < 0) {
        tell(l, 0, "%s", strerror(-r));
        return 0;
    }
    for (size_t i = 0; r == 0 && i < ini->n; i++) {
        if (strcmp(ini->v[i].name, "Action") != 0)
            tell(l, ini->v[i].line, "[%.60s]: there is one section, [Action]", ini->v[i].name);
        for (size_t k = 0; r == 0 && k < ini->v[i].n && strcmp(ini->v[i].name, "Action") == 0; k++)
            r = take_entry(l, &ini->v[i].v[k], a);
    }
    inifile_free(ini);
    return r;
}

const char *action_lacks(const struct action *a)
{
    const struct {
        enum action_type type;
        bool there;
        const char *key;
    } needs[] = {
        {ACTION_EXEC, a->command.n > 0 && a->command.v[0][0] == '/', "command, a program with its whole path"},
        {ACTION_MAIL, a->to.n > 0, "to"},
        {ACTION_MAIL, strncmp(a->url, "smtp", 4) == 0, "url, smtp:// or smtps://"},
        {ACTION_WEBHOOK, strncmp(a->url, "http", 4) == 0, "url, https:// or http://"},
        {ACTION_ABUSEIPDB, strncmp(a->url, "http", 4) == 0, "url, https:// or http://"},
        {ACTION_ABUSEIPDB, *a->secret_file != '\0', "secret_file"},
        {ACTION_FEED, *a->file != '\0', "file"},
    };

    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (needs[i].type == a->type && !needs[i].there)
            return needs[i].key;
    return NULL;
}

static int load_one(const char *const *dirs, size_t n, const char *name, struct loading *l, struct action *ret)
{
    char path[4096], last[4096] = "";
    int r = set_defaults(ret);

    snprintf(ret->name, sizeof(ret->name), "%s", name);
    l->bad = false;
    for (size_t i = 0; r == 0 && i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s.conf", dirs[i], name);
        r = take_file(l, path, ret);
        if (r == 0)
            memcpy(last, path, sizeof(last));
        r = r == -ENOENT ? 0 : r;
    }
    l->path = last;
    const char *lacks = r == 0 && ret->enabled ? action_lacks(ret) : NULL;
    if (lacks)
        tell(l, 0, "an action of type %s needs %s", action_type_names[ret->type], lacks);
    return r;
}

static bool is_name(const char *file, char name[static ACTION_NAME_MAX + 1])
{
    size_t n = strlen(file);

    if (n < 6 || strcmp(file + n - 5, ".conf") != 0 || n - 5 > ACTION_NAME_MAX || file[0] == '.')
        return false;
    memcpy(name, file, n - 5);
    name[n - 5] = '\0';
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

// Sorted, each once.
static size_t find_names(const char *const *dirs, size_t n, char names[static ACTIONS_MAX][ACTION_NAME_MAX + 1], struct loading *l)
{
    char name[ACTION_NAME_MAX + 1];
    size_t count = 0, k;

    for (size_t i = 0; i < n; i++) {
        DIR *d = opendir(dirs[i]);
        struct dirent *e;
        while (d && (e = readdir(d))) {
            if (!is_name(e->d_name, name))
                continue;
            for (k = 0; k < count && strcmp(names[k], name) != 0; k++)
                ;
            if (k == count && count < ACTIONS_MAX) {
                memcpy(names[count++], name, sizeof(name));
            } else if (k == count) {
                l->path = dirs[i];
                tell(l, 0, "more than %d actions: %s is left out", ACTIONS_MAX, name);
            }
        }
        if (d)
            closedir(d);
    }
    qsort(names, count, sizeof(names[0]), compare_names);
    return count;
}

int action_set_load(const char *const *dirs, size_t n, action_problem_fn problem, void *userdata, struct action_set **ret)
{
    char names[ACTIONS_MAX][ACTION_NAME_MAX + 1];
    struct action_set *s = calloc(1, sizeof(*s));
    struct loading l = {.problem = problem, .userdata = userdata};
    int r = s ? 0 : -ENOMEM;
    size_t count = s ? find_names(dirs, n, names, &l) : 0;

    for (size_t i = 0; r == 0 && i < count; i++) {
        struct action *a = &s->v[s->n];
        r = load_one(dirs, n, names[i], &l, a);
        if (r < 0 || l.bad) {
            action_clear(a);
            memset(a, 0, sizeof(*a));
        } else
            s->n++;
    }
    if (r < 0) {
        action_set_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void action_set_free(struct action_set *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        action_clear(&s->v[i]);
    free(s);
}

bool action_wants(const struct action *a, const struct action_event *e)
{
    bool mine = a->jails.n == 0 || !*e->jail;

    for (size_t i = 0; !mine && i < a->jails.n; i++)
        mine = strcmp(a->jails.v[i], e->jail) == 0;
    if (a->type == ACTION_FEED)
        return a->enabled && mine && (e->kind == NEWS_BAN || e->kind == NEWS_UNBAN || e->kind >= NEWS_LIST);
    return a->enabled && mine && (a->events >> e->kind & 1);
}

void action_print_keywords(FILE *out)
{
    for (size_t i = 0; i < N_KEYWORDS; i++)
        fprintf(out, "%s = %s\t%s\n", keywords[i].name, keywords[i].fallback, keywords[i].accepted);
}
