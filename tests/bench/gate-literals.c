// SPDX-License-Identifier: GPL-2.0-or-later
// Prints the literals that gate a filter, one a line: what rg gets to search for beside replay.
//
//   gate-literals DIR FILTER
#include <err.h>

#include "filter/filter.h"

int main(int argc, char **argv)
{
    struct str literals[LITERALS_MAX];
    struct filter_error error;
    struct filter *f;
    size_t n = 0;

    if (argc != 3)
        errx(2, "usage: gate-literals DIR FILTER");
    struct filter_options options = {.dirs = (const char *const[]){argv[1], NULL}};
    if (filter_load(argv[2], &options, &f, &error) < 0)
        errx(1, "%s", error.text);
    if (!filter_gate(f, literals, LITERALS_MAX, &n, &error))
        errx(1, "%s: no gate: %s", argv[2], error.text);
    for (size_t i = 0; i < n; i++)
        printf("%.*s\n", STR_FMT(literals[i]));
    filter_free(f);
    return 0;
}
