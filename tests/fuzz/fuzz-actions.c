// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as the file of a notify action, up to a line "----", and as what overrides it in a later directory.
// It is read, within bounds and with all that its type needs, or left out and every reason is told, on one line with its
// place; what it wants to be told of is what it names.
#include <sys/stat.h>

#include "action/action.h"
#include "fuzz.h"

static unsigned told;

static void on_problem(void *userdata, const char *text)
{
    (void)userdata;
    told++;
    HOLDS(strstr(text, "/mine.conf:"), "no place: %s", text);
    HOLDS(!strchr(text, '\n'), "more than one line: %s", text);
}

static void write_file(const char *dir, const void *p, size_t n)
{
    char path[400];

    (void)mkdir(dir, 0755);
    snprintf(path, sizeof(path), "%s/mine.conf", dir);
    FILE *f = fopen(path, "w");
    HOLDS(f && fwrite(p, 1, n, f) == n && fclose(f) == 0, "%s", path);
}

static void check_text(const char *key, const char *s)
{
    HOLDS(s, "no %s", key);
    for (; *s; s++)
        HOLDS((unsigned char)*s >= 0x20, "a control character in %s: %s", key, s);
}

static void check_words(const char *key, const struct strlist *l)
{
    HOLDS(l->n <= ACTION_WORDS_MAX, "%s: %zu words", key, l->n);
    for (size_t i = 0; i < l->n; i++)
        check_text(key, l->v[i]);
}

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static void check_action(const struct action *a)
{
    bool mail = begins(a->url, "smtp://") || begins(a->url, "smtps://"), web = begins(a->url, "http://") || begins(a->url, "https://");

    HOLDS(strcmp(a->name, "mine") == 0 && a->type < ACTION_TYPES && a->events < 1u << NEWS_KINDS, "%s, type %u", a->name, a->type);
    HOLDS(a->timeout >= USEC_SEC && a->timeout <= 600 * USEC_SEC && a->digest >= 0 && a->digest <= 86400 * USEC_SEC && a->retries <= 10,
          "timeout %lld, digest %lld, retries %u", (long long)a->timeout, (long long)a->digest, a->retries);
    HOLDS(a->rate >= 1 && a->rate <= 100000 && a->rate_time >= USEC_SEC && a->rate_time <= 86400 * USEC_SEC, "rate %u in %lld",
          a->rate, (long long)a->rate_time);
    check_words("jails", &a->jails);
    check_words("command", &a->command);
    check_words("to", &a->to);
    check_text("from", a->from);
    check_text("user", a->user);
    check_text("url", a->url);
    check_text("secret_file", a->secret_file);
    check_text("categories", a->categories);
    check_text("file", a->file);
    HOLDS(!*a->url || mail || web, "url %s", a->url);
    HOLDS((!*a->file || *a->file == '/') && (!*a->secret_file || *a->secret_file == '/'), "file %s, secret_file %s", a->file, a->secret_file);
    if (!a->enabled)
        return;
    HOLDS(a->type != ACTION_EXEC || (a->command.n > 0 && a->command.v[0][0] == '/'), "a program without its path");
    HOLDS(a->type != ACTION_MAIL || (a->to.n > 0 && mail), "mail to nobody");
    HOLDS((a->type != ACTION_WEBHOOK && a->type != ACTION_ABUSEIPDB) || web, "url %s", a->url);
    HOLDS(a->type != ACTION_ABUSEIPDB || *a->secret_file, "no key");
    HOLDS(a->type != ACTION_FEED || *a->file, "no file");
}

static void check_wants(const struct action *a)
{
    struct action_event e = {.kind = NEWS_BAN};

    for (unsigned kind = 0; kind < NEWS_KINDS; kind++) {
        e.kind = (enum news_kind)kind;
        *e.jail = '\0';
        bool named = action_wants(a, &e);
        HOLDS(a->enabled || !named, "wants to be told, and is not enabled");
        bool list = kind == NEWS_BAN || kind == NEWS_UNBAN || kind >= NEWS_LIST; // what a feed is made of
        HOLDS(named == (a->enabled && (a->type == ACTION_FEED ? list : a->events >> kind & 1)), "is %stold of %s", named ? "" : "not ",
              news_table[kind].name);
        strcpy(e.jail, "such a name has no jail");
        HOLDS(!action_wants(a, &e) || (named && a->jails.n == 0), "told of another jail's %s", news_table[kind].name);
        if (a->jails.n > 0 && strlen(a->jails.v[0]) <= EVENT_NAME_MAX) {
            strcpy(e.jail, a->jails.v[0]);
            HOLDS(action_wants(a, &e) == named, "%s of %s", news_table[kind].name, e.jail);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char first[300], second[300];
    const char *dirs[] = {first, second, "/no/such/directory"};
    const uint8_t *end = memmem(data, size, "\n----\n", 6);
    size_t n = end ? (size_t)(end - data) + 1 : size;
    struct action_set *s;

    if (!*first) {
        snprintf(first, sizeof(first), "%s/1", fuzz_dir());
        snprintf(second, sizeof(second), "%s/2", fuzz_dir());
    }
    write_file(first, data, n);
    write_file(second, end ? end + 6 : NULL, end ? size - n - 5 : 0);
    told = 0;
    HOLDS(action_set_load(dirs, 3, on_problem, NULL, &s) == 0, "no memory");
    HOLDS(s->n == (told == 0), "%zu actions with %u problems", s->n, told);
    for (size_t i = 0; i < s->n; i++) {
        check_action(&s->v[i]);
        check_wants(&s->v[i]);
    }
    action_set_free(s);
    return 0;
}
