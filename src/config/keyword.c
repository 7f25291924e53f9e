// SPDX-License-Identifier: GPL-2.0-or-later
// The keyword table, and finding in it. Reads no values.
#include "config/keyword.h"

#include <syslog.h>

#include "config/config.h"

const char *const backend_names[BACKEND_MAX] = {
    [BACKEND_AUTO] = "auto",
    [BACKEND_IPSET] = "ipset",
    [BACKEND_NFTABLES] = "nftables",
    [BACKEND_NONE] = "none",
};

static const char *const level_words[] = {"error", "warning", "notice", "info", "debug"}; // LOG_ERR..LOG_DEBUG
static const char *const mode_words[] = {"ban", "observe"};

#define IN(type, field) .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)
#define HOUR 3600
#define DAY (24 * HOUR)

static const struct keyword globals[] = {
    {"backend", NULL, &kind_word, IN(config, backend), "auto", .max = BACKEND_MAX - 1,
     .words = backend_names},
    {"state_dir", NULL, &kind_path, IN(config, state_dir), PKGSTATEDIR},
    {"runtime_dir", NULL, &kind_path, IN(config, runtime_dir), RUNDIR},
    {"filter_dirs", NULL, &kind_paths, IN(config, filter_dirs), PKGDATADIR "/filters " PKGSYSCONFDIR "/filters.d",
     .min = 1, .max = CONFIG_FILTER_DIRS_MAX},
    {"group", NULL, &kind_group, IN(config, group), "pptpban"},
    {"log_level", "loglevel", &kind_word, IN(config, log_level), "info", .min = LOG_ERR, .max = LOG_DEBUG,
     .words = level_words},
    {"max_lives", NULL, &kind_number, IN(config, max_lives), "16384", .min = 16, .max = 1048576},
    {"max_bans", NULL, &kind_number, IN(config, max_bans), "262144", .min = 1, .max = 4194304},
    {"evidence_kib", NULL, &kind_number, IN(config, evidence_kib), "4096", .min = 64, .max = 1048576},
    {"widest4", NULL, &kind_number, IN(config, widest4), "24", .min = 8, .max = 32},
    {"widest6", NULL, &kind_number, IN(config, widest6), "48", .min = 19, .max = 128},
    {"history", "dbpurgeage", &kind_time, IN(config, history), "13w", .min = HOUR, .max = 3640LL * DAY},
};

static const struct keyword jail_keys[] = {
    {"enabled", NULL, &kind_flag, IN(jail_config, enabled), "no"},
    {"mode", NULL, &kind_word, IN(jail_config, observe), "ban", .max = 1, .words = mode_words},
    {"filter", NULL, &kind_filter, IN(jail_config, filter), NULL}, // the jail's own name
    {"source", "logpath", &kind_sources, IN(jail_config, source), "auto", .min = 1, .max = CONFIG_SOURCES_MAX},
    {"count", NULL, &kind_weights, IN(jail_config, weight), "auth=1 refused=0 probe=0 fault=0", .max = 100},
    {"maxretry", NULL, &kind_number, IN(jail_config, maxretry), "5", .min = 1, .max = 1000},
    {"findtime", NULL, &kind_time, IN(jail_config, findtime), "10m", .min = 1, .max = 364LL * DAY},
    {"bantime", NULL, &kind_time, IN(jail_config, bantime), "1h", .min = 1, .max = 3640LL * DAY, .forever = true},
    {"bantime.increment", NULL, &kind_flag, IN(jail_config, increment), "yes"},
    {"bantime.factor", NULL, &kind_factor, IN(jail_config, factor), "2", .min = 1, .max = 1000},
    {"bantime.maximum", "bantime.maxtime", &kind_time, IN(jail_config, maximum), "1w", .min = 1, .max = 3640LL * DAY,
     .forever = true},
    {"bantime.decay", NULL, &kind_time, IN(jail_config, decay), "4w", .min = 60, .max = 3640LL * DAY, .forever = true},
    {"ignoreip", NULL, &kind_networks, IN(jail_config, ignoreip), "", .max = CONFIG_NETWORKS_MAX},
    {"ignoreself", NULL, &kind_flag, IN(jail_config, ignoreself), "yes"},
    {"max_addresses", NULL, &kind_number, IN(jail_config, max_addresses), "131072", .min = 1, .max = 10000000},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const struct keyword *v;
    size_t n;
} tables[SCOPE_MAX] = {
    [SCOPE_GLOBAL] = {globals, COUNT(globals)},
    [SCOPE_JAIL] = {jail_keys, COUNT(jail_keys)},
};

const struct keyword *keyword_at(enum scope scope, size_t i)
{
    return i < tables[scope].n ? &tables[scope].v[i] : NULL;
}

const struct keyword *keyword_find(enum scope scope, const char *name)
{
    const struct keyword *k;

    for (size_t i = 0; (k = keyword_at(scope, i)); i++)
        if (strcmp(k->name, name) == 0 || (k->alias && strcmp(k->alias, name) == 0))
            return k;
    return NULL;
}

enum { WORD_MAX = 32 };

// Levenshtein's distance, a swap of two neighbours being one change.
unsigned word_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];

    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= m; j++)
        last[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (best > last[j] + 1)
                best = last[j] + 1;
            if (best > row[j - 1] + 1)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && best > before[j - 2] + 1)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        unsigned *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

const char *keyword_nearest(enum scope scope, const char *name)
{
    const struct keyword *k;
    const char *nearest = NULL;
    unsigned best = 1 + (unsigned)strlen(name) / 4; // a fourth of the letters may be wrong

    for (size_t i = 0; (k = keyword_at(scope, i)); i++) {
        unsigned d = word_distance(name, k->name);
        if (d <= best && (!nearest || d < best)) {
            best = d;
            nearest = k->name;
        }
    }
    return nearest;
}
