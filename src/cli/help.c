// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban help [VERB] and pptpban version.
#include <stdio.h>

#include "cli/exit.h"
#include "cli/verbs.h"
#include "config-build.h"

int verb_help(int argc, char **argv)
{
    const struct verb *v = argc > 1 && argv[1][0] != '-' ? verb_find(argv[1]) : NULL;

    if (argc > 1 && argv[1][0] != '-' && !v)
        return verb_unknown("", argv[1]);
    if (v)
        verb_print_help(v, stdout);
    else
        verbs_print_help(stdout);
    return EXIT_DONE;
}

int verb_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts(PACKAGE_STRING);
    return EXIT_DONE;
}
