// SPDX-License-Identifier: GPL-2.0-or-later
// ncurses keeps one terminal for the whole process; this wraps that.
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include "top/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "top/ui.h"

#include <curses.h>
#include <term.h> // last: "lines" and other words are macros from here on

enum { ESCAPE_MS = 100 }; // a key that sends several bytes may come in pieces over a slow line

static SCREEN *screen; // as global as ncurses' own stdscr

const char *top_terminal_objection(char *buf, size_t size)
{
    const char *term = getenv("TERM");
    int error = 0;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        snprintf(buf, size, "this is no terminal");
    else if (!term || !*term)
        snprintf(buf, size, "TERM does not say what kind of terminal this is");
    else if (setupterm(term, STDOUT_FILENO, &error) != OK)
        snprintf(buf, size, "no description of terminals like this one (TERM=%.40s) is installed; ncurses-term has many", term);
    else if (!tigetstr("cup") || tigetstr("cup") == (char *)-1)
        snprintf(buf, size, "a terminal like this one (TERM=%.40s) cannot move its cursor", term);
    else
        buf = NULL;
    if (error == 1) // it was found: newterm() reads it anew
        del_curterm(cur_term);
    return buf;
}

static void make_colours(void)
{
    start_color();
    use_default_colors();
    init_pair(TOP_GOOD, COLOR_GREEN, -1);
    init_pair(TOP_BAD, COLOR_RED, -1);
    init_pair(TOP_WARN, COLOR_YELLOW, -1);
}

int top_terminal_open(bool colours)
{
    screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return -ENOTTY;
    if (colours && has_colors())
        make_colours();
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    return 0;
}

void top_terminal_pause(void)
{
    endwin();
}

void top_terminal_close(void)
{
    endwin();
    delscreen(screen);
    screen = NULL;
}

void top_terminal_resume(void)
{
    clearok(curscr, TRUE); // somebody else wrote there meanwhile
    wrefresh(stdscr);
}

void top_terminal_size(int *ret_w, int *ret_h)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        (size.ws_row != getmaxy(stdscr) || size.ws_col != getmaxx(stdscr)))
        resizeterm(size.ws_row < TOP_HIGHEST ? size.ws_row : TOP_HIGHEST, size.ws_col < TOP_WIDEST ? size.ws_col : TOP_WIDEST);
    *ret_w = getmaxx(stdscr);
    *ret_h = getmaxy(stdscr);
}

static attr_t attributes(enum top_style style)
{
    static const attr_t all[TOP_STYLES] = {
        [TOP_BOLD] = A_BOLD,         [TOP_DIM] = A_DIM,     [TOP_BAD] = A_BOLD,         [TOP_BAR] = A_REVERSE,
        [TOP_BAR_HERE] = A_REVERSE | A_BOLD, [TOP_SELECTED] = A_REVERSE,
    };

    return style < TOP_STYLES ? all[style] : A_NORMAL;
}

static short pair_of(enum top_style style)
{
    return style == TOP_GOOD || style == TOP_BAD || style == TOP_WARN ? (short)style : 0;
}

void top_terminal_show(const struct top_canvas *c)
{
    for (int y = 0; y < c->h; y++)
        for (int x = 0; x < c->w; x++) {
            const struct top_cell *cell = &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
            const wchar_t text[2] = {cell->c, L'\0'};
            cchar_t one;
            if (cell->c == 0) // the left half put it there
                continue;
            setcchar(&one, text, attributes(cell->style), pair_of(cell->style), NULL);
            mvwadd_wch(stdscr, y, x, &one); // fails at the last corner, having written there
        }
    wrefresh(stdscr);
}

int top_terminal_key(void)
{
    static const struct {
        wint_t code;
        int key;
    } keys[] = {
        {KEY_UP, TOP_KEY_UP},     {KEY_DOWN, TOP_KEY_DOWN}, {KEY_PPAGE, TOP_KEY_PAGE_UP},       {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
        {KEY_HOME, TOP_KEY_HOME}, {KEY_END, TOP_KEY_END},   {KEY_BACKSPACE, TOP_KEY_BACKSPACE}, {KEY_BTAB, TOP_KEY_BACKTAB},
        {KEY_ENTER, '\n'},
    };
    wint_t c;

    for (;;) {
        int r = wget_wch(stdscr, &c);
        if (r == OK)
            return (int)c;
        if (r != KEY_CODE_YES)
            return -1;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            if (keys[i].code == c)
                return keys[i].key; // any other: the next one
    }
}
