// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall show: prints the policy for one packet filter. Changes nothing.
#include <getopt.h>
#include <string.h>
#include <time.h>

#include "cli/exit.h"
#include "cli/firewall.h"
#include "config/config.h"
#include "firewall/facts.h"
#include "firewall/render.h"

static void print_help(FILE *out)
{
    fputs("usage: pptpban firewall show [--config FILE] [--format FORMAT]\n\n"
          "Prints the base ruleset. Nothing is changed.\n\n"
          "  --config FILE    read this configuration file\n"
          "  --format FORMAT  one of these (nftables)\n\n",
          out);
    for (const struct fw_format *f = fw_formats; f->name; f++)
        fprintf(out, "  %-14s %s%s\n", f->name, f->what, f->validator ? "" : "; unvalidated");
}

static int show(const struct config *config, const struct fw_format *format)
{
    struct fw_error error = {"out of memory"};
    struct fw_gathered gathered;
    struct fw_model model;

    int r = fw_facts_gather(config, time(NULL), &gathered, &error);
    if (r < 0) {
        fprintf(stderr, "error: [firewall]: %s\n", error.text);
        return EXIT_FAILED;
    }
    r = fw_model_build(&config->firewall, &gathered.facts, &model);
    if (r == 0) {
        r = format->render(&model, stdout);
        fw_model_free(&model);
    }
    if (r < 0)
        fprintf(stderr, "error: %s: %s\n", format->name, strerror(-r));
    fw_facts_free(&gathered);
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

int firewall_show(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"format", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0},
    };
    const char *path = NULL, *name = "nftables";
    struct config *config = NULL;
    int c;

    optind = 0;
    while ((c = getopt_long(argc, argv, "hc:f:", options, NULL)) != -1) {
        if (c == 'c')
            path = optarg;
        else if (c == 'f')
            name = optarg;
        else {
            print_help(c == 'h' ? stdout : stderr);
            return c == 'h' ? EXIT_DONE : EXIT_USAGE;
        }
    }
    const struct fw_format *format = fw_format_find(name);
    if (optind < argc || !format) {
        if (!format)
            fprintf(stderr, "pptpban firewall show: there is no format \"%s\"\n", name);
        print_help(stderr);
        return EXIT_USAGE;
    }
    int code = firewall_load(path, &config);
    if (code != EXIT_DONE)
        return code;
    code = show(config, format);
    config_free(config);
    return code;
}
