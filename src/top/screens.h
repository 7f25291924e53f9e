// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: the three screens, and the lists that they are made of, each drawn into a rectangle.
#ifndef PB_TOP_SCREENS_H
#define PB_TOP_SCREENS_H

#include "top/canvas.h"
#include "top/model.h"
#include "top/ui.h"

void top_draw_overview(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, struct top_rect r, usec_t real);
void top_draw_bans(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, struct top_rect r, usec_t real);
void top_draw_accounts(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, struct top_rect r, usec_t real);

// Which rows of a list are drawn, and what with: n of them, from first on, cursor is drawn as chosen (SIZE_MAX: none).
struct top_rows {
    size_t n, first, cursor;
};

// first moved so that cursor is within the rows that are shown.
size_t top_scroll(size_t first, size_t cursor, size_t n, size_t shown);

// A list with a headline in its first row. at: the i-th of them.
typedef const struct top_ban *(*top_ban_at)(const struct top_model *m, size_t i);
void top_list_bans(struct top_canvas *c, const struct top_model *m, struct top_rect r, const char *headline,
                   const struct top_rows *rows, top_ban_at at, usec_t real);
void top_list_accounts(struct top_canvas *c, const struct top_model *m, struct top_rect r, const char *headline,
                       const struct top_rows *rows, usec_t real);
void top_list_near(struct top_canvas *c, const struct top_model *m, struct top_rect r, const char *headline,
                   const struct top_rows *rows);

#endif
