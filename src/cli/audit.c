// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban audit: runs the checklist and prints it, for people or as JSON.
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "audit/audit.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/verbs.h"

static const enum output_style styles[AUDIT_VERDICTS] = {
    [AUDIT_NONE] = STYLE_DIM,    [AUDIT_PASS] = STYLE_GREEN, [AUDIT_UNKNOWN] = STYLE_YELLOW,
    [AUDIT_WARN] = STYLE_YELLOW, [AUDIT_FAIL] = STYLE_RED,
};

enum { COLUMN = 9 }; // the text begins behind "unknown  "

static void print_plain(const struct audit_report *r)
{
    bool colours = output_colours(stdout);

    for (size_t i = 0; i < r->n; i++) {
        const struct audit_finding *f = &r->v[i];
        const char *verdict = audit_verdict_names[f->verdict];
        output_styled(stdout, colours, styles[f->verdict], verdict);
        printf("%*s%s:", COLUMN - (int)strlen(verdict), "", f->check->id);
        output_wrapped(f->reason, COLUMN + strlen(f->check->id) + 1, COLUMN);
        if (*f->remedy) {
            printf("%*s", COLUMN, "");
            output_styled(stdout, colours, STYLE_BOLD, "mend:");
            printf(" %s\n", f->remedy); // in one line, to be copied
        }
    }
    if (r->dropped)
        printf("%zu more were found\n", r->dropped);
    printf("\n%zu failed, %zu warned, %zu unknown, %zu passed\n\n%s", r->counts[AUDIT_FAIL], r->counts[AUDIT_WARN],
           r->counts[AUDIT_UNKNOWN], r->counts[AUDIT_PASS], audit_advice);
}

static int print_json(const struct audit_report *r)
{
    json_t *list = json_array(), *counts = json_object();

    for (size_t i = 0; i < r->n; i++) {
        const struct audit_finding *f = &r->v[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "check", f->check->id, "title",
                                              f->check->title, "verdict", audit_verdict_names[f->verdict], "reason",
                                              f->reason, "remedy", f->remedy));
    }
    for (size_t v = 0; v < AUDIT_VERDICTS; v++)
        json_object_set_new(counts, audit_verdict_names[v], json_integer((json_int_t)r->counts[v]));
    json_t *all = json_pack("{s:i, s:o, s:o, s:I, s:s}", "version", 1, "findings", list, "counts", counts, "dropped",
                            (json_int_t)r->dropped, "advice", audit_advice);
    int failed = all ? json_dumpf(all, stdout, JSON_COMPACT) : -1;
    putchar('\n');
    json_decref(all);
    return failed ? EXIT_FAILED : EXIT_DONE;
}

// What cannot be mended on any machine that serves PPTP is no reason to fail under --strict.
static bool is_bad(const struct audit_report *r, bool strict)
{
    bool bad = r->counts[AUDIT_FAIL] > 0 || r->dropped > 0;

    for (size_t i = 0; strict && i < r->n; i++)
        bad |= (r->v[i].verdict == AUDIT_WARN || r->v[i].verdict == AUDIT_UNKNOWN) && !r->v[i].check->lasting;
    return bad;
}

int verb_audit(int argc, char **argv)
{
    struct config_report messages = {0};
    struct audit_report report = {0};
    struct config *config = NULL;
    struct audit_root root;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    int r = audit_root_open(a.root ? a.root : "/", &root);
    if (r < 0) {
        fprintf(stderr, "pptpban audit: %s: %s\n", a.root ? a.root : "/", strerror(-r));
        return EXIT_USAGE;
    }
    // A missing or wrong pptpban.conf is something to be told, not a reason to stop.
    (void)config_load(a.config, &config, &messages);
    r = audit_run(&root, config, &report);
    config_free(config);
    config_report_free(&messages);
    audit_root_close(&root);
    if (r < 0) {
        fprintf(stderr, "pptpban audit: %s\n", strerror(-r));
        return EXIT_FAILED;
    }
    code = EXIT_DONE;
    if (a.given & ARG_JSON)
        code = print_json(&report);
    else
        print_plain(&report);
    if (code == EXIT_DONE && is_bad(&report, a.given & ARG_STRICT))
        code = EXIT_FAILED;
    audit_report_free(&report);
    return code;
}
