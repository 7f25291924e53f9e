// SPDX-License-Identifier: GPL-2.0-or-later
// The options of all verbs in one table: each verb says which of them it takes. Prints what is wrong; does nothing.
#ifndef PB_CLI_ARGS_H
#define PB_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

// A bit each: what a verb takes, and what was given.
#define ARG_HELP       (UINT64_C(1) << 0)
#define ARG_CONFIG     (UINT64_C(1) << 1)
#define ARG_RUNTIME    (UINT64_C(1) << 2)
#define ARG_JSON       (UINT64_C(1) << 3)
#define ARG_PLAIN      (UINT64_C(1) << 4)
#define ARG_JAIL       (UINT64_C(1) << 5)
#define ARG_ALL        (UINT64_C(1) << 6)
#define ARG_FOR        (UINT64_C(1) << 7)
#define ARG_DUMP       (UINT64_C(1) << 8)
#define ARG_OUTPUT     (UINT64_C(1) << 9)
#define ARG_USER       (UINT64_C(1) << 10)
#define ARG_CONFIRM    (UINT64_C(1) << 11)
#define ARG_NO_CONFIRM (UINT64_C(1) << 12)
#define ARG_NO_WAIT    (UINT64_C(1) << 13)
#define ARG_FROM       (UINT64_C(1) << 14)
#define ARG_FORMAT     (UINT64_C(1) << 15)
#define ARG_OVERDUE    (UINT64_C(1) << 16)
#define ARG_HTML       (UINT64_C(1) << 17)
#define ARG_SINCE      (UINT64_C(1) << 18)
#define ARG_JOURNAL    (UINT64_C(1) << 19)
#define ARG_REPORT     (UINT64_C(1) << 20)
#define ARG_WRITE      (UINT64_C(1) << 21)
#define ARG_FORCE      (UINT64_C(1) << 22)
#define ARG_BANS       (UINT64_C(1) << 23)
#define ARG_APPLY      (UINT64_C(1) << 24)
#define ARG_DATABASE   (UINT64_C(1) << 25)
#define ARG_AGAINST    (UINT64_C(1) << 26)
#define ARG_ACTIONS    (UINT64_C(1) << 27)
#define ARG_ROOT       (UINT64_C(1) << 28)
#define ARG_STRICT     (UINT64_C(1) << 29)
#define ARG_FIX        (UINT64_C(1) << 30)
#define ARG_COUNTRY    (UINT64_C(1) << 31)
#define ARG_SORT       (UINT64_C(1) << 32)
#define ARG_REVERSE    (UINT64_C(1) << 33)
#define ARG_OBSERVED   (UINT64_C(1) << 34)
#define ARG_DRY_RUN    (UINT64_C(1) << 35)

struct args {
    uint64_t given; // ARG_ bits
    const char *config, *runtime, *jail, *duration, *output, *user, *write, *database, *root, *confirm, *from, *format, *html, *since, *journal, *against, *dir, *country, *sort;
    char **rest; // what is no option
    int n_rest;
};

// Reads argv (argv[0] is the verb). allowed: ARG_ bits; ARG_HELP always is. At least least and at most
// most arguments that are no options. Returns 0, or EXIT_USAGE after having said why on standard error.
int args_parse(int argc, char **argv, uint64_t allowed, int least, int most, struct args *ret);

// One line for each of these options.
void args_print_help(uint64_t allowed, FILE *out);

#endif
