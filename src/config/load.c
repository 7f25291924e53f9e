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

#include "config/loader.h"
#include "config/uninstalled.h"

// A failed login bans; mere connecting does not, unless the administrator wants the second jail.
static const char shipped[] = "[pptpd]\n"
                              "enabled = yes\n"
                              "[probe]\n"
                              "enabled = no\n"
                              "filter = pptpd\n"
                              "count = auth=0 probe=1 fault=1\n"
                              "maxretry = 20\n"
                              "[spray]\n"
                              "enabled = no\n"
                              "filter = pptpd\n"
                              "key = account\n"
                              "maxretry = 10\n"
                              "findtime = 1h\n";
static const char shipped_name[] = "built-in";

void loader_tell(struct loader *l, bool fatal, const char *fmt, ...)
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
        loader_tell(l, true, "%s:%u: %s", l->reading, line, text);
    else
        loader_tell(l, true, "%s: %s", l->reading, text);
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
        loader_tell(l, true, "%s: %s; a readable file would be accepted", path, strerror(-r));
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
        loader_tell(l, true, "%s: %s; a readable directory would be accepted", dir, strerror(errno));
    }
    if (n > CONFIG_DROPINS_MAX)
        loader_tell(l, true, "%s: %d files; up to %d would be accepted", dir, n, CONFIG_DROPINS_MAX);
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
        loader_tell(l, false, "%s: not there; the built-in defaults are used", main_file);
    }
    int d = read_dropins(l, main_file);
    return r < 0 ? r : d;
}

const char *loader_shown(const char *value, char buf[static SHOWN_MAX + 4])
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
    loader_tell(l, true, "%s:%u: %s = %s: %s%s; %s would be accepted", f->path, line, e->key, loader_shown(e->value, value), fault->text,
         hint, accepted);
}

static const char *const scope_places[SCOPE_MAX] = {"[pptpban]", "[firewall]", "[DEFAULT] or a jail", "a schedule such as [pptpd@night]"};

static enum scope scope_of(const struct inifile_section *s)
{
    return strcmp(s->name, "pptpban") == 0    ? SCOPE_GLOBAL
           : strcmp(s->name, "firewall") == 0 ? SCOPE_FIREWALL
           : strchr(s->name, '@')             ? SCOPE_SCHEDULE
                                              : SCOPE_JAIL;
}

static void tell_unknown(struct loader *l, const struct inifile *f, const struct inifile_section *s, const struct inifile_entry *e,
                         enum scope scope)
{
    char value[SHOWN_MAX + 4];
    enum scope other = 0;
    const char *nearest = keyword_nearest(scope, e->key);

    loader_shown(e->value, value);
    while (other < SCOPE_MAX && !keyword_find(other, e->key))
        other++;
    if (other < SCOPE_MAX)
        loader_tell(l, true, "%s:%u: %s = %s: does not belong into [%s]; it would be accepted in %s", f->path, e->line, e->key,
             value, s->name, scope_places[other]);
    else if (nearest)
        loader_tell(l, true, "%s:%u: %s = %s: unknown key; %s would be accepted", f->path, e->line, e->key, value, nearest);
    else
        loader_tell(l, true, "%s:%u: %s = %s: unknown key; pptpban.conf(5) lists what would be accepted", f->path, e->line, e->key,
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

// Is it JAIL@NAME?
static bool is_schedule_of(const struct inifile_section *s, const char *jail)
{
    size_t n = strlen(jail);

    return strncmp(s->name, jail, n) == 0 && s->name[n] == '@';
}

static bool is_name(const char *name, size_t max)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_-.", name[i]))
            return false;
    return n > 0 && n <= max && name[0] != '.' && name[0] != '-';
}

static void check_schedule_name(struct loader *l, const struct inifile *f, const struct inifile_section *s)
{
    const char *at = strchr(s->name, '@');
    bool known = false;

    for (size_t i = 0; i < l->n_files; i++)
        for (size_t k = 0; k < l->files[i]->n; k++)
            known = known || (is_jail(&l->files[i]->v[k]) && is_schedule_of(s, l->files[i]->v[k].name));
    if (!is_name(at + 1, CONFIG_SCHEDULE_NAME_MAX))
        loader_tell(l, true, "%s:%u: [%.80s]: not the name of a schedule; up to %d letters, digits, _, - and . behind the @ would "
                    "be accepted", f->path, s->line, s->name, CONFIG_SCHEDULE_NAME_MAX);
    else if (!known)
        loader_tell(l, true, "%s:%u: [%.80s]: there is no jail [%.*s]; JAIL@NAME with a jail that has a section would be accepted",
                    f->path, s->line, s->name, (int)(at - s->name < 60 ? at - s->name : 60), s->name);
}

static void check_name(struct loader *l, const struct inifile *f, const struct inifile_section *s)
{
    if (scope_of(s) == SCOPE_SCHEDULE)
        check_schedule_name(l, f, s);
    if (!is_jail(s))
        return;
    for (const char *const *name = (const char *const[]){"DEFAULT", "pptpban", "firewall", NULL}; *name; name++)
        if (strcasecmp(s->name, *name) == 0)
            loader_tell(l, true, "%s:%u: [%s]: not a jail; [%s] would be accepted", f->path, s->line, s->name, *name);
    if (!is_name(s->name, CONFIG_JAIL_NAME_MAX))
        loader_tell(l, true, "%s:%u: [%.80s]: not the name of a jail; up to %d letters, digits, _, - and . would be accepted",
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
                     : scope == SCOPE_SCHEDULE ? (void *)&l->scratch_schedule
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

// The values of one section of one file into a jail or schedule; what is wrong was told by check_values().
static void apply(enum scope scope, void *base, const struct inifile_section *s)
{
    struct fault fault;

    for (size_t i = 0; i < s->n; i++) {
        const struct keyword *k = keyword_find(scope, s->v[i].key);
        if (k)
            k->kind->parse(k, str_of(s->v[i].value), keyword_field(k, base), &fault);
    }
}

const struct inifile_entry *loader_last(const struct loader *l, enum scope scope, const char *name, const char *key,
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

// What it does not say is as the jail has it.
static int make_schedule(struct jail_config *j, const struct inifile_section *sec, const char *path)
{
    struct jail_schedule *s = &j->schedules[j->n_schedules++]; // config_free() frees it from here on

    *s = (struct jail_schedule){.maxretry = j->maxretry, .unknown = j->unknown, .trusted = j->trusted, .bantime = j->bantime,
                                .observe = j->observe, .line = sec->line};
    s->countries.v = calloc(j->countries.n ? j->countries.n : 1, sizeof(*s->countries.v));
    if (!s->countries.v || !(s->name = str_dup(str_of(sec->name + strlen(j->name) + 1))) || !(s->file = str_dup(str_of(path))))
        return -ENOMEM;
    s->countries.n = j->countries.n;
    if (j->countries.n)
        memcpy(s->countries.v, j->countries.v, j->countries.n * sizeof(*s->countries.v));
    return 0;
}

static struct jail_schedule *schedule_named(const struct jail_config *j, const char *name)
{
    for (size_t i = 0; i < j->n_schedules; i++)
        if (strcmp(j->schedules[i].name, name) == 0)
            return &j->schedules[i];
    return NULL;
}

static int make_schedules(struct loader *l, struct jail_config *j)
{
    j->schedules = calloc(CONFIG_SCHEDULES_MAX, sizeof(*j->schedules));
    if (!j->schedules)
        return -ENOMEM;
    for (size_t f = 0; f < l->n_files; f++)
        for (size_t i = 0; i < l->files[f]->n; i++) {
            const struct inifile_section *sec = &l->files[f]->v[i];
            if (!is_schedule_of(sec, j->name))
                continue;
            struct jail_schedule *s = schedule_named(j, sec->name + strlen(j->name) + 1);
            int r = 0;
            if (!s && j->n_schedules == CONFIG_SCHEDULES_MAX) {
                loader_tell(l, true, "%s:%u: [%s]: one schedule too many; %d of a jail would be accepted", l->files[f]->path,
                            sec->line, sec->name, CONFIG_SCHEDULES_MAX);
                return 0;
            }
            if (!s && (r = make_schedule(j, sec, l->files[f]->path)) < 0)
                return r;
            apply(SCOPE_SCHEDULE, s ? s : &j->schedules[j->n_schedules - 1], sec);
        }
    return 0;
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
                apply(SCOPE_JAIL, j, sec);
                if (!own)
                    continue;
                free(j->file);
                j->line = sec->line;
                if (!(j->file = str_dup(str_of(l->files[f]->path))))
                    return -ENOMEM;
            }
    r = make_schedules(l, j);
    if (r == 0 && l->value_errors == 0)
        sense_check_jail(l, j);
    return r;
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
                loader_tell(l, true, "%s:%u: [%.80s]: too many jails; up to %d would be accepted", l->files[f]->path, sec->line,
                     sec->name, CONFIG_JAILS_MAX);
                return 0;
            }
            int r = make_jail(l, sec->name);
            if (r < 0)
                return r;
        }
    return 0;
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
            sense_check_config(&l);
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
    clear_fields(SCOPE_SCHEDULE, &l.scratch_schedule);
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
        struct jail_config *j = &c->jails[i];
        for (size_t k = 0; k < j->n_schedules; k++) {
            clear_fields(SCOPE_SCHEDULE, &j->schedules[k]);
            free(j->schedules[k].name);
            free(j->schedules[k].file);
        }
        free(j->schedules);
        clear_fields(SCOPE_JAIL, j);
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
