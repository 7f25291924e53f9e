// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban compile-limits: writes what the enforcer is held to, from the configuration.
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/paths.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/verbs.h"
#include "daemon/limits_compile.h"
#include "firewall/marker.h"

static int find_user(const char *name, uid_t *ret)
{
    const struct passwd *p = getpwnam(name);

    if (!p) {
        fprintf(stderr, "pptpban compile-limits: there is no user %s; --user names another one\n", name);
        return EXIT_FAILED;
    }
    *ret = p->pw_uid;
    return EXIT_DONE;
}

static int write_file(const struct config *config, const struct args *a, uid_t uid)
{
    struct limits *limits = malloc(sizeof(*limits));
    char dir[PATH_MAX], path[PATH_MAX];
    int r = limits ? limits_compile(config, uid, limits) : -ENOMEM;

    if (r == 0)
        r = limits_directory(config->runtime_dir, dir, sizeof(dir));
    if (r < 0) {
        fprintf(stderr, "pptpban compile-limits: %s\n",
                r == -E2BIG ? "ignoreip has too many networks for the enforcer" : strerror(-r));
        free(limits);
        return EXIT_FAILED;
    }
    int n = snprintf(path, sizeof(path), "%s/%s", dir, ENFORCER_LIMITS_NAME);
    if (!a->output && mkdir(dir, 0755) < 0 && errno != EEXIST)
        r = -errno;
    const char *to = a->output ? a->output : path;
    if (r == 0)
        r = n < (int)sizeof(path) ? limits_write(to, limits) : -ENAMETOOLONG;
    free(limits);
    if (r < 0) {
        fprintf(stderr, "pptpban compile-limits: %s: %s\n", to, strerror(-r));
        return EXIT_FAILED;
    }
    // The directory may be new with this start of the enforcer, and the ruleset older.
    n = snprintf(path, sizeof(path), "%s-firewall/installed", config->runtime_dir);
    if (!a->output && n < (int)sizeof(path))
        (void)fw_marker_prepare(dir, path);
    return EXIT_DONE;
}

int verb_compile_limits(int argc, char **argv)
{
    struct config_report report = {0};
    struct config *config = NULL;
    struct args a;
    uid_t uid;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = find_user(a.user ? a.user : PB_WATCHER_USER, &uid);
    if (code != EXIT_DONE)
        return code;
    int r = config_load(a.config, &config, &report);
    for (size_t i = 0; i < report.n; i++)
        if (report.v[i].fatal)
            fprintf(stderr, "error: %s\n", report.v[i].text);
    if (r < 0 && report.errors == 0)
        fprintf(stderr, "error: %s\n", strerror(-r));
    code = r < 0 ? EXIT_FAILED : write_file(config, &a, uid);
    config_free(config);
    config_report_free(&report);
    return code;
}
