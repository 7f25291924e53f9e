// SPDX-License-Identifier: GPL-2.0-or-later
// Columns as wide as their widest cell, headers in bold on a terminal.
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool output_colours(FILE *out)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fileno(out)) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

void output_styled(FILE *out, bool colours, enum output_style style, const char *text)
{
    static const char *const codes[] = {"1", "31", "32", "33", "2"};

    if (colours)
        fprintf(out, "\033[%sm%s\033[0m", codes[style], text);
    else
        fputs(text, out);
}

struct table {
    size_t columns, rows, room;
    unsigned right;
    const char *const *headers;
    char **cells; // rows * columns
    size_t width[TABLE_COLUMNS];
};

// Columns on the screen: characters, as far as UTF-8 tells.
static size_t width_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

int table_new(size_t columns, const char *const *headers, unsigned right, struct table **ret)
{
    struct table *t = calloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->columns = columns < TABLE_COLUMNS ? columns : TABLE_COLUMNS;
    t->right = right;
    t->headers = headers;
    for (size_t i = 0; i < t->columns; i++)
        t->width[i] = width_of(headers[i]);
    *ret = t;
    return 0;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->rows * t->columns; i++)
        free(t->cells[i]);
    free(t->cells);
    free(t);
}

int table_add(struct table *t, const char *const *cells)
{
    if (t->rows == t->room) {
        size_t room = t->room ? t->room * 2 : 32;
        char **grown = reallocarray(t->cells, room * t->columns, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        t->cells = grown;
        t->room = room;
    }
    char **row = t->cells + t->rows * t->columns;
    for (size_t i = 0; i < t->columns; i++) {
        row[i] = strdup(cells[i]);
        if (!row[i]) {
            while (i > 0)
                free(row[--i]);
            return -ENOMEM;
        }
        size_t w = width_of(cells[i]);
        t->width[i] = w > t->width[i] ? w : t->width[i];
    }
    t->rows++;
    return 0;
}

static void print_row(const struct table *t, const char *const *cells, FILE *out)
{
    for (size_t i = 0; i < t->columns; i++) {
        int pad = (int)(t->width[i] - width_of(cells[i]));
        bool right = t->right >> i & 1, last = i + 1 == t->columns;
        fprintf(out, "%*s%s%*s%s", right ? pad : 0, "", cells[i], right || last ? 0 : pad, "", last ? "" : "  ");
    }
}

void table_print(const struct table *t, FILE *out)
{
    bool colours = output_colours(out);

    fputs(colours ? "\033[1m" : "", out);
    print_row(t, t->headers, out);
    fputs(colours ? "\033[0m\n" : "\n", out);
    for (size_t i = 0; i < t->rows; i++) {
        print_row(t, (const char *const *)t->cells + i * t->columns, out);
        fputc('\n', out);
    }
}

const char *output_left(usec_t left, char buf[static RELATIVE_STRLEN])
{
    static const struct {
        usec_t length;
        char name;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    usec_t seconds = left / USEC_SEC;

    if (left == USEC_FOREVER)
        return strcpy(buf, "never");
    if (seconds <= 0)
        return strcpy(buf, "now");
    for (size_t i = 0; i < 4; i++) {
        if (seconds < units[i].length)
            continue;
        long long first = seconds / units[i].length;
        long long rest = i < 3 ? seconds % units[i].length / units[i + 1].length : 0;
        if (rest)
            snprintf(buf, RELATIVE_STRLEN, "%lld%c %lld%c", first, units[i].name, rest, units[i + 1].name);
        else
            snprintf(buf, RELATIVE_STRLEN, "%lld%c", first, units[i].name);
        break;
    }
    return buf;
}

const char *output_bytes(unsigned long long n, char buf[static BYTES_STRLEN])
{
    static const char units[] = "KMGTPE";
    double v = (double)n;
    int unit = -1;

    while (v >= 999.5 && unit < 5) {
        v /= 1024;
        unit++;
    }
    if (unit < 0)
        snprintf(buf, BYTES_STRLEN, "%llu", n);
    else
        snprintf(buf, BYTES_STRLEN, "%.*f%c", v < 9.95 ? 1 : 0, v, units[unit]);
    return buf;
}

void output_wrapped(const char *text, size_t column, size_t indent)
{
    enum { WIDTH = 100 };

    while (*text) {
        size_t n = strcspn(text, " ");
        if (column > indent && column + 1 + n > WIDTH) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)n, text);
        column += n;
        text += n + strspn(text + n, " ");
    }
    putchar('\n');
}
