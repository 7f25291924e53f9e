// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: the terminal, by ncurses: shows a canvas, hands out keys, leaves the terminal as it was. The only file that
// knows ncurses.
#ifndef PB_TOP_TERMINAL_H
#define PB_TOP_TERMINAL_H

#include "top/canvas.h"

// Why this is no terminal to draw on, or NULL when it is: standard input and output are terminals whose type is known and
// which can move a cursor. To be asked before top_terminal_open().
const char *top_terminal_objection(char *buf, size_t size);

// Takes the terminal over. -ENOTTY. Signals are the caller's business.
int top_terminal_open(bool colours);

// Gives it back as it was, until top_terminal_resume().
void top_terminal_pause(void);
void top_terminal_resume(void);

// Gives it back for good.
void top_terminal_close(void);

// As large as it is now.
void top_terminal_size(int *ret_w, int *ret_h);

void top_terminal_show(const struct top_canvas *c);

// A character or enum top_key that was typed; -1 when there is none.
int top_terminal_key(void);

#endif
