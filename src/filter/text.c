// SPDX-License-Identifier: GPL-2.0-or-later
// Text with the origin of each line.
#include "filter/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

void text_clear(struct text *t)
{
    free(t->p);
    free(t->line);
    *t = (struct text){0};
}

static int add_line(struct text *t)
{
    if ((t->lines & (t->lines - 1)) == 0) { // grows at each power of two
        struct origin *line = realloc(t->line, (t->lines ? 2 * t->lines : 1) * sizeof(*line));
        if (!line)
            return -ENOMEM;
        t->line = line;
    }
    t->line[t->lines++] = (struct origin){0};
    return 0;
}

int text_add(struct text *t, struct str s, struct origin origin)
{
    if (s.n > TEXT_MAX - t->n)
        return -E2BIG;
    if (t->lines == 0 && add_line(t) < 0)
        return -ENOMEM;
    char *p = realloc(t->p, t->n + s.n + 1);
    if (!p)
        return -ENOMEM;
    t->p = p;
    for (size_t i = 0; i < s.n; i++) {
        struct origin *here = &t->line[t->lines - 1];
        t->p[t->n++] = s.p[i];
        if (s.p[i] == '\n') {
            if (add_line(t) < 0)
                return -ENOMEM;
        } else if (!here->file) {
            *here = origin;
        }
    }
    t->p[t->n] = '\0';
    return 0;
}

static size_t line_of(const struct text *t, size_t offset)
{
    size_t line = 0;

    for (size_t i = 0; i < offset; i++)
        line += t->p[i] == '\n';
    return line;
}

struct origin text_origin(const struct text *t, size_t offset)
{
    return t->lines ? t->line[line_of(t, offset)] : (struct origin){0};
}

int text_add_part(struct text *t, const struct text *other, size_t from, size_t to)
{
    size_t line = other->lines ? line_of(other, from) : 0;

    while (from < to) {
        size_t end = from;
        while (end < to && other->p[end] != '\n')
            end++;
        if (end < to)
            end++; // the newline too
        int r = text_add(t, (struct str){other->p + from, end - from}, other->line[line]);
        if (r < 0)
            return r;
        line++;
        from = end;
    }
    return 0;
}

bool text_line(const struct text *t, size_t *at, struct str *ret, struct origin *ret_origin)
{
    if (*at >= t->n)
        return false;
    const char *p = t->p + *at, *nl = memchr(p, '\n', t->n - *at);
    *ret = (struct str){p, nl ? (size_t)(nl - p) : t->n - *at};
    *ret_origin = text_origin(t, *at);
    *at += ret->n + 1;
    return true;
}

int filter_fail(struct filter_error *error, struct origin at, const char *fmt, ...)
{
    va_list ap;
    int n = 0;

    if (at.file)
        n = snprintf(error->text, sizeof(error->text), "%s:%u: ", at.file, at.line);
    if (n < 0 || (size_t)n >= sizeof(error->text))
        n = 0;
    va_start(ap, fmt);
    vsnprintf(error->text + n, sizeof(error->text) - (size_t)n, fmt, ap);
    va_end(ap);
    return -EINVAL;
}
