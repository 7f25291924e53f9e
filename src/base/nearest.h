// SPDX-License-Identifier: GPL-2.0-or-later
// Which of the words that would be accepted was perhaps meant by one that is not.
#ifndef PB_BASE_NEAREST_H
#define PB_BASE_NEAREST_H

// How many letters must change to make b of a, a swap of two neighbours being one change; large when the two have little
// in common.
unsigned word_distance(const char *a, const char *b);

struct nearest {
    const char *word;
    const char *best; // NULL: none is near
    unsigned distance;
};

// A fourth of the letters may be wrong, and one; the beginning of a word, of two letters at least, is as near.
static inline struct nearest nearest_to(const char *word)
{
    return (struct nearest){.word = word};
}

// best borrows candidate. Of several as near, the first.
void nearest_try(struct nearest *n, const char *candidate);

#endif
