// SPDX-License-Identifier: GPL-2.0-or-later
// What each option of a fail2ban jail is here: one table, one small function for each. Reads no file and runs nothing.
#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"
#include "import/options.h"
#include "import/value.h"
#include "config/keyword.h"

// --- yes, no, how often, how long ----------------------------------------------------------------------------

static void convert_enabled(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    // the row of a jail that cannot work here says so
    if (c->j->broken)
        SAY(c, o, v, c->j->enabled ? IMPORT_UNSUPPORTED : IMPORT_DIFFERENT, "enabled", COPY(c, "no"), "%s", c->j->broken);
    else
        SAY_SAME(c, o, v, "enabled", COPY(c, c->j->enabled ? "yes" : "no"));
}

static void convert_flag(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    bool yes = false;

    if (f2b_flag(str_of(text_of(o, v)), &yes) < 0)
        SAY(c, o, v, IMPORT_DIFFERENT, o->key, COPY(c, "no"), "fail2ban takes for no whatever is not yes, true, on or 1");
    else
        SAY_SAME(c, o, v, o->key, COPY(c, yes ? "yes" : "no"));
    if (strcmp(o->name, "bantime.increment") == 0)
        c->increment = yes;
}

static void convert_maxretry(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    double n;

    if (f2b_number(str_of(text_of(o, v)), false, &n) < 0 || n != floor(n))
        SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "not a whole number: pptpban's default is used");
    else if (n < 1 || n > 1000)
        SAY(c, o, v, IMPORT_DIFFERENT, "maxretry", import_text(c->im, "%d", n < 1 ? 1 : 1000), "1 to 1000 are possible here");
    else
        SAY_SAME(c, o, v, "maxretry", import_text(c->im, "%d", (int)n));
}

// Whole seconds as a duration; for bantime -1 is forever.
static void convert_time(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    bool bantime = strcmp(o->name, "bantime") == 0;
    char text[DURATION_STRLEN];
    double s;

    if (f2b_number(str_of(text_of(o, v)), true, &s) < 0) {
        SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL,
            "not a time such as 600, 10m or 1d 12h: pptpban's default is used");
        return;
    }
    if (s < 0 && bantime) {
        c->bantime = USEC_FOREVER;
        SAY_SAME(c, o, v, o->key, COPY(c, "forever"));
        return;
    }
    bool whole = s >= 1 && s <= (double)o->max;
    s = s < 1 ? 1 : s > (double)o->max ? (double)o->max : round(s);
    if (bantime)
        c->bantime = (usec_t)s * USEC_SEC;
    duration_format((usec_t)s * USEC_SEC, text);
    if (whole)
        SAY_SAME(c, o, v, o->key, COPY(c, text));
    else
        SAY(c, o, v, IMPORT_DIFFERENT, o->key, COPY(c, text), "1 second to %lld weeks are possible here", o->max / 604800);
}

// --- who is let alone ----------------------------------------------------------------------------------------

static void convert_ignoreip(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    struct str rest = str_of(text_of(o, v)), word;
    char *here = NULL, *names = NULL;
    size_t size, n = 0, n_names = 0;
    struct prefix *seen = calloc(CONFIG_NETWORKS_MAX, sizeof(*seen));
    FILE *nets = open_memstream(&here, &size), *left = open_memstream(&names, &size);

    while (seen && nets && left && (word = f2b_word(&rest)).n > 0) {
        char buf[PREFIX_STRLEN];
        struct prefix p;
        bool again = false;
        if (f2b_network(word, &p) < 0 || n == CONFIG_NETWORKS_MAX) {
            fprintf(left, "%s%.*s", n_names++ ? " " : "", word.n > 80 ? 80 : (int)word.n, word.p);
            continue;
        }
        for (size_t i = 0; i < n; i++)
            again = again || prefix_eq(&seen[i], &p);
        if (!again)
            fprintf(nets, "%s%s", n ? "\n" : "", prefix_format(&p, buf));
        seen[n] = p;
        n += !again;
    }
    if (nets)
        fclose(nets);
    if (left)
        fclose(left);
    free(seen);
    if (!here || !names) {
        c->im->out_of_memory = true;
        free(here);
    } else if (n_names > 0) {
        SAY(c, o, v, IMPORT_DIFFERENT, n ? "ignoreip" : NULL, n ? here : NULL,
            "left out: %.300s; names are not looked up (who controls them would control the list) and files not read: write "
            "the addresses",
            names);
        if (n == 0)
            free(here);
    } else if (n > 0) {
        SAY_SAME(c, o, v, "ignoreip", here);
    } else {
        free(here);
    }
    free(names);
}

// --- where lines come from -----------------------------------------------------------------------------------

static void convert_backend(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    const char *text = text_of(o, v);

    if (c->j->own_log)
        return;
    if (c->j->journal && strchr(text, '['))
        SAY(c, o, v, IMPORT_DIFFERENT, "source", COPY(c, "journal"),
            "the journal of this machine is read; journalpath, journalfiles, journalflags, rotated and namespace are not "
            "possible here");
    else if (c->j->journal)
        SAY_SAME(c, o, v, "source", COPY(c, "journal"));
    else
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "log files are followed by inotify");
}

static bool exists(const char *pattern)
{
    glob_t g = {0};
    bool found = glob(pattern, GLOB_NOSORT, NULL, &g) == 0;

    globfree(&g);
    return found;
}

// What a logpath comes to.
struct paths {
    char *v[CONFIG_SOURCES_MAX];
    size_t n;
    bool tail, missing, blanks;
    FILE *remarks; // sentences, apart by semicolons
    size_t n_remarks;
};

__attribute__((format(printf, 2, 3))) static void remark(struct paths *p, const char *fmt, ...)
{
    va_list ap;

    fputs(p->n_remarks++ ? "; " : "", p->remarks);
    va_start(ap, fmt);
    vfprintf(p->remarks, fmt, ap);
    va_end(ap);
}

// One line: a path or pattern, and perhaps head or tail. fail2ban takes the last word for that, whatever it is.
static void take_path(struct paths *p, struct str line)
{
    const char *blank = line.n ? memrchr(line.p, ' ', line.n) : NULL;
    struct str word = blank ? str_skip(line, (size_t)(blank - line.p) + 1) : (struct str){"", 0};

    if (blank)
        line = str_trim((struct str){line.p, (size_t)(blank - line.p)});
    p->tail = p->tail || str_eq(word, STR("tail"));
    if (blank && !str_eq(word, STR("tail")) && !str_eq(word, STR("head")))
        remark(p, "'%.*s' behind the path is neither head nor tail: fail2ban does not read it as a path",
               word.n > 80 ? 80 : (int)word.n, word.p);
    char *path = line.n ? str_dup(line) : NULL;
    bool again = !path;
    for (char *b = path; b && *b; b++)
        if ((unsigned char)*b <= ' ') {
            *b = '?'; // blanks come between paths here
            p->blanks = true;
        }
    for (size_t i = 0; i < p->n && path; i++)
        again = again || strcmp(p->v[i], path) == 0;
    if (path && (path[0] != '/' || strlen(path) >= 1024 || p->n == CONFIG_SOURCES_MAX)) {
        remark(p, "%.80s left out: up to %d paths that begin with / are possible here", path, CONFIG_SOURCES_MAX);
        again = true;
    }
    if (again) {
        free(path);
        return;
    }
    p->missing = p->missing || !exists(path);
    p->v[p->n++] = path;
}

// One a line, as a value of source; NULL without memory.
static char *join_paths(const struct paths *p)
{
    char *here = NULL;
    size_t size;
    FILE *list = open_memstream(&here, &size);

    for (size_t i = 0; list && i < p->n; i++)
        fprintf(list, "%s%s", i ? "\n" : "", p->v[i]);
    if (list)
        fclose(list);
    return here;
}

static void convert_paths(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    struct str lines = str_of(text_of(o, v));
    struct paths p = {.n = 0};
    char *why = NULL;
    size_t size;

    p.remarks = open_memstream(&why, &size);
    if (!p.remarks) {
        c->im->out_of_memory = true;
        return;
    }
    while (lines.n > 0) {
        const char *nl = memchr(lines.p, '\n', lines.n);
        size_t n = nl ? (size_t)(nl - lines.p) : lines.n;
        take_path(&p, str_trim((struct str){lines.p, n}));
        lines = str_skip(lines, n + 1);
    }
    if (p.tail)
        remark(&p, "tail: the first start reads back one findtime here; what is older than that bans nobody");
    if (p.missing)
        remark(&p, "not there now: it is waited for (fail2ban does not start such a jail)%s",
               c->j->filter.knows_journal ? "; source = journal reads the journal, which the filter knows" : "");
    if (p.blanks)
        remark(&p, "a blank is written as ?");
    if (p.n == 0)
        remark(&p, "fail2ban does not start a jail without a log file; auto is the journal, or the usual syslog files");
    fclose(p.remarks);
    char *here = p.n ? join_paths(&p) : COPY(c, "auto");
    if (why && here)
        import_add_row(c->im, c->j, o->name, v, p.n_remarks ? IMPORT_DIFFERENT : IMPORT_SAME, "source", here,
                       p.n_remarks ? COPY(c, why) : NULL);
    else
        c->im->out_of_memory = true;
    for (size_t i = 0; i < p.n; i++)
        free(p.v[i]);
    free(why);
}

static void convert_logpath(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (c->j->own_log)
        SAY(c, o, v, IMPORT_DIFFERENT, "source", COPY(c, "auto"), "where pptpband's own log is");
    else if (!c->j->journal)
        convert_paths(c, o, v);
    else if (*text_of(o, v))
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "not used with the journal, there and here");
}

static void convert_encoding(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    const char *text = text_of(o, v);

    if (strcasecmp(text, "auto") == 0 || strcasecmp(text, "utf-8") == 0 || strcasecmp(text, "utf8") == 0 ||
        strcasecmp(text, "ascii") == 0)
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "logs are matched as bytes");
    else
        SAY(c, o, v, IMPORT_DIFFERENT, NULL, NULL,
            "logs are matched as bytes, not translated: patterns with letters that are not ASCII may fail");
}

static void convert_usedns(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (strcmp(text_of(o, v), "no") == 0)
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "names in logs are never looked up");
    else
        SAY(c, o, v, IMPORT_DIFFERENT, NULL, NULL, "names in logs are never looked up; lines with an address count as there");
}

// --- the rest ------------------------------------------------------------------------------------------------

// What the jail gives to its filter: it went into a file of its own.
static void convert_for_filter(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (!v || *v->text == '\0')
        return;
    if (!c->j->filter.text)
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "not used: %s", c->j->advice ? "see above" : "the filter cannot be had");
    else
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "stands in the filter file %s.conf", c->j->filter.made_name);
}

static void convert_never(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (v && *v->text)
        SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "%s", o->why);
}

static void convert_other(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (v && *v->text)
        SAY(c, o, v, IMPORT_DIFFERENT, NULL, NULL, "%s", o->why);
}

static void convert_when_longer(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (v && *v->text && c->increment)
        SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "%s", o->why);
    else if (v && *v->text)
        convert_unused(c, o, v);
}

static bool begins_with(struct str s, const char *const *words)
{
    for (; *words; words++)
        if (str_starts(s, str_of(*words)))
            return true;
    return false;
}

static void convert_one_action(struct conversion *c, const struct option *o, const struct f2b_value *v, struct str text)
{
    static const char *const firewalls[] = {"iptables", "nftables", "ipset",  "firewallcmd", "ufw",       "shorewall",
                                            "pf",       "npf",      "ipfw",   "bsd-ipfw",    "ipfilter",  "osx-",
                                            "route",    "apf",      "hostsdeny", NULL};
    static const char *const mails[] = {"sendmail", "mail", "smtp.py", "complain", "mynetwatchman", "dshield",
                                        "xarf",     NULL};
    size_t n = 0;

    while (n < text.n && !strchr("[ \t\n", text.p[n]))
        n++;
    struct str name = {text.p, n};
    // its parameters may be secrets, and what is printed here goes into files that everybody reads
    struct f2b_value one = {.text = import_text(c->im, "%.*s%s", STR_FMT(name), name.n < text.n ? "[...]" : ""),
                            .at = v ? v->at : (struct origin){0}};
    if (!one.text)
        return;
    if (begins_with(name, firewalls))
        SAY(c, o, &one, IMPORT_DIFFERENT, NULL, NULL,
            "pptpban puts the address into a kernel set of its own and drops all its packets at prerouting, whatever port "
            "or protocol, open connections too");
    else if (begins_with(name, mails))
        SAY(c, o, &one, IMPORT_UNSUPPORTED, NULL, NULL, "nothing is mailed or reported; bans stand in the log and in pptpban list");
    else
        SAY(c, o, &one, IMPORT_UNSUPPORTED, NULL, NULL, "programs of fail2ban's are not run");
    free(one.text);
}

// Each action begins a word outside of brackets and quotes.
static void convert_action(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    const char *p = text_of(o, v);

    while (*p) {
        p += strspn(p, " \t\n");
        const char *begin = p;
        char quote = '\0';
        int depth = 0;
        for (; *p && (depth > 0 || quote || !strchr(" \t\n", *p)); p++) {
            if (quote)
                quote = *p == quote ? '\0' : quote;
            else if (depth > 0 && (*p == '"' || *p == '\''))
                quote = *p;
            else
                depth += (*p == '[') - (*p == ']' && depth > 0);
        }
        if (p > begin)
            convert_one_action(c, o, v, (struct str){begin, (size_t)(p - begin)});
    }
}

static void convert_filter(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    struct import_jail *j = c->j;

    if (j->advice) {
        SAY(c, o, v, IMPORT_DIFFERENT, "filter", COPY(c, j->own ? j->own : "pptpd"), "%s", j->advice);
        return;
    }
    if (j->broken) {
        SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "%s", j->filter.error ? j->filter.error : j->broken);
        return;
    }
    char *here = import_text(c->im, "%s%s", j->filter.here, j->filter.params);
    for (char *p = here; p && *p; p++)
        if (*p == '\n')
            *p = ' ';
    if (j->filter.note)
        SAY(c, o, v, IMPORT_DIFFERENT, "filter", here, "loads; %s", j->filter.note);
    else if (j->filter.text)
        SAY(c, o, v, IMPORT_SAME, "filter", here, "loads; %s.conf adds to %s what the jail itself says", j->filter.made_name,
            j->filter.name);
    else if (j->filter.renamed)
        SAY(c, o, v, IMPORT_SAME, "filter", here, "loads; under another name, as pptpban has a filter %s of its own", j->filter.name);
    else
        SAY(c, o, v, IMPORT_SAME, "filter", here, "loads");
}

#define DAY 86400LL

// In the order in which they are shown. The filter comes first: it decides whether the jail can work at all.
static const struct option options[] = {
    {.name = "enabled", convert_enabled, .fallback = "false"},
    {.name = "filter", convert_filter, .fallback = ""},
    {.name = "prefregex", convert_for_filter},
    {.name = "failregex", convert_for_filter},
    {.name = "ignoreregex", convert_for_filter},
    {.name = "datepattern", convert_for_filter},
    {.name = "maxlines", convert_for_filter},
    {.name = "journalmatch", convert_for_filter},
    {.name = "backend", convert_backend, .fallback = "auto"},
    {.name = "logpath", convert_logpath, .fallback = ""},
    {.name = "logencoding", convert_encoding, .fallback = "auto"},
    {.name = "logtimezone", convert_never, .why = "times without a zone are those of this machine"},
    {.name = "usedns", convert_usedns, .fallback = "warn"},
    {.name = "maxretry", convert_maxretry, .fallback = "3"},
    {.name = "findtime", convert_time, .fallback = "600", .key = "findtime", .max = 364 * DAY},
    {.name = "bantime", convert_time, .fallback = "600", .key = "bantime", .max = 3640 * DAY},
    {.name = "bantime.increment", convert_flag, .fallback = "false", .key = "bantime.increment"},
    {.name = "bantime.formula", convert_formula,
     .fallback = "ban.Time * (1<<(ban.Count if ban.Count<20 else 20)) * banFactor"},
    {.name = "bantime.factor", convert_factor},
    {.name = "bantime.multipliers", convert_multipliers},
    {.name = "bantime.maxtime", convert_maxtime},
    {.name = "bantime.rndtime", convert_when_longer, .why = "bans end when they are said to end"},
    {.name = "bantime.overalljails", convert_overall, .fallback = "false"},
    {.name = "ignoreip", convert_ignoreip},
    {.name = "ignoreself", convert_flag, .fallback = "true", .key = "ignoreself"},
    {.name = "ignorecommand", convert_never, .why = "no command is run for a log line, and none was run for this"},
    {.name = "ignorecache", convert_never, .why = "belongs to ignorecommand"},
    {.name = "maxmatches", convert_other, .why = "up to 10 lines of evidence are kept with each ban; see pptpban why"},
    {.name = "port", convert_other, .why = "all packets of a banned address are dropped, not those to one port"},
    {.name = "protocol", convert_other, .why = "all packets of a banned address are dropped, GRE, UDP and ICMP too"},
    {.name = "chain", convert_other, .why = "there is no chain: a hook at prerouting, before everything else"},
    {.name = "banaction", convert_other, .why = "pptpban bans by a kernel set of its own; backend in [pptpban] says which kind"},
    {.name = "action", convert_action, .fallback = ""},
};

enum { N_OPTIONS = sizeof(options) / sizeof(options[0]) };

// What stands in the jail and is no option: a variable, or a mistake that fail2ban never mentions.
static void unknown_keys(struct conversion *c)
{
    const char *key;
    struct origin at;

    for (size_t i = 0; (key = f2b_own_key(c->im->f2b, c->j->name, i, &at)); i++) {
        const struct option unknown = {.name = key};
        struct filter_error error;
        struct f2b_value v;
        const char *meant = NULL;
        bool known = strcmp(key, "mode") == 0 || strncmp(key, "action_", 7) == 0 || f2b_is_variable(c->im->f2b, c->j->name, key);
        for (size_t k = 0; k < N_OPTIONS; k++) {
            known = known || strcmp(options[k].name, key) == 0;
            if (word_distance(options[k].name, key) <= 1 + strlen(key) / 6)
                meant = options[k].name;
        }
        if (known || f2b_option(c->im->f2b, c->j->name, key, &v, &error) < 0)
            continue;
        free(v.text);
        if (!(v.text = import_text(c->im, "..."))) // it may be a secret
            continue;
        if (meant)
            SAY(c, &unknown, &v, IMPORT_UNSUPPORTED, NULL, NULL, "no option of fail2ban's, which ignores it; was %s meant?", meant);
        else
            SAY(c, &unknown, &v, IMPORT_SAME, NULL, NULL, "no option of fail2ban's, which ignores it too unless an action uses it");
        free(v.text);
    }
}

void import_options(struct import *im, struct import_jail *j)
{
    struct conversion c = {.im = im, .j = j, .bantime = 600 * USEC_SEC};

    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option *o = &options[i];
        struct filter_error error;
        struct f2b_value v = {.text = NULL};
        int r = f2b_option(im->f2b, j->name, o->name, &v, &error);
        if (r == -EINVAL) {
            import_problem(im, "%s", error.text);
            v.text = str_dup(STR("?"));
            SAY(&c, o, &v, IMPORT_UNSUPPORTED, NULL, NULL, "%s: left out", error.text);
        } else if (r == 0 || o->fallback || o->convert == convert_maxtime) {
            o->convert(&c, o, r == 0 ? &v : NULL);
        }
        free(v.text);
    }
    unknown_keys(&c);
}
