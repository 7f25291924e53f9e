// SPDX-License-Identifier: GPL-2.0-or-later
// A small calculator, and splitting of lists.
#include "import/value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

enum { NUMBER_MAX = 200, DEPTH_MAX = 16 };

struct calc {
    const char *p;
    bool units, bad;
    unsigned depth;
};

static void blanks(struct calc *c)
{
    while (isspace((unsigned char)*c->p))
        c->p++;
}

// Each may be shortened to its first letter, that doubled, or the first letters; "m" and "mi" are minutes.
static const struct {
    const char *word;
    size_t least;
    const char *twice;
    double seconds;
} units[] = {
    {"seconds", 1, "ss", 1},        {"minutes", 1, "mm", 60},        {"hours", 1, "hh", 3600},
    {"days", 1, "dd", 86400},       {"weeks", 1, "ww", 7 * 86400.0}, {"months", 2, "", 2629800.0},
    {"years", 1, "yy", 31557600.0},
};

static double unit(struct calc *c)
{
    size_t n = 0;

    while (isalpha((unsigned char)c->p[n]))
        n++;
    if (n == 0)
        return 1;
    for (size_t i = 0; c->units && i < sizeof(units) / sizeof(units[0]); i++) {
        bool part = n >= units[i].least && n <= strlen(units[i].word) && strncasecmp(c->p, units[i].word, n) == 0;
        bool twice = n == 2 && strncasecmp(c->p, units[i].twice, 2) == 0;
        if (!part && !twice)
            continue;
        c->p += n;
        return units[i].seconds;
    }
    c->bad = true;
    return 0;
}

static double sum(struct calc *c);

static double operand(struct calc *c)
{
    double v = 0;

    blanks(c);
    if (*c->p == '-' || *c->p == '+') {
        bool minus = *c->p++ == '-';
        if (++c->depth > DEPTH_MAX)
            c->bad = true;
        v = c->bad ? 0 : operand(c);
        c->depth--;
        return minus ? -v : v;
    }
    if (*c->p == '(') {
        c->p++;
        if (++c->depth > DEPTH_MAX)
            c->bad = true;
        v = c->bad ? 0 : sum(c);
        c->depth--;
        blanks(c);
        if (*c->p++ != ')') {
            c->p--;
            c->bad = true;
        }
        return v;
    }
    if (!isdigit((unsigned char)*c->p) && *c->p != '.') {
        c->bad = true;
        return 0;
    }
    double scale = 1;
    for (; isdigit((unsigned char)*c->p); c->p++)
        v = v * 10 + (*c->p - '0');
    if (*c->p == '.')
        for (c->p++; isdigit((unsigned char)*c->p); c->p++)
            v += (*c->p - '0') * (scale /= 10);
    const char *behind = c->p;
    blanks(c);
    if (!isalpha((unsigned char)*c->p)) {
        c->p = behind;
        return v;
    }
    return v * unit(c);
}

static double product(struct calc *c)
{
    double v = operand(c);

    for (;; blanks(c)) {
        blanks(c);
        if (c->bad || (*c->p != '*' && *c->p != '/') || c->p[1] == *c->p) // no powers, no whole quotients
            return v;
        bool times = *c->p++ == '*';
        double w = operand(c);
        v = times ? v * w : v / w;
    }
}

static double sum(struct calc *c)
{
    double v = product(c);

    for (;;) {
        blanks(c);
        bool adjacent = c->units && isdigit((unsigned char)*c->p); // 1d 12h
        if (c->bad || (!adjacent && *c->p != '+' && *c->p != '-'))
            return v;
        bool minus = !adjacent && *c->p == '-';
        c->p += !adjacent;
        double w = product(c);
        v = minus ? v - w : v + w;
    }
}

int f2b_number(struct str s, bool with_units, double *ret)
{
    char z[NUMBER_MAX];
    struct calc c = {.p = z, .units = with_units};

    s = str_trim(s);
    if (s.n == 0 || s.n >= sizeof(z) || memchr(s.p, '\0', s.n))
        return -EINVAL;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    double v = sum(&c);
    blanks(&c);
    if (c.bad || *c.p != '\0' || !isfinite(v))
        return -EINVAL;
    *ret = v;
    return 0;
}

int f2b_flag(struct str s, bool *ret)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    s = str_trim(s);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i]) == s.n && strncasecmp(words[i], s.p, s.n) == 0) {
            *ret = i % 2 == 1;
            return 0;
        }
    return -EINVAL;
}

struct str f2b_word(struct str *s)
{
    size_t n = 0;

    while (s->n > 0 && strchr(" \t\r\n,", s->p[0]))
        *s = str_skip(*s, 1);
    while (n < s->n && !strchr(" \t\r\n,", s->p[n]))
        n++;
    struct str word = {s->p, n};
    *s = str_skip(*s, n);
    return word;
}

int f2b_network(struct str s, struct prefix *ret)
{
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    struct addr mask, addr;
    unsigned len = 0;

    if (prefix_parse(s, ret) == 0)
        return 0;
    if (!slash || addr_parse((struct str){s.p, (size_t)(slash - s.p)}, &addr) < 0 ||
        addr_parse(str_skip(s, (size_t)(slash - s.p) + 1), &mask) < 0 || !addr_is_v4(&addr) || !addr_is_v4(&mask))
        return -EINVAL;
    for (unsigned i = 0; i < 32; i++) {
        bool set = mask.b[12 + i / 8] >> (7 - i % 8) & 1;
        if (set && len < i)
            return -EINVAL; // a hole in the mask
        len += set;
    }
    *ret = prefix_of(&addr, (uint8_t)(96 + len));
    return 0;
}
