// SPDX-License-Identifier: GPL-2.0-or-later
// One INI file as sections of keys and values, by the rules of Python's ConfigParser: "key = value" or
// "key: value", keys in any case, lines indented deeper than their key continue its value, full-line comments with
// # or ;, a comment behind a value only with " ;". Knows no keyword and merges no files.
#ifndef PB_CONFIG_INI_H
#define PB_CONFIG_INI_H

#include <stddef.h>

#include "base/str.h"

enum {
    INI_FILE_MAX = 1 << 20, // bytes
    INI_LINE_MAX = 8192,
    INI_SECTIONS_MAX = 256,
    INI_KEYS_MAX = 1024, // a section
};

struct ini_entry {
    char *key;   // in lower case
    char *value; // trimmed; line breaks are kept, one for each line of the file, so offsets tell lines
    unsigned line;
};

struct ini_section {
    char *name;
    unsigned line;
    struct ini_entry *v;
    size_t n;
};

struct ini {
    char *path;
    struct ini_section *v; // each name once, in the order of its first appearance
    size_t n;
};

// Told of each problem: the line (0: the file as a whole) and what is wrong, in words.
typedef void (*ini_problem_fn)(void *userdata, unsigned line, const char *text);

// Reads path. The file's own errors (-ENOENT, -EACCES, ...) are returned and not told; what is wrong inside is
// told, and *ret then holds the rest. -ENOMEM. Freed with ini_free (NULL is fine).
int ini_read(const char *path, ini_problem_fn problem, void *userdata, struct ini **ret);

// The same for text that is there already; path is for messages.
int ini_parse(const char *path, struct str text, ini_problem_fn problem, void *userdata, struct ini **ret);
void ini_free(struct ini *ini);

#endif
