// SPDX-License-Identifier: GPL-2.0-or-later
// Tables for people and tab-separated lines for programs. Only text that is fit to be shown may come in here.
#ifndef PB_CLI_OUTPUT_H
#define PB_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"

enum output_style { STYLE_BOLD, STYLE_RED, STYLE_GREEN, STYLE_YELLOW, STYLE_DIM };

// Colours: on a terminal, unless NO_COLOR or TERM=dumb says otherwise.
bool output_colours(FILE *out);

// text, in this style if colours is true.
void output_styled(FILE *out, bool colours, enum output_style style, const char *text);

struct table;

enum { TABLE_COLUMNS = 9 };

// headers: columns of them. Columns named in right (bits) are aligned to the right. -ENOMEM.
int table_new(size_t columns, const char *const *headers, unsigned right, struct table **ret);
void table_free(struct table *t);

// Adds a row of copied cells. -ENOMEM.
int table_add(struct table *t, const char *const *cells);

void table_print(const struct table *t, FILE *out);

// "in 59m", "in 2d 3h", "never": at most two units, for a point in time.
enum { RELATIVE_STRLEN = 32 };
const char *output_left(usec_t left, char buf[static RELATIVE_STRLEN]);

// "812", "1.3K", "24M", "2.1G": bytes, by 1024.
enum { BYTES_STRLEN = 24 };
const char *output_bytes(unsigned long long n, char buf[static BYTES_STRLEN]);

// text in lines of at most 100 columns, the first going on at column, the others indented; only what has no blanks is longer.
void output_wrapped(const char *text, size_t column, size_t indent);

#endif
