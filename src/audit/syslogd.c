// SPDX-License-Identifier: GPL-2.0-or-later
// rsyslog's selectors, as far as they can be told without running it: legacy lines and actions in brackets. Conditions
// are not evaluated, but those about pppd and pptpd that throw lines away are found.
#include "audit/syslogd.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

enum { ALL = 0xff, LOGICAL_MAX = 8192 };

struct reader {
    const struct audit_root *root;
    struct syslogd *s;
    const char *path; // of the file that is read
    unsigned line;
    unsigned depth; // of files
    int braces;
    bool about_us;                     // the condition that is open mentions pppd or pptpd
    bool last_about_us;                // that before "& stop"
    unsigned last[SYSLOGD_FACILITIES]; // what the selector before "&" chose
};

static const char *const facilities[SYSLOGD_FACILITIES] = {"daemon", "local2"};

static int priority_named(const char *name, size_t n)
{
    static const struct {
        const char *name;
        int priority;
    } all[] = {{"emerg", 0},   {"panic", 0}, {"alert", 1},  {"crit", 2}, {"err", 3},  {"error", 3},
               {"warning", 4}, {"warn", 4},  {"notice", 5}, {"info", 6}, {"debug", 7}};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strlen(all[i].name) == n && strncasecmp(all[i].name, name, n) == 0)
            return all[i].priority;
    return -1;
}

static bool names_facility(struct str list, const char *facility)
{
    while (list.n > 0) {
        const char *comma = memchr(list.p, ',', list.n);
        size_t n = comma ? (size_t)(comma - list.p) : list.n;
        if ((n == 1 && list.p[0] == '*') || (n == strlen(facility) && strncasecmp(list.p, facility, n) == 0))
            return true;
        list = str_skip(list, n + 1);
    }
    return false;
}

// The priorities of facility that "FACILITIES.PRIORITY;..." chooses; false when this is no selector.
static bool selects(struct str selector, const char *facility, unsigned *ret)
{
    unsigned mask = 0;

    while (selector.n > 0) {
        const char *end = memchr(selector.p, ';', selector.n);
        size_t n = end ? (size_t)(end - selector.p) : selector.n;
        const char *dot = memchr(selector.p, '.', n);
        if (!dot)
            return false;
        struct str p = {dot + 1, (size_t)(selector.p + n - dot - 1)};
        bool not = p.n && p.p[0] == '!';
        p = str_skip(p, not );
        bool only = p.n && p.p[0] == '=';
        p = str_skip(p, only);
        int priority = priority_named(p.p, p.n);
        unsigned bits = priority < 0 ? ALL : only ? 1u << priority : (2u << priority) - 1;
        bool none = p.n == 4 && strncasecmp(p.p, "none", 4) == 0, any = p.n == 1 && p.p[0] == '*';
        if (priority < 0 && !none && !any)
            return false;
        if (names_facility((struct str){selector.p, (size_t)(dot - selector.p)}, facility))
            mask = not || none ? mask & ~bits : mask | bits;
        selector = str_skip(selector, n + 1);
    }
    *ret = mask;
    return true;
}

static void add_file(struct syslogd *s, struct str path, const unsigned mask[SYSLOGD_FACILITIES])
{
    size_t i = 0;

    if (path.n >= sizeof(s->files[0].path))
        return;
    while (i < s->n_files && !str_eq(str_of(s->files[i].path), path))
        i++;
    if (i == SYSLOGD_FILES_MAX) {
        s->partly = true;
        return;
    }
    if (i == s->n_files)
        snprintf(s->files[s->n_files++].path, sizeof(s->files[0].path), "%.*s", STR_FMT(path));
    for (unsigned f = 0; f < SYSLOGD_FACILITIES; f++)
        s->files[i].got[f] |= mask[f] & s->left[f];
}

static bool is_stop(struct str action)
{
    return str_eq(action, STR("stop")) || str_eq(action, STR("~")) || str_eq(action, STR("discard"));
}

// The value of name="..." inside of brackets.
static struct str parameter(struct str s, const char *name)
{
    char wanted[40];

    snprintf(wanted, sizeof(wanted), "%s=\"", name);
    for (struct str at = s; at.n > strlen(wanted); at = str_skip(at, 1))
        if (strncasecmp(at.p, wanted, strlen(wanted)) == 0) {
            struct str value = str_skip(at, strlen(wanted));
            const char *end = memchr(value.p, '"', value.n);
            return (struct str){value.p, end ? (size_t)(end - value.p) : 0};
        }
    return (struct str){"", 0};
}

static void act(struct reader *r, struct str action, const unsigned mask[SYSLOGD_FACILITIES])
{
    action = str_trim(action);
    if (is_stop(action)) {
        for (unsigned f = 0; f < SYSLOGD_FACILITIES; f++)
            r->s->left[f] &= ~mask[f];
        return;
    }
    if (str_starts(action, STR("action(")))
        action = parameter(action, "file");
    if (action.n > 1 && action.p[0] == '-')
        action = str_skip(action, 1);
    if (action.n > 0 && action.p[0] == '/') {
        size_t n = 0;
        while (n < action.n && action.p[n] != ';' && action.p[n] != ' ' && action.p[n] != '\t')
            n++;
        add_file(r->s, (struct str){action.p, n}, mask);
    }
}

static bool mentions_us(struct str s)
{
    return memmem(s.p, s.n, "pppd", 4) || memmem(s.p, s.n, "pptpd", 5) || memmem(s.p, s.n, "pptpctrl", 8);
}

static bool holds_stop(struct str s)
{
    while (s.n > 0) {
        struct str word = str_word(&s);
        while (word.n > 0 && (word.p[0] == '{' || word.p[0] == '('))
            word = str_skip(word, 1);
        while (word.n > 0 && (word.p[word.n - 1] == '}' || word.p[word.n - 1] == ')'))
            word.n--;
        if (is_stop(word))
            return true;
    }
    return false;
}

static void note_drop(struct reader *r)
{
    if (!*r->s->dropped)
        snprintf(r->s->dropped, sizeof(r->s->dropped), "%s:%u", r->path, r->line);
}

static void read_config(struct reader *outer, const struct audit_root *root, struct syslogd *s, const char *path,
                        unsigned depth);

// A path, perhaps with a pattern in its last part.
static void include(struct reader *r, struct str what)
{
    char pattern[256], dir[256], path[600];
    struct names names = {0};

    if (what.n == 0 || what.n >= sizeof(pattern) || what.p[0] != '/') {
        r->s->partly = true;
        return;
    }
    snprintf(pattern, sizeof(pattern), "%.*s", STR_FMT(what));
    char *slash = strrchr(pattern, '/');
    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - pattern), pattern);
    if (!strpbrk(slash, "*?[")) {
        read_config(r, r->root, r->s, pattern, r->depth + 1);
        return;
    }
    if (view_list(r->root, *dir ? dir : "/", slash + 1, &names) == 0)
        for (size_t i = 0; i < names.n; i++) {
            snprintf(path, sizeof(path), "%s/%s", dir, names.v[i]);
            read_config(r, r->root, r->s, path, r->depth + 1);
        }
    names_free(&names);
}

static void again(struct reader *r, struct str action)
{
    if (r->last_about_us && is_stop(str_trim(action)))
        note_drop(r);
    act(r, action, r->last);
}

static void rule(struct reader *r, struct str line)
{
    unsigned mask[SYSLOGD_FACILITIES];
    struct str action = line, selector = str_word(&action);

    for (unsigned f = 0; f < SYSLOGD_FACILITIES; f++)
        if (!selects(selector, facilities[f], &mask[f])) {
            r->s->partly = true;
            return;
        }
    memcpy(r->last, mask, sizeof(mask));
    r->last_about_us = false;
    act(r, action, mask);
}

static void logical_line(struct reader *r, struct str line)
{
    static const char *const blocks[] = {"module(",  "input(",        "global(", "template(", "main_queue(",
                                         "ruleset(", "lookup_table(", "parser(", "timezone(", "dyn_stats("};
    struct str rest = line, word = str_word(&rest);

    if (str_eq(word, STR("$IncludeConfig"))) {
        include(r, str_trim(rest));
    } else if (str_starts(line, STR("include("))) {
        include(r, parameter(line, "file"));
    } else if (str_eq(word, STR("$EscapeControlCharactersOnReceive"))) {
        r->s->raw = str_starts(str_trim(rest), STR("off"));
    } else if (line.p[0] == '$') {
        ;
    } else if (line.p[0] == '&') {
        again(r, str_skip(line, 1));
    } else if (line.p[0] == ':' || str_starts(line, STR("if "))) {
        r->last_about_us = r->about_us = mentions_us(line);
        memset(r->last, 0, sizeof(r->last));
        r->s->partly |= r->about_us;
        if (r->about_us && holds_stop(line))
            note_drop(r);
    } else if (r->braces > 0) {
        if (r->about_us && holds_stop(line))
            note_drop(r);
    } else if (isalpha((unsigned char)line.p[0]) || line.p[0] == '*') {
        for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
            if (str_starts(line, str_of(blocks[i]))) {
                r->s->imjournal |= i == 0 && memmem(line.p, line.n, "imjournal", 9);
                if (i == 2 && memmem(line.p, line.n, "escapeControlCharactersOnReceive=\"off\"", 38))
                    r->s->raw = true;
                return;
            }
        if (str_starts(line, STR("action(")))
            act(r, line, (const unsigned[]){ALL, ALL});
        else if (!str_starts(line, STR("else")) && !str_eq(line, STR("stop")))
            rule(r, line);
    }
}

// How many brackets of a kind are open at the end, outside of quotes; a # outside of them ends the line.
static struct str without_comment(struct str s, int *parens, int *braces)
{
    char quote = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (quote) {
            i += c == '\\';
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '#') {
            s.n = i;
        } else {
            *parens += (c == '(') - (c == ')');
            *braces += (c == '{') - (c == '}');
        }
    }
    return str_trim(s);
}

static void read_lines(struct reader *r, struct str text)
{
    char joined[LOGICAL_MAX];
    size_t n = 0;
    int parens = 0;
    struct str line;

    while (view_cut_line(&text, &line)) {
        int opened = 0;
        r->line++;
        line = without_comment(line, &parens, &opened);
        bool goes_on = line.n > 0 && line.p[line.n - 1] == '\\';
        line.n -= goes_on;
        if (n + line.n + 2 > sizeof(joined)) {
            r->s->partly = true;
            n = 0;
        }
        memcpy(joined + n, line.p, line.n < sizeof(joined) - n - 1 ? line.n : 0);
        n += line.n < sizeof(joined) - n - 1 ? line.n : 0;
        if (goes_on || parens > 0) {
            joined[n++] = ' ';
            continue;
        }
        struct str whole = str_trim((struct str){joined, n});
        n = 0;
        parens = 0;
        if (whole.n > 0)
            logical_line(r, whole);
        r->braces += opened;
        if (r->braces <= 0) {
            r->braces = 0;
            r->about_us = r->about_us && opened > 0;
        }
    }
}

static void read_config(struct reader *outer, const struct audit_root *root, struct syslogd *s, const char *path,
                        unsigned depth)
{
    struct reader r = {.root = root, .s = s, .path = path, .depth = depth};
    struct text t = {0};

    if (depth > SYSLOGD_DEPTH_MAX || s->n_includes++ == SYSLOGD_INCLUDES_MAX) {
        s->partly = true;
        return;
    }
    int error = view_read(root, path, VIEW_FILE_MAX, &t);
    if (!outer)
        s->error = error;
    else if (error < 0)
        s->partly = true;
    if (error == 0)
        read_lines(&r, (struct str){t.p, t.n});
    view_free(&t);
}

void syslogd_read(const struct audit_root *root, struct syslogd *ret)
{
    static const char *const mains[] = {"/etc/rsyslog.conf", "/etc/syslog.conf"};

    *ret = (struct syslogd){.left = {ALL, ALL}};
    for (size_t i = 0; i < 2; i++)
        if (view_exists(root, mains[i])) {
            ret->kind = SYSLOGD_RSYSLOG;
            read_config(NULL, root, ret, mains[i], 0);
            return;
        }
    if (view_exists(root, "/etc/syslog-ng/syslog-ng.conf") || view_exists(root, "/etc/metalog.conf"))
        ret->kind = SYSLOGD_OTHER;
}
