// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs of pptpban firewall: one table, one file a verb.
#ifndef PB_CLI_FIREWALL_H
#define PB_CLI_FIREWALL_H

#include <stdio.h>

struct firewall_verb {
    const char *name, *arguments, *summary;
    // argv[0] is the verb's name; it reads its own options. Returns the exit code.
    int (*run)(int argc, char **argv);
};

extern const struct firewall_verb firewall_verbs[]; // ends with a NULL name

int firewall_show(int argc, char **argv);

// Loads the configuration (NULL: the usual one). EXIT_DONE, or an exit code after having said on standard error what is
// wrong.
struct config;
int firewall_load(const char *path, struct config **ret);

#endif
