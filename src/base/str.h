// SPDX-License-Identifier: GPL-2.0-or-later
// A view of bytes that somebody else owns: never NUL-terminated, never freed here.
#ifndef PB_BASE_STR_H
#define PB_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_FMT(s) (int)(s).n, (s).p // for "%.*s"

static inline struct str str_of(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static inline struct str str_skip(struct str s, size_t n)
{
    if (n > s.n)
        n = s.n;
    return (struct str){s.p + n, s.n - n};
}

// The text without blanks (space, tab, CR, LF) at either end.
struct str str_trim(struct str s);

// Cuts the first blank-separated word off *s and returns it; an empty str at the end.
struct str str_word(struct str *s);

// Cuts off and returns what stands before the next end, which goes too; everything when there is none.
struct str str_cut(struct str *s, char end);

// The whole text as an unsigned decimal number; -EINVAL when it is none, -ERANGE above max.
int str_number(struct str s, unsigned long long max, unsigned long long *ret);

// A NUL-terminated copy that the caller frees; NULL without memory.
char *str_dup(struct str s);

#endif
