// SPDX-License-Identifier: GPL-2.0-or-later
// Blocks of lines to records, at the speed of memory where the gate finds nothing.
#include "config-build.h" // memrchr

#include "source/walk.h"

#include "source/header.h"

typedef uint8_t vector __attribute__((vector_size(16)));

static uint64_t sum_lanes(vector v)
{
    uint64_t half[2], n = 0;

    memcpy(half, &v, sizeof(half));
    for (int i = 0; i < 2; i++) {
        uint64_t pairs = (half[i] & 0x00ff00ff00ff00ff) + (half[i] >> 8 & 0x00ff00ff00ff00ff);
        n += (pairs * 0x0001000100010001) >> 48;
    }
    return n;
}

static uint64_t count_newlines(const char *p, const char *end)
{
    uint64_t n = 0;

    while ((size_t)(end - p) >= sizeof(vector)) {
        size_t count = (size_t)(end - p) / sizeof(vector);
        vector sum = {0};
        if (count > 255) // as far as a lane counts
            count = 255;
        for (size_t i = 0; i < count; i++, p += sizeof(vector)) {
            vector v;
            memcpy(&v, p, sizeof(v));
            sum -= (vector)(v == '\n');
        }
        n += sum_lanes(sum);
    }
    for (; p < end; p++)
        n += *p == '\n';
    return n;
}

void walk_init(struct walk *w, usec_t bound, size_t max_line)
{
    *w = (struct walk){.max_line = max_line ? max_line : WALK_MAX_LINE, .previous = bound, .last = INT64_MIN,
                       .since = INT64_MIN};
    stamp_clock_init(&w->clock, bound);
}

// What of a line is text: no carriage returns behind it, no zero bytes before it (a file that was truncated under
// a writer which does not append begins with a hole).
static struct str trim(struct str line)
{
    while (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    while (line.n > 0 && line.p[0] == '\0')
        line = str_skip(line, 1);
    return line;
}

// In an hour that comes twice: the first, unless the log has passed that already (lines may be a little late).
static usec_t settle(const struct walk *w, const struct header *h)
{
    const usec_t half_hour = 1800 * USEC_SEC, late = 300 * USEC_SEC;

    if (h->time == h->later)
        return h->time;
    if (w->timed && h->time < w->previous - late)
        return h->later;
    // live, after a silence: the line was written just now
    if (!w->follow && h->later <= w->clock.bound + 60 * USEC_SEC && h->later > w->clock.bound - half_hour)
        return h->later;
    return h->time;
}

static void set_previous(struct walk *w, const struct header *h)
{
    w->previous = settle(w, h);
    w->timed = true;
    if (w->previous > w->last)
        w->last = w->previous;
}

static void read_times_up_to(struct walk *w, const char *p)
{
    while (w->timed_to < p) {
        const char *newline = memchr(w->timed_to, '\n', (size_t)(p - w->timed_to));
        const char *end = newline ? newline : p;
        struct str line = trim((struct str){w->timed_to, (size_t)(end - w->timed_to)});
        struct header h;
        if (line.n > w->max_line)
            line.n = w->max_line;
        if (header_parse(&w->clock, line, &h) && h.has_time)
            set_previous(w, &h);
        w->timed_to = newline ? newline + 1 : p;
    }
}

int walk_line(struct walk *w, struct str line, uint64_t offset, bool cut)
{
    struct record r = {.flags = w->flags, .filters = w->filters};
    const char *begin = line.p, *end = line.p + line.n;
    struct header h;

    line = trim(line);
    if (line.n > w->max_line) {
        line.n = w->max_line;
        cut = true;
    }
    if (w->literals) {
        r.mask = literals_mask(w->literals, line);
        r.flags |= RECORD_HAS_MASK;
        if (r.mask == 0 && !w->ungated) { // what the gate found lies behind the cut
            if (cut) // it is in no block that would be asked for its times at its end
                read_times_up_to(w, end);
            return 0;
        }
    }
    if (!header_parse(&w->clock, line, &h))
        w->no_header++;
    if (!h.has_time || h.time != h.later)
        read_times_up_to(w, begin);
    if (h.has_time)
        set_previous(w, &h);
    else
        r.flags |= RECORD_NO_TIME;
    w->timed_to = end;
    if (w->previous < w->since)
        return 0;
    if (cut)
        r.flags |= RECORD_TRUNCATED;
    r.time = w->previous;
    r.host = h.host;
    r.ident = h.ident;
    r.pid = h.pid;
    r.message = h.message;
    r.line = line;
    r.date = h.date;
    memcpy(r.position.file, w->file, sizeof(r.position.file));
    r.position.offset = offset;
    w->records++;
    return w->record(w->userdata, &r);
}

// The time at which the block ends, so that the next one knows where the log stands: the last line that tells one.
static void read_last_time(struct walk *w, struct str block)
{
    const char *end = block.p + block.n - 1; // a newline

    while (end > w->timed_to) {
        const char *newline = memrchr(w->timed_to, '\n', (size_t)(end - w->timed_to));
        const char *begin = newline ? newline + 1 : w->timed_to;
        struct header h;
        if (header_parse(&w->clock, trim((struct str){begin, (size_t)(end - begin)}), &h) && h.has_time) {
            if (h.time != h.later)
                read_times_up_to(w, begin);
            set_previous(w, &h);
            break;
        }
        end = begin - 1;
    }
    if (w->follow && w->timed)
        w->clock.anchor = w->previous;
}

// Lines that are too long are counted with and without the gate.
static void count_long_lines(struct walk *w, struct str block)
{
    const char *p = block.p, *end = block.p + block.n, *newline;

    for (; p < end && (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1)
        w->truncated += trim((struct str){p, (size_t)(newline - p)}).n > w->max_line;
}

static int walk_part(struct walk *w, struct str block, uint64_t offset)
{
    const char *p = block.p, *end = block.p + block.n;

    if (block.n > w->max_line)
        count_long_lines(w, block);
    w->timed_to = p;
    while (p < end) {
        const char *begin = p;
        if (w->literals && !w->ungated) {
            const char *hit = literals_find(w->literals, p, end);
            if (!hit) {
                w->lines += count_newlines(p, end);
                break;
            }
            const char *newline = memrchr(p, '\n', (size_t)(hit - p));
            begin = newline ? newline + 1 : p;
            w->lines += count_newlines(p, begin);
            p = hit;
        }
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            break; // a literal with a newline in it, at the very end
        w->lines++;
        int r = walk_line(w, (struct str){begin, (size_t)(newline - begin)}, offset + (uint64_t)(begin - block.p), false);
        if (r < 0)
            return r;
        p = newline + 1;
    }
    read_last_time(w, block);
    return 0;
}

int walk_block(struct walk *w, struct str block, uint64_t offset)
{
    // a log that grows by a few lines a week must not pass a year within one part, and a part that holds no line
    // above the limit is not searched for one
    const size_t part_max = 8 * 1024;
    int r = 0;

    while (block.n > 0 && r >= 0) {
        const char *newline = block.n > part_max ? memchr(block.p + part_max, '\n', block.n - part_max) : NULL;
        struct str part = {block.p, newline ? (size_t)(newline + 1 - block.p) : block.n};
        r = walk_part(w, part, offset);
        offset += part.n;
        block = str_skip(block, part.n);
    }
    return r;
}
