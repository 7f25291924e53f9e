// SPDX-License-Identifier: GPL-2.0-or-later
// The frame around the screens: title, foot, panes; and which screen is in it.
#include "top/view.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "top/screens.h"

static const char keys_line[] = "Tab next  / filter  s sort  u unban  b ban  w why  p pause  ? help  q quit";

static const char help_text[] =
    "Tab, 1 2 3       the next screen, or this one: overview, bans, accounts\n"
    "arrows, j k      one row down or up; Page Up, Page Down, Home, End\n"
    "/                show only rows with this text, or inside this network\n"
    "s                sort by something else\n"
    "u                end the ban at the cursor, or of all who failed as this account\n"
    "b                ban an address or a network\n"
    "w, Enter         why the address at the cursor is banned, or is not\n"
    "p                pause: what is on the screen stays there\n"
    "q, Ctrl-C        quit\n"
    "\n"
    "Rates are of the last minute; a column of the small charts is five seconds.\n"
    "Near a ban are addresses that failed lately and are not banned.\n"
    "Any key closes this.\n";

static void draw_title(struct top_canvas *c, const struct top_model *m, const struct top_ui *ui, const char *host, usec_t real)
{
    static const char *const names[TOP_SCREENS] = {"Overview", "Bans", "Accounts"};
    const long long counts[TOP_SCREENS] = {-1, (long long)top_bans_count(m->bans), (long long)m->all_accounts};
    char time[TIME_STRLEN], right[160];
    int x = 0;

    top_paint(c, 0, 0, c->w, TOP_BAR);
    x += top_put(c, 0, x, c->w, TOP_BAR, c->w >= 70 ? " pptpban top " : " ");
    for (unsigned i = 0; i < TOP_SCREENS; i++) {
        char count[24] = "";
        bool here = i == ui->screen;
        if (counts[i] >= 0)
            snprintf(count, sizeof(count), " %lld", counts[i]);
        x += top_printf(c, 0, x, c->w - x, here ? TOP_BAR_HERE : TOP_BAR, "%c%u %s%s%c", here ? '[' : ' ', i + 1, names[i], count,
                        here ? ']' : ' ');
    }
    time_format(real, false, time);
    const char *clock = strchr(time, ' ') ? strchr(time, ' ') + 1 : time;
    snprintf(right, sizeof(right), "%s%.60s %s ", ui->paused ? "PAUSED  " : "", host, clock);
    if (x + 2 + top_width(c, right) > c->w)
        snprintf(right, sizeof(right), "%s%s ", ui->paused ? "PAUSED  " : "", clock);
    if (x + 1 + top_width(c, right) <= c->w)
        top_put_right(c, 0, x, c->w - x, ui->paused ? TOP_BAR_HERE : TOP_BAR, right);
}

// The row above the last: a question, what it was answered wrongly by, or news.
static void draw_prompt(struct top_canvas *c, const struct top_ui *ui, int y)
{
    char net[PREFIX_STRLEN];
    int x = 0;

    prefix_format(&ui->pending.net, net);
    switch (ui->prompt) {
    case TOP_ASK_FILTER:
        x = top_put(c, y, 0, c->w, TOP_BOLD, "show only (text or network): ");
        break;
    case TOP_ASK_BAN:
        x = top_put(c, y, 0, c->w, TOP_BOLD, "ban which address or network? ");
        break;
    case TOP_ASK_FOR:
        x = top_printf(c, y, 0, c->w, TOP_BOLD, "ban %s for how long? (10m, 2h, 1d, forever; empty: as usual) ", net);
        break;
    case TOP_ASK_UNBAN:
        if (*ui->pending.user)
            x = top_printf(c, y, 0, c->w - 5, TOP_BOLD, "end the bans of all who failed as %s?", ui->pending.user);
        else
            x = top_printf(c, y, 0, c->w - 5, TOP_BOLD, "end the ban of %s?", net);
        top_put(c, y, x, c->w - x, TOP_WARN, " y/n");
        return;
    case TOP_NO_PROMPT:
        if (*ui->message)
            top_put(c, y, 0, c->w, ui->message_bad ? TOP_BAD : TOP_GOOD, ui->message);
        return;
    }
    // the end of what is typed is what has to be seen
    const char *input = ui->input;
    int room = c->w - x - 1;
    while (*input && top_width(c, input) > room)
        input++;
    x += top_put(c, y, x, room, TOP_PLAIN, input);
    top_put(c, y, x, 1, TOP_SELECTED, " ");
    if (*ui->wrong)
        top_put(c, y, x + 2, c->w - x - 2, TOP_BAD, ui->wrong);
}

// Text in lines as wide as the canvas; how many there are goes into the ui.
static void draw_pane(struct top_canvas *c, struct top_ui *ui, struct top_rect r)
{
    const char *text = ui->pane == TOP_WHY ? ui->pane_text : help_text;
    size_t line = 0;

    top_put(c, r.y, r.x, r.w, TOP_BOLD, ui->pane == TOP_WHY ? "WHY (any key closes it, arrows scroll)" : "KEYS");
    ui->page = r.h > 1 ? (size_t)r.h - 1 : 1;
    while (text && *text) {
        size_t n = strcspn(text, "\n");
        char piece[4096];
        snprintf(piece, sizeof(piece), "%.*s", (int)(n < sizeof(piece) - 1 ? n : sizeof(piece) - 1), text);
        const char *rest = piece;
        do {
            size_t fits = top_fit(c, rest, r.w);
            if (line >= ui->pane_first && line < ui->pane_first + ui->page)
                top_printf(c, r.y + 1 + (int)(line - ui->pane_first), r.x, r.w, TOP_PLAIN, "%.*s", (int)fits, rest);
            rest += fits;
            line++;
        } while (*rest);
        text += n + (text[n] == '\n');
    }
    ui->pane_lines = line;
}

void top_view_draw(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, const char *host, usec_t real)
{
    int foot = c->h >= 8 ? 2 : c->h >= 2 ? 1 : 0; // a question is more important than the list of keys
    struct top_rect body = {1, 0, c->h - 1 - foot, c->w};

    draw_title(c, m, ui, host, real);
    if (foot == 2)
        top_put(c, c->h - 1, 0, c->w, TOP_DIM, ui->pane ? "any key closes this; arrows scroll" : keys_line);
    if (foot)
        draw_prompt(c, ui, c->h - foot);
    if (body.h < 1) {
        ui->page = 1;
        return;
    }
    if (m->silent_since) {
        char since[TIME_STRLEN];
        top_printf(c, body.y++, 0, c->w, TOP_BAD, "the service does not answer, since %s: %s",
                   time_format(m->silent_since, false, since), m->silent_why);
        body.h--;
    }
    if (ui->pane)
        draw_pane(c, ui, body);
    else if (ui->screen == TOP_OVERVIEW)
        top_draw_overview(c, m, ui, body, real);
    else if (ui->screen == TOP_BANS)
        top_draw_bans(c, m, ui, body, real);
    else
        top_draw_accounts(c, m, ui, body, real);
}
