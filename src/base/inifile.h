// SPDX-License-Identifier: GPL-2.0-or-later
// One INI file as sections of keys and values, by the rules of Python's ConfigParser: "key = value" or
// "key: value", keys in any case, lines indented deeper than their key continue its value, full-line comments with
// # or ;, a comment behind a value only with " ;". Knows no keyword and merges no files.
#ifndef PB_BASE_INIFILE_H
#define PB_BASE_INIFILE_H

#include <stddef.h>

#include "base/str.h"

enum {
    INIFILE_FILE_MAX = 16 << 20, // bytes: 100,000 networks of [firewall] are 2 MB
    INIFILE_LINE_MAX = 32768,
    INIFILE_SECTIONS_MAX = 256,
    INIFILE_KEYS_MAX = 1024, // a section
};

struct inifile_entry {
    char *key;   // in lower case
    char *value; // trimmed; line breaks are kept, one for each line of the file, so offsets tell lines
    unsigned line;
};

struct inifile_section {
    char *name;
    unsigned line;
    struct inifile_entry *v;
    size_t n;
};

struct inifile {
    char *path;
    struct inifile_section *v; // each name once, in the order of its first appearance
    size_t n;
};

// Told of each problem: the line (0: the file as a whole) and what is wrong, in words.
typedef void (*inifile_problem_fn)(void *userdata, unsigned line, const char *text);

// Reads path. The file's own errors (-ENOENT, -EACCES, ...) are returned and not told; what is wrong inside is
// told, and *ret then holds the rest. -ENOMEM. Freed with inifile_free (NULL is fine).
int inifile_read(const char *path, inifile_problem_fn problem, void *userdata, struct inifile **ret);

// The same for text that is there already; path is for messages.
int inifile_parse(const char *path, struct str text, inifile_problem_fn problem, void *userdata, struct inifile **ret);
void inifile_free(struct inifile *ini);

#endif
