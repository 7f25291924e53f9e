// SPDX-License-Identifier: GPL-2.0-or-later
// The few text operations that everything above shares. Never allocates but in str_dup().
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = str_skip(s, 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_cut(struct str *s, char end)
{
    const char *p = s->n ? memchr(s->p, end, s->n) : NULL;
    struct str head = {s->p, p ? (size_t)(p - s->p) : s->n};

    *s = str_skip(*s, head.n + 1);
    return head;
}

struct str str_word(struct str *s)
{
    while (s->n > 0 && is_blank(s->p[0]))
        *s = str_skip(*s, 1);
    struct str word = {s->p, 0};
    while (word.n < s->n && !is_blank(s->p[word.n]))
        word.n++;
    *s = str_skip(*s, word.n);
    return word;
}

int str_number(struct str s, unsigned long long max, unsigned long long *ret)
{
    unsigned long long v = 0;

    if (s.n == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -EINVAL;
        unsigned digit = (unsigned)(s.p[i] - '0');
        if (digit > max || v > (max - digit) / 10)
            return -ERANGE;
        v = v * 10 + digit;
    }
    *ret = v;
    return 0;
}

char *str_dup(struct str s)
{
    char *z = malloc(s.n + 1);

    if (!z)
        return NULL;
    if (s.n)
        memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return z;
}
