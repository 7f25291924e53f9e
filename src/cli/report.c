// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban report: what happened in the last weeks, as a page or as JSON, worked out from the logs themselves.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/figures.h"
#include "cli/logs.h"
#include "cli/verbs.h"
#include "config-build.h"
#include "report/report.h"

static int write_out(const struct args *a, const struct report_figures *f, const struct report_head *head)
{
    char *text = NULL;
    size_t n = 0;
    int r = 0;

    if (!(a->given & ARG_HTML)) {
        report_print_json(f, head, stdout);
        return EXIT_DONE;
    }
    FILE *out = open_memstream(&text, &n);
    if (out)
        report_print_html(f, head, out);
    if (!out || fclose(out) != 0)
        r = -ENOMEM;
    else if (strcmp(a->html, "-") == 0)
        fwrite(text, 1, n, stdout);
    else
        r = file_replace(a->html, 0644, text, n);
    free(text);
    if (r < 0)
        fprintf(stderr, "pptpban report: %s: %s\n", a->html, strerror(-r));
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int make(const struct args *a, const struct config *config, const struct logs *logs)
{
    struct report_figures *f = calloc(1, sizeof(*f));
    struct report_head head = {.version = PACKAGE_VERSION, .now = clock_realtime()};
    char source[FIGURES_SOURCE_MAX];
    struct utsname machine;
    bool complete = true;
    int code = EXIT_FAILED;

    if (!f) {
        fprintf(stderr, "pptpban report: out of memory\n");
        return EXIT_FAILED;
    }
    const struct figures_options options = {.verb = "report", .database = a->database, .config = config, .logs = logs};
    if (figures_of_logs(&options, f, source, &complete) == EXIT_DONE) {
        head.host = uname(&machine) == 0 ? machine.nodename : "this machine";
        head.source = source;
        code = write_out(a, f, &head);
    }
    free(f);
    return code == EXIT_DONE && !complete ? EXIT_FAILED : code;
}

int verb_report(int argc, char **argv)
{
    struct config *config = NULL;
    struct logs logs;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (!(a.given & ARG_HTML) == !(a.given & ARG_JSON)) {
        fprintf(stderr, "pptpban report: either --html FILE or --json is wanted\n");
        return EXIT_USAGE;
    }
    code = logs_of_args(&a, argv[0], &logs);
    if (code != EXIT_DONE)
        return code;
    code = logs_config(a.config, &config) < 0 ? EXIT_FAILED : make(&a, config, &logs);
    config_free(config);
    return code;
}
