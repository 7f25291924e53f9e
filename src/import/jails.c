// SPDX-License-Identifier: GPL-2.0-or-later
// fail2ban's jails, by the same readers as filters: filter/ini.h lays the files upon each other, filter/expand.h fills
// in the names.
#include "import/jails.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "filter/expand.h"

const char *const f2b_filter_options[] = {"prefregex", "failregex",    "ignoreregex", "datepattern",
                                          "maxlines",  "journalmatch", NULL};

struct f2b {
    struct ini ini;
    char *dir;
    struct filter_param params[2]; // what fail2ban itself adds to [DEFAULT]
};

// Sections that are no jails.
static bool is_jail(const char *section)
{
    return strcmp(section, "INCLUDES") != 0 && strcmp(section, "DEFAULT") != 0;
}

static bool has_text(const struct text *t, const char *what)
{
    return t->p && strcasestr(t->p, what);
}

// %(known/OPTION)s is what an earlier file said, else what the filter says, which nobody knows here. So an oldest value
// is put below that reads as it is written.
static int keep_known(struct ini_option *o)
{
    char known[64];
    struct ini_option *below;

    snprintf(known, sizeof(known), "%%(known/%s)s", o->key);
    for (; o->older; o = o->older)
        ;
    if (!has_text(&o->value, known))
        return 0;
    if (!(below = calloc(1, sizeof(*below))) || !(below->key = strdup(o->key))) {
        free(below);
        return -ENOMEM;
    }
    o->older = below;
    below->at = o->at;
    snprintf(known, sizeof(known), "%%%%(known/%s)s", o->key);
    return text_add(&below->value, str_of(known), o->at);
}

int f2b_read(const char *dir, f2b_problem_fn problem, void *userdata, struct f2b **ret)
{
    const char *const dirs[] = {dir, NULL};
    struct f2b *f = calloc(1, sizeof(*f));
    int r = f && (f->dir = strdup(dir)) ? 0 : -ENOMEM;

    if (r == 0)
        r = ini_read_all(&f->ini, "jail", dirs, problem, userdata);
    for (struct ini_section *s = r == 0 ? f->ini.sections : NULL; s; s = s->next)
        for (size_t i = 0; r == 0 && f2b_filter_options[i]; i++) {
            struct ini_option *o = ini_option(s, str_of(f2b_filter_options[i]));
            r = o ? keep_known(o) : 0;
        }
    if (r < 0) {
        f2b_free(f);
        return r;
    }
    f->params[0] = (struct filter_param){STR("fail2ban_version"), STR("1.0")};
    f->params[1] = (struct filter_param){STR("fail2ban_confpath"), str_of(f->dir)};
    *ret = f;
    return 0;
}

void f2b_free(struct f2b *f)
{
    if (!f)
        return;
    ini_free(&f->ini);
    free(f->dir);
    free(f);
}

const char *f2b_jail(const struct f2b *f, size_t i)
{
    for (const struct ini_section *s = f->ini.sections; s; s = s->next)
        if (is_jail(s->name) && i-- == 0)
            return s->name;
    return NULL;
}

// Without blanks at its ends, and none at the beginnings of its lines.
static char *tidy(const struct text *t)
{
    struct str rest = str_trim((struct str){t->p ? t->p : "", t->n});
    char *z = malloc(rest.n + 1), *to = z;

    while (z && rest.n > 0) {
        const char *nl = memchr(rest.p, '\n', rest.n);
        struct str line = str_trim((struct str){rest.p, nl ? (size_t)(nl - rest.p) : rest.n});
        rest = nl ? str_skip(rest, (size_t)(nl - rest.p) + 1) : (struct str){"", 0};
        if (line.n == 0)
            continue;
        if (to > z)
            *to++ = '\n';
        memcpy(to, line.p, line.n);
        to += line.n;
    }
    if (z)
        *to = '\0';
    return z;
}

static bool is_filter_option(const char *option)
{
    for (size_t i = 0; f2b_filter_options[i]; i++)
        if (strcmp(f2b_filter_options[i], option) == 0)
            return true;
    return false;
}

// A filter file's text again: each percent sign twice, but for those that keep_known() let through.
static char *escaped(const char *z, const char *option)
{
    char known[64], *out = malloc(2 * strlen(z) + 1), *to = out;
    size_t n = (size_t)snprintf(known, sizeof(known), "%%(known/%s)s", option);

    while (out && *z) {
        if (strncasecmp(z, known, n) == 0) {
            memcpy(to, z, n);
            to += n;
            z += n;
            continue;
        }
        if (*z == '%')
            *to++ = '%';
        *to++ = *z++;
    }
    if (out)
        *to = '\0';
    return out;
}

int f2b_option(const struct f2b *f, const char *jail, const char *option, struct f2b_value *ret,
               struct filter_error *error)
{
    const struct ini_section *section = ini_find(&f->ini, str_of(jail));
    const struct ini_option *own = ini_option(section, str_of(option));
    const struct ini_option *o = own ? own : ini_option(ini_find(&f->ini, STR("DEFAULT")), str_of(option));
    struct expander x = {.ini = &f->ini, .params = f->params, .n_params = 2, .error = error};
    struct text text = {0};

    if (!section || !o)
        return -ENOENT;
    *ret = (struct f2b_value){.at = o->at, .from = own ? F2B_JAIL : F2B_DEFAULT};
    int r = expand_names(&x, section, o, &text);
    if (r < 0)
        return r;
    ret->text = tidy(&text);
    text_clear(&text);
    if (ret->text && is_filter_option(option)) {
        char *z = escaped(ret->text, option);
        free(ret->text);
        ret->text = z;
    }
    return ret->text ? 0 : -ENOMEM;
}

const char *f2b_own_key(const struct f2b *f, const char *jail, size_t i, struct origin *ret_at)
{
    const struct ini_section *s = ini_find(&f->ini, str_of(jail));

    for (const struct ini_option *o = s ? s->options : NULL; o; o = o->next)
        if (i-- == 0) {
            *ret_at = o->at;
            return o->key;
        }
    return NULL;
}

bool f2b_is_variable(const struct f2b *f, const char *jail, const char *key)
{
    const struct ini_section *const sections[] = {ini_find(&f->ini, str_of(jail)), ini_find(&f->ini, STR("DEFAULT"))};
    char plain[128], sectioned[128];

    snprintf(plain, sizeof(plain), "%%(%s)s", key);
    snprintf(sectioned, sizeof(sectioned), "/%s)s", key);
    for (size_t i = 0; i < 2; i++)
        for (const struct ini_option *o = sections[i] ? sections[i]->options : NULL; o; o = o->next)
            if (has_text(&o->value, plain) || has_text(&o->value, sectioned))
                return true;
    return false;
}

struct origin f2b_jail_at(const struct f2b *f, const char *jail)
{
    const struct ini_section *s = ini_find(&f->ini, str_of(jail));
    struct origin first = {0};

    // the last file that speaks of it is the one that a person wrote
    for (const struct ini_option *o = s ? s->options : NULL; o; o = o->next)
        if (!first.file || strcmp(o->at.file, first.file) != 0 || o->at.line < first.line)
            first = o->at;
    return first;
}

static void ignore_problem(void *userdata, const char *text)
{
    (void)userdata;
    (void)text;
}

int f2b_server_option(const char *dir, const char *option, char **ret)
{
    const char *const dirs[] = {dir, NULL};
    struct filter_error error = {{0}};
    struct ini ini = {0};
    struct text text = {0};

    int r = ini_read_all(&ini, "fail2ban", dirs, ignore_problem, NULL);
    const struct ini_section *s = r == 0 ? ini_find(&ini, STR("Definition")) : NULL;
    const struct ini_option *o = ini_option(s, str_of(option));
    struct expander x = {.ini = &ini, .error = &error};
    r = r < 0 ? r : o ? expand_names(&x, s, o, &text) : -ENOENT;
    if (r == 0 && !(*ret = tidy(&text)))
        r = -ENOMEM;
    text_clear(&text);
    ini_free(&ini);
    return r;
}
