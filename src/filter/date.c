// SPDX-License-Identifier: GPL-2.0-or-later
// Date formats made into patterns, and what they capture made into a time.
#include "filter/date.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "filter/date_cut.h"
#include "filter/date_form.h"
#include "filter/pattern.h"

enum { DATE_TEMPLATES = 128 };

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
    bool warm;     // ready to interpret a format without JIT
    bool may_join; // a cut may bring two words together
    uint64_t limit_hits;
};

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

// A format with its letters filled in.
struct format {
    struct str written;
    struct str regex;
    bool names; // of months or days: in any case
    enum date_begin begin;
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
        return shortest == 0 || memmem(written.p, written.n, "()", 2)
                   ? NULL
                   : "no part of one; a letter of strptime(3) behind '%', {DATE}, {EPOCH} or TAI64N";
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
    struct date_buffer b = {.n = 0};
    bool no_begin, no_end;
    size_t offset;
    int code;

    struct str regex = without_stars(f->regex, &no_begin, &no_end);
    no_begin |= str_starts(regex, STR("^")) || str_starts(regex, STR("(^")) || str_starts(regex, STR("(?:^"));
    no_end |= regex.n > 0 && regex.p[regex.n - 1] == '$';
    if (f->names)
        date_put(&b, STR("(?i)"));
    if (f->begin == DATE_BEGIN_LINE)
        date_put(&b, STR("^\\W{0,2}?"));
    else if (!no_begin)
        date_put(&b, f->begin == DATE_BEGIN_NO_WORD ? STR("(?<!\\w)") : STR("(?:^|\\b|\\W)"));
    bool grouped = date_has_group(regex);
    date_put(&b, grouped ? STR("") : STR("("));
    date_put(&b, regex);
    date_put(&b, grouped ? STR("") : STR(")"));
    if (!no_end)
        date_put(&b, STR("(?=\\b|\\W|$)"));
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
        return filter_fail(error, at, "datepattern '%.*s' can be no date: it has %s is wanted", STR_FMT(f->written),
                           lacking);
    }
    if (pcre2_jit_compile(t, PCRE2_JIT_COMPLETE) < 0 && !d->warm) {
        pattern_warm_up(d->data, d->context);
        d->warm = true;
    }
    d->v[d->n++] = t;
    bool any;
    d->may_join |= !date_cut_is_clean(&(struct date_cut){
        .written = without_stars(f->written, &any, &any),
        .regex = regex,
        .begin = f->begin,
        .begin_guarded = !no_begin || f->begin == DATE_BEGIN_LINE,
        .end_guarded = !no_end,
    });
    return 0;
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

static int add_format(struct date_detector *d, struct str s, enum date_begin begin, struct origin at,
                      struct filter_error *error)
{
    struct date_buffer b = {.n = 0};
    struct format f = {.written = s, .begin = begin};
    enum date_named named = date_named(s);
    int r = 0;

    if (named != DATE_NAMED_NONE) {
        date_put(&b, str_of(date_named_regex(named, true)));
        if (named == DATE_EPOCH)
            f.begin = DATE_BEGIN_NO_WORD;
    } else {
        r = date_expand(&b, s, &f.names, at, error);
    }
    f.regex = (struct str){b.p, b.n};
    if (r == 0)
        r = add_regex(d, &f, at, error);
    return r < 0 ? r : set_name(d, begin == DATE_BEGIN_LINE ? STR("{^LN-BEG}") : STR(""), s, STR(""));
}

static int add_usual(struct date_detector *d, bool line_begin, struct origin at, struct filter_error *error)
{
    char text[DATE_USUAL_TEXT + 1] = "^";
    enum date_where where;
    int r = 0;

    for (size_t i = 0; r == 0 && date_usual(i, text + 1, &where); i++)
        r = add_format(d, str_of(where == DATE_LINE_BEGIN ? text : text + 1),
                       line_begin || where == DATE_NEAR_LINE_BEGIN ? DATE_BEGIN_LINE : DATE_BEGIN_NO_WORD, at, error);
    return r;
}

// A pattern with {DATE} in it stands for as many as there are usual formats.
static int add_around_date(struct date_detector *d, struct str s, size_t date_at, struct origin at,
                           struct filter_error *error)
{
    struct str front = {s.p, date_at}, behind = str_skip(s, date_at + 6);
    char text[DATE_USUAL_TEXT];
    enum date_where where;
    int r = 0;

    for (size_t i = 0; r == 0 && date_usual(i, text, &where); i++) {
        struct date_buffer b = {.n = 0};
        struct format f = {.written = s, .begin = DATE_BEGIN_ANYWHERE};
        enum date_named named = date_named(str_of(text));
        r = date_expand(&b, front, &f.names, at, error);
        if (r == 0 && named != DATE_NAMED_NONE)
            date_put(&b, str_of(date_named_regex(named, false)));
        else if (r == 0)
            r = date_expand(&b, str_of(text), &f.names, at, error);
        if (r == 0)
            r = date_expand(&b, behind, &f.names, at, error);
        f.regex = (struct str){b.p, b.n};
        if (r == 0)
            r = add_regex(d, &f, at, error);
        if (r == 0)
            r = set_name(d, front, str_of(text), behind);
    }
    return r;
}

static int add_pattern(struct date_detector *d, struct str s, struct origin at, struct filter_error *error)
{
    bool line_begin = str_starts(s, STR("{^LN-BEG}"));

    if (line_begin)
        s = str_skip(s, 9);
    if (s.n == 0 || str_eq(s, STR("{DATE}"))) {
        int r = add_usual(d, true, at, error);
        return r < 0 || line_begin ? r : add_usual(d, false, at, error);
    }
    for (size_t i = 0; i + 6 <= s.n; i++)
        if (memcmp(s.p + i, "{DATE}", 6) == 0)
            return add_around_date(d, s, i, at, error);
    return add_format(d, s, line_begin ? DATE_BEGIN_LINE : DATE_BEGIN_ANYWHERE, at, error);
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
    if (r == 0 && !any && (r = add_usual(d, true, at, error)) == 0)
        r = add_usual(d, false, at, error);
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

    str_number(whole, UINT64_C(99999999999999999), &v);
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
    if (has_year && tm.tm_year < -1899)
        return false; // no calendar has a year 0
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
