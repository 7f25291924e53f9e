// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: a screen's worth of characters, each with a style, of any size. Nothing that a terminal would obey gets in
// here, and nothing is wider than it was measured. Knows no terminal, so that tests can read what would be shown.
#ifndef PB_TOP_CANVAS_H
#define PB_TOP_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

enum top_style {
    TOP_PLAIN,
    TOP_BOLD,
    TOP_DIM,
    TOP_GOOD,
    TOP_BAD,
    TOP_WARN,
    TOP_BAR,      // the title
    TOP_BAR_HERE, // what stands out in it
    TOP_SELECTED, // the row that keys are about
    TOP_STYLES,
};

struct top_cell {
    wchar_t c; // 0: the right half of a wide one
    unsigned char style;
};

struct top_canvas {
    int w, h;
    bool unicode; // else ASCII alone
    struct top_cell *cells; // h rows of w
};

enum { TOP_WIDEST = 1000, TOP_HIGHEST = 500 }; // whatever a terminal says of itself

struct top_rect {
    int y, x, h, w;
};

// A canvas of blanks, at least 1 x 1, at most TOP_WIDEST x TOP_HIGHEST. -ENOMEM.
int top_canvas_new(int w, int h, bool unicode, struct top_canvas **ret);
void top_canvas_free(struct top_canvas *c);

// Writes text at row y from column x on, into at most width columns: what does not fit is cut and ends in a mark. What is no
// printable character of its own becomes \xNN. Returns how many columns were written. Outside of the canvas nothing happens.
int top_put(struct top_canvas *c, int y, int x, int width, enum top_style style, const char *text);
int top_printf(struct top_canvas *c, int y, int x, int width, enum top_style style, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

// The same, aligned to the right.
void top_put_right(struct top_canvas *c, int y, int x, int width, enum top_style style, const char *text);

// Gives a whole row a style, keeping its characters.
void top_paint(struct top_canvas *c, int y, int x, int width, enum top_style style);

// One column of a sparkline: level 0..8; -1 where nothing is known.
void top_put_level(struct top_canvas *c, int y, int x, enum top_style style, int level);

// How many columns top_put() would need.
int top_width(const struct top_canvas *c, const char *text);

// How many bytes of text fit into so many columns: at least one character.
size_t top_fit(const struct top_canvas *c, const char *text, int columns);

// Row y as text without the blanks at its end, for tests. Returns buf.
const char *top_row_text(const struct top_canvas *c, int y, char *buf, size_t size);

#endif
