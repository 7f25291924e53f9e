// SPDX-License-Identifier: GPL-2.0-or-later
// Which jails are imported, under which names, and what was wrong with what was read.
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "import/import.h"
#include "import/value.h"

const char *const import_verdict_names[IMPORT_VERDICTS] = {"same", "different", "unsupported"};

void import_problem(struct import *im, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    int r = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (r < 0) {
        im->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < im->n_problems; i++)
        if (strcmp(im->problems[i], text) == 0) { // of [DEFAULT], and told for the jail before
            free(text);
            return;
        }
    if (im->n_problems == IMPORT_PROBLEMS_MAX) {
        free(text);
        return;
    }
    char **v = reallocarray(im->problems, im->n_problems + 1, sizeof(*v));
    if (!v) {
        free(text);
        im->out_of_memory = true;
        return;
    }
    im->problems = v;
    v[im->n_problems++] = text;
}

char *import_text(struct import *im, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    int r = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (r >= 0)
        return text;
    im->out_of_memory = true;
    return NULL;
}

void import_add_row(struct import *im, struct import_jail *j, const char *option, const struct f2b_value *v,
                    enum import_verdict verdict, const char *key, char *here, char *why)
{
    struct import_row *rows = reallocarray(j->rows, j->n + 1, sizeof(*rows));

    if (!rows) {
        free(here);
        free(why);
        im->out_of_memory = true;
        return;
    }
    j->rows = rows;
    struct import_row *row = &rows[j->n++];
    *row = (struct import_row){
        .option = strdup(option), .value = strdup(v ? v->text : ""), .key = key ? strdup(key) : NULL, .here = here,
        .verdict = verdict, .why = why, .at = v ? v->at : (struct origin){0}};
    if (!row->option || !row->value || (key && (!row->key || !here)))
        im->out_of_memory = true;
}

static void on_problem(void *userdata, const char *text)
{
    import_problem(userdata, "%s", text);
}

// A name that a jail can have here.
static void name_section(struct import_jail *j)
{
    static const char *const taken[] = {"probe", "spray", "pptpban", "DEFAULT"};
    char name[CONFIG_JAIL_NAME_MAX + 1];
    bool bad;

    snprintf(name, sizeof(name), "%s", j->name);
    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
            *p = '-';
    bad = name[0] == '.' || name[0] == '-';
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        bad = bad || strcasecmp(name, taken[i]) == 0;
    snprintf(j->section, sizeof(j->section), "%s%.*s", bad ? IMPORT_PREFIX : "",
             CONFIG_JAIL_NAME_MAX - (bad ? IMPORT_PREFIX_MAX : 0), name);
}

// The option's value, or its default when nothing, or nothing that can be read, is said.
static char *value_or(struct import *im, const char *jail, const char *option, const char *fallback)
{
    struct filter_error error;
    struct f2b_value v = {.text = NULL};

    int r = f2b_option(im->f2b, jail, option, &v, &error);
    if (r == 0)
        return v.text;
    if (r == -EINVAL)
        import_problem(im, "[%s]: %s", jail, error.text);
    return import_text(im, "%s", fallback);
}

static bool readable(const struct import *im, const char *jail, const char *option)
{
    struct filter_error error;
    struct f2b_value v = {.text = NULL};

    int r = f2b_option(im->f2b, jail, option, &v, &error);
    free(v.text);
    return r != -EINVAL;
}

static bool wants(struct import *im, const char *jail, char *const *names, int n_names, bool all, bool *ret_enabled)
{
    char *text = value_or(im, jail, "enabled", "false");
    bool named = n_names == 0, flag = false;

    // fail2ban takes it for no, too, and says so in its log
    if (text && f2b_flag(str_of(text), &flag) < 0)
        import_problem(im, "[%s]: enabled = %.40s: taken for no; yes or no is wanted", jail, text);
    *ret_enabled = flag;
    free(text);
    for (int i = 0; i < n_names; i++)
        named = named || strcmp(names[i], jail) == 0;
    return named && (all || n_names > 0 || *ret_enabled);
}

static void plan_jail(struct import *im, struct import_jail *j)
{
    char *backend = value_or(im, j->name, "backend", "auto"), *filter = value_or(im, j->name, "filter", "");
    size_t others = 0;

    j->at = f2b_jail_at(im->f2b, j->name);
    j->journal = backend && strncasecmp(backend, "systemd", 7) == 0;
    name_section(j);
    import_filter(im, j, filter ? filter : "");
    if (!j->broken && !j->journal && !readable(im, j->name, "logpath"))
        j->broken = import_text(im, "its logpath cannot be read");
    for (const struct import_jail *k = im->jails; k < j; k++) {
        others += !k->left_out && strcmp(k->section, "pptpd") != 0;
        if (!k->left_out && strcmp(k->section, j->section) == 0) {
            j->left_out = true;
            free(j->broken);
            j->broken = import_text(im, "[%s] stands for it as well", k->name);
        }
    }
    if (!j->left_out && others >= CONFIG_JAILS_MAX - 3) { // three are built in
        j->left_out = true;
        free(j->broken);
        j->broken = import_text(im, "pptpban has at most %d jails", CONFIG_JAILS_MAX);
        if (j->enabled)
            import_problem(im, "[%s]: left out: %s", j->name, j->broken ? j->broken : "");
    }
    import_options(im, j);
    free(backend);
    free(filter);
}

int import_plan(struct import *im, char *const *names, int n_names, bool all)
{
    const char *name;
    size_t n = 0;

    im->filter_dir = import_text(im, "%s/filter.d", im->dir);
    int r = im->filter_dir ? f2b_read(im->dir, on_problem, im, &im->f2b) : -ENOMEM;
    if (r < 0)
        return r;
    while (f2b_jail(im->f2b, n))
        n++;
    im->jails = calloc(n + 1, sizeof(*im->jails));
    if (!im->jails)
        return -ENOMEM;
    for (int i = 0; i < n_names; i++) {
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found = found || strcmp(f2b_jail(im->f2b, k), names[i]) == 0;
        if (!found)
            import_problem(im, "there is no jail %s in %s", names[i], im->dir);
    }
    // the enabled ones first: they are not to be left out for lack of room
    for (int enabled = 1; enabled >= 0; enabled--)
        for (size_t i = 0; (name = f2b_jail(im->f2b, i)); i++) {
            struct import_jail *j = &im->jails[im->n];
            bool is = false;
            if (!wants(im, name, names, n_names, all, &is) || is != (enabled == 1))
                continue;
            j->name = name;
            j->enabled = is;
            im->n++;
            plan_jail(im, j);
        }
    return im->out_of_memory ? -ENOMEM : 0;
}

static void clear_jail(struct import_jail *j)
{
    struct import_filter *f = &j->filter;

    for (size_t i = 0; i < j->n; i++) {
        struct import_row *row = &j->rows[i];
        free(row->option);
        free(row->value);
        free(row->key);
        free(row->here);
        free(row->why);
    }
    for (size_t i = 0; i < f->n_files; i++)
        free(f->files[i]);
    free(f->files);
    char *const owned[] = {f->written, f->name, f->here, f->params, f->text, f->made_name, f->error, f->pptp,
                           f->note,    j->broken, j->advice, j->own};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        free(owned[i]);
    free(j->rows);
}

void import_clear(struct import *im)
{
    for (size_t i = 0; i < im->n; i++)
        clear_jail(&im->jails[i]);
    free(im->jails);
    for (size_t i = 0; i < im->n_problems; i++)
        free(im->problems[i]);
    free(im->problems);
    for (size_t i = 0; i < im->dirs.n; i++)
        free(im->dirs.v[i]);
    free(im->dirs.v);
    free(im->filter_dir);
    f2b_free(im->f2b);
    *im = (struct import){0};
}
