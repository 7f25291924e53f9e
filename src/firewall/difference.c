// SPDX-License-Identifier: GPL-2.0-or-later
// The longest common subsequence of the lines in the middle, where two texts differ.
#include "firewall/difference.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"

enum { LINES_MAX = 2000, WIDTH = 160 };

struct lines {
    struct str *v;
    size_t n;
};

static int split(const char *text, struct lines *ret)
{
    size_t n = 0;

    for (const char *p = text; *p; p++)
        n += *p == '\n';
    if (!(ret->v = calloc(n + 1, sizeof(*ret->v))))
        return -ENOMEM;
    for (ret->n = 0; *text;) {
        size_t length = strcspn(text, "\n");
        ret->v[ret->n++] = (struct str){text, length};
        text += length + (text[length] == '\n');
    }
    return 0;
}

static void print(FILE *out, char sign, struct str line)
{
    line = str_trim(line);
    if (line.n > 0)
        fprintf(out, "%c %.*s%s\n", sign, (int)(line.n < WIDTH ? line.n : WIDTH), line.p, line.n > WIDTH ? " ..." : "");
}

// common[i * (nb + 1) + j]: how many lines the rest of a from i and the rest of b from j have in common.
static int print_middle(const struct str *a, size_t na, const struct str *b, size_t nb, FILE *out)
{
    uint16_t *common = calloc((na + 1) * (nb + 1), sizeof(*common));
    size_t i = 0, j = 0;

    if (!common)
        return -ENOMEM;
    for (size_t x = na; x-- > 0;)
        for (size_t y = nb; y-- > 0;) {
            uint16_t down = common[(x + 1) * (nb + 1) + y], right = common[x * (nb + 1) + y + 1];
            common[x * (nb + 1) + y] = str_eq(a[x], b[y]) ? (uint16_t)(common[(x + 1) * (nb + 1) + y + 1] + 1)
                                                          : down > right ? down : right;
        }
    while (i < na || j < nb) {
        if (i < na && j < nb && str_eq(a[i], b[j])) {
            i++;
            j++;
        } else if (j == nb || (i < na && common[(i + 1) * (nb + 1) + j] >= common[i * (nb + 1) + j + 1])) {
            print(out, '-', a[i++]);
        } else {
            print(out, '+', b[j++]);
        }
    }
    free(common);
    return 0;
}

int fw_difference(const char *old, const char *fresh, FILE *out)
{
    struct lines a = {NULL, 0}, b = {NULL, 0};
    size_t head = 0, tail = 0;
    int r = split(old, &a);

    if (r == 0)
        r = split(fresh, &b);
    if (r == 0) {
        while (head < a.n && head < b.n && str_eq(a.v[head], b.v[head]))
            head++;
        while (tail < a.n - head && tail < b.n - head && str_eq(a.v[a.n - 1 - tail], b.v[b.n - 1 - tail]))
            tail++;
        size_t na = a.n - head - tail, nb = b.n - head - tail;
        if (na > LINES_MAX || nb > LINES_MAX)
            fprintf(out, "- %zu lines\n+ %zu lines\n", na, nb);
        else
            r = print_middle(a.v + head, na, b.v + head, nb, out);
    }
    free(a.v);
    free(b.v);
    return r;
}
