// SPDX-License-Identifier: GPL-2.0-or-later
// Loads filters once each and knows which jails use them. Never looks at a record.
#include "engine/units.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum { PARAMS_MAX = 32 };

void units_tell(struct config_report *report, bool fatal, const char *fmt, ...)
{
    struct config_message *v = realloc(report->v, (report->n + 1) * sizeof(*v));
    char *text = NULL;
    va_list ap;

    if (!v)
        return;
    report->v = v;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    if (!text)
        return;
    v[report->n++] = (struct config_message){.text = text, .fatal = fatal};
    report->errors += fatal;
}

#define report_error(report, ...) units_tell(report, true, __VA_ARGS__)

// Whether every alternative of a journalmatch asks for something that journald has from the kernel. The rest, _COMM too,
// every process says of itself.
static bool asks_the_kernel(struct str match)
{
    static const char *const fields[] = {"_UID=", "_GID=", "_SYSTEMD_UNIT=", "_SYSTEMD_CGROUP=", "_SYSTEMD_SLICE=",
                                         "_EXE=", "_SELINUX_CONTEXT=", "_TRANSPORT=kernel", "_TRANSPORT=audit"};
    bool all = true, asks = false;
    struct str word;

    while ((word = str_word(&match)).n > 0) {
        if (str_eq(word, STR("+"))) {
            all = all && asks;
            asks = false;
        }
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
            asks = asks || str_starts(word, str_of(fields[i]));
    }
    return all && asks;
}

// "NAME[key=value, key="value, with comma"]" into name and parameters. 0 or -EINVAL.
static int parse_spec(struct str spec, struct str *ret_name, struct filter_param *params, size_t *ret_n)
{
    const char *open = spec.n ? memchr(spec.p, '[', spec.n) : NULL;
    size_t n = 0;

    spec = str_trim(spec);
    *ret_n = 0;
    if (!open) {
        *ret_name = spec;
        return spec.n ? 0 : -EINVAL;
    }
    *ret_name = str_trim((struct str){spec.p, (size_t)(open - spec.p)});
    struct str rest = str_skip(spec, (size_t)(open - spec.p) + 1);
    if (ret_name->n == 0 || rest.n == 0 || rest.p[rest.n - 1] != ']')
        return -EINVAL;
    rest.n--;
    for (rest = str_trim(rest); rest.n > 0; rest = str_trim(rest)) {
        const char *eq = memchr(rest.p, '=', rest.n);
        if (!eq || n == PARAMS_MAX)
            return -EINVAL;
        struct filter_param *p = &params[n++];
        p->name = str_trim((struct str){rest.p, (size_t)(eq - rest.p)});
        rest = str_trim(str_skip(rest, (size_t)(eq - rest.p) + 1));
        if (rest.n > 0 && (rest.p[0] == '"' || rest.p[0] == '\'')) {
            const char *close = memchr(rest.p + 1, rest.p[0], rest.n - 1);
            if (!close)
                return -EINVAL;
            p->value = (struct str){rest.p + 1, (size_t)(close - rest.p) - 1};
            rest = str_trim(str_skip(rest, p->value.n + 2));
            if (rest.n > 0 && rest.p[0] != ',')
                return -EINVAL;
            rest = str_skip(rest, 1);
        } else {
            const char *comma = rest.n ? memchr(rest.p, ',', rest.n) : NULL;
            size_t len = comma ? (size_t)(comma - rest.p) : rest.n;
            p->value = str_trim((struct str){rest.p, len});
            rest = str_skip(rest, len + 1);
        }
        if (p->name.n == 0)
            return -EINVAL;
    }
    *ret_n = n;
    return 0;
}

static int load(const struct config *c, const struct jail_config *j, bool journal, struct filter **ret,
                struct config_report *report)
{
    struct filter_param params[PARAMS_MAX];
    struct filter_options options = {.params = params, .journal = journal};
    struct filter_error error;
    struct str name;

    if (parse_spec(str_of(j->filter), &name, params, &options.n_params) < 0) {
        report_error(report,
                     "%s:%u: filter = %s: not a filter; NAME or NAME[parameter=value, ...] would be accepted",
                     j->file ? j->file : "built-in", j->line, j->filter);
        return -EINVAL;
    }
    char *z = str_dup(name);
    const char **dirs = calloc(c->filter_dirs.n + 1, sizeof(*dirs));
    if (!z || !dirs) {
        free(z);
        free(dirs);
        return -ENOMEM;
    }
    for (size_t i = 0; i < c->filter_dirs.n; i++)
        dirs[i] = c->filter_dirs.v[i];
    options.dirs = dirs;
    int r = filter_load(z, &options, ret, &error);
    if (r < 0)
        report_error(report, "jail [%s]: %s", j->name, error.text);
    free(z);
    free(dirs);
    return r;
}

static int add(struct units *u, const struct config *c, size_t k, bool journal, struct config_report *report)
{
    const struct jail_config *j = &c->jails[k];
    struct unit *unit = NULL;

    for (unsigned i = 0; i < u->n && !unit; i++)
        if (u->v[i].journal == journal && strcmp(u->v[i].spec, j->filter) == 0)
            unit = &u->v[i];
    if (!unit) {
        if (u->n == UNITS_MAX) {
            report_error(report, "jail [%s]: one filter too many; %d different ones would be accepted", j->name,
                         UNITS_MAX);
            return -EINVAL;
        }
        unit = &u->v[u->n];
        *unit = (struct unit){.spec = j->filter, .journal = journal};
        int r = load(c, j, journal, &unit->filter, report);
        if (r < 0)
            return r;
        u->n++;
        if (journal && !asks_the_kernel(str_of(filter_journalmatch(unit->filter))))
            units_tell(report, false,
                 "jail [%s]: filter %s takes journal entries that any user of this machine can write; a journalmatch "
                 "with _UID=0 or _SYSTEMD_UNIT=NAME.service in each alternative would ask who wrote them",
                 j->name, j->filter);
    }
    for (unsigned i = 0; i < unit->n_jails; i++)
        if (unit->jails[i] == k)
            return 0;
    if (unit->n_jails == UNIT_JAILS_MAX || k > UINT8_MAX) {
        report_error(report, "jail [%s]: one jail too many for filter %s; %d would be accepted", j->name, j->filter,
                     UNIT_JAILS_MAX);
        return -EINVAL;
    }
    unit->jails[unit->n_jails++] = (uint8_t)k;
    return 0;
}

static bool is_journal(const char *source, bool journal_available)
{
    return strcmp(source, "journal") == 0 || (strcmp(source, "auto") == 0 && journal_available);
}

// One source of jail k. What is wrong with it stands in the report and beside the jail.
static int add_source(struct units *u, const struct config *c, size_t k, bool journal, struct config_report *report)
{
    char prefix[JAIL_NAME_MAX + 16];
    size_t before = report->n;

    int r = add(u, c, k, journal, report);
    if (r == 0 || u->left_out[k])
        return r;
    const char *why = report->n > before ? report->v[report->n - 1].text : strerror(-r);
    int n = snprintf(prefix, sizeof(prefix), "jail [%s]: ", c->jails[k].name);
    u->left_out[k] = str_dup(str_of(strncmp(why, prefix, (size_t)n) == 0 ? why + n : why));
    return u->left_out[k] ? r : -ENOMEM;
}

int units_load(struct units *u, const struct engine_options *options, struct config_report *report)
{
    const struct config *c = options->config;
    bool failed = false;

    *u = (struct units){.config = c};
    for (size_t k = 0; k < c->n_jails; k++) {
        const struct jail_config *j = &c->jails[k];
        size_t sources = options->mode != ENGINE_LIVE ? 1 : j->source.n;
        for (size_t s = 0; j->enabled && s < sources; s++) {
            bool journal = options->mode != ENGINE_LIVE ? options->mode == ENGINE_REPLAY_JOURNAL
                                                        : is_journal(j->source.v[s], options->journal_available);
            int r = add_source(u, c, k, journal, report);
            if (r == -ENOMEM)
                return r;
            failed |= r < 0;
        }
    }
    return failed && u->n == 0 ? -EINVAL : 0;
}

void units_free(struct units *u)
{
    for (unsigned i = 0; i < u->n; i++) {
        filter_free(u->v[i].filter);
        free(u->v[i].ungated);
        sessions_free(u->v[i].sessions);
    }
    for (size_t k = 0; k < CONFIG_JAILS_MAX; k++) {
        free(u->left_out[k]);
        u->left_out[k] = NULL;
    }
    u->n = 0;
}

int units_gate(struct units *u, struct literals **ret)
{
    struct str strings[LITERALS_MAX];
    struct filter_error why;
    size_t n = 0;

    *ret = NULL;
    for (unsigned i = 0; i < u->n; i++)
        if (!filter_gate(u->v[i].filter, strings, LITERALS_MAX, &n, &why) &&
            !(u->v[i].ungated = str_dup(str_of(why.text))))
            return -ENOMEM;
    if (n == 0)
        return 0;
    for (unsigned i = 0; i < u->n; i++)
        filter_set_gate(u->v[i].filter, strings, n);
    return literals_new(strings, n, ret);
}

uint64_t units_mask(const struct units *u, const char *source, bool journal_available)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < u->n; i++) {
        const struct unit *unit = &u->v[i];
        if (!source) {
            mask |= UINT64_C(1) << i;
            continue;
        }
        if (unit->journal != is_journal(source, journal_available))
            continue;
        for (unsigned n = 0; n < unit->n_jails; n++) {
            const struct strlist *sources = &u->config->jails[unit->jails[n]].source;
            for (size_t s = 0; s < sources->n; s++)
                if (unit->journal ? is_journal(sources->v[s], journal_available)
                                  : strcmp(sources->v[s], source) == 0)
                    mask |= UINT64_C(1) << i;
        }
    }
    return mask;
}
