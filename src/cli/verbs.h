// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs of pptpban: one table from which dispatch, help, manual and completion are made.
#ifndef PB_CLI_VERBS_H
#define PB_CLI_VERBS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct verb {
    const char *name;
    const char *arguments; // "ADDR|NET|--all"
    const char *summary;   // one line
    const char *details;   // further lines of its help, "" for none
    uint64_t options;      // ARG_ bits; 0: the verb reads its arguments itself, --help too
    int least, most;       // how many arguments that are no options
    // argv[0] is the verb's name. Returns the exit code (daemon/request.h).
    int (*run)(int argc, char **argv);
};

extern const struct verb verbs[];          // ends with a NULL name
extern const struct verb firewall_verbs[]; // the same, of "pptpban firewall": "firewall plan"

const struct verb *verb_find(const char *name);

// The way out when verb_find() found nothing: says what was perhaps meant. prefix: "", or "firewall ". EXIT_USAGE.
int verb_unknown(const char *prefix, const char *name);

void verb_print_help(const struct verb *v, FILE *out);
void verbs_print_help(FILE *out);

// Reads the arguments of the verb argv[0] as its row of the table says. True: go on with *ret. False: --help was
// printed or something was wrong and *ret_exit is the exit code.
struct args;
int verb_args(int argc, char **argv, struct args *ret, int *ret_exit);

int verb_list(int argc, char **argv);
int verb_unban(int argc, char **argv);
int verb_ban(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_top(int argc, char **argv);
int verb_unhook(int argc, char **argv);
int verb_why(int argc, char **argv);
int verb_action(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_stats(int argc, char **argv);
int verb_sessions(int argc, char **argv);
int verb_kick(int argc, char **argv);
int verb_users(int argc, char **argv);
int verb_metrics(int argc, char **argv);
int verb_reload(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_audit(int argc, char **argv);
int verb_compile_limits(int argc, char **argv);
int verb_firewall(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_simulate(int argc, char **argv);
int verb_replay(int argc, char **argv);
int verb_test(int argc, char **argv);
int verb_import_fail2ban(int argc, char **argv);
int verb_help(int argc, char **argv);
int verb_version(int argc, char **argv);

#endif
