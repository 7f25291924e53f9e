// SPDX-License-Identifier: GPL-2.0-or-later
// What the types of values share among themselves. Only kind.c and kind_list.c include it.
#ifndef PB_CONFIG_KIND_H
#define PB_CONFIG_KIND_H

#include <stdarg.h>

#include "config/keyword.h"

enum { KIND_PATH_MAX = 1024 };

// Fills *fault and returns -EINVAL.
__attribute__((format(printf, 3, 4))) int kind_refuse(struct fault *fault, size_t offset, const char *fmt, ...);

// For fields that are a char * of their own.
int kind_text_store(void *field, struct str value);
void kind_text_clear(void *field);
void kind_text_print(const struct keyword *k, const void *field, FILE *out);

#endif
