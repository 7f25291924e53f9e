// SPDX-License-Identifier: GPL-2.0-or-later
// Distances between words.
#include "base/nearest.h"

#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 32 };

// Levenshtein's distance, with Damerau's swaps.
unsigned word_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];

    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= m; j++)
        last[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (best > last[j] + 1)
                best = last[j] + 1;
            if (best > row[j - 1] + 1)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && best > before[j - 2] + 1)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        unsigned *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

void nearest_try(struct nearest *n, const char *candidate)
{
    size_t length = strlen(n->word);
    unsigned d = length > 1 && strncmp(candidate, n->word, length) == 0 ? 1 : word_distance(n->word, candidate);

    if (d <= 1 + length / 4 && (!n->best || d < n->distance)) {
        n->best = candidate;
        n->distance = d;
    }
}
