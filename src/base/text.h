// SPDX-License-Identifier: GPL-2.0-or-later
// Makes text that strangers wrote fit to be shown: to a terminal, in our own log, in JSON. Never interprets it.
#ifndef PB_BASE_TEXT_H
#define PB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum text_flags {
    TEXT_QUOTED = 1 << 0, // it will stand between double quotes: these and backslashes get a backslash
};

// Writes in as valid, printable UTF-8, NUL-terminated, into out (size at least 8). Control characters, bytes that
// are no UTF-8, and characters that turn the direction of writing or break lines become \xNN, byte by byte. What
// does not fit is cut between characters and ends in "...". Returns the length.
size_t text_show(struct str in, unsigned flags, char *out, size_t size);

// The length of the character at the beginning of s, which is not empty: a valid character of UTF-8 and its code point, or
// one byte that is none, and its value. Says whether it may be shown as it is.
size_t text_step(struct str s, uint32_t *ret_code, bool *ret_harmless);

#endif
