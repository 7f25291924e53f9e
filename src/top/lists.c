// SPDX-License-Identifier: GPL-2.0-or-later
// Lists with columns that give way when there is no room: an address is the last to be cut.
#include "top/screens.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"

enum { GAP = 2, COLUMNS = 6 };

// A column, and by when it is left out: those with the highest number go first.
struct column {
    const char *head;
    int width, least; // as wide as it would be, and as it may become
    bool right;
    int leaves; // 0: never
};

size_t top_scroll(size_t first, size_t cursor, size_t n, size_t shown)
{
    size_t last = n > shown ? n - shown : 0;

    if (shown == 0)
        return 0;
    if (first > cursor)
        first = cursor;
    if (cursor >= first + shown)
        first = cursor - shown + 1;
    return first < last ? first : last;
}

static int total(const struct column *v, int n)
{
    int sum = 0;

    for (int i = 0; i < n; i++)
        sum += v[i].width ? v[i].width + (sum ? GAP : 0) : 0;
    return sum;
}

// Makes them fit: one after the other shrinks, or goes; at last the first is cut.
static void fit(struct column *v, int n, int w)
{
    for (int turn = COLUMNS; turn > 0; turn--)
        for (int i = 0; i < n; i++) {
            int rest = w - (total(v, n) - v[i].width);
            if (v[i].leaves == turn && rest < v[i].width)
                v[i].width = rest >= v[i].least ? rest : 0;
        }
    int over = total(v, n) - w;
    if (over > 0)
        v[0].width = v[0].width - over > 1 ? v[0].width - over : 1;
}

static void put_cells(struct top_canvas *c, struct top_rect r, int y, const struct column *v, int n, const char *const *cells,
                      enum top_style style)
{
    int x = r.x, end = r.x + r.w;

    for (int i = 0; i < n; i++) {
        if (!v[i].width)
            continue;
        int width = x + v[i].width > end ? end - x : v[i].width;
        if (v[i].right)
            top_put_right(c, y, x, width, style, cells[i]);
        else
            top_put(c, y, x, width, style, cells[i]);
        x += v[i].width + GAP;
    }
}

static void put_heads(struct top_canvas *c, struct top_rect r, const struct column *v, int n)
{
    const char *heads[COLUMNS];

    for (int i = 0; i < n; i++)
        heads[i] = v[i].head;
    put_cells(c, r, r.y, v, n, heads, TOP_BOLD);
}

static void widen(const struct top_canvas *c, struct column *v, const char *text)
{
    int w = top_width(c, text);

    v->width = w > v->width ? w : v->width;
}

// As much of a time as fits: "2026-11-23 06:41:02", "11-23 06:41:02", "06:41:02".
static const char *time_in(int width, int64_t t, char buf[static TIME_STRLEN])
{
    if (t == 0)
        return strcpy(buf, "");
    time_format(t * USEC_SEC, false, buf);
    return strlen(buf) != 19 ? buf : width >= 19 ? buf : width >= 14 ? buf + 5 : buf + 11;
}

// How many rows are drawn below the headline.
static size_t rows_in(struct top_rect r, const struct top_rows *rows)
{
    size_t room = r.h > 1 ? (size_t)r.h - 1 : 0, left = rows->n > rows->first ? rows->n - rows->first : 0;

    return left < room ? left : room;
}

static bool is_chosen(const struct top_rows *rows, size_t i)
{
    return rows->first + i == rows->cursor;
}

void top_list_bans(struct top_canvas *c, const struct top_model *m, struct top_rect r, const char *headline,
                   const struct top_rows *rows, top_ban_at at, usec_t real)
{
    struct column v[] = {{headline, 15, 15, false, 0}, {"JAIL", 5, 5, false, 3}, {"SINCE", 19, 8, false, 4},
                         {"ENDS IN", 8, 8, true, 1},   {"COUNT", 6, 6, true, 2}};
    enum { N = sizeof(v) / sizeof(v[0]) };
    char net[PREFIX_STRLEN], since[TIME_STRLEN], left[RELATIVE_STRLEN], count[16];
    size_t n = rows_in(r, rows);

    widen(c, &v[0], headline);
    for (size_t i = 0; i < n; i++) {
        const struct top_ban *b = at(m, rows->first + i);
        widen(c, &v[0], prefix_format(&b->net, net));
        widen(c, &v[1], top_bans_jail(m->bans, b));
    }
    fit(v, N, r.w);
    put_heads(c, r, v, N);
    for (size_t i = 0; i < n; i++) {
        const struct top_ban *b = at(m, rows->first + i);
        snprintf(count, sizeof(count), "%u", b->count);
        const char *cells[] = {
            prefix_format(&b->net, net),
            top_bans_jail(m->bans, b),
            time_in(v[2].width, b->since, since),
            output_left(b->until == INT64_MAX ? USEC_FOREVER : b->until * USEC_SEC - real, left),
            b->count ? count : "hand",
        };
        put_cells(c, r, r.y + 1 + (int)i, v, N, cells, TOP_PLAIN);
        if (is_chosen(rows, i))
            top_paint(c, r.y + 1 + (int)i, r.x, r.w, TOP_SELECTED);
    }
}

void top_list_accounts(struct top_canvas *c, const struct top_model *m, struct top_rect r, const char *headline,
                       const struct top_rows *rows, usec_t real)
{
    struct column v[] = {{headline, 16, 8, false, 0}, {"FAILURES", 8, 8, true, 1}, {"FROM", 4, 4, true, 2},
                         {"BANNED", 6, 6, true, 3},   {"LOGINS", 6, 6, true, 5},   {"LAST", 19, 8, false, 4}};
    enum { N = sizeof(v) / sizeof(v[0]) };
    char numbers[4][24], last[TIME_STRLEN], name[TOP_NAME_MAX + 16];
    size_t n = rows_in(r, rows);

    (void)real;
    widen(c, &v[0], headline);
    for (size_t i = 0; i < n; i++)
        widen(c, &v[0], m->accounts[m->shown[rows->first + i]].name);
    v[0].width += 2; // the mark
    int others = total(v + 1, N - 1) + GAP, most = r.w - others > 24 ? r.w - others : 24;
    v[0].width = v[0].width < most ? v[0].width : most; // long names are cut before anything is left out
    fit(v, N, r.w);
    put_heads(c, r, v, N);
    for (size_t i = 0; i < n; i++) {
        const struct top_account *a = &m->accounts[m->shown[rows->first + i]];
        snprintf(name, sizeof(name), "%s%s", a->guessed ? "! " : "", a->name);
        snprintf(numbers[0], sizeof(numbers[0]), "%lld", (long long)a->failures);
        snprintf(numbers[1], sizeof(numbers[1]), "%lld%s", (long long)a->addresses, a->more ? "+" : "");
        snprintf(numbers[2], sizeof(numbers[2]), "%lld", (long long)a->banned);
        snprintf(numbers[3], sizeof(numbers[3]), "%lld", (long long)a->logins);
        const char *cells[] = {name, numbers[0], numbers[1], numbers[2], numbers[3], time_in(v[5].width, a->last, last)};
        put_cells(c, r, r.y + 1 + (int)i, v, N, cells, a->guessed ? TOP_BAD : TOP_PLAIN);
        if (is_chosen(rows, i))
            top_paint(c, r.y + 1 + (int)i, r.x, r.w, TOP_SELECTED);
    }
}

void top_list_near(struct top_canvas *c, const struct top_model *m, struct top_rect r, const char *headline,
                   const struct top_rows *rows)
{
    struct column v[] = {{headline, 15, 15, false, 0}, {"FAILED", 9, 9, true, 1}, {"JAIL", 5, 5, false, 2}};
    enum { N = sizeof(v) / sizeof(v[0]) };
    char addr[ADDR_STRLEN], count[40];
    size_t n = rows_in(r, rows);

    widen(c, &v[0], headline);
    for (size_t i = 0; i < n; i++) {
        widen(c, &v[0], addr_format(&m->near[rows->first + i].addr, addr));
        widen(c, &v[2], m->near[rows->first + i].jail);
    }
    fit(v, N, r.w);
    put_heads(c, r, v, N);
    for (size_t i = 0; i < n; i++) {
        const struct top_near *one = &m->near[rows->first + i];
        snprintf(count, sizeof(count), "%u of %u", one->count, one->maxretry);
        const char *cells[] = {addr_format(&one->addr, addr), count, one->jail};
        put_cells(c, r, r.y + 1 + (int)i, v, N, cells, one->count + 1 >= one->maxretry ? TOP_WARN : TOP_PLAIN);
        if (is_chosen(rows, i))
            top_paint(c, r.y + 1 + (int)i, r.x, r.w, TOP_SELECTED);
    }
}
