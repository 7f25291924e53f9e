// SPDX-License-Identifier: GPL-2.0-or-later
// Date formats made into patterns, and what they capture made into a time.
#include "filter/date.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "filter/pattern.h"

enum { DATE_TEMPLATES = 128, DATE_REGEX = 4096 };

// The parts of a date, each with the name of its group.
enum part {
    PART_YEAR,
    PART_YEAR2,
    PART_MONTH,
    PART_MONTH_NAME,
    PART_DAY,
    PART_YDAY,
    PART_HOUR,
    PART_HOUR12,
    PART_MINUTE,
    PART_SECOND,
    PART_FRACTION,
    PART_ZONE,
    PART_ZONE_NAME,
    PART_AMPM,
    PART_EPOCH,
    PART_LONG_EPOCH,
    PART_TAI,
    PART_MAX,
};

static const char *const part_names[PART_MAX] = {
    "Y", "y", "m", "b", "d", "j", "H", "I", "M", "S", "f", "z", "Z", "p", "epoch", "lepoch", "tai",
};

struct date_detector {
    pcre2_code *v[DATE_TEMPLATES];
    char *name[DATE_TEMPLATES]; // as written
    uint64_t hits[DATE_TEMPLATES];
    size_t n;
    pcre2_match_data *data;
    pcre2_match_context *context;
    bool warm; // ready to interpret a format without JIT
    bool may_join; // a cut may bring two words together
    uint64_t limit_hits;
};

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

static const char epoch[] = "(?P<epoch>\\d{10,11}\\b(?:\\.\\d{3,6})?)";
static const char long_epoch[] = "(?P<lepoch>\\d{10,16}(?:\\.\\d{1,6})?)";
static const char tai64n[] = "@(?P<tai>[0-9a-f]{24})";

// The formats known without being told, in the order in which they are tried; the manual has the list.
static const char *const defaults[] = {
    "%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?",
    "(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
    "(?:%a )?%b %d %ExY %k:%M:%S(?:\\.%f)?",
    "%d(?P<_sep>[-/])%m(?P=_sep)(?:%ExY|%Exy) %k:%M:%S",
    "%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\\.%f)?(?: %z)?",
    "%m/%d/%ExY:%H:%M:%S",
    "%m-%d-%ExY %k:%M:%S(?:\\.%f)?",
    "Epoch",
    "{^LN-BEG}%H:%M:%S",
    "^<%m/%d/%Exy@%H:%M:%S>",
    "%Exy%Exm%Exd  ?%H:%M:%S",
    "%b %d, %ExY %I:%M:%S %p",
    "^%b-%d-%Exy %k:%M:%S",
    "%ExY%Exm%Exd(?:T|  ?)%ExH%ExM%ExS(?:[.,]%f)?(?:\\s*%z)?",
    "(?:%Z )?(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
    "(?:%z )?(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
    "TAI64N",
};

enum { N_DEFAULTS = sizeof(defaults) / sizeof(defaults[0]) };

struct buffer {
    char p[DATE_REGEX];
    size_t n;
    bool full;
};

static void put(struct buffer *b, struct str s)
{
    if (s.n > sizeof(b->p) - b->n) {
        b->full = true;
        return;
    }
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}

// A format with its %-letters made into groups.
static int expand_letters(struct buffer *out, struct str s, bool *ret_names, struct origin at,
                          struct filter_error *error)
{
    while (s.n > 0) {
        if (str_starts(s, STR("{EPOCH}")) || str_starts(s, STR("{LEPOCH}"))) {
            bool is_long = s.p[1] == 'L';
            put(out, str_of(is_long ? long_epoch : epoch));
            s = str_skip(s, is_long ? 8 : 7);
            continue;
        }
        if (s.p[0] != '%') {
            size_t n = s.p[0] == '\\' && s.n > 1 ? 2 : 1;
            put(out, (struct str){s.p, n});
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
        put(out, str_of(tokens[i].regex));
        s = str_skip(s, strlen(tokens[i].token));
    }
    return 0;
}

// True when the regex has a plain group, which then is what gets cut out.
static bool has_group(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(' && !(i + 1 < s.n && s.p[i + 1] == '?'))
            return true;
    }
    return false;
}

// Where the first group that captures begins; s.n when there is none.
static size_t first_group(struct str s)
{
    bool in_class = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (in_class) {
            in_class = s.p[i] != ']';
        } else if (s.p[i] == '[') {
            in_class = true;
            i += i + 1 < s.n && s.p[i + 1] == '^';
            i += i + 1 < s.n && s.p[i + 1] == ']';
        } else if (s.p[i] == '(' && (i + 1 == s.n || s.p[i + 1] != '?' || str_starts(str_skip(s, i), STR("(?P<")))) {
            return i;
        }
    }
    return s.n;
}

// True when what stands right before offset is certain to match a byte that is no word's: a plain one or "\[".
static bool behind_no_word(struct str s, size_t offset)
{
    size_t slashes = 0;

    while (slashes + 1 < offset && s.p[offset - 2 - slashes] == '\\')
        slashes++;
    char c = s.p[offset - 1];
    return slashes % 2 ? c == 's' || c == 'W' || (ispunct((unsigned char)c) && c != '_') : strchr(" \",;/-", c) != NULL;
}

// True when there is nothing in it that first_group() and behind_no_word() would read wrongly: flags like (?x), comments,
// quotes, conditions, other spellings of groups and classes.
static bool is_plain(struct str s)
{
    static const struct str groups[] = {{":", 1}, {"P<", 2}, {"P=", 2}, {"=", 1}, {"!", 1}, {"<=", 2}, {"<!", 2}, {">", 1},
                                        {"-i:", 3}};
    const size_t n = sizeof(groups) / sizeof(groups[0]);

    for (size_t i = 0; i + 1 < s.n; i++) {
        struct str at = str_skip(s, i), behind = str_skip(s, i + 2);
        size_t k = 0;
        if (str_starts(at, STR("[:")) || str_starts(at, STR("\\Q")) || str_starts(at, STR("(*")))
            return false;
        while (str_starts(at, STR("(?")) && k < n && !str_starts(behind, groups[k]))
            k++;
        if (k == n)
            return false;
    }
    return true;
}

enum beginning {
    BEGINS_LINE, // can match at the line's begin only
    BEGINS_WORD, // the first byte is a letter, a digit or '_'
    BEGINS_ANYHOW,
};

static enum beginning beginning_of(const pcre2_code *t)
{
    const uint8_t *bitmap = NULL;
    uint32_t options, type, first, empty;

    pcre2_pattern_info(t, PCRE2_INFO_ALLOPTIONS, &options);
    pcre2_pattern_info(t, PCRE2_INFO_FIRSTCODETYPE, &type);
    pcre2_pattern_info(t, PCRE2_INFO_FIRSTCODEUNIT, &first);
    pcre2_pattern_info(t, PCRE2_INFO_FIRSTBITMAP, (void *)&bitmap);
    pcre2_pattern_info(t, PCRE2_INFO_MATCHEMPTY, &empty);
    if (options & PCRE2_ANCHORED)
        return BEGINS_LINE;
    if (empty || (type != 1 && !bitmap))
        return BEGINS_ANYHOW;
    for (unsigned c = 0; c < 256; c++) {
        bool possible = type == 1 ? c == first : bitmap[c / 8] >> c % 8 & 1;
        if (possible && !isalnum((int)c) && c != '_')
            return BEGINS_ANYHOW;
    }
    return BEGINS_WORD;
}

static struct str without_stars(struct str s, bool *ret_begin, bool *ret_end)
{
    *ret_begin = *ret_end = false;
    if (str_starts(s, STR("**"))) {
        *ret_begin = true;
        s = str_skip(s, 2);
    }
    if (s.n >= 2 && s.p[s.n - 1] == '*' && s.p[s.n - 2] == '*') {
        *ret_end = true;
        s.n -= 2;
    }
    return s;
}

enum begin {
    BEGIN_ANYWHERE, // a filter's own: at the line's begin, at a word's, or behind what is no word
    BEGIN_NO_WORD,  // never right behind a letter or digit; what remains of the line can rely on that (gate.h)
    BEGIN_LINE,     // at the line's begin, behind up to two bytes that are no word
};

// True when what group 1 matches has no word's byte before it for certain. The regex is as add_regex() found it, stars
// taken off; guarded: it is asked for at the begin of a line or a word, or behind no word.
static bool cut_is_clean(struct str regex, enum begin begin, bool guarded, bool grouped)
{
    size_t group = grouped ? first_group(regex) : 0, offset;
    int code;

    if (group > 0)
        return group < regex.n && is_plain(regex) && behind_no_word(regex, group);
    if (begin != BEGIN_ANYWHERE)
        return true;
    pcre2_code *t = pcre2_compile((PCRE2_SPTR)regex.p, regex.n, PCRE2_DUPNAMES | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP,
                                  &code, &offset, NULL);
    enum beginning b = t ? beginning_of(t) : BEGINS_ANYHOW;
    pcre2_code_free(t);
    return b == BEGINS_LINE || (b == BEGINS_WORD && guarded);
}

// A format with its letters filled in.
struct format {
    struct str written;
    struct str regex;
    bool names;     // of months or days: in any case
    bool ends_word; // its last byte is certain to be a letter or a digit
    enum begin begin;
};

static bool has_part(const pcre2_code *t, enum part which)
{
    PCRE2_SPTR first, last;

    return pcre2_substring_nametable_scan(t, (PCRE2_SPTR)part_names[which], &first, &last) > 0;
}

// Why no time could ever come of it, and what would be accepted; NULL when one can. Some filters capture nothing on
// purpose: their lines are to have no date.
static const char *what_it_lacks(const pcre2_code *t, struct str written)
{
    bool has[PART_MAX], any = false;
    uint32_t shortest = 0;

    for (unsigned i = 0; i < PART_MAX; i++)
        any |= has[i] = has_part(t, (enum part)i);
    pcre2_pattern_info(t, PCRE2_INFO_MINLENGTH, &shortest);
    if (!any)
        return shortest == 0 || memmem(written.p, written.n, "()", 2) ? NULL : "no part of one; a letter of strptime(3) behind '%', {DATE}, {EPOCH} or TAI64N";
    bool has_month = has[PART_MONTH] || has[PART_MONTH_NAME];
    if (has[PART_DAY] && !has_month)
        return "a day but no month; %m or %b as well";
    if (has[PART_MINUTE] && !has[PART_HOUR] && !has[PART_HOUR12])
        return "minutes but no hour; %H or %I as well";
    if (has[PART_AMPM] && !has[PART_HOUR12])
        return "%p but no hour of twelve; %I as well";
    return NULL;
}

static int add_regex(struct date_detector *d, const struct format *f, struct origin at, struct filter_error *error)
{
    struct buffer b = {.n = 0};
    bool no_begin, no_end;
    size_t offset;
    int code;

    struct str regex = without_stars(f->regex, &no_begin, &no_end);
    no_begin |= str_starts(regex, STR("^")) || str_starts(regex, STR("(^")) || str_starts(regex, STR("(?:^"));
    no_end |= regex.n > 0 && regex.p[regex.n - 1] == '$';
    if (f->names)
        put(&b, STR("(?i)"));
    if (f->begin == BEGIN_LINE)
        put(&b, STR("^\\W{0,2}?"));
    else if (!no_begin)
        put(&b, f->begin == BEGIN_NO_WORD ? STR("(?<!\\w)") : STR("(?:^|\\b|\\W)"));
    bool grouped = has_group(regex);
    put(&b, grouped ? STR("") : STR("("));
    put(&b, regex);
    put(&b, grouped ? STR("") : STR(")"));
    if (!no_end)
        put(&b, STR("(?=\\b|\\W|$)"));
    if (b.full)
        return filter_fail(error, at, "the datepattern has more than %d bytes when its parts are filled in",
                           DATE_REGEX);
    if (d->n == DATE_TEMPLATES)
        return filter_fail(error, at, "more than %d date formats; a filter may have as many", DATE_TEMPLATES);
    pcre2_code *t;
    // a group of the same name may stand in several alternatives
    t = pcre2_compile((PCRE2_SPTR)b.p, b.n, PCRE2_DUPNAMES | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &code, &offset, NULL);
    if (!t) {
        PCRE2_UCHAR why[160] = "";
        pcre2_get_error_message(code, why, sizeof(why));
        return filter_fail(error, at, "datepattern '%.*s' is no regular expression: %s; pcre2pattern(3) says what is",
                           STR_FMT(f->written), (char *)why);
    }
    const char *lacking = what_it_lacks(t, f->written);
    if (lacking) {
        pcre2_code_free(t);
        return filter_fail(error, at, "datepattern '%.*s' can be no date: it has %s is wanted", STR_FMT(f->written), lacking);
    }
    if (pcre2_jit_compile(t, PCRE2_JIT_COMPLETE) < 0 && !d->warm) {
        pattern_warm_up(d->data, d->context);
        d->warm = true;
    }
    d->v[d->n++] = t;
    d->may_join |= !(f->ends_word && !grouped && !no_end) && !cut_is_clean(regex, f->begin, !no_begin, grouped);
    return 0;
}

// One of the formats that have a name of their own; NULL for others.
static const char *named_format(struct str s)
{
    if (str_eq(s, STR("Epoch")) || str_eq(s, STR("EPOCH")))
        return "(?:^|(?<=^\\[)|(?<=\\baudit\\())(?P<epoch>\\d{10,11}\\b(?:\\.\\d{3,6})?)(?=[\\]:\\s]|$)";
    if (str_eq(s, STR("LEPOCH")))
        return long_epoch;
    if (str_eq(s, STR("TAI64N")))
        return tai64n;
    return NULL;
}

// What the format added last is called.
static int set_name(struct date_detector *d, struct str before, struct str format, struct str behind)
{
    char **name = &d->name[d->n - 1];

    if (asprintf(name, "%.*s%.*s%.*s", STR_FMT(before), STR_FMT(format), STR_FMT(behind)) >= 0)
        return 0;
    *name = NULL;
    return -ENOMEM;
}

// True when a format ends with a letter behind its %: all of them end with a letter or a digit, and behind that no word
// goes on (unless by **, or when there are alternatives or groups).
static bool ends_with_letter(struct str s)
{
    size_t percent = s.n >= 4 && s.p[s.n - 3] == 'E' && s.p[s.n - 2] == 'x' ? s.n - 4 : s.n - 2;

    return s.n >= 2 && s.p[percent] == '%' && !(percent > 0 && s.p[percent - 1] == '%') &&
           isalpha((unsigned char)s.p[s.n - 1]) && !memchr(s.p, '|', s.n);
}

static int add_format(struct date_detector *d, struct str s, enum begin begin, struct origin at,
                      struct filter_error *error)
{
    struct buffer b = {.n = 0};
    const char *named = named_format(s);
    struct format f = {.written = s, .begin = begin, .ends_word = ends_with_letter(s)};

    int r = named ? 0 : expand_letters(&b, s, &f.names, at, error);
    f.regex = named ? str_of(named) : (struct str){b.p, b.n};
    f.ends_word |= named != NULL; // a digit
    if (named && s.p[0] == 'E')
        f.begin = BEGIN_NO_WORD;
    if (r == 0)
        r = add_regex(d, &f, at, error);
    return r < 0 ? r : set_name(d, begin == BEGIN_LINE ? STR("{^LN-BEG}") : STR(""), s, STR(""));
}

static int add_defaults(struct date_detector *d, bool line_begin, struct origin at, struct filter_error *error)
{
    int r = 0;

    for (size_t i = 0; i < N_DEFAULTS && r == 0; i++) {
        struct str s = str_of(defaults[i]);
        bool begin = str_starts(s, STR("{^LN-BEG}"));
        r = add_format(d, begin ? str_skip(s, 9) : s, line_begin || begin ? BEGIN_LINE : BEGIN_NO_WORD, at, error);
    }
    return r;
}

// A pattern with {DATE} in it stands for as many as there are default formats.
static int add_around_date(struct date_detector *d, struct str s, size_t date_at, struct origin at,
                           struct filter_error *error)
{
    int r = 0;

    for (size_t i = 0; i < N_DEFAULTS && r == 0; i++) {
        struct str f = str_of(defaults[i]);
        struct buffer b = {.n = 0};
        bool names = false;
        if (str_starts(f, STR("{^LN-BEG}")))
            f = str_skip(f, 9);
        if (str_starts(f, STR("^")))
            f = str_skip(f, 1);
        r = expand_letters(&b, (struct str){s.p, date_at}, &names, at, error);
        if (r == 0 && str_eq(f, STR("Epoch")))
            put(&b, str_of(epoch));
        else if (r == 0 && str_eq(f, STR("TAI64N")))
            put(&b, str_of(tai64n));
        else if (r == 0)
            r = expand_letters(&b, f, &names, at, error);
        if (r == 0)
            r = expand_letters(&b, str_skip(s, date_at + 6), &names, at, error);
        if (r == 0)
            r = add_regex(d, &(struct format){.written = s, .regex = {b.p, b.n}, .names = names, .begin = BEGIN_ANYWHERE}, at, error);
        if (r == 0)
            r = set_name(d, (struct str){s.p, date_at}, f, str_skip(s, date_at + 6));
    }
    return r;
}

static int add_pattern(struct date_detector *d, struct str s, struct origin at, struct filter_error *error)
{
    bool line_begin = str_starts(s, STR("{^LN-BEG}"));

    if (line_begin)
        s = str_skip(s, 9);
    if (s.n == 0 || str_eq(s, STR("{DATE}"))) {
        int r = add_defaults(d, true, at, error);
        return r < 0 || line_begin ? r : add_defaults(d, false, at, error);
    }
    for (size_t i = 0; i + 6 <= s.n; i++)
        if (memcmp(s.p + i, "{DATE}", 6) == 0)
            return add_around_date(d, s, i, at, error);
    return add_format(d, s, line_begin ? BEGIN_LINE : BEGIN_ANYWHERE, at, error);
}

int date_detector_new(const struct text *patterns, struct date_detector **ret, struct filter_error *error)
{
    struct date_detector *d = calloc(1, sizeof(*d));
    struct origin at = {0};
    struct str line;
    bool any = false;
    int r = 0;

    if (!d || !(d->data = pcre2_match_data_create(64, NULL)) || !(d->context = pcre2_match_context_create(NULL))) {
        date_detector_free(d);
        return -ENOMEM;
    }
    pcre2_set_match_limit(d->context, PATTERN_MATCH_LIMIT);
    pcre2_set_depth_limit(d->context, PATTERN_DEPTH_LIMIT);
    pcre2_set_heap_limit(d->context, PATTERN_HEAP_LIMIT);
    for (size_t pos = 0; patterns && r == 0 && text_line(patterns, &pos, &line, &at);)
        if ((line = str_trim(line)).n > 0) {
            any = true;
            r = add_pattern(d, line, at, error);
        }
    if (r == 0 && !any && (r = add_defaults(d, true, at, error)) == 0)
        r = add_defaults(d, false, at, error);
    if (r < 0) {
        date_detector_free(d);
        return r;
    }
    *ret = d;
    return 0;
}

void date_detector_free(struct date_detector *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++) {
        pcre2_code_free(d->v[i]);
        free(d->name[i]);
    }
    pcre2_match_data_free(d->data);
    pcre2_match_context_free(d->context);
    free(d);
}

bool date_cuts_between_words(const struct date_detector *d)
{
    return !d->may_join;
}

// One part of the last match; false when it took none. Of several groups of one name, the one that took part.
static bool part(const struct date_detector *d, const pcre2_code *t, struct str line, enum part which, struct str *ret)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(d->data);
    PCRE2_SPTR first, last;

    int size = pcre2_substring_nametable_scan(t, (PCRE2_SPTR)part_names[which], &first, &last);
    for (PCRE2_SPTR entry = first; size > 0 && entry <= last; entry += size) {
        unsigned g = (unsigned)entry[0] << 8 | entry[1];
        if (g < 64 && at[2 * g] != PCRE2_UNSET && at[2 * g + 1] <= line.n) {
            *ret = str_trim((struct str){line.p + at[2 * g], at[2 * g + 1] - at[2 * g]});
            return true;
        }
    }
    return false;
}

static bool number_part(const struct date_detector *d, const pcre2_code *t, struct str line, enum part which, int *ret)
{
    struct str s;
    unsigned long long v;

    if (!part(d, t, line, which, &s) || str_number(s, 99999, &v) < 0)
        return false;
    *ret = (int)v;
    return true;
}

static usec_t fraction_of(struct str digits)
{
    usec_t v = 0;

    for (size_t i = 0; i < 6; i++)
        v = v * 10 + (i < digits.n ? digits.p[i] - '0' : 0);
    return v;
}

// 1124012475, 1124012475.123, 1124012475123, 1124012475123456
static usec_t epoch_of(struct str s)
{
    const char *dot = memchr(s.p, '.', s.n);
    struct str whole = {s.p, dot ? (size_t)(dot - s.p) : s.n};
    unsigned long long v = 0;

    str_number(whole, UINT64_C(9999999999999999), &v);
    if (whole.n >= 16)
        return (usec_t)v;
    if (whole.n >= 13)
        return (usec_t)v * USEC_MSEC;
    return (usec_t)v * USEC_SEC + (dot ? fraction_of(str_skip(s, whole.n + 1)) : 0);
}

static usec_t tai_of(struct str s)
{
    uint64_t seconds = 0;

    for (size_t i = 1; i < 16; i++) {
        char c = s.p[i];
        seconds = seconds * 16 + (uint64_t)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return (usec_t)(seconds & 0xffffffff) * USEC_SEC;
}

static int month_of(struct str name)
{
    static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                         "jul", "aug", "sep", "oct", "nov", "dec"};

    for (int i = 0; i < 12; i++)
        if (name.n >= 3 && strncasecmp(name.p, months[i], 3) == 0)
            return i;
    return 0;
}

// +0100, +01:00, +01, and the names that RFC 5322 knows. False for other names, whose offset nobody knows for sure.
static bool offset_of(struct str s, long *ret)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"Z", 0},    {"UT", 0},   {"UTC", 0},  {"GMT", 0},  {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    unsigned digits[4] = {0};
    size_t n = 0;

    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        if (s.n == strlen(zones[i].name) && strncasecmp(s.p, zones[i].name, s.n) == 0) {
            *ret = zones[i].hours * 3600L;
            return true;
        }
    if (s.n == 0 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    for (size_t i = 1; i < s.n && n < 4; i++)
        if (isdigit((unsigned char)s.p[i]))
            digits[n++] = (unsigned)(s.p[i] - '0');
    *ret = (long)(digits[0] * 10 + digits[1]) * 3600 + (long)(digits[2] * 10 + digits[3]) * 60;
    if (s.p[0] == '-')
        *ret = -*ret;
    return true;
}

// Fields to seconds, with the zone of the line or of this machine.
static time_t seconds_of(struct tm tm, bool zoned, long offset)
{
    if (zoned)
        return timegm(&tm) - offset;
    tm.tm_isdst = -1;
    return mktime(&tm);
}

static bool time_of(const struct date_detector *d, const pcre2_code *t, struct str line, usec_t now,
                    struct date_match *ret)
{
    struct str s;
    struct tm tm, today;
    time_t now_s = (time_t)(now / USEC_SEC);
    long offset = 0;
    int v;
    usec_t fraction = 0;

    if (part(d, t, line, PART_EPOCH, &s) || part(d, t, line, PART_LONG_EPOCH, &s)) {
        ret->time = epoch_of(s);
        return ret->exact = true;
    }
    if (part(d, t, line, PART_TAI, &s)) {
        ret->time = tai_of(s);
        return true;
    }
    bool zoned = (part(d, t, line, PART_ZONE, &s) || part(d, t, line, PART_ZONE_NAME, &s)) && offset_of(s, &offset);
    if (zoned) {
        time_t there = now_s + offset;
        gmtime_r(&there, &today);
    } else {
        localtime_r(&now_s, &today);
    }
    tm = (struct tm){.tm_mday = 1};
    bool has_year = number_part(d, t, line, PART_YEAR, &tm.tm_year);
    if (has_year)
        tm.tm_year -= 1900;
    else if ((has_year = number_part(d, t, line, PART_YEAR2, &tm.tm_year)))
        tm.tm_year += tm.tm_year < 69 ? 100 : 0;
    else
        tm.tm_year = today.tm_year;
    bool has_month = number_part(d, t, line, PART_MONTH, &tm.tm_mon);
    if (has_month)
        tm.tm_mon--;
    else if ((has_month = part(d, t, line, PART_MONTH_NAME, &s)))
        tm.tm_mon = month_of(s);
    bool has_day = number_part(d, t, line, PART_DAY, &tm.tm_mday);
    if (number_part(d, t, line, PART_YDAY, &v)) {
        tm.tm_mon = 0;
        tm.tm_mday = v;
        has_month = has_day = true;
    }
    if (!has_month && !has_day) {
        tm.tm_mon = today.tm_mon;
        tm.tm_mday = today.tm_mday;
    }
    number_part(d, t, line, PART_HOUR, &tm.tm_hour);
    if (number_part(d, t, line, PART_HOUR12, &v)) {
        bool pm = part(d, t, line, PART_AMPM, &s) && (s.p[0] | 32) == 'p';
        tm.tm_hour = v % 12 + (pm ? 12 : 0);
    }
    number_part(d, t, line, PART_MINUTE, &tm.tm_min);
    number_part(d, t, line, PART_SECOND, &tm.tm_sec);
    if (part(d, t, line, PART_FRACTION, &s))
        fraction = fraction_of(s);
    time_t seconds = seconds_of(tm, zoned, offset);
    if (!has_month && !has_day && seconds > now_s) { // the time of yesterday
        tm.tm_mday--;
        seconds = seconds_of(tm, zoned, offset);
    } else if (!has_year && seconds > now_s + 86400) {
        tm.tm_year--;
        seconds = seconds_of(tm, zoned, offset);
    }
    ret->time = (usec_t)seconds * USEC_SEC + fraction;
    return true;
}

bool date_find(struct date_detector *d, struct str line, usec_t now, struct date_match *ret)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(d->data);

    for (size_t i = 0; i < d->n; i++) {
        int r = pcre2_match(d->v[i], (PCRE2_SPTR)(line.p ? line.p : ""), line.n, 0, 0, d->data, d->context);
        d->limit_hits += r < 0 && r != PCRE2_ERROR_NOMATCH;
        if (r <= 0 || at[2] == PCRE2_UNSET || at[3] > line.n || at[2] > at[3])
            continue;
        struct date_match m = {.begin = at[2], .end = at[3]};
        m.has_time = m.end > m.begin && time_of(d, d->v[i], line, now, &m);
        *ret = m;
        d->hits[i]++;
        return true;
    }
    return false;
}

size_t date_count_formats(const struct date_detector *d)
{
    return d->n;
}

const char *date_format_name(const struct date_detector *d, size_t i)
{
    return d->name[i];
}

uint64_t date_format_hits(const struct date_detector *d, size_t i)
{
    return d->hits[i];
}

uint64_t date_limit_hits(const struct date_detector *d)
{
    return d->limit_hits;
}
