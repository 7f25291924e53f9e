// SPDX-License-Identifier: GPL-2.0-or-later
// Keys, one after the other.
#include "top/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { ESCAPE = 27, ENTER = '\n', RUBOUT = 127, ERASE_LINE = 'U' - '@', INTERRUPT = 'C' - '@' };

void top_ui_init(struct top_ui *ui)
{
    *ui = (struct top_ui){.screen = TOP_OVERVIEW, .page = 1};
}

void top_ui_clear(struct top_ui *ui)
{
    free(ui->pane_text);
    ui->pane_text = NULL;
    ui->pane = TOP_NO_PANE;
}

void top_ui_say(struct top_ui *ui, usec_t now, bool bad, const char *text)
{
    snprintf(ui->message, sizeof(ui->message), "%s", text);
    ui->message_bad = bad;
    ui->message_until = now + TOP_MESSAGE_TIME;
}

bool top_ui_pass(struct top_ui *ui, usec_t now)
{
    if (!*ui->message || now < ui->message_until)
        return false;
    ui->message[0] = '\0';
    return true;
}

void top_ui_show(struct top_ui *ui, char *text)
{
    top_ui_clear(ui);
    ui->pane = TOP_WHY;
    ui->pane_text = text;
    ui->pane_first = 0;
}

// --- where the cursor is -------------------------------------------------------------------------------------

size_t top_ui_rows(const struct top_ui *ui, const struct top_model *m)
{
    switch (ui->screen) {
    case TOP_OVERVIEW: // the latest bans, then those near one
        return m->n_latest + m->n_near_shown;
    case TOP_BANS:
        return top_bans_shown(m->bans);
    case TOP_ACCOUNTS:
        return m->n_shown;
    case TOP_SCREENS:
        break;
    }
    return 0;
}

// The address or network in row i of the overview or of the bans.
static struct prefix net_at(const struct top_ui *ui, const struct top_model *m, size_t i)
{
    if (ui->screen == TOP_BANS)
        return top_bans_at(m->bans, i)->net;
    return i < m->n_latest ? m->latest[i].net : prefix_of(&m->near[i - m->n_latest].addr, 128);
}

static bool find_net(const struct top_ui *ui, const struct top_model *m, const struct prefix *net, size_t *ret)
{
    if (ui->screen == TOP_BANS)
        return top_bans_find(m->bans, net, ret);
    for (size_t i = 0; i < top_ui_rows(ui, m); i++) {
        struct prefix one = net_at(ui, m, i);
        if (prefix_eq(&one, net)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static const struct top_account *account_at(const struct top_model *m, size_t i)
{
    return &m->accounts[m->shown[i]];
}

// Remembers what is at the cursor.
static void remember(struct top_ui *ui, const struct top_model *m)
{
    size_t i = ui->cursor[ui->screen];

    if (i >= top_ui_rows(ui, m))
        return;
    if (ui->screen == TOP_ACCOUNTS)
        memcpy(ui->account, account_at(m, i)->name, sizeof(ui->account));
    else
        ui->net[ui->screen] = net_at(ui, m, i);
}

void top_ui_settle(struct top_ui *ui, const struct top_model *m)
{
    size_t rows = top_ui_rows(ui, m), *cursor = &ui->cursor[ui->screen], at;

    if (ui->screen == TOP_ACCOUNTS) {
        for (size_t i = 0; i < rows && *ui->account; i++)
            if (strcmp(account_at(m, i)->name, ui->account) == 0)
                *cursor = i;
    } else if (*cursor > 0 && find_net(ui, m, &ui->net[ui->screen], &at)) {
        *cursor = at; // in the first row it stays there: what is new comes in above
    }
    if (*cursor >= rows)
        *cursor = rows ? rows - 1 : 0;
    remember(ui, m);
}

static void move_to(struct top_ui *ui, const struct top_model *m, size_t row)
{
    size_t rows = top_ui_rows(ui, m);

    ui->cursor[ui->screen] = row < rows ? row : rows ? rows - 1 : 0;
    remember(ui, m);
}

static bool move_key(struct top_ui *ui, const struct top_model *m, int key)
{
    size_t row = ui->cursor[ui->screen], page = ui->page ? ui->page : 1;

    switch (key) {
    case TOP_KEY_UP:
    case 'k':
        move_to(ui, m, row > 0 ? row - 1 : 0);
        return true;
    case TOP_KEY_DOWN:
    case 'j':
        move_to(ui, m, row + 1);
        return true;
    case TOP_KEY_PAGE_UP:
        move_to(ui, m, row > page ? row - page : 0);
        return true;
    case TOP_KEY_PAGE_DOWN:
        move_to(ui, m, row + page);
        return true;
    case TOP_KEY_HOME:
        move_to(ui, m, 0);
        return true;
    case TOP_KEY_END:
        move_to(ui, m, SIZE_MAX);
        return true;
    default:
        return false;
    }
}

static void turn_to(struct top_ui *ui, const struct top_model *m, enum top_screen screen)
{
    ui->screen = screen;
    top_ui_settle(ui, m);
}

// --- questions -----------------------------------------------------------------------------------------------

static void ask_for(struct top_ui *ui, enum top_prompt prompt, const char *text)
{
    ui->prompt = prompt;
    ui->wrong[0] = '\0';
    snprintf(ui->input, sizeof(ui->input), "%s", text);
}

// What the keys u, b and w are about.
static bool selected_net(const struct top_ui *ui, const struct top_model *m, struct prefix *ret)
{
    size_t i = ui->cursor[ui->screen];

    if (i >= top_ui_rows(ui, m))
        return false;
    if (ui->screen != TOP_ACCOUNTS) {
        *ret = net_at(ui, m, i);
        return true;
    }
    if (account_at(m, i)->n_from == 0)
        return false;
    *ret = prefix_of(&account_at(m, i)->from[0], 128);
    return true;
}

static void begin_unban(struct top_ui *ui, const struct top_model *m, usec_t now)
{
    size_t i = ui->cursor[ui->screen];

    ui->pending = (struct top_wish){.kind = TOP_WANT_UNBAN};
    if (ui->screen == TOP_ACCOUNTS && i < top_ui_rows(ui, m))
        memcpy(ui->pending.user, account_at(m, i)->name, sizeof(ui->pending.user));
    else if (ui->screen == TOP_ACCOUNTS || !selected_net(ui, m, &ui->pending.net)) {
        top_ui_say(ui, now, true, "nobody is selected");
        return;
    }
    ask_for(ui, TOP_ASK_UNBAN, "");
}

static void begin_ban(struct top_ui *ui, const struct top_model *m)
{
    char net[PREFIX_STRLEN] = "";
    struct prefix p;

    // who is banned already is no proposal
    bool near = ui->screen == TOP_OVERVIEW && ui->cursor[TOP_OVERVIEW] >= m->n_latest;
    if ((near || ui->screen == TOP_ACCOUNTS) && selected_net(ui, m, &p))
        prefix_format(&p, net);
    ui->pending = (struct top_wish){.kind = TOP_WANT_BAN};
    ask_for(ui, TOP_ASK_BAN, net);
}

static void filter(struct top_ui *ui, struct top_model *m)
{
    if (ui->screen == TOP_ACCOUNTS) {
        memcpy(ui->accounts_filter, ui->input, sizeof(ui->accounts_filter));
        top_model_accounts_arrange(m, ui->accounts_by, ui->accounts_filter);
    } else {
        memcpy(ui->bans_filter, ui->input, sizeof(ui->bans_filter));
        top_bans_filter(m->bans, ui->bans_filter);
    }
    top_ui_settle(ui, m);
}

// Enter behind the text that was asked for.
static void enter(struct top_ui *ui, struct top_model *m, struct top_wish *ret)
{
    struct str text = str_trim(str_of(ui->input));

    switch (ui->prompt) {
    case TOP_ASK_FILTER:
        filter(ui, m);
        break;
    case TOP_ASK_BAN:
        if (prefix_parse(text, &ui->pending.net) < 0) {
            snprintf(ui->wrong, sizeof(ui->wrong), "no address or network; 192.0.2.1, 192.0.2.0/24 or 2001:db8::1 is");
            return;
        }
        ask_for(ui, TOP_ASK_FOR, "");
        return;
    case TOP_ASK_FOR:
        if (text.n > 0 && (duration_parse(text, &ui->pending.duration) < 0 || ui->pending.duration < USEC_SEC)) {
            snprintf(ui->wrong, sizeof(ui->wrong), "no duration of a second or more; 600, 10m, 2h, 1d 12h or forever is");
            return;
        }
        ui->pending.has_for = text.n > 0;
        *ret = ui->pending;
        break;
    case TOP_ASK_UNBAN:
    case TOP_NO_PROMPT:
        break;
    }
    ui->prompt = TOP_NO_PROMPT;
}

static void prompt_key(struct top_ui *ui, struct top_model *m, int key, usec_t now, struct top_wish *ret)
{
    size_t n = strlen(ui->input);

    if (ui->prompt == TOP_ASK_UNBAN) {
        if (key == 'y' || key == 'Y')
            *ret = ui->pending;
        else
            top_ui_say(ui, now, false, "nothing was changed");
        ui->prompt = TOP_NO_PROMPT;
        return;
    }
    switch (key) {
    case ESCAPE:
    case INTERRUPT:
        ui->prompt = TOP_NO_PROMPT;
        return;
    case ENTER:
    case '\r':
        enter(ui, m, ret);
        return;
    case TOP_KEY_BACKSPACE:
    case RUBOUT:
    case '\b':
        ui->input[n > 0 ? n - 1 : 0] = '\0';
        break;
    case ERASE_LINE:
        ui->input[0] = '\0';
        break;
    default:
        if (key >= ' ' && key < RUBOUT && n < TOP_INPUT_MAX) {
            ui->input[n] = (char)key;
            ui->input[n + 1] = '\0';
        }
    }
    ui->wrong[0] = '\0';
}

// --- keys ----------------------------------------------------------------------------------------------------

static void pane_key(struct top_ui *ui, int key)
{
    size_t page = ui->page ? ui->page : 1, last = ui->pane_lines > page ? ui->pane_lines - page : 0;

    switch (key) {
    case TOP_KEY_UP:
    case 'k':
        ui->pane_first -= ui->pane_first > 0;
        break;
    case TOP_KEY_DOWN:
    case 'j':
        ui->pane_first++;
        break;
    case TOP_KEY_PAGE_UP:
        ui->pane_first = ui->pane_first > page ? ui->pane_first - page : 0;
        break;
    case TOP_KEY_PAGE_DOWN:
    case ' ':
        ui->pane_first += page;
        break;
    case TOP_KEY_HOME:
        ui->pane_first = 0;
        break;
    case TOP_KEY_END:
        ui->pane_first = last;
        break;
    default: // any other closes it
        top_ui_clear(ui);
        return;
    }
    ui->pane_first = ui->pane_first < last ? ui->pane_first : last;
}

static void sort_next(struct top_ui *ui, struct top_model *m)
{
    if (ui->screen == TOP_ACCOUNTS) {
        ui->accounts_by = (ui->accounts_by + 1) % TOP_ACCOUNTS_SORTS;
        top_model_accounts_arrange(m, ui->accounts_by, ui->accounts_filter);
    } else {
        ui->bans_by = (ui->bans_by + 1) % TOP_BANS_SORTS;
        top_bans_sort(m->bans, ui->bans_by);
    }
    ui->cursor[ui->screen] = 0;
    remember(ui, m);
}

// What the overview has too little room for is done where there is more.
static void leave_overview(struct top_ui *ui, const struct top_model *m)
{
    if (ui->screen == TOP_OVERVIEW)
        turn_to(ui, m, TOP_BANS);
}

void top_ui_key(struct top_ui *ui, struct top_model *m, int key, usec_t now, struct top_wish *ret)
{
    *ret = (struct top_wish){.kind = TOP_NO_WISH};
    if (ui->prompt) {
        prompt_key(ui, m, key, now, ret);
        return;
    }
    if (ui->pane) {
        pane_key(ui, key);
        return;
    }
    ui->message[0] = '\0';
    if (move_key(ui, m, key))
        return;
    switch (key) {
    case 'q':
    case INTERRUPT:
        ret->kind = TOP_QUIT;
        break;
    case '\t':
        turn_to(ui, m, (ui->screen + 1) % TOP_SCREENS);
        break;
    case TOP_KEY_BACKTAB:
        turn_to(ui, m, (ui->screen + TOP_SCREENS - 1) % TOP_SCREENS);
        break;
    case '1':
    case '2':
    case '3':
        turn_to(ui, m, (enum top_screen)(key - '1'));
        break;
    case '/':
        leave_overview(ui, m);
        ask_for(ui, TOP_ASK_FILTER, ui->screen == TOP_ACCOUNTS ? ui->accounts_filter : ui->bans_filter);
        break;
    case 's':
        leave_overview(ui, m);
        sort_next(ui, m);
        break;
    case 'u':
        begin_unban(ui, m, now);
        break;
    case 'b':
        begin_ban(ui, m);
        break;
    case 'w':
    case ENTER:
    case '\r':
        if (selected_net(ui, m, &ret->net))
            ret->kind = TOP_WANT_WHY;
        else
            top_ui_say(ui, now, true, "nobody is selected");
        break;
    case 'p':
        ui->paused = !ui->paused;
        break;
    case '?':
    case 'h':
        ui->pane = TOP_HELP;
        ui->pane_first = 0;
        break;
    default:
        break;
    }
}
