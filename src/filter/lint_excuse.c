// SPDX-License-Identifier: GPL-2.0-or-later
// What a filter file itself says about lint's findings: "# lint accepts KIND: REASON". Reads that
// one file.
#include <stdio.h>
#include <stdlib.h>

#include "filter/lint_private.h"

bool lint_excuse(const struct pattern *p, enum lint_kind kind, char ret[static LINT_TEXT])
{
    char wanted[64];
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    FILE *f = p->at.file ? fopen(p->at.file, "re") : NULL;

    if (!f)
        return false;
    snprintf(wanted, sizeof(wanted), "# lint accepts %s:", lint_names[kind]);
    while (!found && getline(&line, &size, f) >= 0) {
        struct str s = str_trim(str_of(line));
        if (!str_starts(s, str_of(wanted)))
            continue;
        s = str_trim(str_skip(s, strlen(wanted)));
        found = s.n > 0; // no reason is no excuse
        snprintf(ret, LINT_TEXT, "%.*s", (int)(s.n < LINT_TEXT - 1 ? s.n : LINT_TEXT - 1), s.p);
    }
    free(line);
    fclose(f);
    return found;
}
