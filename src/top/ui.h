// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: where the eye is: screen, cursor, filter, question at the foot; and what a key does to that. Asks the service
// for nothing: keys become wishes.
#ifndef PB_TOP_UI_H
#define PB_TOP_UI_H

#include "top/model.h"

enum top_screen { TOP_OVERVIEW, TOP_BANS, TOP_ACCOUNTS, TOP_SCREENS };
enum top_pane { TOP_NO_PANE, TOP_WHY, TOP_HELP };
enum top_prompt { TOP_NO_PROMPT, TOP_ASK_FILTER, TOP_ASK_UNBAN, TOP_ASK_BAN, TOP_ASK_FOR };

// Keys that are no characters.
enum top_key {
    TOP_KEY_UP = 0x110000,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_BACKSPACE,
    TOP_KEY_BACKTAB,
};

enum top_wish_kind { TOP_NO_WISH, TOP_QUIT, TOP_WANT_WHY, TOP_WANT_BAN, TOP_WANT_UNBAN };

struct top_wish {
    enum top_wish_kind kind;
    struct prefix net;
    char user[TOP_NAME_MAX + 1]; // to be unbanned, "" when it is net
    bool has_for;
    usec_t duration; // of a ban; USEC_FOREVER possible
};

enum { TOP_INPUT_MAX = TOP_FILTER_MAX, TOP_MESSAGE_MAX = 255 };
#define TOP_MESSAGE_TIME (10 * USEC_SEC)

struct top_ui {
    enum top_screen screen;
    bool paused;
    size_t cursor[TOP_SCREENS], first[TOP_SCREENS]; // the row the keys are about; the first that is shown
    size_t page;                                    // rows of the list, as it was drawn
    struct prefix net[TOP_SCREENS];                 // what is at the cursor, so that it stays on it
    char account[TOP_NAME_MAX + 1];
    enum top_bans_sort bans_by;
    enum top_accounts_sort accounts_by;
    char bans_filter[TOP_FILTER_MAX + 1], accounts_filter[TOP_FILTER_MAX + 1];
    enum top_prompt prompt;
    char input[TOP_INPUT_MAX + 1];
    char wrong[TOP_MESSAGE_MAX + 1]; // with what was put in
    struct top_wish pending;
    char message[TOP_MESSAGE_MAX + 1];
    bool message_bad;
    usec_t message_until; // of the monotonic clock
    enum top_pane pane;
    char *pane_text; // TOP_WHY: owned
    size_t pane_first, pane_lines;
};

void top_ui_init(struct top_ui *ui);
void top_ui_clear(struct top_ui *ui);

// A key, at this time of the monotonic clock. What is wished for goes into *ret.
void top_ui_key(struct top_ui *ui, struct top_model *m, int key, usec_t now, struct top_wish *ret);

// The model has changed: the cursor stays on what it was on.
void top_ui_settle(struct top_ui *ui, const struct top_model *m);

void top_ui_say(struct top_ui *ui, usec_t now, bool bad, const char *text);

// Opens a pane with this text, which is taken over.
void top_ui_show(struct top_ui *ui, char *text);

// Time goes on. True when something is to be drawn anew.
bool top_ui_pass(struct top_ui *ui, usec_t now);

// How many rows the list of this screen has.
size_t top_ui_rows(const struct top_ui *ui, const struct top_model *m);

#endif
