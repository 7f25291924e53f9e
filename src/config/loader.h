// SPDX-License-Identifier: GPL-2.0-or-later
// What reading pptpban.conf and judging it share. Only files of this room include it.
#ifndef PB_CONFIG_LOADER_H
#define PB_CONFIG_LOADER_H

#include "base/inifile.h"
#include "config/config.h"
#include "config/keyword.h"

struct loader {
    struct config *config;
    struct jail_config scratch; // where values are parsed for their messages
    struct jail_schedule scratch_schedule;
    struct inifile **files;         // shipped, main, drop-ins
    size_t n_files;
    struct config_report *report;
    const char *reading; // the file that inifile_read() complains of
    size_t untold;
    const struct inifile_entry *told;
    size_t value_errors; // errors before the jails were put together
    bool out_of_memory;
};

__attribute__((format(printf, 3, 4))) void loader_tell(struct loader *l, bool fatal, const char *fmt, ...);

enum { SHOWN_MAX = 80 };

// The value as a message shows it: one line, cut.
const char *loader_shown(const char *value, char buf[static SHOWN_MAX + 4]);

// The last place that says something about a key of a section, for a jail its own before [DEFAULT]'s; NULL when none.
const struct inifile_entry *loader_last(const struct loader *l, enum scope scope, const char *name, const char *key,
                                        const struct inifile **ret_file);

// What no single key can tell: of a jail and its schedules as they will hold, then of all.
void sense_check_jail(struct loader *l, struct jail_config *j);
void sense_check_config(struct loader *l);

#endif
