// SPDX-License-Identifier: GPL-2.0-or-later
// Tags and Python's spellings.
#include "filter/translate.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

// IPv4 also in IPv6's clothes; IPv6 with all its groups, or with :: for some of them.
#define HEX     "[[:xdigit:]]{1,4}"
#define GROUPS  "(?:" HEX "(?::" HEX "){0,6})?"
#define IP4     "(?:::(?i:ffff):)?(?P<ip4>\\d{1,3}(?:\\.\\d{1,3}){3})"
#define IP6     "(?P<ip6>(?:" HEX ":){7}" HEX "|" GROUPS "::" GROUPS ")"
#define DNS     "(?P<dns>[\\w.^-]*\\w)"
#define ADDRESS "\\[?(?:" IP4 "|" IP6 ")\\]?"

static const struct {
    struct str tag;
    const char *regex;
} plain_tags[] = {
    {{"<IP4>", 5}, IP4},
    {{"<IP6>", 5}, IP6},
    {{"<DNS>", 5}, DNS},
    {{"<ADDR>", 6}, ADDRESS},
    {{"<HOST>", 6}, "(?:" ADDRESS "|" DNS ")"},
    {{"<CIDR>", 6}, "(?P<cidr>\\d+)"},
    {{"<SUBNET>", 8}, "\\[?(?:" IP4 "|" IP6 ")(?:/(?P<cidr>\\d+))?\\]?"},
    {{"<F-ID/>", 7}, "(?P<fid>\\S+)"},
    {{"<F-PORT/>", 9}, "(?P<fport>\\w+)"},
};

struct output {
    char *p;
    size_t n, cap;
    bool failed;
};

static void put(struct output *o, struct str s)
{
    if (o->failed)
        return;
    if (s.n > o->cap - o->n) {
        size_t cap = 2 * (o->cap + s.n) + 64;
        char *p = realloc(o->p, cap);
        if (!p) {
            o->failed = true;
            return;
        }
        o->p = p;
        o->cap = cap;
    }
    memcpy(o->p + o->n, s.p, s.n);
    o->n += s.n;
}

// The length of "<F-NAME>" or "</F-NAME>" at s, with NAME's group name in buf; 0 when there is none.
static size_t group_tag(struct str s, char buf[static 40])
{
    size_t from = str_starts(s, STR("<F-")) ? 3 : str_starts(s, STR("</F-")) ? 4 : 0, n = 0;

    while (from && from + n < s.n && n < 31 &&
           (isupper((unsigned char)s.p[from + n]) || isdigit((unsigned char)s.p[from + n]) ||
            strchr("-_", s.p[from + n]))) {
        char c = s.p[from + n];
        buf[n++] = c == '-' ? '_' : (char)tolower((unsigned char)c);
    }
    if (n == 0 || from + n >= s.n || s.p[from + n] != '>' || isdigit((unsigned char)buf[0]))
        return 0;
    buf[n] = '\0';
    if (strcmp(buf, "id") == 0 || strcmp(buf, "port") == 0) { // fail2ban's names for them
        memmove(buf + 1, buf, n + 1);
        buf[0] = 'f';
    }
    return from + n + 1;
}

static bool ident_char(char c)
{
    return isalnum((unsigned char)c) || strchr("._/-+@", c);
}

// The IDENT that begins at offset and ends with '>'; empty when it is none.
static struct str ident_at(struct str s, size_t offset)
{
    struct str ident = {s.p + offset, 0};

    while (offset + ident.n < s.n && s.p[offset + ident.n] && ident_char(s.p[offset + ident.n]))
        ident.n++;
    if (ident.n > IDENT_MAX || offset + ident.n >= s.n || s.p[offset + ident.n] != '>')
        ident.n = 0;
    return ident;
}

// Flags of Python that PCRE2 has not: u (always so), a, L. Copies "(?flags" without them; returns its length, or 0
// when s is no such group.
static size_t put_flags(struct output *o, struct str s)
{
    size_t n = 2;
    bool dropped = false;

    while (n < s.n && strchr("aiLmsux", s.p[n])) {
        dropped |= strchr("auL", s.p[n]) != NULL;
        n++;
    }
    if (!dropped || n >= s.n || !strchr(":)-", s.p[n]))
        return 0;
    put(o, STR("(?"));
    for (size_t i = 2; i < n; i++)
        if (!strchr("auL", s.p[i]))
            put(o, (struct str){s.p + i, 1});
    return n;
}

// True when one byte more or less, another one, or two that changed places make b of a; capitals both.
static bool nearly(struct str a, struct str b)
{
    size_t same = 0;

    while (same < a.n && same < b.n && a.p[same] == b.p[same])
        same++;
    struct str x = str_skip(a, same), y = str_skip(b, same);
    return str_eq(str_skip(x, 1), y) || str_eq(x, str_skip(y, 1)) ||
           (x.n && y.n && str_eq(str_skip(x, 1), str_skip(y, 1))) ||
           (x.n > 1 && y.n > 1 && x.p[0] == y.p[1] && x.p[1] == y.p[0] && str_eq(str_skip(x, 2), str_skip(y, 2)));
}

// What a tag that is none was probably meant to be; NULL for text that stands for itself: an unknown <word> does, as in
// fail2ban, but nobody looks for <HOTS> in a log.
static const char *meant(struct str s)
{
    static const char *const tags[] = {"<HOST>",      "<ADDR>", "<CIDR>", "<SUBNET>",
                                       "<SKIPLINES>", "<IP4>",  "<IP6>",  "<DNS>"};
    static const char *const others[] = {"<IP>", "<ADDR>", "<IPV4>", "<IP4>", "<IPV6>", "<IP6>", "<F-IP>", "<F-ID>"};
    const char *close = memchr(s.p, '>', s.n < 40 ? s.n : 40);
    struct str tag = {s.p, close ? (size_t)(close - s.p) + 1 : 0};
    char upper[40];

    if (tag.n < 4)
        return NULL;
    if (str_starts(tag, STR("<__")) || str_starts(tag, STR("<known/")))
        return "the name of an option of this filter";
    for (size_t i = 0; i < tag.n; i++)
        upper[i] = (char)toupper((unsigned char)tag.p[i]);
    bool capitals = memcmp(upper, tag.p, tag.n) == 0;
    struct str u = {upper, tag.n};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i += 2)
        if (str_eq(u, str_of(others[i])))
            return others[i + 1];
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        if (str_eq(u, str_of(tags[i])) ||
            (capitals && strlen(tags[i]) > 5 && tag.p[1] == tags[i][1] && nearly(tag, str_of(tags[i]))))
            return tags[i];
    return str_starts(u, STR("<F-")) || str_starts(u, STR("</F-")) ? "<F-NAME>...</F-NAME>, the name in capitals"
                                                                   : NULL;
}

// "<...>" at s, or 0 when it is no tag of ours.
static int put_tag(struct output *o, struct str s, struct origin at, unsigned flags, struct translated *t,
                   size_t *ret_length, struct filter_error *error)
{
    char name[40];

    *ret_length = 0;
    for (size_t i = 0; i < sizeof(plain_tags) / sizeof(plain_tags[0]); i++)
        if (str_starts(s, plain_tags[i].tag)) {
            bool no_name = (flags & TRANSLATE_NO_NAMES) && str_eq(plain_tags[i].tag, STR("<HOST>"));
            put(o, no_name ? STR(ADDRESS) : str_of(plain_tags[i].regex));
            *ret_length = plain_tags[i].tag.n;
            return 0;
        }
    if (str_starts(s, STR("<SKIPLINES>"))) {
        snprintf(name, sizeof(name), "\\n(?P<skiplines%u>(?:.*\\n)*?)", t->skips++);
        put(o, str_of(name));
        *ret_length = 11;
        return 0;
    }
    if ((*ret_length = group_tag(s, name)) > 0) {
        if (s.p[1] == '/') {
            put(o, STR(")"));
        } else {
            put(o, STR("(?P<"));
            put(o, str_of(name));
            put(o, STR(">"));
        }
        return 0;
    }
    if (str_starts(s, STR("<@")))
        return filter_fail(error, at, "'%.*s': <@IDENT> belongs at the very beginning of a pattern",
                           (int)(s.n < 30 ? s.n : 30), s.p);
    const char *other = meant(s);
    if (other)
        return filter_fail(error, at, "'%.*s' is no tag; %s would be accepted, or \\< for a '<' that stands for itself",
                           (int)((const char *)memchr(s.p, '>', s.n) + 1 - s.p), s.p, other);
    if (str_starts(s, STR("<LINK ")) || str_starts(s, STR("<LINK>"))) {
        struct str ident = ident_at(s, 6);
        if (ident.n == 0)
            return filter_fail(error, at,
                               "'%.*s': <LINK IDENT> is wanted, IDENT being the name that the linked "
                               "program logs as",
                               (int)(s.n < 30 ? s.n : 30), s.p);
        if (t->link_ident.n)
            return filter_fail(error, at, "a second <LINK ...> in one pattern; one is wanted");
        t->link_ident = ident;
        put(o, STR("(?P<link>[1-9][0-9]{0,9})(?![0-9])"));
        *ret_length = 6 + ident.n + 1;
    }
    return 0;
}

// Python's {,n}
static bool is_open_quantifier(struct str s)
{
    size_t i = 2;

    if (!str_starts(s, STR("{,")))
        return false;
    while (i < s.n && isdigit((unsigned char)s.p[i]))
        i++;
    return i < s.n && s.p[i] == '}';
}

int translate(struct str s, struct origin at, unsigned flags, struct translated *ret, struct filter_error *error)
{
    struct translated t = {0};
    struct output o = {0};
    bool in_class = false;

    if (str_starts(s, STR("<@"))) {
        t.ident = ident_at(s, 2);
        if (t.ident.n == 0)
            return filter_fail(error, at, "'%.*s': <@IDENT> is wanted, IDENT being the name that the program logs as",
                               (int)(s.n < 30 ? s.n : 30), s.p);
        s = str_skip(s, 2 + t.ident.n + 1);
    }
    while (s.n > 0) {
        size_t length = 0;
        if (s.p[0] == '\\' && s.n > 1) {
            if (s.p[1] == 'Z') // Python: the very end
                put(&o, STR("\\z"));
            else
                put(&o, (struct str){s.p, 2});
            length = 2;
        } else if (in_class) {
            in_class = s.p[0] != ']';
        } else if (s.p[0] == '[') {
            in_class = true;
            length = s.n > 1 && s.p[1] == '^' ? 2 : 1;
            if (length < s.n && s.p[length] == ']') // first in a class it is itself
                length++;
            put(&o, (struct str){s.p, length});
        } else if (is_open_quantifier(s)) {
            put(&o, STR("{0,"));
            length = 2;
        } else if (str_starts(s, STR("(?"))) {
            length = put_flags(&o, s);
            if (!length && str_starts(s, STR("(?<"))) { // a group's name is no tag
                length = 3;
                put(&o, STR("(?<"));
            } else if (!length && str_starts(s, STR("(?P<"))) {
                length = 4;
                put(&o, STR("(?P<"));
            }
        } else if (s.p[0] == '<') {
            int r = put_tag(&o, s, at, flags, &t, &length, error);
            if (r < 0) {
                free(o.p);
                return r;
            }
        }
        if (length == 0) {
            put(&o, (struct str){s.p, 1});
            length = 1;
        }
        s = str_skip(s, length);
    }
    put(&o, (struct str){"", 1}); // NUL
    if (o.failed) {
        free(o.p);
        return -ENOMEM;
    }
    t.regex = o.p;
    t.n = o.n - 1;
    *ret = t;
    return 0;
}
