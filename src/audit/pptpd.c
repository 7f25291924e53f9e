// SPDX-License-Identifier: GPL-2.0-or-later
// Reads pptpd.conf as pptpd does: one keyword a line, the first of two that are the same counts.
#include "audit/pptpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static const char *const names[PPTPD_KEYS] = {
    [PPTPD_OPTION] = "option",   [PPTPD_CONNECTIONS] = "connections", [PPTPD_LISTEN] = "listen",
    [PPTPD_LOCALIP] = "localip", [PPTPD_REMOTEIP] = "remoteip",       [PPTPD_STIMEOUT] = "stimeout",
    [PPTPD_DEBUG] = "debug",     [PPTPD_LOGWTMP] = "logwtmp",         [PPTPD_DELEGATE] = "delegate",
    [PPTPD_BCRELAY] = "bcrelay", [PPTPD_NOIPPARAM] = "noipparam",
};

void pptpd_read(const struct audit_root *root, struct pptpd *ret)
{
    struct text t = {0};
    struct str left, line;

    *ret = (struct pptpd){.error = view_read(root, PPTPD_CONF, VIEW_FILE_MAX, &t)};
    if (ret->error < 0)
        return;
    left = (struct str){t.p, t.n};
    for (unsigned at = 1; view_cut_line(&left, &line); at++) {
        const char *comment = line.n ? memchr(line.p, '#', line.n) : NULL;
        if (comment)
            line.n = (size_t)(comment - line.p);
        struct str key = str_word(&line), value = str_trim(line);
        for (size_t k = 0; k < PPTPD_KEYS; k++)
            if (!ret->keys[k].line && str_eq(key, str_of(names[k])) && value.n <= PPTPD_VALUE_MAX) {
                ret->keys[k].line = at;
                snprintf(ret->keys[k].value, sizeof(ret->keys[k].value), "%.*s", STR_FMT(value));
            }
    }
    view_free(&t);
}

// One part of an address: a number, or a range of numbers.
static int part(struct str s, uint32_t *ret_first, uint32_t *ret_last)
{
    const char *dash = s.n ? memchr(s.p, '-', s.n) : NULL;
    size_t n = dash ? (size_t)(dash - s.p) : s.n;
    unsigned long long first, last;
    int r = str_number((struct str){s.p, n}, 255, &first);

    if (r == 0)
        r = dash ? str_number(str_skip(s, n + 1), 255, &last) : 0;
    if (r < 0 || (dash && last < first))
        return -EINVAL;
    *ret_first = (uint32_t)first;
    *ret_last = dash ? (uint32_t)last : (uint32_t)first;
    return 0;
}

// a.b.c.d with ranges in any part: for a range in front of others, only the whole span is kept.
static int one_range(struct str s, struct address_range *ret)
{
    uint32_t first = 0, last = 0;

    for (int i = 0; i < 4; i++) {
        const char *dot = i < 3 && s.n ? memchr(s.p, '.', s.n) : NULL;
        size_t n = dot ? (size_t)(dot - s.p) : s.n;
        uint32_t a, b;
        if ((i < 3 && !dot) || part((struct str){s.p, n}, &a, &b) < 0)
            return -EINVAL;
        first = first << 8 | a;
        last = last << 8 | b;
        s = str_skip(s, n + 1);
    }
    *ret = (struct address_range){first, last};
    return 0;
}

int pptpd_ranges(const char *value, struct address_range ret[PPTPD_RANGES_MAX], size_t *ret_n)
{
    struct str left = str_of(value);
    size_t n = 0;

    while (left.n > 0) {
        const char *comma = memchr(left.p, ',', left.n);
        size_t length = comma ? (size_t)(comma - left.p) : left.n;
        if (n == PPTPD_RANGES_MAX || one_range((struct str){left.p, length}, &ret[n]) < 0)
            return -EINVAL;
        n++;
        left = str_skip(left, length + 1);
    }
    *ret_n = n;
    return n ? 0 : -EINVAL;
}
