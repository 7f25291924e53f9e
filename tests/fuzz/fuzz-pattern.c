// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: the first line as a pattern of the dialect, the others as lines for it. It is translated and compiled or
// one sentence says why not; a line that it matches holds one of the texts that it names as its gate; and an address or
// user that it captures is in the line.
#include "filter/pattern.h"
#include "fuzz.h"

static void check_match(const struct pattern *p, struct matcher *m, struct str line)
{
    struct addr a;
    struct str s;

    if (!pattern_match(p, m, line))
        return;
    bool gate = p->gate.n == 0;
    for (unsigned i = 0; i < p->gate.n && !gate; i++) {
        struct str text = gate_string(&p->gate, i); // the program's name stands in front of its message
        gate = memmem(line.p, line.n, text.p, text.n) || (p->ident && memmem(p->ident, strlen(p->ident), text.p, text.n));
    }
    HOLDS(gate, "'%s' matches a line without any text of its gate: '%.*s'", p->regex, STR_FMT(line));
    for (enum group g = 0; g < GROUP_MAX; g++)
        if (pattern_capture(p, m, line, g, &s) && s.n > 0)
            HOLDS(s.p >= line.p && s.p + s.n <= line.p + line.n, "group %d is not in the line", g);
    if (pattern_address(p, m, line, &a))
        HOLDS(fuzz_names_address(line, &a), "an address from nowhere in '%.*s'", STR_FMT(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned flags = (unsigned)fuzz_take(&in, 1);
    struct filter_error error = {""};
    static struct matcher m;
    static bool ready;
    struct pattern p = {0};
    struct str text, line;

    if (!fuzz_take_line(&in, &text))
        return 0;
    if (!ready)
        HOLDS(matcher_init(&m) == 0, "no memory");
    ready = true;
    flags = (flags & 1 ? TRANSLATE_NO_NAMES : 0) | (flags & 2 ? PATTERN_LINES : 0);
    int r = pattern_compile(&p, &m, text, (struct origin){"fuzz", 1}, flags, &error);
    if (r < 0) {
        HOLDS(error.text[0] && memchr(error.text, '\0', sizeof(error.text)), "an error without a text");
    } else {
        while (fuzz_take_line(&in, &line))
            check_match(&p, &m, line);
        pattern_clear(&p);
    }
    return 0;
}
