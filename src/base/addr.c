// SPDX-License-Identifier: GPL-2.0-or-later
// Internet addresses and networks as text. Never resolves names.
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static struct addr from_v4(const uint8_t quad[4])
{
    struct addr a = {.b = {[10] = 0xff, [11] = 0xff}};

    memcpy(a.b + 12, quad, 4);
    return a;
}

static int parse_v4(struct str s, struct addr *ret)
{
    uint8_t quad[4];
    size_t i = 0;

    for (int part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t digits = 0;
        if (part > 0 && (i >= s.n || s.p[i++] != '.'))
            return -EINVAL;
        for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits++)
            if ((v = v * 10 + (unsigned)(s.p[i] - '0')) > 255)
                return -EINVAL;
        // a leading zero is octal to some readers and decimal to others: nobody's address
        if (digits == 0 || (digits > 1 && s.p[i - digits] == '0'))
            return -EINVAL;
        quad[part] = (uint8_t)v;
    }
    if (i != s.n)
        return -EINVAL;
    *ret = from_v4(quad);
    return 0;
}

int addr_parse(struct str s, struct addr *ret)
{
    char z[INET6_ADDRSTRLEN];
    struct in6_addr in6;

    if (s.n >= sizeof(z))
        return -EINVAL;
    if (!memchr(s.p ? s.p : "", ':', s.n))
        return parse_v4(s, ret);
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    if (strlen(z) != s.n || inet_pton(AF_INET6, z, &in6) != 1)
        return -EINVAL;
    memcpy(ret->b, in6.s6_addr, sizeof(ret->b));
    return 0;
}

int addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret)
{
    if (sa->sa_family == AF_INET) {
        uint8_t quad[4];
        memcpy(quad, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
        *ret = from_v4(quad);
        return 0;
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(ret->b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
        return 0;
    }
    return -EAFNOSUPPORT;
}

// Digits of v without leading zeros; returns where they end. Lists of 100,000 networks are worth not asking printf().
static char *put_number(char *p, unsigned v)
{
    if (v >= 100)
        *p++ = (char)('0' + v / 100);
    if (v >= 10)
        *p++ = (char)('0' + v / 10 % 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

static void format_v4(const uint8_t quad[4], char *p)
{
    for (int i = 0; i < 4; i++) {
        p = put_number(p, quad[i]);
        *p++ = i < 3 ? '.' : '\0';
    }
}

const char *addr_format(const struct addr *a, char buf[static ADDR_STRLEN])
{
    if (addr_is_v4(a))
        format_v4(a->b + 12, buf);
    else
        inet_ntop(AF_INET6, a->b, buf, ADDR_STRLEN);
    return buf;
}

int prefix_parse(struct str s, struct prefix *ret)
{
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    struct addr a;

    if (!slash) {
        int r = addr_parse(s, &a);
        if (r < 0)
            return r;
        *ret = prefix_of(&a, 128);
        return 0;
    }
    int r = addr_parse((struct str){s.p, (size_t)(slash - s.p)}, &a);
    if (r < 0)
        return r;
    unsigned long long len;
    unsigned max = addr_is_v4(&a) ? 32 : 128;
    if (str_number(str_skip(s, (size_t)(slash - s.p) + 1), max, &len) < 0)
        return -EINVAL;
    *ret = prefix_of(&a, (uint8_t)(len + 128 - max));
    return 0;
}

const char *prefix_format(const struct prefix *p, char buf[static PREFIX_STRLEN])
{
    addr_format(&p->addr, buf);
    if (p->len < 128) {
        char *end = buf + strlen(buf);
        *end++ = '/';
        *put_number(end, prefix_family_len(p)) = '\0';
    }
    return buf;
}
