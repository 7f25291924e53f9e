// SPDX-License-Identifier: GPL-2.0-or-later
// Syslog headers. Each step takes what it knows off the left of the rest and leaves everything else alone.
#include "source/header.h"

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Everything before the next blank; *rest is what stands behind that one blank.
static struct str cut_word(struct str *rest)
{
    const char *blank = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
    struct str word = {rest->p, blank ? (size_t)(blank - rest->p) : rest->n};

    *rest = str_skip(*rest, word.n + (blank != NULL));
    return word;
}

static struct str nil_is_empty(struct str s)
{
    return str_eq(s, STR("-")) ? (struct str){s.p, 0} : s;
}

// "<0>" to "<999>" off the front.
static bool skip_priority(struct str *s)
{
    size_t i = 1;

    if (s->n < 3 || s->p[0] != '<')
        return false;
    while (i < s->n && i < 4 && is_digit(s->p[i]))
        i++;
    if (i == 1 || i >= s->n || s->p[i] != '>')
        return false;
    *s = str_skip(*s, i + 1);
    return true;
}

static bool pid_number(struct str s, uint32_t *ret)
{
    uint64_t v = 0;

    if (s.n == 0 || s.n > 10)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]))
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    if (v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

// "IDENT: ", "IDENT[PID]: ", "IDENT[PID] " off the front of *s; an ident has no blank, '[' or ':'. A bracket that
// holds no number is skipped.
static bool cut_tag(struct str *s, struct header *h)
{
    size_t i = 0;
    bool bracket = false;
    uint32_t pid = 0;

    while (i < s->n && s->p[i] != ' ' && s->p[i] != '[' && s->p[i] != ':')
        i++;
    struct str ident = {s->p, i};
    if (i == 0 || i == s->n)
        return false;
    if (s->p[i] == '[') {
        size_t from = ++i;
        while (i < s->n && s->p[i] != ']' && s->p[i] != ' ')
            i++;
        if (i == s->n || s->p[i] != ']')
            return false;
        bracket = pid_number((struct str){s->p + from, i - from}, &pid);
        i++;
    }
    if (i < s->n && s->p[i] == ':')
        i++;
    else if (!bracket)
        return false;
    if (i < s->n && s->p[i] != ' ')
        return false;
    h->ident = ident;
    h->pid = pid;
    *s = str_skip(*s, i + 1);
    return true;
}

static bool one_of(struct str s, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, names[i]))
            return true;
    return false;
}

#define S(literal) {literal, sizeof(literal) - 1}

// "daemon.info", as OpenWrt and busybox write it before the tag.
static bool is_facility_severity(struct str word)
{
    static const struct str facilities[] = {
        S("kern"), S("user"), S("mail"), S("daemon"), S("auth"), S("syslog"), S("lpr"), S("news"),
        S("uucp"), S("cron"), S("authpriv"), S("ftp"), S("local0"), S("local1"), S("local2"),
        S("local3"), S("local4"), S("local5"), S("local6"), S("local7"),
    };
    static const struct str severities[] = {
        S("emerg"), S("alert"), S("crit"), S("err"), S("error"), S("warn"), S("warning"),
        S("notice"), S("info"), S("debug"), S("panic"),
    };
    const char *dot = word.n && word.n < 24 ? memchr(word.p, '.', word.n) : NULL;

    if (!dot)
        return false;
    size_t n = (size_t)(dot - word.p);
    return one_of((struct str){word.p, n}, facilities, sizeof(facilities) / sizeof(facilities[0])) &&
           one_of(str_skip(word, n + 1), severities, sizeof(severities) / sizeof(severities[0]));
}

#undef S

static bool skip_facility(struct str *s)
{
    struct str rest = *s;

    if (!is_facility_severity(cut_word(&rest)))
        return false;
    *s = rest;
    return true;
}

// The structured data of RFC 5424 off the front: "-" or elements "[ID NAME="VALUE" ...]" in which \", \\ and \]
// stand for themselves.
static bool skip_structured_data(struct str *s)
{
    size_t i = 0;

    if (s->n > 0 && s->p[0] == '-') {
        i = 1;
    } else {
        while (i < s->n && s->p[i] == '[') {
            bool quoted = false;
            for (i++; i < s->n && (quoted || s->p[i] != ']'); i++) {
                if (quoted && s->p[i] == '\\')
                    i++;
                else if (s->p[i] == '"')
                    quoted = !quoted;
            }
            if (i >= s->n)
                return false;
            i++;
        }
    }
    if (i == 0 || (i < s->n && s->p[i] != ' '))
        return false;
    *s = str_skip(*s, i + 1);
    return true;
}

static void skip_byte_order_mark(struct str *s)
{
    if (str_starts(*s, STR("\xef\xbb\xbf")))
        *s = str_skip(*s, 3);
}

static void take_stamp(const struct stamp *stamp, struct str s, struct header *h)
{
    h->has_time = true;
    h->time = stamp->time;
    h->later = stamp->later;
    h->date = (struct str){s.p, stamp->n};
}

// Everything behind "<PRI>1 ".
static bool parse_5424(struct stamp_clock *c, struct str s, struct header *h)
{
    struct stamp stamp = {0};

    if (str_starts(s, STR("- ")))
        stamp.n = 1;
    else if (stamp_parse(c, s, &stamp) && stamp.kind == STAMP_ISO && s.p[10] != ' ')
        take_stamp(&stamp, s, h);
    else
        return false;
    s = str_skip(s, stamp.n + 1);
    h->host = nil_is_empty(cut_word(&s));
    h->ident = nil_is_empty(cut_word(&s));
    if (!pid_number(cut_word(&s), &h->pid))
        h->pid = 0;
    cut_word(&s); // message id
    if (!skip_structured_data(&s))
        return false;
    skip_byte_order_mark(&s);
    if (s.n > 0 && s.p[0] == ' ') // rsyslog keeps the blank that stood behind the tag
        s = str_skip(s, 1);
    skip_byte_order_mark(&s);
    h->message = s;
    return true;
}

// Host and tag. What is no tag is the host; OpenWrt's logread and programs with a log of their own write none.
static void cut_origin(struct str *s, enum stamp_kind kind, struct header *h)
{
    struct str rest = *s;

    if (skip_facility(s)) {
        cut_tag(s, h);
        return;
    }
    if (cut_tag(s, h))
        return;
    struct str host = cut_word(&rest);
    if (kind == STAMP_WEEKDAY && str_starts(host, STR(":")))
        return;
    skip_facility(&rest);
    if (!cut_tag(&rest, h) && kind == STAMP_WEEKDAY)
        return;
    h->host = host;
    *s = rest;
}

// {"timestamp":"STAMP": it stands first, so nothing in the values behind it can be taken for it.
static bool parse_json(struct stamp_clock *c, struct str s, struct header *h)
{
    enum { LONGEST = 40 };
    struct stamp stamp;
    struct str rest = str_skip(s, 12);

    rest = str_skip(rest, str_starts(rest, STR(":")));
    rest = str_skip(rest, str_starts(rest, STR(" ")));
    if (!str_starts(rest, STR("\"")))
        return false;
    rest = str_skip(rest, 1);
    const char *quote = rest.n ? memchr(rest.p, '"', rest.n < LONGEST ? rest.n : LONGEST) : NULL;
    struct str text = {rest.p, quote ? (size_t)(quote - rest.p) : 0};
    if (!stamp_parse(c, text, &stamp) || stamp.n != text.n)
        return false;
    take_stamp(&stamp, text, h);
    h->message = s;
    return true;
}

static bool parse(struct stamp_clock *c, struct str s, struct header *h)
{
    struct stamp stamp;

    skip_byte_order_mark(&s);
    if (str_starts(s, STR("{\"timestamp\"")))
        return parse_json(c, s, h);
    if (skip_priority(&s) && str_starts(s, STR("1 ")))
        return parse_5424(c, str_skip(s, 2), h);
    bool bracket = s.n > 0 && s.p[0] == '[';
    s = str_skip(s, bracket);
    if (!stamp_parse(c, s, &stamp))
        return false;
    take_stamp(&stamp, s, h);
    s = str_skip(s, stamp.n);
    if (bracket) {
        if (s.n == 0 || s.p[0] != ']')
            return false;
        s = str_skip(s, 1);
        while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == ':'))
            s = str_skip(s, 1);
        h->message = s;
        return true;
    }
    if (s.n > 0 && s.p[0] == ']')
        return false;
    s = str_skip(s, 1);
    if (stamp.kind != STAMP_SLASH)
        cut_origin(&s, stamp.kind, h);
    h->message = s;
    return true;
}

bool header_parse(struct stamp_clock *c, struct str line, struct header *ret)
{
    struct header h = {0};

    if (parse(c, line, &h)) {
        *ret = h;
        return true;
    }
    *ret = (struct header){.message = line};
    return false;
}
