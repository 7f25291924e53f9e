// SPDX-License-Identifier: GPL-2.0-or-later
// Cells, and the one gate through which text becomes cells.
#include "top/canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static int clamp(int v, int least, int most)
{
    return v < least ? least : v > most ? most : v;
}

int top_canvas_new(int w, int h, bool unicode, struct top_canvas **ret)
{
    struct top_canvas *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    *c = (struct top_canvas){.w = clamp(w, 1, TOP_WIDEST), .h = clamp(h, 1, TOP_HIGHEST), .unicode = unicode};
    size_t n = (size_t)c->w * (size_t)c->h;
    c->cells = calloc(n, sizeof(*c->cells));
    if (!c->cells) {
        free(c);
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++)
        c->cells[i].c = L' ';
    *ret = c;
    return 0;
}

void top_canvas_free(struct top_canvas *c)
{
    if (!c)
        return;
    free(c->cells);
    free(c);
}

// --- text ----------------------------------------------------------------------------------------------------

// What is shown for the character at the beginning of s: up to 16 wide characters, and how many columns they take.
struct shown {
    wchar_t v[16];
    int n, columns;
    size_t used; // bytes of s
};

static struct shown show_one(const struct top_canvas *c, struct str s)
{
    struct shown one = {.n = 0};
    bool harmless;
    uint32_t code;

    one.used = text_step(s, &code, &harmless);
    // one that has no width of its own would sit on its neighbour
    int columns = harmless && (c->unicode || code < 0x7f) ? wcwidth((wchar_t)code) : -1;
    if (columns > 0) {
        one.v[one.n++] = (wchar_t)code;
        one.columns = columns;
        return one;
    }
    for (size_t i = 0; i < one.used; i++) {
        static const char digits[] = "0123456789abcdef";
        unsigned char byte = (unsigned char)s.p[i];
        one.v[one.n++] = L'\\';
        one.v[one.n++] = L'x';
        one.v[one.n++] = (wchar_t)digits[byte >> 4];
        one.v[one.n++] = (wchar_t)digits[byte & 15];
    }
    one.columns = one.n;
    return one;
}

int top_width(const struct top_canvas *c, const char *text)
{
    int columns = 0;

    for (struct str s = str_of(text); s.n > 0 && columns < TOP_WIDEST;) {
        struct shown one = show_one(c, s);
        columns += one.columns;
        s = str_skip(s, one.used);
    }
    return columns;
}

size_t top_fit(const struct top_canvas *c, const char *text, int columns)
{
    size_t n = 0;

    for (struct str s = str_of(text); s.n > 0;) {
        struct shown one = show_one(c, s);
        if (one.columns > columns && n > 0)
            break;
        columns -= one.columns;
        n += one.used;
        s = str_skip(s, one.used);
    }
    return n;
}

static void set(struct top_canvas *c, int y, int x, enum top_style style, wchar_t what)
{
    if (x >= 0 && x < c->w)
        c->cells[(size_t)y * (size_t)c->w + (size_t)x] = (struct top_cell){what, (unsigned char)style};
}

int top_put(struct top_canvas *c, int y, int x, int width, enum top_style style, const char *text)
{
    int at = 0;

    if (y < 0 || y >= c->h || x < 0 || x >= c->w || width <= 0)
        return 0;
    width = x + width > c->w ? c->w - x : width;
    bool cut = top_width(c, text) > width;
    int room = cut ? width - 1 : width; // the mark takes one
    for (struct str s = str_of(text); s.n > 0;) {
        struct shown one = show_one(c, s);
        if (at + one.columns > room)
            break;
        for (int i = 0; i < one.n; i++) {
            set(c, y, x + at, style, one.v[i]);
            at++;
        }
        for (; one.n == 1 && one.columns > 1; one.columns--)
            set(c, y, x + at++, style, 0);
        s = str_skip(s, one.used);
    }
    if (cut)
        set(c, y, x + at++, style, c->unicode ? L'\u2026' : L'>');
    return at;
}

int top_printf(struct top_canvas *c, int y, int x, int width, enum top_style style, const char *format, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    return top_put(c, y, x, width, style, text);
}

void top_put_right(struct top_canvas *c, int y, int x, int width, enum top_style style, const char *text)
{
    int n = top_width(c, text);

    top_put(c, y, n < width ? x + width - n : x, n < width ? n : width, style, text);
}

void top_paint(struct top_canvas *c, int y, int x, int width, enum top_style style)
{
    if (y < 0 || y >= c->h)
        return;
    for (int i = x < 0 ? 0 : x; i < x + width && i < c->w; i++)
        c->cells[(size_t)y * (size_t)c->w + (size_t)i].style = (unsigned char)style;
}

void top_put_level(struct top_canvas *c, int y, int x, enum top_style style, int level)
{
    static const wchar_t blocks[] = L" \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588", ascii[] = L" .:-=+*%#";

    if (y >= 0 && y < c->h && level >= 0)
        set(c, y, x, style, (c->unicode ? blocks : ascii)[clamp(level, 0, 8)]);
}

const char *top_row_text(const struct top_canvas *c, int y, char *buf, size_t size)
{
    size_t n = 0, last = 0;

    for (int x = 0; x < c->w && n + 8 < size; x++) {
        wchar_t what = c->cells[(size_t)y * (size_t)c->w + (size_t)x].c;
        mbstate_t state = {0};
        char bytes[16];
        size_t length = what ? wcrtomb(bytes, what, &state) : 0;
        if (length > 8)
            length = 0;
        memcpy(buf + n, bytes, length);
        n += length;
        if (what && what != L' ')
            last = n;
    }
    buf[last] = '\0';
    return buf;
}
