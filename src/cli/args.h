// SPDX-License-Identifier: GPL-2.0-or-later
// The options of all verbs in one table: each verb says which of them it takes. Prints what is wrong; does nothing.
#ifndef PB_CLI_ARGS_H
#define PB_CLI_ARGS_H

#include <stdbool.h>
#include <stdio.h>

enum args_option {
    ARG_HELP = 1 << 0,
    ARG_CONFIG = 1 << 1,
    ARG_RUNTIME = 1 << 2,
    ARG_JSON = 1 << 3,
    ARG_PLAIN = 1 << 4,
    ARG_JAIL = 1 << 5,
    ARG_ALL = 1 << 6,
    ARG_FOR = 1 << 7,
    ARG_DUMP = 1 << 8,
    ARG_OUTPUT = 1 << 9,
    ARG_USER = 1 << 10,
    ARG_CONFIRM = 1 << 11,
    ARG_NO_CONFIRM = 1 << 12,
    ARG_NO_WAIT = 1 << 13,
    ARG_FROM = 1 << 14,
    ARG_FORMAT = 1 << 15,
    ARG_OVERDUE = 1 << 16,
    ARG_HTML = 1 << 17,
    ARG_SINCE = 1 << 18,
    ARG_JOURNAL = 1 << 19,
    ARG_REPORT = 1 << 20,
    ARG_WRITE = 1 << 21,
    ARG_FORCE = 1 << 22,
    ARG_BANS = 1 << 23,
    ARG_APPLY = 1 << 24,
    ARG_DATABASE = 1 << 25,
    ARG_AGAINST = 1 << 26,
    ARG_ACTIONS = 1 << 27,
    ARG_ROOT = 1 << 28, // bits from the top: options of one verb alone
    ARG_STRICT = 1 << 29,
    ARG_FIX = 1 << 30,
};

struct args {
    unsigned given; // enum args_option
    const char *config, *runtime, *jail, *duration, *output, *user, *write, *database, *root, *confirm, *from, *format, *html, *since, *journal, *against, *dir;
    char **rest; // what is no option
    int n_rest;
};

// Reads argv (argv[0] is the verb). allowed: enum args_option bits; ARG_HELP always is. At least least and at most
// most arguments that are no options. Returns 0, or EXIT_USAGE after having said why on standard error.
int args_parse(int argc, char **argv, unsigned allowed, int least, int most, struct args *ret);

// One line for each of these options.
void args_print_help(unsigned allowed, FILE *out);

#endif
