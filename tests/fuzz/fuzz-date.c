// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: the first line as a datepattern of a filter (empty: the formats that fail2ban knows), the others as lines
// whose date is looked for. What is cut out is in the line, and a time is one that a calendar shows; where it is said
// that words are never joined by the cut, they are not.
#include <ctype.h>

#include "filter/date.h"
#include "fuzz.h"

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void check(struct date_detector *d, struct str line, usec_t now)
{
    static const usec_t first = -62135596800 * USEC_SEC, last = 253402387200 * USEC_SEC; // years 1 to 9999, and a zone
    struct date_match m;

    if (!date_find(d, line, now, &m))
        return;
    HOLDS(m.begin <= m.end && m.end <= line.n, "%zu to %zu of %zu bytes", m.begin, m.end, line.n);
    HOLDS(!m.has_time || (m.time >= first - 86400 * USEC_SEC && m.time <= last + 86400 * USEC_SEC), "time %lld", (long long)m.time);
    if (date_cuts_between_words(d) && m.begin > 0 && m.begin < m.end && m.end < line.n)
        HOLDS(!is_word(line.p[m.begin - 1]) && !is_word(line.p[m.end]), "words are joined: %zu to %zu of '%.*s'", m.begin, m.end,
              STR_FMT(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct date_detector *defaults;
    struct fuzz_in in = {data, size};
    usec_t now = (usec_t)fuzz_take(&in, 4) * USEC_SEC;
    struct date_detector *d = NULL;
    struct filter_error error = {""};
    struct text text = {0};
    struct str pattern, line;

    if (!fuzz_take_line(&in, &pattern))
        return 0;
    if (!defaults)
        HOLDS(date_detector_new(NULL, &defaults, &error) == 0, "%s", error.text);
    if (pattern.n > 0) {
        HOLDS(text_add(&text, pattern, (struct origin){"fuzz", 1}) == 0, "no memory");
        int r = date_detector_new(&text, &d, &error);
        text_clear(&text);
        if (r < 0) {
            HOLDS(error.text[0], "an error without a text");
            return 0;
        }
    }
    while (fuzz_take_line(&in, &line))
        check(d ? d : defaults, line, now);
    date_detector_free(d);
    return 0;
}
