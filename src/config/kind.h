// SPDX-License-Identifier: GPL-2.0-or-later
// What the types of values share among themselves. Only the files that define such types include it.
#ifndef PB_CONFIG_KIND_H
#define PB_CONFIG_KIND_H

#include <stdarg.h>

#include "config/keyword.h"

#include "config/lists.h"

enum { KIND_PATH_MAX = 1024 };

// Fills *fault and returns -EINVAL.
__attribute__((format(printf, 3, 4))) int kind_refuse(struct fault *fault, size_t offset, const char *fmt, ...);

// For fields that are a char * of their own.
int kind_text_store(void *field, struct str value);
void kind_text_clear(void *field);
void kind_text_print(const struct keyword *k, const void *field, FILE *out);

// For fields that are a struct strlist. Splits value at blanks, up to k->max words and at least k->min; check judges
// each and may see those before it.
typedef int word_check(struct str word, const struct strlist *before, size_t offset, struct fault *fault);
int kind_words_parse(const struct keyword *k, struct str value, void *field, struct fault *fault, word_check *check);
void kind_words_print(const struct keyword *k, const void *field, FILE *out);
void kind_words_clear(void *field);

#endif
