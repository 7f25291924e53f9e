// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban check: reads the configuration and every filter that it names, as the service would, and says what is
// wrong where. Opens no log.
#include <string.h>

#include "cli/args.h"
#include "cli/exit.h"
#include "cli/verbs.h"
#include "engine/engine.h"

static void print_report(const struct config_report *report)
{
    for (size_t i = 0; i < report->n; i++)
        fprintf(stderr, "%s: %s\n", report->v[i].fatal ? "error" : "warning", report->v[i].text);
}

static size_t enabled_jails(const struct config *c)
{
    size_t n = 0;

    for (size_t k = 0; k < c->n_jails; k++)
        n += c->jails[k].enabled;
    return n;
}

// What each filter costs.
static void print_filters(const struct engine *e)
{
    struct engine_filter f;

    for (unsigned i = 0; engine_filter(e, i, &f); i++) {
        printf("filter %s (%s): ", f.spec, f.journal ? "journal" : "file");
        if (f.ungated)
            printf("sees every line because %s", f.ungated);
        else
            printf("gated by %u text%s", f.literals, f.literals == 1 ? "" : "s");
        if (f.interpreted)
            printf(", JIT off for %u patterns", f.interpreted);
        else
            fputs(", JIT on", stdout);
        putchar('\n');
    }
}

int verb_check(int argc, char **argv)
{
    struct config_report report = {0};
    struct config *config = NULL;
    struct engine *engine = NULL;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    int r = config_load(a.config, &config, &report);
    if (r == 0 && enabled_jails(config) > 0) {
        struct engine_options options = {.config = config, .mode = ENGINE_LIVE, .journal_available = true};
        r = engine_new(&options, &report, &engine);
    }
    print_report(&report);
    if (r < 0 && report.errors == 0)
        fprintf(stderr, "error: %s\n", strerror(-r));
    code = r < 0 || report.errors ? EXIT_FAILED : EXIT_DONE;
    if (engine && !(a.given & ARG_DUMP))
        print_filters(engine);
    if (config && (a.given & ARG_DUMP))
        config_dump(config, stdout);
    else if (code == EXIT_DONE && enabled_jails(config) == 0)
        fputs("the configuration is right, but no jail is enabled: nothing would be watched\n", stderr);
    else if (code == EXIT_DONE)
        printf("%zu jail%s: all right\n", enabled_jails(config), enabled_jails(config) == 1 ? "" : "s");
    engine_free(engine);
    config_free(config);
    config_report_free(&report);
    return code;
}
