// SPDX-License-Identifier: GPL-2.0-or-later
// Jails' sources held against syslog's rules.
#include "audit/reach.h"

#include <fnmatch.h>
#include <string.h>

static const char *usual_file(const struct facts *f)
{
    return view_exists(f->root, "/var/log/syslog") || !view_exists(f->root, "/var/log/messages") ? "/var/log/syslog"
                                                                                                 : "/var/log/messages";
}

// Its filter reads what pptpd and pppd log. Other jails' logs are written by others.
static bool reads_pppd(const struct jail_config *j)
{
    struct config_param params[CONFIG_FILTER_PARAMS_MAX];
    struct str name = str_of(j->filter);
    size_t n;

    (void)config_filter_parse(str_of(j->filter), &name, params, CONFIG_FILTER_PARAMS_MAX, &n);
    return str_eq(name, STR("pptpd")) || str_eq(name, STR("xl2tpd"));
}

static void find(const struct facts *f, bool pppd, struct reach *s)
{
    bool journal = view_exists(f->root, "/run/log/journal") || view_exists(f->root, "/var/log/journal");

    *s = (struct reach){0};
    for (size_t k = 0; f->config && k < f->config->n_jails; k++) {
        const struct jail_config *j = &f->config->jails[k];
        if (pppd && !reads_pppd(j))
            continue;
        s->jails += j->enabled;
        for (size_t i = 0; j->enabled && i < j->source.n; i++) {
            const char *name = j->source.v[i];
            bool is_auto = strcmp(name, "auto") == 0;
            if (strcmp(name, "journal") == 0 || (is_auto && journal))
                s->journal = true;
            else if (s->n < CONFIG_SOURCES_MAX)
                s->files[s->n++] = is_auto ? usual_file(f) : name;
        }
    }
}

void reach_find(const struct facts *f, struct reach *s)
{
    find(f, false, s);
}

void reach_find_pppd(const struct facts *f, struct reach *s)
{
    find(f, true, s);
    if (!s->jails) // none of theirs: whatever is read
        find(f, false, s);
}

unsigned reach_got(const struct facts *f, const struct reach *s, enum syslogd_facility facility)
{
    unsigned bits = 0;

    for (size_t i = 0; i < f->syslogd.n_files; i++)
        for (size_t k = 0; k < s->n; k++)
            if (fnmatch(s->files[k], f->syslogd.files[i].path, FNM_PATHNAME) == 0)
                bits |= f->syslogd.files[i].got[facility];
    return bits;
}

enum syslogd_facility reach_pppd_facility(const struct facts *f)
{
    return view_exists(f->root, "/etc/debian_version") ? SYSLOGD_LOCAL2 : SYSLOGD_DAEMON;
}
