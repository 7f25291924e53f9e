// SPDX-License-Identifier: GPL-2.0-or-later
// Which filter pptpban test is to try: a name, a file, or patterns from the command line.
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/exit.h"
#include "workbench/test.h"
#include "config/config.h"

enum { PARAMS_MAX = CONFIG_FILTER_PARAMS_MAX + 8 };

struct plan {
    char *name; // NULL: no file
    char *dir;  // of a file, alone
    char *text; // that parameters are views of
    struct filter_param params[PARAMS_MAX];
    size_t n;
};

static void add_param(struct plan *p, const char *name, const char *value)
{
    if (value)
        p->params[p->n++] = (struct filter_param){str_of(name), str_of(value)};
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

// DIR/NAME.conf (or .local) read from there alone.
static int plan_file(struct plan *p, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');

    p->dir = slash ? str_dup((struct str){path, (size_t)(slash - path)}) : str_dup(STR("."));
    p->name = str_dup((struct str){base, dot ? (size_t)(dot - base) : strlen(base)});
    return p->dir && p->name ? 0 : -ENOMEM;
}

// A name with parameters, else a pattern.
static int plan_name(struct plan *p, const char *text)
{
    struct config_param params[CONFIG_FILTER_PARAMS_MAX];
    struct str name;
    size_t n;

    if (config_filter_parse(str_of(text), &name, params, CONFIG_FILTER_PARAMS_MAX, &n) < 0) {
        add_param(p, "failregex", text);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        p->params[p->n++] = (struct filter_param){params[i].name, params[i].value};
    p->name = str_dup(name);
    return p->name ? 0 : -ENOMEM;
}

// PATH[name=value] when there is a file PATH.
static char *path_before_bracket(const char *text)
{
    const char *open = strchr(text, '[');
    char *path = open ? str_dup((struct str){text, (size_t)(open - text)}) : NULL;

    if (path && !is_file(path)) {
        free(path);
        path = NULL;
    }
    return path;
}

// Of a FILTER that is no file but was meant to be one: why it is none. 0: it was not.
static int not_a_file(const char *text)
{
    size_t n = strcspn(text, "[");
    struct stat st;

    if (strchr(text, '/') && stat(text, &st) == 0 && S_ISDIR(st.st_mode))
        return -EISDIR;
    return n > 5 && memcmp(text + n - 5, ".conf", 5) == 0 && !strchr(text, '<') ? -ENOENT : 0;
}

static int make_plan(struct plan *p, const struct test_options *o)
{
    char *path = path_before_bracket(o->filter);
    int r;

    if (is_file(o->filter)) {
        r = plan_file(p, o->filter);
    } else if (path) {
        // its parameters are read as those of any filter
        r = asprintf(&p->text, "x%s", strchr(o->filter, '[')) < 0 ? -ENOMEM : plan_name(p, p->text);
        free(p->name);
        p->name = NULL;
        r = r < 0 ? r : plan_file(p, path);
    } else {
        r = not_a_file(o->filter);
        r = r < 0 ? r : plan_name(p, o->filter);
    }
    free(path);
    if (r < 0)
        return r;
    add_param(p, "ignoreregex", o->ignore);
    add_param(p, "datepattern", o->datepattern);
    add_param(p, "maxlines", o->maxlines);
    add_param(p, "usedns", o->usedns);
    add_param(p, "journalmatch", o->journalmatch);
    return 0;
}

static int load(struct test *t, const struct config *c, const struct plan *p)
{
    struct filter_options options = {
        .params = p->params, .n_params = p->n, .journal = t->from_journal};
    struct filter_error error;
    const char *const *files;

    const char **dirs = calloc(c->filter_dirs.n + 2, sizeof(*dirs));
    if (!dirs)
        return EXIT_FAILED;
    if (p->dir)
        dirs[0] = p->dir;
    for (size_t i = 0; !p->dir && i < c->filter_dirs.n; i++)
        dirs[i] = c->filter_dirs.v[i];
    options.dirs = dirs;
    int r = filter_load(p->name, &options, &t->filter, &error);
    free(dirs);
    if (r < 0) {
        fprintf(stderr, "pptpban: %s%s\n", error.text,
                r == -ENOENT ? "; a pattern would be recognised by its <HOST>, <ADDR> or other tag"
                             : "");
        return EXIT_FAILED;
    }
    if (!filter_is_foreign(t->filter) && (t->options.datepattern || t->options.maxlines))
        fprintf(stderr, "pptpban: --datepattern and --maxlines mean nothing to a filter with [Session]\n");
    t->filter_text = filter_files(t->filter, &files) ? files[0] : "from the command line";
    return EXIT_DONE;
}

int test_load(struct test *t)
{
    struct config_report report = {0};
    struct config *config = NULL;
    struct plan plan = {0};
    int code = EXIT_FAILED;

    int r = config_load(t->options.config, &config, &report);
    for (size_t i = 0; i < report.n; i++)
        if (report.v[i].fatal ||
            t->options.config) // a machine without a configuration may test filters
            fprintf(stderr, "pptpban: %s\n", report.v[i].text);
    if (r == 0 && (r = make_plan(&plan, &t->options)) == 0)
        code = load(t, config, &plan);
    if (r < 0 && report.n == 0)
        fprintf(stderr, "pptpban: %s: %s\n", t->options.filter, strerror(-r));
    free(plan.name);
    free(plan.dir);
    free(plan.text);
    config_free(config);
    config_report_free(&report);
    return code;
}
