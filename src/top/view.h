// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: draws the model into a canvas of any size. Asks nobody; of the ui only what the size decides is changed: the
// first row and how many there are.
#ifndef PB_TOP_VIEW_H
#define PB_TOP_VIEW_H

#include "top/canvas.h"
#include "top/model.h"
#include "top/ui.h"

// real: the clock. host: the name of this machine, for the title.
void top_view_draw(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, const char *host, usec_t real);

#endif
