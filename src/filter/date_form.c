// SPDX-License-Identifier: GPL-2.0-or-later
// Letters and usual formats.
#include "filter/date_form.h"

#define MONTHS "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"

// What a letter behind % (or %Ex: exact digits) stands for.
static const struct {
    const char *token, *regex;
} tokens[] = {
    {"ExY", "(?P<Y>(?:19|2\\d)\\d{2})"},
    {"Exy", "(?P<y>\\d{2})"},
    {"Exm", "(?P<m>0[1-9]|1[0-2])"},
    {"Exd", "(?P<d>0[1-9]|[12]\\d|3[01])"},
    {"ExH", "(?P<H>[01]\\d|2[0-3])"},
    {"Exk", " ?(?P<H>[01]\\d|2[0-3])"},
    {"Exl", " ?(?P<I>0[1-9]|1[0-2])"},
    {"ExM", "(?P<M>[0-5]\\d)"},
    {"ExS", "(?P<S>[0-5]\\d|6[01])"},
    {"Exz", "(?P<z>UTC|GMT|Z|[+-][01]\\d(?::?\\d{2})?)"},
    {"ExZ", "(?P<Z>(?-i:[A-Z]{3,5}|Z))"},
    {"Y", "(?P<Y>\\d{4})"},
    {"y", "(?P<y>\\d{2})"},
    {"m", "(?P<m>1[0-2]|0?[1-9])"},
    {"B", "(?P<b>january|february|march|april|may|june|july|august|september|october|november|december)"},
    {"b", "(?P<b>" MONTHS ")"},
    {"h", "(?P<b>" MONTHS ")"},
    {"d", "(?P<d>3[01]|[12]\\d|[ 0]?[1-9])"},
    {"j", "(?P<j>36[0-6]|3[0-5]\\d|[12]\\d{2}|0?[1-9]\\d|0{0,2}[1-9])"},
    {"H", "(?P<H>2[0-3]|[01]?\\d)"},
    {"k", " ?(?P<H>2[0-3]|[01]?\\d)"},
    {"I", "(?P<I>1[0-2]|0?[1-9])"},
    {"l", " ?(?P<I>1[0-2]|0?[1-9])"},
    {"M", "(?P<M>[0-5]?\\d)"},
    {"S", "(?P<S>6[01]|[0-5]?\\d)"},
    {"f", "(?P<f>\\d{1,6})"},
    {"z", "(?P<z>UTC|GMT|Z|[+-]\\d{2}(?::?\\d{2})?)"},
    {"Z", "(?P<Z>(?-i:[A-Z]{3,5}|Z))"},
    {"p", "(?P<p>am|pm)"},
    {"A", "(?:mon|tues|wednes|thurs|fri|satur|sun)day"},
    {"a", "(?:mon|tue|wed|thu|fri|sat|sun)"},
    {"%", "%"},
};

void date_put(struct date_buffer *b, struct str s)
{
    if (s.n > sizeof(b->p) - b->n) {
        b->full = true;
        return;
    }
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}

int date_expand(struct date_buffer *out, struct str s, bool *ret_names, struct origin at, struct filter_error *error)
{
    while (s.n > 0) {
        if (str_starts(s, STR("{EPOCH}")) || str_starts(s, STR("{LEPOCH}"))) {
            bool is_long = s.p[1] == 'L';
            date_put(out, str_of(date_named_regex(is_long ? DATE_LONG_EPOCH : DATE_EPOCH, false)));
            s = str_skip(s, is_long ? 8 : 7);
            continue;
        }
        if (s.p[0] != '%') {
            size_t n = s.p[0] == '\\' && s.n > 1 ? 2 : 1;
            date_put(out, (struct str){s.p, n});
            s = str_skip(s, n);
            continue;
        }
        s = str_skip(s, 1);
        size_t i = 0;
        while (i < sizeof(tokens) / sizeof(tokens[0]) && !str_starts(s, str_of(tokens[i].token)))
            i++;
        if (i == sizeof(tokens) / sizeof(tokens[0]))
            return filter_fail(error, at,
                               "'%%%.*s' in datepattern is no part of a date; a letter of strptime(3) or one of "
                               "%%ExY %%Exy %%Exm %%Exd %%ExH %%ExM %%ExS %%f %%k %%l is wanted",
                               (int)(s.n < 3 ? s.n : 3), s.p);
        *ret_names |= strchr("AaBbhp", tokens[i].token[0]) != NULL;
        date_put(out, str_of(tokens[i].regex));
        s = str_skip(s, strlen(tokens[i].token));
    }
    return 0;
}

#define EPOCH "(?P<epoch>\\d{10,11}(?!\\w)(?:\\.\\d{3,6})?)"

enum date_named date_named(struct str s)
{
    static const struct {
        struct str name;
        enum date_named which;
    } names[] = {{{"Epoch", 5}, DATE_EPOCH},
                 {{"EPOCH", 5}, DATE_EPOCH},
                 {{"LEPOCH", 6}, DATE_LONG_EPOCH},
                 {{"TAI64N", 6}, DATE_TAI64N}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(s, names[i].name))
            return names[i].which;
    return DATE_NAMED_NONE;
}

const char *date_named_regex(enum date_named which, bool alone)
{
    switch (which) {
    case DATE_EPOCH: // at the beginning, in brackets there, or as the kernel's audit writes it
        return alone ? "(?<=^|^\\[|\\baudit\\()" EPOCH "(?=[]:\\s]|$)" : EPOCH;
    case DATE_LONG_EPOCH:
        return "(?P<lepoch>\\d{10,11}(?:\\d{3}(?:\\d{3}|\\.\\d{1,6})?)?)"; // seconds, or with three or six digits more
    case DATE_TAI64N:
        return "@(?P<tai>[0-9a-f]{24})";
    case DATE_NAMED_NONE:
        break;
    }
    return "";
}

// A usual format is a day, a clock and what stands between them, perhaps with a fraction, and something in front or
// behind.
enum day {
    DAY_NONE,
    DAY_2005_01_23,
    DAY_20050123,
    DAY_050123,
    DAY_SUN_JAN_23,
    DAY_SUN_JAN_23_2005,
    DAY_JAN_23_COMMA_2005,
    DAY_JAN_23_05,
    DAY_23_01_2005,
    DAY_23_JAN_2005,
    DAY_01_23_2005_SLASHES,
    DAY_01_23_2005_DASHES,
    DAY_01_23_05,
};

// Where a day has two of one separator, the second must be the first again.
#define GAP(set) "(?P<gap>[" set "])"
#define SAME_GAP "(?P=gap)"

static const char *const days[] = {
    [DAY_NONE] = "",
    [DAY_2005_01_23] = "%ExY" GAP("-/.") "%m" SAME_GAP "%d",
    [DAY_20050123] = "%ExY%Exm%Exd",
    [DAY_050123] = "%Exy%Exm%Exd",
    [DAY_SUN_JAN_23] = "(?:%a )?%b %d",
    [DAY_SUN_JAN_23_2005] = "(?:%a )?%b %d %ExY",
    [DAY_JAN_23_COMMA_2005] = "%b %d, %ExY",
    [DAY_JAN_23_05] = "%b-%d-%Exy",
    [DAY_23_01_2005] = "%d" GAP("-/") "%m" SAME_GAP "(?:%ExY|%Exy)",
    [DAY_23_JAN_2005] = "%d" GAP("-/") "%b" SAME_GAP "%ExY",
    [DAY_01_23_2005_SLASHES] = "%m/%d/%ExY",
    [DAY_01_23_2005_DASHES] = "%m-%d-%ExY",
    [DAY_01_23_05] = "%m/%d/%Exy",
};

enum clock { CLOCK_DIGITS, CLOCK_BLANK_HOUR, CLOCK_ALL_DIGITS, CLOCK_TWELVE };

static const char *const clocks[] = {
    [CLOCK_DIGITS] = "%H:%M:%S",
    [CLOCK_BLANK_HOUR] = "%k:%M:%S", // " 9:05:00"
    [CLOCK_ALL_DIGITS] = "%ExH%ExM%ExS",
    [CLOCK_TWELVE] = "%I:%M:%S %p",
};

#define T_OR_BLANKS    "(?:T| {1,2})"
#define POINT          "(?:\\.%f)?"
#define POINT_OR_COMMA "(?:[.,]%f)?"
#define ZONE_BEHIND    "(?:\\s*%z)?"
#define YEAR_BEHIND    "(?: %ExY)?"

static const struct usual {
    enum day day;
    const char *between;
    enum clock clock;
    const char *fraction, *front, *behind; // NULL: nothing
    enum date_where where;
    enum date_named named; // instead of all these
} usual[] = {
    {DAY_2005_01_23, T_OR_BLANKS, CLOCK_DIGITS, POINT_OR_COMMA, .behind = ZONE_BEHIND},
    {DAY_SUN_JAN_23, " ", CLOCK_BLANK_HOUR, POINT, .behind = YEAR_BEHIND},
    {DAY_SUN_JAN_23_2005, " ", CLOCK_BLANK_HOUR, POINT, .where = DATE_ANYWHERE},
    {DAY_23_01_2005, " ", CLOCK_BLANK_HOUR, .where = DATE_ANYWHERE},
    {DAY_23_JAN_2005, "[ :]?", CLOCK_DIGITS, POINT, .behind = "(?: %z)?"},
    {DAY_01_23_2005_SLASHES, ":", CLOCK_DIGITS, .where = DATE_ANYWHERE},
    {DAY_01_23_2005_DASHES, " ", CLOCK_BLANK_HOUR, POINT, .where = DATE_ANYWHERE},
    {.named = DATE_EPOCH},
    {DAY_NONE, "", CLOCK_DIGITS, .where = DATE_NEAR_LINE_BEGIN},
    {DAY_01_23_05, "@", CLOCK_DIGITS, .front = "<", .behind = ">(?!\\w)", .where = DATE_LINE_BEGIN},
    {DAY_050123, " {1,2}", CLOCK_DIGITS, .where = DATE_ANYWHERE},
    {DAY_JAN_23_COMMA_2005, " ", CLOCK_TWELVE, .where = DATE_ANYWHERE},
    {DAY_JAN_23_05, " ", CLOCK_BLANK_HOUR, .where = DATE_LINE_BEGIN},
    {DAY_20050123, T_OR_BLANKS, CLOCK_ALL_DIGITS, POINT_OR_COMMA, .behind = ZONE_BEHIND},
    {DAY_SUN_JAN_23, " ", CLOCK_BLANK_HOUR, POINT, .front = "(?:%Z )?", .behind = YEAR_BEHIND},
    {DAY_SUN_JAN_23, " ", CLOCK_BLANK_HOUR, POINT, .front = "(?:%z )?", .behind = YEAR_BEHIND},
    {.named = DATE_TAI64N},
};

bool date_usual(size_t i, char buf[static DATE_USUAL_TEXT], enum date_where *ret_where)
{
    if (i >= sizeof(usual) / sizeof(usual[0]))
        return false;
    const struct usual *u = &usual[i];
    if (u->named != DATE_NAMED_NONE)
        snprintf(buf, DATE_USUAL_TEXT, "%s", u->named == DATE_EPOCH ? "Epoch" : "TAI64N");
    else
        snprintf(buf, DATE_USUAL_TEXT, "%s%s%s%s%s%s", u->front ? u->front : "", days[u->day], u->between,
                 clocks[u->clock], u->fraction ? u->fraction : "", u->behind ? u->behind : "");
    *ret_where = u->where;
    return true;
}
