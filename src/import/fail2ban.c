// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban import-fail2ban: fail2ban's jails, filters and bans, as pptpban would have them. Changes nothing of fail2ban's.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/exit.h"
#include "import/import.h"
#include "cli/verbs.h"

#define FAIL2BAN_DIR "/etc/fail2ban"

// Where pptpban looks for filters: as configured, else as built.
static int take_dirs(struct import *im, const struct args *a)
{
    struct config_report report = {0};
    struct config *config = NULL;
    const char *usual[] = {PKGDATADIR "/filters", PKGSYSCONFDIR "/filters.d"};

    int r = config_load(a->config, &config, &report);
    size_t n = r == 0 ? config->filter_dirs.n : 2;
    im->dirs.v = calloc(n, sizeof(char *));
    for (; im->dirs.v && im->dirs.n < n; im->dirs.n++)
        if (!(im->dirs.v[im->dirs.n] = strdup(r == 0 ? config->filter_dirs.v[im->dirs.n] : usual[im->dirs.n])))
            break;
    config_free(config);
    config_report_free(&report);
    return im->dirs.n == n ? 0 : -ENOMEM;
}

// Something that fail2ban would do and pptpban would not.
static bool incomplete(const struct import *im)
{
    bool any = im->n_problems > 0;

    for (size_t i = 0; i < im->n; i++)
        any = any || (im->jails[i].enabled && im->jails[i].broken && !im->jails[i].left_out);
    return any;
}

static int show(const struct import *im, const struct args *a)
{
    if (a->given & ARG_JSON) {
        json_t *all = import_json(im);
        int r = all ? json_dumpf(all, stdout, JSON_COMPACT) : -1;
        json_decref(all);
        putchar('\n');
        return r < 0 ? EXIT_FAILED : EXIT_DONE;
    }
    if (a->given & ARG_REPORT)
        return import_print_report(im, stdout) < 0 ? EXIT_FAILED : EXIT_DONE;
    import_print_config(im, stdout);
    return EXIT_DONE;
}

// Whether files below target would be among fail2ban's own.
static bool is_below(const char *target, const char *dir)
{
    char *path = strdup(target), *real = NULL, *slash;
    size_t n = strlen(dir);

    // as far as it is there
    while (path && !(real = realpath(path, NULL)) && (slash = strrchr(path, '/')) && slash > path)
        *slash = '\0';
    bool below = real && strncmp(real, dir, n) == 0 && (real[n] == '/' || real[n] == '\0');
    free(real);
    free(path);
    return below;
}

static int run(struct import *im, const struct args *a, char *const *jails, int n_jails)
{
    int r = take_dirs(im, a);

    if (r == 0)
        r = import_plan(im, jails, n_jails, a->given & ARG_ALL);
    for (size_t i = 0; i < im->n_problems; i++)
        fprintf(stderr, "problem: %s\n", im->problems[i]);
    if (r == -ENOENT) {
        fprintf(stderr, "pptpban import-fail2ban: there is no jail.conf, jail.d or jail.local in %s\n", im->dir);
        return EXIT_FAILED;
    }
    if (r < 0) {
        fprintf(stderr, "pptpban import-fail2ban: %s: %s\n", im->dir, strerror(-r));
        return EXIT_FAILED;
    }
    if (im->n == 0) {
        fprintf(stderr, "pptpban import-fail2ban: %s\n",
                n_jails ? "none of these jails is there" : "no jail is enabled; --all shows all");
        return incomplete(im) ? EXIT_FAILED : EXIT_NOTHING;
    }
    int code = a->write ? import_write(im, a->given & ARG_FORCE, a->given & ARG_JSON ? stderr : stdout) : EXIT_DONE;
    if (code == EXIT_DONE && (!a->write || a->given & (ARG_JSON | ARG_REPORT)))
        code = show(im, a);
    return code == EXIT_DONE && incomplete(im) ? EXIT_FAILED : code;
}

int verb_import_fail2ban(int argc, char **argv)
{
    struct import im = {.dir = FAIL2BAN_DIR};
    struct args a;
    char *dir = NULL, *target = NULL;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (a.n_rest > 0 && strchr(a.rest[0], '/')) { // a folder, and no jail
        dir = strdup(a.rest[0]);
        for (size_t n = dir ? strlen(dir) : 0; n > 1 && dir[n - 1] == '/'; n--)
            dir[n - 1] = '\0';
        im.dir = dir ? dir : im.dir;
        a.rest++;
        a.n_rest--;
    }
    const char *wrong = NULL;
    if ((a.given & (ARG_APPLY | ARG_DATABASE)) && !(a.given & ARG_BANS))
        wrong = "--apply and --database belong to --bans";
    else if ((a.given & ARG_BANS) && (a.given & (ARG_WRITE | ARG_REPORT | ARG_ALL)))
        wrong = "--bans goes with neither --all, --report nor --write";
    else if ((a.given & ARG_FORCE) && !a.write)
        wrong = "--force belongs to --write";
    if (wrong || (a.given & ARG_BANS)) {
        if (wrong)
            fprintf(stderr, "pptpban import-fail2ban: %s; see pptpban import-fail2ban --help\n", wrong);
        code = wrong ? EXIT_USAGE : import_bans(im.dir, &a, a.rest, a.n_rest);
        free(dir);
        return code;
    }
    // names of files in what is written are looked for from elsewhere
    char *absolute = realpath(im.dir, NULL);
    im.dir = absolute ? absolute : im.dir;
    if (a.write) {
        char *here = a.write[0] == '/' ? strdup("") : realpath(".", NULL);
        if (!here || asprintf(&target, "%s%s%s", here, *here ? "/" : "", a.write) < 0)
            target = NULL;
        free(here);
        im.write = target;
    }
    if (target && is_below(target, im.dir)) {
        fprintf(stderr, "pptpban import-fail2ban: --write %s: that is fail2ban's own folder, where nothing is changed\n", a.write);
        free(target);
        free(absolute);
        free(dir);
        return EXIT_USAGE;
    }
    code = a.write && !target ? EXIT_FAILED : run(&im, &a, a.rest, a.n_rest);
    import_clear(&im);
    free(target);
    free(absolute);
    free(dir);
    return code;
}
