// SPDX-License-Identifier: GPL-2.0-or-later
// What each option of a fail2ban jail is here: one table, one small function for each. Reads no file and runs nothing.
#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/import.h"
#include "cli/import_value.h"
#include "config/keyword.h"

// One jail on its way.
struct conversion {
    struct import *im;
    struct import_jail *j;
    bool increment;     // its bans get longer
    bool has_maximum;   // and how long was said
    usec_t bantime;
};

struct option {
    const char *name;
    void (*convert)(struct conversion *c, const struct option *o, const struct f2b_value *v); // v: NULL when not said
    const char *fallback; // what fail2ban takes when nothing is said; NULL: then there is nothing to convert
    const char *key, *why; // for the functions that serve several options
    long long max;
};

#define SAY(c, o, v, verdict, key, here, ...)                                                                          \
    import_add_row((c)->im, (c)->j, (o)->name, v, verdict, key, here, import_text((c)->im, __VA_ARGS__))
#define SAY_SAME(c, o, v, key, here) import_add_row((c)->im, (c)->j, (o)->name, v, IMPORT_SAME, key, here, NULL)
#define COPY(c, text) import_text((c)->im, "%s", text)

static const char *text_of(const struct option *o, const struct f2b_value *v)
{
    return v ? v->text : o->fallback ? o->fallback : "";
}

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

// --- bans that get longer ------------------------------------------------------------------------------------

// Without blanks; false when it is too long to be one of those that are known.
static bool squeeze(const char *z, char *buf, size_t size)
{
    size_t n = 0;

    for (; *z; z++)
        if (!strchr(" \t\n", *z)) {
            if (n + 1 == size)
                return false;
            buf[n++] = *z;
        }
    buf[n] = '\0';
    return true;
}

static double factor_of(const struct conversion *c)
{
    struct filter_error error;
    struct f2b_value v;
    double factor = 1;

    if (f2b_option(c->im->f2b, c->j->name, "bantime.factor", &v, &error) == 0) {
        if (f2b_number(str_of(v.text), false, &factor) < 0 || factor <= 0)
            factor = 1;
        free(v.text);
    }
    return factor;
}

static char *factor_text(struct conversion *c, double factor)
{
    factor = factor < 1 ? 1 : factor > 1000 ? 1000 : factor;
    char *text = import_text(c->im, "%.4f", factor);

    for (char *end = text ? text + strlen(text) - 1 : NULL; end && (*end == '0' || *end == '.'); end--) {
        bool dot = *end == '.';
        *end = '\0';
        if (dot)
            break;
    }
    return text;
}

static bool says(const struct conversion *c, const char *option)
{
    struct filter_error error;
    struct f2b_value v;

    if (f2b_option(c->im->f2b, c->j->name, option, &v, &error) < 0)
        return false;
    bool said = *v.text != '\0';
    free(v.text);
    return said;
}

static void unused(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    SAY(c, o, v, IMPORT_SAME, NULL, NULL, "without effect there and here: bantime.increment is no");
}

// Which series of bans the formula makes.
static void convert_formula(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    static const char doubling[] = "ban.Time*(1<<(ban.Countifban.Count<20else20))*banFactor",
                      powers[] = "ban.Time*math.exp(float(ban.Count+1)*banFactor)/math.exp(1*banFactor)";
    double factor = factor_of(c);
    char text[128];

    if (!c->increment) {
        if (v)
            unused(c, o, v);
        return;
    }
    if (says(c, "bantime.multipliers")) {
        if (v)
            SAY(c, o, v, IMPORT_SAME, NULL, NULL, "without effect there and here: bantime.multipliers stand above it");
        return;
    }
    bool known = squeeze(text_of(o, v), text, sizeof(text));
    if (known && strcmp(text, doubling) == 0 && factor == 1)
        SAY(c, o, v, IMPORT_SAME, "bantime.factor", COPY(c, "2"), "each ban is twice as long as the one before");
    else if (known && strcmp(text, doubling) == 0)
        SAY(c, o, v, IMPORT_DIFFERENT, "bantime.factor", COPY(c, "2"),
            "each ban is twice as long as the one before; that every ban from the second on is multiplied by %g is not "
            "possible here",
            factor);
    else if (known && strcmp(text, powers) == 0 && exp(factor) <= 1000)
        SAY(c, o, v, IMPORT_SAME, "bantime.factor", factor_text(c, exp(factor)), "the same series, e to the power of %g",
            factor);
    else
        SAY(c, o, v, IMPORT_UNSUPPORTED, "bantime.factor", COPY(c, "2"),
            "Python is not run here: each ban is bantime.factor times as long as the one before");
}

static void convert_factor(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (!v)
        return;
    if (c->increment)
        SAY(c, o, v, IMPORT_SAME, NULL, NULL,
            "went into bantime.factor above or below: there it is part of the formula, here it is how much longer each "
            "ban is than the one before");
    else
        unused(c, o, v);
}

// A series such as 1 2 4 8 is a factor and an end.
static void convert_multipliers(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    double m[64], most = 0;
    char text[DURATION_STRLEN];
    size_t n = 0;

    if (!v || *v->text == '\0')
        return;
    if (!c->increment) {
        unused(c, o, v);
        return;
    }
    struct str rest = str_of(v->text), word;
    while (n < 64 && (word = f2b_word(&rest)).n > 0)
        if (f2b_number(word, false, &m[n++]) < 0 || m[n - 1] <= 0) {
            SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "not a list of numbers above 0");
            return;
        }
    double by = factor_of(c), ratio = n > 1 ? pow(m[n - 1] * by, 1 / (double)(n - 1)) : m[0] * by; // the first ban has 1
    bool even = n > 1;
    for (size_t i = 1; i < n; i++) {
        even = even && fabs(m[i] * by - pow(ratio, (double)i)) < 0.001 * m[i] * by;
        most = fmax(most, m[i] * by);
    }
    if (n < 2)
        most = m[0] * by;
    if (ratio < 1)
        ratio = 1;
    SAY(c, o, v, even ? IMPORT_SAME : IMPORT_DIFFERENT, "bantime.factor", factor_text(c, ratio),
        even ? "each ban is as many times as long as the one before"
             : "here each ban is the same number of times as long as the one before; this one ends at the same length");
    if (c->bantime == USEC_FOREVER || says(c, "bantime.maxtime"))
        return;
    double longest = fmax((double)c->bantime / 1e6 * most, (double)c->bantime / 1e6);
    duration_format((usec_t)fmin(longest, 3640.0 * 86400) * USEC_SEC, text);
    SAY(c, o, v, IMPORT_SAME, "bantime.maximum", COPY(c, text), "the last multiplier of bantime");
    c->has_maximum = true;
}

static void convert_maxtime(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    char text[DURATION_STRLEN];
    double s;

    if (!c->increment) {
        if (v && *v->text)
            unused(c, o, v);
        return;
    }
    if (!v || *v->text == '\0') {
        if (!c->has_maximum)
            SAY(c, o, NULL, IMPORT_SAME, "bantime.maximum", COPY(c, "forever"), "without an end there (20 doublings)");
        return;
    }
    if (f2b_number(str_of(v->text), true, &s) < 0 || s < 1) {
        SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "not a time such as 600, 10m or 1d 12h: pptpban's default is used");
        return;
    }
    if (c->bantime == USEC_FOREVER) {
        SAY(c, o, v, IMPORT_SAME, "bantime.maximum", COPY(c, "forever"), "as long as bantime");
        return;
    }
    double least = (double)c->bantime / 1e6;
    bool more = s > 3640.0 * 86400, less = s < least;
    s = more ? 3640.0 * 86400 : less ? least : round(s);
    duration_format((usec_t)s * USEC_SEC, text);
    if (more || less)
        SAY(c, o, v, IMPORT_DIFFERENT, "bantime.maximum", COPY(c, text), "from bantime to 520 weeks is possible here");
    else
        SAY_SAME(c, o, v, "bantime.maximum", COPY(c, text));
}

static void convert_overall(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    bool yes = false;

    if (!c->increment)
        return;
    (void)f2b_flag(str_of(text_of(o, v)), &yes);
    if (yes)
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "earlier bans count over all jails, always");
    else
        SAY(c, o, v, IMPORT_DIFFERENT, NULL, NULL,
            "earlier bans count over all jails, always, and one is forgotten each bantime.decay");
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

enum { PATHS_MAX = 64 };

static bool exists(const char *pattern)
{
    glob_t g = {0};
    bool found = glob(pattern, GLOB_NOSORT, NULL, &g) == 0;

    globfree(&g);
    return found;
}

static void convert_logpath(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    struct str lines = str_of(text_of(o, v));
    char *here = NULL, *why = NULL, *paths[PATHS_MAX];
    size_t size, n = 0, bad = 0;
    bool tail = false, missing = false, different = false;

    if (c->j->own_log) {
        SAY(c, o, v, IMPORT_DIFFERENT, "source", COPY(c, "auto"), "where pptpband's own log is");
        return;
    }
    if (c->j->journal) {
        if (lines.n > 0)
            SAY(c, o, v, IMPORT_SAME, NULL, NULL, "not used with the journal, there and here");
        return;
    }
    FILE *list = open_memstream(&here, &size), *remarks = open_memstream(&why, &size);
    while (list && remarks && lines.n > 0) {
        const char *nl = memchr(lines.p, '\n', lines.n);
        struct str line = str_trim((struct str){lines.p, nl ? (size_t)(nl - lines.p) : lines.n});
        lines = nl ? str_skip(lines, (size_t)(nl - lines.p) + 1) : (struct str){"", 0};
        const char *blank = line.n ? memrchr(line.p, ' ', line.n) : NULL;
        struct str word = blank ? str_skip(line, (size_t)(blank - line.p) + 1) : (struct str){"", 0};
        // the last word is head or tail, whatever it is; nobody writes a path with a blank there and has it read
        if (blank)
            line = str_trim((struct str){line.p, (size_t)(blank - line.p)});
        tail = tail || str_eq(word, STR("tail"));
        if (blank && !str_eq(word, STR("tail")) && !str_eq(word, STR("head"))) {
            fprintf(remarks, "%s'%.*s' behind the path is neither head nor tail: fail2ban does not read it as a path", bad++ ? "; " : "",
                    word.n > 80 ? 80 : (int)word.n, word.p);
        }
        char *path = line.n ? str_dup(line) : NULL;
        if (!path)
            continue;
        bool again = false;
        for (size_t i = 0; i < n; i++)
            again = again || strcmp(paths[i], path) == 0;
        if (path[0] != '/' || strlen(path) >= 1024 || n == PATHS_MAX || strstr(path, " ;")) {
            fprintf(remarks, "%s%.80s left out: up to 64 paths that begin with / are possible here", bad++ ? "; " : "", path);
            again = true;
        }
        if (again) {
            free(path);
            continue;
        }
        missing = missing || !exists(path);
        fputs(n ? "\n" : "", list);
        for (const char *p = path; *p; p++)
            fputc(*p == ' ' || *p == '\t' ? '?' : *p, list);
        different = different || strpbrk(path, " \t");
        paths[n++] = path;
    }
    for (size_t i = 0; i < n; i++)
        free(paths[i]);
    if (remarks && tail)
        fprintf(remarks, "%stail: the first start reads back one findtime here; what is older than that bans nobody",
                bad++ ? "; " : "");
    if (remarks && missing)
        fprintf(remarks, "%snot there now: it is waited for (fail2ban does not start such a jail)%s", bad++ ? "; " : "",
                c->j->filter.knows_journal ? "; source = journal reads the journal, which the filter knows" : "");
    if (remarks && different)
        fprintf(remarks, "%sa blank is written as ?", bad++ ? "; " : "");
    if (list)
        fclose(list);
    if (remarks)
        fclose(remarks);
    if (!here || !why) {
        c->im->out_of_memory = true;
    } else if (n == 0) {
        SAY(c, o, v, IMPORT_DIFFERENT, "source", COPY(c, "auto"),
            "%s%sfail2ban does not start a jail without a log file; auto is the journal, or the usual syslog files", why,
            bad ? "; " : "");
    } else {
        import_add_row(c->im, c->j, o->name, v, bad ? IMPORT_DIFFERENT : IMPORT_SAME, "source", here,
                       bad ? COPY(c, why) : NULL);
        here = NULL;
    }
    free(here);
    free(why);
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
        unused(c, o, v);
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
