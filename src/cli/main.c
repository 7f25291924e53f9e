// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban: finds the verb and runs it.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/exit.h"
#include "cli/verbs.h"

// Output that could not be written (disk full, reader gone) is an error too.
static int finish(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("pptpban: standard output");
        return code == EXIT_DONE ? EXIT_FAILED : code;
    }
    return code;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    log_setup("pptpban", LOG_NOTICE);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    const struct verb *v = verb_find(name);
    if (!v && *name)
        return verb_unknown("", name);
    if (!v) {
        verbs_print_help(stderr);
        return EXIT_USAGE;
    }
    return finish(v->run(argc - 1, argv + 1));
}
