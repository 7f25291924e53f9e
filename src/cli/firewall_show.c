// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall show: prints the policy for one packet filter. Changes nothing.
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cli/exit.h"
#include "cli/firewall.h"
#include "firewall/facts.h"
#include "firewall/render.h"

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
        fprintf(stderr, "error: %s: %s\n", format->name,
                r == -E2BIG ? "the policy has more networks than this format has numbers for" : strerror(-r));
    fw_facts_free(&gathered);
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

int firewall_show(int argc, char **argv)
{
    struct firewall f;
    int code;

    if (!firewall_configure(argc, argv, &f, &code))
        return code;
    const char *name = f.args.given & ARG_FORMAT ? f.args.format : "nftables";
    const struct fw_format *format = fw_format_find(name);
    if (format) {
        code = show(f.config, format);
    } else {
        fprintf(stderr, "pptpban firewall show: there is no format \"%s\"; these are:\n", name);
        for (const struct fw_format *other = fw_formats; other->name; other++)
            fprintf(stderr, "  %-14s %s%s\n", other->name, other->what, other->validator ? "" : "; unvalidated");
        code = EXIT_USAGE;
    }
    firewall_end(&f);
    return code;
}
