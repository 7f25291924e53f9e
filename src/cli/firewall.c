// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall: finds the verb behind it and runs it; what these verbs share.
#include "cli/firewall.h"

#include <string.h>

#include "cli/exit.h"
#include "cli/verbs.h"
#include "config/config.h"

const struct firewall_verb firewall_verbs[] = {
    {"show", "[--config FILE] [--format FORMAT]", "print the ruleset, for this machine or one in front of it", firewall_show},
    {NULL, NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
    fputs("usage: pptpban firewall VERB [OPTIONS]\n\nThe base ruleset that [firewall] of pptpban.conf describes.\n\n", out);
    for (const struct firewall_verb *v = firewall_verbs; v->name; v++)
        fprintf(out, "  %-10s %s\n             %s\n", v->name, v->arguments, v->summary);
}

int verb_firewall(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    for (const struct firewall_verb *v = firewall_verbs; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v->run(argc - 1, argv + 1);
    if (*name)
        fprintf(stderr, "pptpban firewall: there is no verb \"%s\"\n\n", name);
    print_help(stderr);
    return EXIT_USAGE;
}

int firewall_load(const char *path, struct config **ret)
{
    struct config_report report = {0};

    int r = config_load(path, ret, &report);
    for (size_t i = 0; i < report.n; i++)
        if (report.v[i].fatal)
            fprintf(stderr, "error: %s\n", report.v[i].text);
    if (r < 0 && report.errors == 0)
        fprintf(stderr, "error: %s\n", strerror(-r));
    config_report_free(&report);
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}
