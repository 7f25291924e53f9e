// SPDX-License-Identifier: GPL-2.0-or-later
// How far log files were read, as one line of text.
#include "source/mark.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "source/impl.h"

// Paths in a mark hold no blank and no control character.
static void escape_path(const char *path, char *ret, size_t size)
{
    size_t n = 0;

    for (const unsigned char *p = (const unsigned char *)path; *p && n + 4 < size; p++) {
        if (*p <= ' ' || *p == '%' || *p == 0x7f)
            n += (size_t)snprintf(ret + n, size - n, "%%%02x", *p);
        else
            ret[n++] = (char)*p;
    }
    ret[n] = '\0';
}

int mark_append(char **mark, size_t *n, const struct mark_entry *e, const char *path)
{
    char escaped[3 * PATH_MAX], hex[33];

    escape_path(path, escaped, sizeof(escaped));
    for (int b = 0; b < 16; b++)
        snprintf(hex + 2 * b, 3, "%02x", e->file[b]);
    size_t need = *n + strlen(escaped) + 96; // two numbers of at most 20 digits
    if (need > SOURCE_MARK_MAX)
        return -E2BIG;
    char *bigger = realloc(*mark, need);
    if (!bigger)
        return -ENOMEM;
    *mark = bigger;
    *n += (size_t)snprintf(*mark + *n, need - *n, " %s:%llu:%lld:%s", hex, (unsigned long long)e->offset,
                           (long long)e->modified, escaped);
    return 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_byte(const char *p, uint8_t *ret)
{
    int high = hex_digit(p[0]), low = hex_digit(p[1]);

    if (high < 0 || low < 0)
        return false;
    *ret = (uint8_t)(high * 16 + low);
    return true;
}

static bool parse_entry(struct str word, struct mark_entry *ret, struct str *ret_path)
{
    unsigned long long offset;
    long long modified;
    int used = 0;
    char numbers[64];

    if (word.n < 34 || word.p[32] != ':')
        return false;
    for (int b = 0; b < 16; b++)
        if (!hex_byte(word.p + 2 * b, &ret->file[b]))
            return false;
    word = str_skip(word, 33);
    snprintf(numbers, sizeof(numbers), "%.*s", STR_FMT(word));
    if (sscanf(numbers, "%20llu:%20lld:%n", &offset, &modified, &used) != 2 || used == 0)
        return false;
    ret->offset = offset;
    ret->modified = modified;
    *ret_path = str_skip(word, (size_t)used);
    return true;
}

bool mark_next(struct str *rest, struct mark_entry *ret, struct str *ret_path)
{
    struct str word;

    while ((word = str_word(rest)).n > 0)
        if (parse_entry(word, ret, ret_path))
            return true;
    return false;
}

bool mark_path(struct str escaped, char *ret, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < escaped.n; i++) {
        uint8_t c = (uint8_t)escaped.p[i];
        if (c == '%') {
            if (escaped.n - i < 3 || !hex_byte(escaped.p + i + 1, &c))
                return false;
            i += 2;
        }
        if (c == '\0' || n + 1 >= size)
            return false;
        ret[n++] = (char)c;
    }
    ret[n] = '\0';
    return n > 0;
}

size_t mark_read(const char *mark, const char *path, struct mark_entry *entries, size_t max)
{
    char escaped[3 * PATH_MAX];
    struct str rest = str_of(mark), entry_path;
    size_t n = 0;

    escape_path(path, escaped, sizeof(escaped));
    while (n < max && mark_next(&rest, &entries[n], &entry_path))
        n += str_eq(entry_path, str_of(escaped));
    return n;
}

bool mark_find(const char *mark, const uint8_t file[static 16], struct mark_entry *ret)
{
    struct str rest = str_of(mark), path;

    while (mark_next(&rest, ret, &path))
        if (memcmp(ret->file, file, sizeof(ret->file)) == 0)
            return true;
    return false;
}
