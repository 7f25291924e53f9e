// SPDX-License-Identifier: GPL-2.0-or-later
// The distinct filters of the enabled jails, each with its sessions: a unit is one filter file with its parameters,
// for one kind of source. Two jails that use the same filter share a unit.
#ifndef PB_ENGINE_UNITS_H
#define PB_ENGINE_UNITS_H

#include "engine/engine.h"

enum { UNITS_MAX = 64, UNIT_JAILS_MAX = 64 }; // one bit each in record.filters

struct unit_counts {
    uint64_t failures, successes, unattributed;
};

struct unit {
    const char *spec; // jail.filter, owned by the configuration
    bool journal;
    struct filter *filter;
    char *ungated;             // why it must see every line; NULL: it need not
    struct sessions *sessions; // NULL: the filter has none
    struct unit_counts direct; // of a filter without sessions
    uint8_t jails[UNIT_JAILS_MAX]; // indices into config.jails
    unsigned n_jails;
};

struct units {
    struct unit v[UNITS_MAX];
    unsigned n;
    const struct config *config;
    char *left_out[CONFIG_JAILS_MAX]; // why jail k is not watched; NULL: it is, or is not enabled
};

// Loads what the enabled jails of options->config need. Jails with a bad filter are told in *report and left out;
// -EINVAL when a filter is bad and nothing is left.
int units_load(struct units *u, const struct engine_options *options, struct config_report *report);
void units_free(struct units *u);

// One set of literals for all, *ret NULL when all filters must see every line. Says of each whether it must.
int units_gate(struct units *u, struct literals **ret);

// The units that read this source (see engine_filters_for); NULL: all.
uint64_t units_mask(const struct units *u, const char *source, bool journal_available);

// Adds a message to the report.
__attribute__((format(printf, 3, 4))) void units_tell(struct config_report *report, bool fatal, const char *fmt, ...);

#endif
