// SPDX-License-Identifier: GPL-2.0-or-later
// What is certain of the place where a date begins.
#include "filter/date_cut.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdint.h>

bool date_has_group(struct str s)
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

// True when there is nothing in it that first_group() and behind_no_word() would read wrongly: flags like (?x),
// comments, quotes, conditions, other spellings of groups and classes.
static bool is_plain(struct str s)
{
    static const struct str groups[] = {{":", 1},  {"P<", 2}, {"P=", 2}, {"=", 1},  {"!", 1},
                                        {"<=", 2}, {"<!", 2}, {">", 1},  {"-i:", 3}};
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

bool date_cut_is_clean(struct str regex, enum date_begin begin, bool guarded, bool grouped)
{
    size_t group = grouped ? first_group(regex) : 0, offset;
    int code;

    if (group > 0)
        return group < regex.n && is_plain(regex) && behind_no_word(regex, group);
    if (begin != DATE_BEGIN_ANYWHERE)
        return true;
    pcre2_code *t = pcre2_compile((PCRE2_SPTR)regex.p, regex.n, PCRE2_DUPNAMES | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP,
                                  &code, &offset, NULL);
    enum beginning b = t ? beginning_of(t) : BEGINS_ANYHOW;
    pcre2_code_free(t);
    return b == BEGINS_LINE || (b == BEGINS_WORD && guarded);
}
