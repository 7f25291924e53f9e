// SPDX-License-Identifier: GPL-2.0-or-later
// Old logs for the verbs that look back: those of the command line, or those that the service reads, with their rotated
// predecessors, each through an engine of its own. Says on standard error what cannot be read.
#ifndef PB_CLI_LOGS_H
#define PB_CLI_LOGS_H

#include "cli/args.h"
#include "engine/engine.h"
#include "source/replay.h"

// Feeds files, oldest first, or the journal (a file or a directory; "" for this machine's) into the engine, which is not told that the log is over.
// since: what is older is not asked for, as far as the logs can tell; 0: everything. 0, or 1 when something could not be
// read.
int logs_feed(struct engine *e, char *const *files, int n, const char *journal, usec_t since, struct replay_counts *counts);

struct logs {
    char *const *files; // of the command line
    int n;
    const char *journal;
    usec_t since; // 0: everything
    // neither files nor journal: what the service reads
};

// From --since, --journal and what is no option: thirty days of what the service reads, all of what is named. Returns
// EXIT_DONE, or EXIT_USAGE after having said why.
int logs_of_args(const struct args *a, const char *verb, struct logs *ret);

// Runs all of them under this configuration: an engine for each log that the service reads by itself, one for what the
// command line names. Fills name with what was read, fit to be shown. 0, or 1 after having said what went wrong.
int logs_run(const struct logs *l, const struct config *c, const struct engine_callbacks *callbacks,
             struct replay_counts *counts, char *name, size_t name_size);

// The configuration under which logs are run (NULL: the usual one), freed with config_free(). 0, or what config_load() returned,
// after having said on standard error what is wrong with it; what is merely strange is said too.
int logs_config(const char *path, struct config **ret);

#endif
