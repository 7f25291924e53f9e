// SPDX-License-Identifier: GPL-2.0-or-later
// The figures of old logs, for the verbs that show them: runs the logs through the engine under a configuration and lets
// src/report work them out. Says on standard error what cannot be read.
#ifndef PB_CLI_FIGURES_H
#define PB_CLI_FIGURES_H

#include "cli/logs.h"
#include "report/report.h"

enum { FIGURES_SOURCE_MAX = 600 };

struct figures_options {
    const char *verb;     // for messages
    const char *database; // of countries; NULL: the configuration's, when it is there
    const struct config *config;
    const struct logs *logs;
    // Which addresses are of interest; NULL: all, and failures that nobody knows the address of.
    bool (*takes)(void *userdata, const struct addr *a);
    void *userdata;
    enum report_order by;
    bool reverse;
};

// Works out *ret (large: allocate it) and fills source with what was read, fit to be shown. EXIT_DONE, with *ret_complete
// false when something could not be read; or an exit code after having said why.
int figures_of_logs(const struct figures_options *o, struct report_figures *ret, char source[static FIGURES_SOURCE_MAX],
                    bool *ret_complete);

#endif
