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

// The end of the class that begins at i: the offset of its ']'.
static size_t end_of_class(struct str s, size_t i)
{
    i++;
    i += i < s.n && s.p[i] == '^';
    i += i < s.n && s.p[i] == ']'; // first in a class it is itself
    while (i < s.n && s.p[i] != ']')
        i += s.p[i] == '\\' ? 2 : 1;
    return i;
}

// The first plain group: where it begins and where its ')' is. False when there is none, or it is not closed.
static bool find_group(struct str s, size_t *ret_open, size_t *ret_close)
{
    size_t depth = 0, open = s.n, level = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == '[') {
            i = end_of_class(s, i);
        } else if (s.p[i] == '(') {
            depth++;
            if (open == s.n && !(i + 1 < s.n && s.p[i + 1] == '?')) {
                open = i;
                level = depth;
            }
        } else if (s.p[i] == ')' && depth > 0) {
            if (open < s.n && depth == level) {
                *ret_open = open;
                *ret_close = i;
                return true;
            }
            depth--;
        }
    }
    return false;
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

// True when there is nothing in it that find_group() and behind_no_word() would read wrongly: flags like (?x),
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

static enum beginning beginning_of_regex(struct str regex)
{
    size_t offset;
    int code;

    pcre2_code *t = pcre2_compile((PCRE2_SPTR)regex.p, regex.n, PCRE2_DUPNAMES | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP,
                                  &code, &offset, NULL);
    enum beginning b = t ? beginning_of(t) : BEGINS_ANYHOW;
    pcre2_code_free(t);
    return b;
}

// Where the group begins that ends with the ')' at the end of s; s.n when there is none.
static size_t last_group(struct str s)
{
    size_t stack[16], depth = 0, last = s.n;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == '[') {
            i = end_of_class(s, i);
        } else if (s.p[i] == '(') {
            if (depth == sizeof(stack) / sizeof(stack[0]))
                return s.n;
            stack[depth++] = i;
        } else if (s.p[i] == ')') {
            if (depth == 0)
                return s.n;
            last = stack[--depth];
        } else if (s.p[i] == '|' && depth == 0) {
            return s.n;
        }
    }
    return depth == 0 ? last : s.n;
}

static bool has_bar(struct str s)
{
    size_t depth = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '[')
            i = end_of_class(s, i);
        else if (s.p[i] == '|' && depth == 0)
            return true;
        else if (s.p[i] == '(')
            depth++;
        else if (s.p[i] == ')' && depth > 0)
            depth--;
    }
    return false;
}

// True when the last byte that a format in letters matches is certain to be a letter or a digit: all that stands behind
// % ends so, and all that stands in braces.
static bool ends_word(struct str s, unsigned depth)
{
    static const struct str braces[] = {{"{DATE}", 6}, {"{EPOCH}", 7}, {"{LEPOCH}", 8}};

    if (s.n == 0 || depth > 8 || has_bar(s))
        return false;
    for (size_t i = 0; i < sizeof(braces) / sizeof(braces[0]); i++)
        if (s.n >= braces[i].n && str_eq(str_skip(s, s.n - braces[i].n), braces[i]))
            return true;
    char last = s.p[s.n - 1];
    if (isalnum((unsigned char)last))
        return !(s.n > 1 && s.p[s.n - 2] == '\\');
    bool optional = last == '?' && s.n > 1;
    struct str group = {s.p, s.n - optional};
    if (group.p[group.n - 1] != ')')
        return false;
    size_t open = last_group(group);
    struct str inner = str_skip(group, open + 3);
    if (open == group.n || !str_starts(str_skip(group, open), STR("(?:")) || inner.n == 0)
        return false;
    inner.n--;
    return ends_word(inner, depth + 1) && (!optional || ends_word((struct str){s.p, open}, depth + 1));
}

// True when s begins with something that is certain to match a byte that is no word's.
static bool goes_on_with_no_word(struct str s)
{
    size_t n = s.n > 1 && s.p[0] == '\\' ? 2 : 1;

    if (s.n < n || (s.n > n && strchr("?*{", s.p[n])))
        return false;
    char c = s.p[n - 1];
    return n == 2 ? c == 's' || c == 'W' || (ispunct((unsigned char)c) && c != '_')
                  : strchr(" !\"&',-/:;<=>@~", c) != NULL;
}

bool date_cut_is_clean(const struct date_cut *c)
{
    struct str s = c->written;
    bool grouped = date_has_group(c->regex);
    enum beginning b = beginning_of_regex(c->regex);
    bool left = c->begin_guarded && (c->begin != DATE_BEGIN_ANYWHERE || b == BEGINS_WORD);
    size_t open, close;

    if (!grouped)
        return b == BEGINS_LINE || (left && c->end_guarded && ends_word(s, 0));
    // what is cut is the first group that captures, and each letter does
    if (!is_plain(s) || has_bar(s) || !find_group(s, &open, &close) || memchr(s.p, '%', open) || memchr(s.p, '{', open))
        return false;
    if (open == 0 && b == BEGINS_LINE)
        return true;
    if (open > 0)
        left = behind_no_word(s, open);
    struct str inner = {s.p + open + 1, close - open - 1}, rest = str_skip(s, close + 1);
    return left && (rest.n == 0 ? c->end_guarded && ends_word(inner, 0) : goes_on_with_no_word(rest));
}
