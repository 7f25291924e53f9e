// SPDX-License-Identifier: GPL-2.0-or-later
// dpkg's list of packages, its order of versions, and the table of holes.
#include "audit/versions.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

const struct hole holes[] = {
    {"ppp",
     "CVE-2020-8597",
     "2.4.8-1+1~exp1",
     {"2.4.7-2+4.1+deb10u1", "2.4.7-1+4+deb9u1"},
     true,
     "pppd can be taken over by an EAP packet, before any login, EAP asked for or not",
     "DSA-4632-1; ppp's NEWS for 2.4.9"},
    {"ppp",
     "CVE-2015-3310",
     "2.4.6-3.1",
     {NULL},
     true,
     "the radius plugin crashes when process ids pass 65535",
     "Debian bug 782450"},
    {"ppp",
     "CVE-2014-3158",
     "2.4.6-3",
     {NULL},
     false,
     "a long word in an options file of a local user gains root",
     "ppp's NEWS for 2.4.7; ppp's changelog in Debian"},
    {"ppp",
     "CVE-2024-58250",
     "2.5.2",
     {NULL},
     false,
     "the plugin passprompt keeps privileges that it should give up; only where it is used",
     "ppp 2.5.2, which takes the plugin away"},
    {"ppp",
     "CVE-2022-4603",
     "2.5.0",
     {NULL},
     false,
     "pppdump, a tool that no server runs, reads past its buffer in a bad recording",
     "ppp commit a75fb7b"},
    {"pptpd", "CVE-2003-0213", "1.1.4", {NULL}, true, "the first packet of anybody takes pptpd over", "DSA-295-1"},
    {"accel-ppp",
     "CVE-2022-24705",
     "1.13.0",
     {NULL},
     true,
     "a packet in the name of the RADIUS server overflows a buffer",
     "accel-ppp commit d4cb8972"},
    {"accel-ppp",
     "CVE-2020-15173",
     "1.13.0",
     {NULL},
     true,
     "an L2TP packet takes accel-pppd over, before any login",
     "accel-ppp commit 2324bcd5"},
    {"accel-ppp",
     "the overflow in L2TP's calling number",
     "1.14.0",
     {NULL},
     true,
     "an L2TP packet overflows a buffer",
     "accel-ppp commit 2bbf451b"},
    {NULL, NULL, NULL, {NULL}, false, NULL, NULL},
};

// dpkg's order of a character: ~ before the end, the end before letters, letters before the rest.
static int order(int c)
{
    if (c == '~')
        return -1;
    if (c == 0 || isdigit(c))
        return 0;
    return isalpha(c) ? c : c + 256;
}

static int compare_part(struct str a, struct str b)
{
    while (a.n > 0 || b.n > 0) {
        while ((a.n > 0 && !isdigit((unsigned char)a.p[0])) || (b.n > 0 && !isdigit((unsigned char)b.p[0]))) {
            int x = order(a.n ? (unsigned char)a.p[0] : 0), y = order(b.n ? (unsigned char)b.p[0] : 0);
            if (x != y)
                return x - y;
            a = str_skip(a, 1);
            b = str_skip(b, 1);
        }
        while (a.n > 0 && a.p[0] == '0')
            a = str_skip(a, 1);
        while (b.n > 0 && b.p[0] == '0')
            b = str_skip(b, 1);
        int first = 0;
        while (a.n > 0 && b.n > 0 && isdigit((unsigned char)a.p[0]) && isdigit((unsigned char)b.p[0])) {
            first = first ? first : a.p[0] - b.p[0];
            a = str_skip(a, 1);
            b = str_skip(b, 1);
        }
        if (a.n > 0 && isdigit((unsigned char)a.p[0]))
            return 1;
        if (b.n > 0 && isdigit((unsigned char)b.p[0]))
            return -1;
        if (first)
            return first;
    }
    return 0;
}

static struct str cut(struct str *s, char at, bool last)
{
    const char *p = s->n ? (last ? memrchr(s->p, at, s->n) : memchr(s->p, at, s->n)) : NULL;

    if (!p)
        return (struct str){"", 0};
    size_t n = (size_t)(p - s->p);
    struct str part = last ? str_skip(*s, n + 1) : (struct str){s->p, n};
    if (last)
        s->n = n;
    else
        *s = str_skip(*s, n + 1);
    return part;
}

int version_compare(const char *a, const char *b)
{
    struct str x = str_of(a), y = str_of(b);
    struct str epoch_x = cut(&x, ':', false), epoch_y = cut(&y, ':', false);
    int c = compare_part(epoch_x, epoch_y);

    if (c)
        return c;
    struct str revision_x = cut(&x, '-', true), revision_y = cut(&y, '-', true);
    c = compare_part(x, y);
    return c ? c : compare_part(revision_x, revision_y);
}

bool hole_applies(const struct hole *h, const char *version)
{
    for (size_t i = 0; i < 2 && h->backports[i]; i++) {
        const char *b = h->backports[i], *deb = strstr(b, "+deb");
        if (strncmp(version, b, (size_t)(deb - b) + 4) == 0 && version_compare(version, b) >= 0)
            return false;
    }
    return version_compare(version, h->fixed) < 0;
}

int versions_installed(const struct audit_root *root, const char *package, char ret[static VERSION_MAX + 1])
{
    struct text t = {0};
    struct str left, line;
    bool ours = false, installed = false;
    int found = -ENOENT, r = view_read(root, "/var/lib/dpkg/status", VIEW_STATUS_MAX, &t);

    if (r < 0)
        return r;
    left = (struct str){t.p, t.n};
    while (found < 0 && view_cut_line(&left, &line)) {
        if (line.n == 0) {
            ours = installed = false;
        } else if (str_starts(line, STR("Package: "))) {
            ours = str_eq(str_trim(str_skip(line, 9)), str_of(package));
        } else if (ours && str_starts(line, STR("Status: "))) {
            installed = line.n > 10 && memmem(line.p, line.n, " installed", 10) != NULL;
        } else if (ours && installed && str_starts(line, STR("Version: "))) {
            struct str v = str_trim(str_skip(line, 9));
            snprintf(ret, VERSION_MAX + 1, "%.*s", STR_FMT(v));
            found = 0;
        }
    }
    view_free(&t);
    return found;
}
