// SPDX-License-Identifier: GPL-2.0-or-later
// Finds any of a set of fixed byte strings in a buffer, fast (SIMD where the processor has it, the same results
// without): the gate that lets most of a log go by unparsed. Knows nothing of lines or patterns.
#ifndef PB_BASE_LITERALS_H
#define PB_BASE_LITERALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct literals;

enum {
    LITERALS_MAX = 1024,
    LITERALS_BITS = 64, // of a mask
};

enum literals_kernel { LITERALS_PORTABLE, LITERALS_SSSE3, LITERALS_AVX2 };

// Compiles count (1..LITERALS_MAX) strings of at least one byte each; they are copied. -EINVAL outside that,
// -ENOMEM. Freed with literals_free (NULL is fine).
int literals_new(const struct str *strings, size_t count, struct literals **ret);
void literals_free(struct literals *l);

// A position at or after p where one of the strings begins and lies wholly before end, and before which none lies
// wholly; NULL when there is none. (One may begin before it and end behind it: then they are in one line, if none has a
// newline.)
const char *literals_find(const struct literals *l, const char *p, const char *end);

// The bit of string i of count in a mask: its own while there are enough, else one that it shares with its neighbours.
uint64_t literals_bit(size_t i, size_t count);

// The bits of all strings that occur anywhere in s.
uint64_t literals_mask(const struct literals *l, struct str s);

// How common byte c is in system logs, relative to others: 4 (rare) to 400.
unsigned literals_frequency(unsigned char c);

// For tests and benchmarks: uses this kernel, or the best below it that the processor has.
void literals_limit_kernel(struct literals *l, enum literals_kernel limit);

#endif
