// SPDX-License-Identifier: GPL-2.0-or-later
// Reads pptpban.conf and its drop-ins over the shipped defaults into one struct config. Reports every problem and
// gives a whole configuration or none.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "config/config.h"
#include "base/inifile.h"
#include "config/keyword.h"
#include "config/uninstalled.h"

// A failed login bans; mere connecting does not, unless the administrator wants the second jail.
static const char shipped[] = "[pptpd]\n"
                              "enabled = yes\n"
                              "[probe]\n"
                              "enabled = no\n"
                              "filter = pptpd\n"
                              "count = auth=0 probe=1 fault=1\n"
                              "maxretry = 20\n";
static const char shipped_name[] = "built-in";

struct loader {
    struct config *config;
    struct jail_config scratch; // where values are parsed for their messages
    struct inifile **files;         // shipped, main, drop-ins
    size_t n_files;
    struct config_report *report;
    const char *reading; // the file that inifile_read() complains of
    size_t untold;
    const struct inifile_entry *told;
    size_t value_errors; // errors before the jails were put together
    bool out_of_memory;
};

__attribute__((format(printf, 3, 4))) static void tell(struct loader *l, bool fatal, const char *fmt, ...)
{
    struct config_report *rep = l->report;
    char *text = NULL;
    va_list ap;

    if (fatal)
        rep->errors++;
    if (rep->n >= CONFIG_MESSAGES_MAX) {
        l->untold++;
        return;
    }
    va_start(ap, fmt);
    int r = vasprintf(&text, fmt, ap);
    va_end(ap);
    struct config_message *v = r < 0 ? NULL : realloc(rep->v, (rep->n + 2) * sizeof(*v)); // one more for untold
    if (!v) {
        l->out_of_memory = true;
        if (r >= 0)
            free(text);
        return;
    }
    rep->v = v;
    v[rep->n++] = (struct config_message){text, fatal};
}

static void tell_untold(struct loader *l)
{
    char *text = NULL;

    if (l->untold > 0 && asprintf(&text, "%zu more problems", l->untold) >= 0)
        l->report->v[l->report->n++] = (struct config_message){text, true};
}

static void ini_problem(void *userdata, unsigned line, const char *text)
{
    struct loader *l = userdata;

    if (line)
        tell(l, true, "%s:%u: %s", l->reading, line, text);
    else
        tell(l, true, "%s: %s", l->reading, text);
}

static int add_file(struct loader *l, struct inifile *ini)
{
    struct inifile **v = realloc(l->files, (l->n_files + 1) * sizeof(struct inifile *));

    if (!v) {
        inifile_free(ini);
        return -ENOMEM;
    }
    l->files = v;
    v[l->n_files++] = ini;
    return 0;
}

static int read_file(struct loader *l, const char *path)
{
    struct inifile *ini;

    l->reading = path;
    int r = inifile_read(path, ini_problem, l, &ini);
    if (r == 0)
        return add_file(l, ini);
    if (r != -ENOMEM)
        tell(l, true, "%s: %s; a readable file would be accepted", path, strerror(-r));
    return r;
}

static int is_dropin(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

// By bytes, so the order is the same in every locale.
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_dropins(struct loader *l, const char *path)
{
    struct dirent **v = NULL;
    char *dir = NULL;
    int worst = 0;

    if (asprintf(&dir, "%s.d", path) < 0)
        return -ENOMEM;
    int n = scandir(dir, &v, is_dropin, by_name);
    if (n < 0 && errno != ENOENT) {
        worst = -errno;
        tell(l, true, "%s: %s; a readable directory would be accepted", dir, strerror(errno));
    }
    if (n > CONFIG_DROPINS_MAX)
        tell(l, true, "%s: %d files; up to %d would be accepted", dir, n, CONFIG_DROPINS_MAX);
    for (int i = 0; i < n; i++) {
        char *file = NULL;
        int r = 0;
        if (i < CONFIG_DROPINS_MAX && worst != -ENOMEM)
            r = asprintf(&file, "%s/%s", dir, v[i]->d_name) < 0 ? -ENOMEM : read_file(l, file);
        if (r < 0 && (worst == 0 || r == -ENOMEM))
            worst = r;
        free(file);
        free(v[i]);
    }
    free(v);
    free(dir);
    return worst;
}

static int read_files(struct loader *l, const char *path)
{
    struct inifile *ini;

    l->reading = shipped_name;
    int r = inifile_parse(shipped_name, str_of(shipped), ini_problem, l, &ini);
    if (r == 0)
        r = add_file(l, ini);
    if (r < 0)
        return r;
    const char *main_file = path ? path : PKGSYSCONFDIR "/pptpban.conf";
    if (path || access(main_file, F_OK) == 0) {
        r = read_file(l, main_file);
        if (r == -ENOMEM)
            return r;
    } else {
        tell(l, false, "%s: not there; the built-in defaults are used", main_file);
    }
    int d = read_dropins(l, main_file);
    return r < 0 ? r : d;
}

enum { SHOWN_MAX = 80 };

// The value as a message shows it: one line, cut.
static const char *shown(const char *value, char buf[static SHOWN_MAX + 4])
{
    size_t n = 0;

    for (const char *p = value; *p && n < SHOWN_MAX; p++)
        if (!isspace((unsigned char)*p) || (n > 0 && buf[n - 1] != ' '))
            buf[n++] = isspace((unsigned char)*p) ? ' ' : *p;
    bool cut = n == SHOWN_MAX;
    while (cut && n > 0 && ((unsigned char)buf[n - 1] & 0xc0) == 0x80) // no half characters
        n--;
    strcpy(buf + n, cut ? "..." : "");
    return buf;
}

static void tell_fault(struct loader *l, const struct inifile *f, const struct inifile_entry *e, const struct keyword *k,
                       const struct fault *fault)
{
    char value[SHOWN_MAX + 4], accepted[ACCEPTED_MAX];
    unsigned line = e->line;
    const char *hint = "";

    for (size_t i = 0; i < fault->offset; i++)
        line += e->value[i] == '\n';
    if (strstr(e->value, " #"))
        hint = " (a comment behind a value begins with ;)";
    else if (strchr(e->value, '\n') && !k->kind->list)
        hint = " (the value goes on in the next line, which is indented)";
    k->kind->accepted(k, accepted);
    tell(l, true, "%s:%u: %s = %s: %s%s; %s would be accepted", f->path, line, e->key, shown(e->value, value), fault->text,
         hint, accepted);
}

static const char *const scope_places[SCOPE_MAX] = {"[pptpban]", "[firewall]", "[DEFAULT] or a jail"};

static enum scope scope_of(const struct inifile_section *s)
{
    return strcmp(s->name, "pptpban") == 0    ? SCOPE_GLOBAL
           : strcmp(s->name, "firewall") == 0 ? SCOPE_FIREWALL
                                              : SCOPE_JAIL;
}

static void tell_unknown(struct loader *l, const struct inifile *f, const struct inifile_section *s, const struct inifile_entry *e,
                         enum scope scope)
{
    char value[SHOWN_MAX + 4];
    enum scope other = 0;
    const char *nearest = keyword_nearest(scope, e->key);

    shown(e->value, value);
    while (other < SCOPE_MAX && !keyword_find(other, e->key))
        other++;
    if (other < SCOPE_MAX)
        tell(l, true, "%s:%u: %s = %s: does not belong into [%s]; it would be accepted in %s", f->path, e->line, e->key,
             value, s->name, scope_places[other]);
    else if (nearest)
        tell(l, true, "%s:%u: %s = %s: unknown key; %s would be accepted", f->path, e->line, e->key, value, nearest);
    else
        tell(l, true, "%s:%u: %s = %s: unknown key; pptpban.conf(5) lists what would be accepted", f->path, e->line, e->key,
             value);
}


static bool is_default(const struct inifile_section *s)
{
    return strcmp(s->name, "DEFAULT") == 0;
}

static bool is_jail(const struct inifile_section *s)
{
    return scope_of(s) == SCOPE_JAIL && !is_default(s);
}

static void check_name(struct loader *l, const struct inifile *f, const struct inifile_section *s)
{
    size_t n = strlen(s->name);
    bool good = n <= CONFIG_JAIL_NAME_MAX && s->name[0] != '.' && s->name[0] != '-';

    if (!is_jail(s))
        return;
    for (size_t i = 0; i < n; i++)
        good = good && (isalnum((unsigned char)s->name[i]) || strchr("_-.", s->name[i]));
    for (const char *const *name = (const char *const[]){"DEFAULT", "pptpban", "firewall", NULL}; *name; name++)
        if (strcasecmp(s->name, *name) == 0)
            tell(l, true, "%s:%u: [%s]: not a jail; [%s] would be accepted", f->path, s->line, s->name, *name);
    if (!good)
        tell(l, true, "%s:%u: [%.80s]: not the name of a jail; up to %d letters, digits, _, - and . would be accepted",
             f->path, s->line, s->name, CONFIG_JAIL_NAME_MAX);
}

// Parses every value there is, also those that a later file overrides, for the messages. Those of [pptpban]
// and [firewall] stay.
static void check_values(struct loader *l, const struct inifile *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct inifile_section *s = &f->v[i];
        enum scope scope = scope_of(s);
        void *base = scope == SCOPE_GLOBAL     ? (void *)l->config
                     : scope == SCOPE_FIREWALL ? (void *)&l->config->firewall
                                               : (void *)&l->scratch;

        check_name(l, f, s);
        for (size_t j = 0; j < s->n; j++) {
            const struct inifile_entry *e = &s->v[j];
            const struct keyword *k = keyword_find(scope, e->key);
            struct fault fault = {.offset = 0};
            if (!k) {
                tell_unknown(l, f, s, e, scope);
                continue;
            }
            int r = k->kind->parse(k, str_of(e->value), keyword_field(k, base), &fault);
            if (r == -EINVAL)
                tell_fault(l, f, e, k, &fault);
            else if (r < 0)
                l->out_of_memory = true;
        }
    }
}

static int set_fallbacks(enum scope scope, void *base)
{
    const struct keyword *k;
    struct fault fault;

    for (size_t i = 0; (k = keyword_at(scope, i)); i++) {
        int r = k->fallback ? k->kind->parse(k, str_of(k->fallback), keyword_field(k, base), &fault) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

// The values of one section of one file into a jail; what is wrong was told by check_values().
static void apply(struct jail_config *j, const struct inifile_section *s)
{
    struct fault fault;

    for (size_t i = 0; i < s->n; i++) {
        const struct keyword *k = keyword_find(SCOPE_JAIL, s->v[i].key);
        if (k)
            k->kind->parse(k, str_of(s->v[i].value), keyword_field(k, j), &fault);
    }
}

// The last place that says something about a key of a section, for a jail its own before [DEFAULT]'s; NULL when none.
static const struct inifile_entry *last_entry(const struct loader *l, enum scope scope, const char *name, const char *key,
                                          const struct inifile **ret_file)
{
    const char *const sections[] = {name, scope == SCOPE_JAIL ? "DEFAULT" : NULL, NULL};

    for (const char *const *section = sections; *section; section++)
        for (size_t f = l->n_files; f-- > 0;)
            for (size_t s = 0; s < l->files[f]->n; s++) {
                const struct inifile_section *sec = &l->files[f]->v[s];
                for (size_t i = 0; strcmp(sec->name, *section) == 0 && i < sec->n; i++) {
                    const struct keyword *k = keyword_find(scope, sec->v[i].key);
                    if (k && strcmp(k->name, key) == 0) {
                        *ret_file = l->files[f];
                        return &sec->v[i];
                    }
                }
            }
    return NULL;
}

// A network that the enforcer would refuse is never tried; and one address says nothing of its neighbours.
static void check_aggregate(struct loader *l, const struct jail_config *j)
{
    const struct config *c = l->config;
    const struct {
        const char *key, *bound;
        unsigned is, widest, most;
    } families[] = {{"aggregate.ipv4", "widest4", j->aggregate4, c->widest4, 32}, {"aggregate.ipv6", "widest6", j->aggregate6, c->widest6, 128}};
    const struct inifile *f = NULL;
    const struct inifile_entry *e = last_entry(l, SCOPE_JAIL, j->name, "aggregate", &f);

    if (!j->enabled || !e)
        return; // 0 unless it is said somewhere
    if (j->aggregate == 1)
        tell(l, true, "%s:%u: %s = %s: in [%s] each ban would meet a whole network; 0, or 2 to 64, would be accepted", f->path,
             e->line, e->key, e->value, j->name);
    for (size_t i = 0; j->aggregate > 0 && i < 2; i++) {
        if (families[i].is >= families[i].widest)
            continue;
        const struct inifile_entry *own = last_entry(l, SCOPE_JAIL, j->name, families[i].key, &f);
        if (!own)
            own = e;
        tell(l, true, "%s:%u: %s = %s: %s = %u of [%s] is wider than %s = %u of [pptpban], which the enforcer holds to; "
             "%u to %u would be accepted", f->path, own->line, own->key, own->value, families[i].key, families[i].is, j->name,
             families[i].bound, families[i].widest, families[i].widest, families[i].most);
    }
}

// What no single key can tell.
static void check_jail(struct loader *l, struct jail_config *j)
{
    const struct inifile *f = NULL;
    const struct inifile_entry *e;
    unsigned total = 0, typo = j->weight[CLASS_AUTH];
    char bantime[DURATION_STRLEN], value[SHOWN_MAX + 4];

    if (j->bantime > j->maximum) {
        e = last_entry(l, SCOPE_JAIL, j->name, "bantime.maximum", &f);
        bool told = e && e == l->told; // by the jail before, of [DEFAULT]
        if (e && j->increment && !told)
            tell(l, true, "%s:%u: %s = %s: shorter than bantime = %s of [%s]; at least that would be accepted", f->path,
                 e->line, e->key, e->value, duration_format(j->bantime, bantime), j->name);
        else
            j->maximum = j->bantime;
        l->told = e;
    }
    for (size_t i = 0; i < CLASS_MAX; i++)
        total += j->weight[i];
    e = last_entry(l, SCOPE_JAIL, j->name, "count", &f);
    if (total == 0 && j->enabled && e)
        tell(l, true, "%s:%u: %s = %s: [%s] would count nothing; a weight above 0 would be accepted", f->path, e->line,
             e->key, e->value, j->name);
    e = last_entry(l, SCOPE_JAIL, j->name, "maxretry", &f);
    if (!e)
        e = last_entry(l, SCOPE_JAIL, j->name, "count", &f);
    if (j->enabled && typo >= j->maxretry && e)
        tell(l, false, "%s:%u: %s = %s: in [%s] one failure bans, and a mistyped password is one; maxretry = %u or more would not",
             f->path, e->line, e->key, shown(e->value, value), j->name, typo + 1);
    check_aggregate(l, j);
    if (!last_entry(l, SCOPE_JAIL, j->name, "enabled", &f))
        tell(l, false, "%s:%u: [%s]: not enabled; enabled = yes would start it", j->file, j->line, j->name);
}

// A key of [firewall] that another key makes senseless.
static void check_pair(struct loader *l, bool wrong, const char *key, const char *text)
{
    const struct inifile *f = NULL;
    const struct inifile_entry *e = wrong ? last_entry(l, SCOPE_FIREWALL, "firewall", key, &f) : NULL;
    char value[SHOWN_MAX + 4];

    if (e)
        tell(l, true, "%s:%u: %s = %s: %s", f->path, e->line, e->key, shown(e->value, value), text);
}

static void check_firewall(struct loader *l)
{
    const struct firewall_config *c = &l->config->firewall;

    check_pair(l, c->allow_countries.n > 0 && c->deny_countries.n > 0, "deny_countries",
               "allow_countries is set as well; one of the two would be accepted");
    check_pair(l, c->management.n > 0 && c->admin_from.n == 0, "management",
               "nobody could reach them; admin_from with the networks of the administrators would be accepted");
    check_pair(l, c->pool.n == 0 && c->masquerade, "masquerade", "of whom? pool with the clients' addresses would be accepted");
    check_pair(l, c->outside_end && c->open.n == 0, "outside", "there is no outside; open with times would be accepted");
}

static int make_jail(struct loader *l, const char *name)
{
    struct jail_config *j = &l->config->jails[l->config->n_jails];

    l->config->n_jails++; // config_free() frees it from here on
    if (!(j->name = str_dup(str_of(name))) || !(j->filter = str_dup(str_of(name))))
        return -ENOMEM;
    int r = set_fallbacks(SCOPE_JAIL, j);
    if (r < 0)
        return r;
    for (int own = 0; own <= 1; own++)
        for (size_t f = 0; f < l->n_files; f++)
            for (size_t s = 0; s < l->files[f]->n; s++) {
                const struct inifile_section *sec = &l->files[f]->v[s];
                if (strcmp(sec->name, own ? name : "DEFAULT") != 0)
                    continue;
                apply(j, sec);
                if (!own)
                    continue;
                free(j->file);
                j->line = sec->line;
                if (!(j->file = str_dup(str_of(l->files[f]->path))))
                    return -ENOMEM;
            }
    if (l->value_errors == 0)
        check_jail(l, j);
    return 0;
}

static int make_jails(struct loader *l)
{
    struct config *c = l->config;

    c->jails = calloc(CONFIG_JAILS_MAX, sizeof(*c->jails));
    if (!c->jails)
        return -ENOMEM;
    for (size_t f = 0; f < l->n_files; f++)
        for (size_t s = 0; s < l->files[f]->n; s++) {
            const struct inifile_section *sec = &l->files[f]->v[s];
            bool known = !is_jail(sec);
            for (size_t i = 0; i < c->n_jails; i++)
                known = known || strcmp(c->jails[i].name, sec->name) == 0;
            if (known)
                continue;
            if (c->n_jails == CONFIG_JAILS_MAX) {
                tell(l, true, "%s:%u: [%.80s]: too many jails; up to %d would be accepted", l->files[f]->path, sec->line,
                     sec->name, CONFIG_JAILS_MAX);
                return 0;
            }
            int r = make_jail(l, sec->name);
            if (r < 0)
                return r;
        }
    return 0;
}

static void check_config(struct loader *l)
{
    const struct config *c = l->config;
    bool enabled = false;

    check_firewall(l);
    for (size_t i = 0; i < c->n_jails; i++) {
        const struct jail_config *j = &c->jails[i];
        enabled = enabled || j->enabled;
        if (j->enabled && j->increment && j->decay != USEC_FOREVER && j->decay > c->history)
            tell(l, false, "%s:%u: [%s]: bantime.decay is longer than history in [pptpban], which forgets earlier",
                 j->file, j->line, j->name);
    }
    if (!enabled)
        tell(l, false, "%s: no jail is enabled; nothing will be watched", l->files[l->n_files > 1 ? 1 : 0]->path);
}

static void clear_fields(enum scope scope, void *base)
{
    const struct keyword *k;

    for (size_t i = 0; (k = keyword_at(scope, i)); i++)
        if (k->kind->clear)
            k->kind->clear(keyword_field(k, base));
}

int config_load(const char *path, struct config **ret, struct config_report *report)
{
    struct loader l = {.config = calloc(1, sizeof(struct config)), .report = report};
    int r = l.config ? set_fallbacks(SCOPE_GLOBAL, l.config) : -ENOMEM;

    if (r == 0)
        r = set_fallbacks(SCOPE_FIREWALL, &l.config->firewall);
    if (r == 0)
        r = read_files(&l, path);
    if (r != -ENOMEM) {
        for (size_t i = 0; i < l.n_files; i++)
            check_values(&l, l.files[i]);
        l.value_errors = report->errors;
        int made = make_jails(&l);
        if (made < 0)
            r = made;
        else if (report->errors == 0)
            check_config(&l);
    }
    tell_untold(&l);
    if (l.out_of_memory)
        r = -ENOMEM;
    if (r == 0 && report->errors > 0)
        r = -EINVAL;
    if (r == 0)
        r = uninstalled_filters(&l.config->filter_dirs);
    for (size_t i = 0; i < l.n_files; i++)
        inifile_free(l.files[i]);
    free(l.files);
    clear_fields(SCOPE_JAIL, &l.scratch);
    if (r < 0) {
        config_free(l.config);
        return r;
    }
    *ret = l.config;
    return 0;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_jails; i++) {
        clear_fields(SCOPE_JAIL, &c->jails[i]);
        free(c->jails[i].name);
        free(c->jails[i].file);
    }
    free(c->jails);
    clear_fields(SCOPE_FIREWALL, &c->firewall);
    clear_fields(SCOPE_GLOBAL, c);
    free(c);
}

void config_report_free(struct config_report *report)
{
    for (size_t i = 0; i < report->n; i++)
        free(report->v[i].text);
    free(report->v);
    *report = (struct config_report){NULL, 0, 0};
}
