// SPDX-License-Identifier: GPL-2.0-or-later
// Writes single JSON values to a stream, fast, for output of a million lines. Whole documents go through jansson.
#ifndef PB_CLI_JSONL_H
#define PB_CLI_JSONL_H

#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"

// s as a JSON string with its quotes. Valid UTF-8 stays, but that what steers a terminal or turns the direction of writing is
// written as \u; any other byte becomes the code point of the same number. Nothing is lost and the output is always valid.
void jsonl_string(FILE *out, struct str s);

// t as unix seconds with six decimals.
void jsonl_time(FILE *out, usec_t t);

// Members of an object: "name": and a value, behind a comma unless it is the first (*more is false at first).
void jsonl_put_name(FILE *out, bool *more, const char *name);
void jsonl_put_string(FILE *out, bool *more, const char *name, struct str value);
void jsonl_put_number(FILE *out, bool *more, const char *name, uint64_t value);
void jsonl_put_time(FILE *out, bool *more, const char *name, usec_t value);

#endif
