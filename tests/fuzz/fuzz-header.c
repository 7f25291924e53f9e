// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as lines with a syslog header. What is read are views into the line, in their order; the
// message is the line's end; and a time is one that a clock can show.
#include "fuzz.h"
#include "source/header.h"

static const char *end_of(struct str s)
{
    return s.p + s.n;
}

static void check(struct stamp_clock *clock, struct str line)
{
    static const usec_t first = -62135596800 * USEC_SEC, last = 253402387200 * USEC_SEC; // years 1 to 9999, and a zone
    struct header h;
    bool known = header_parse(clock, line, &h);

    HOLDS(known || (!h.has_time && h.host.n == 0 && h.ident.n == 0 && h.pid == 0 && str_eq(h.message, line)),
          "a line without a header has parts of one");
    const struct str views[] = {h.date, h.host, h.ident, h.message};
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        HOLDS(views[i].n == 0 || (views[i].p >= line.p && end_of(views[i]) <= end_of(line)), "part %zu is not in the line", i);
    HOLDS(h.message.n == 0 || end_of(h.message) == end_of(line), "the message does not go to the end of the line");
    HOLDS(h.host.n == 0 || h.message.n == 0 || h.message.p == line.p || end_of(h.host) <= h.message.p, "the host is of the message");
    HOLDS(h.ident.n == 0 || h.message.n == 0 || h.message.p == line.p || end_of(h.ident) <= h.message.p, "the program is of the message");
    if (h.has_time)
        HOLDS(h.time >= first - 86400 * USEC_SEC && h.later <= last + 86400 * USEC_SEC && h.later >= h.time &&
                  h.later - h.time <= 86400 * USEC_SEC, "time %lld, later %lld", (long long)h.time, (long long)h.later);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct stamp_clock clock;
    struct str line;

    // now: anywhere from 1970 to 2105
    stamp_clock_init(&clock, (usec_t)fuzz_take(&in, 4) * USEC_SEC);
    if (fuzz_take(&in, 1) & 1)
        clock.anchor = clock.bound - 30 * 86400 * USEC_SEC;
    while (fuzz_take_line(&in, &line)) {
        struct stamp s;
        if (stamp_parse(&clock, line, &s))
            HOLDS(s.n > 0 && s.n <= line.n, "a stamp of %zu of %zu bytes", s.n, line.n);
        check(&clock, line);
    }
    return 0;
}
