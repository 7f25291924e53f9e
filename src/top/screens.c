// SPDX-License-Identifier: GPL-2.0-or-later
// The overview (health, rates, and the most interesting rows of each list), and a screen for each list.
#include "top/screens.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"

enum { LABEL = 11, FIGURES = 25, WIDE = 120, LOW = 16, SOURCES = 3, PROBLEMS = 3 };

// --- health --------------------------------------------------------------------------------------------------

// A line of the form "label      text", and one row less is left.
static void put_line(struct top_canvas *c, struct top_rect *r, const char *label, enum top_style style, const char *text)
{
    if (r->h <= 0)
        return;
    top_put(c, r->y, r->x, LABEL - 1, TOP_DIM, label);
    top_put(c, r->y, r->x + LABEL, r->w - LABEL, style, text);
    r->y++;
    r->h--;
}

// brief: only what tells something.
static void put_service(struct top_canvas *c, struct top_rect *r, const struct top_status *s, bool brief, usec_t real)
{
    char text[400], left[RELATIVE_STRLEN];

    snprintf(text, sizeof(text), "pptpband %s, running for %s", s->program, output_left(real - s->since * USEC_SEC, left));
    if (!brief)
        put_line(c, r, "service", TOP_PLAIN, text);
    if (s->observe) {
        put_line(c, r, "enforcer", TOP_WARN, "none: only observing, nobody is blocked");
        return;
    }
    if (s->connected)
        snprintf(text, sizeof(text), "%s, %s, %lld in the kernel, %lld banned", s->backend, s->hooked ? "hooked" : "not hooked",
                 (long long)s->entries, (long long)s->bans);
    else
        snprintf(text, sizeof(text), "not reachable: bans reach the kernel when it is back");
    put_line(c, r, "enforcer", s->connected && s->hooked ? TOP_GOOD : TOP_BAD, text);
    if (!brief || !s->guard_good)
        put_line(c, r, "connguard", s->guard_good ? TOP_GOOD : TOP_WARN, s->guard);
}

static bool is_late(const struct top_source *s)
{
    return *s->problem || s->behind > 0 || s->behind_seconds > 0;
}

static void put_source(struct top_canvas *c, struct top_rect *r, const char *label, const struct top_source *s)
{
    char text[4 * TOP_TEXT_MAX], last[TIME_STRLEN] = "";
    size_t n;

    if (s->last)
        time_format(s->last * USEC_SEC, false, last);
    n = (size_t)snprintf(text, sizeof(text), "%s: ", s->name);
    if (*s->problem)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", s->problem);
    else if (is_late(s))
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%lld bytes or %.1f s behind", (long long)s->behind, s->behind_seconds);
    else
        n += (size_t)snprintf(text + n, sizeof(text) - n, "no lag");
    snprintf(text + n, sizeof(text) - n, ", %lld lines%s%s", (long long)s->lines, s->last ? ", newest " : "",
             s->last ? last + (strlen(last) == 19 ? 11 : 0) : "");
    put_line(c, r, label, *s->problem ? TOP_BAD : is_late(s) ? TOP_WARN : TOP_PLAIN, text);
}

// Those that have a problem or are behind, then the others, as far as there is room.
static void put_sources(struct top_canvas *c, struct top_rect *r, const struct top_status *s, bool brief)
{
    unsigned put = 0, most = brief ? 1 : SOURCES;

    for (int late = 1; late >= 0; late--)
        for (unsigned i = 0; i < s->n_sources && put < most; i++)
            if (is_late(&s->sources[i]) == late)
                put_source(c, r, put++ ? "" : "reads", &s->sources[i]);
    if (s->n_sources > most && !brief) {
        char text[60];
        snprintf(text, sizeof(text), "and %u more sources", s->n_sources - most);
        put_line(c, r, "", TOP_PLAIN, text);
    }
    if (s->n_sources == 0)
        put_line(c, r, "reads", TOP_BAD, "nothing: no jail has a source");
}

// "failures   12/min     345 in all  ....:::", the newest at the right.
static void put_rate(struct top_canvas *c, struct top_rect *r, const char *label, enum top_style style, const struct top_rate *rate,
                     int64_t all)
{
    int x = r->x + LABEL + FIGURES, columns = r->x + r->w - x;

    if (r->h <= 0)
        return;
    top_put(c, r->y, r->x, LABEL - 1, TOP_DIM, label);
    top_printf(c, r->y, r->x + LABEL, r->w - LABEL < FIGURES - 1 ? r->w - LABEL : FIGURES - 1, TOP_PLAIN, "%6llu/min %6lld in all",
               (unsigned long long)top_rate_minute(rate), (long long)all);
    columns = columns < TOP_BUCKETS ? columns : TOP_BUCKETS;
    uint32_t peak = columns > 0 ? top_rate_peak(rate, (unsigned)columns) : 0;
    for (int i = 0; i < columns; i++) {
        uint32_t v = top_rate_at(rate, (unsigned)(columns - 1 - i));
        int level = v == TOP_UNKNOWN ? -1 : v == 0 ? 1 : 1 + (int)((uint64_t)v * 7 / (peak ? peak : 1));
        top_put_level(c, r->y, x + i, v ? style : TOP_DIM, level);
    }
    r->y++;
    r->h--;
}

// --- overview ------------------------------------------------------------------------------------------------

static const struct top_ban *latest_at(const struct top_model *m, size_t i)
{
    return &m->latest[i];
}

// A part of the overview's cursor: of n rows the first of which has number from.
static struct top_rows part(const struct top_ui *ui, size_t from, size_t n, int h)
{
    size_t cursor = ui->cursor[TOP_OVERVIEW], shown = h > 1 ? (size_t)h - 1 : 0;
    struct top_rows rows = {.n = n, .cursor = cursor >= from && cursor < from + n ? cursor - from : SIZE_MAX};

    if (rows.cursor != SIZE_MAX)
        rows.first = top_scroll(0, rows.cursor, n, shown);
    return rows;
}

static void put_empty(struct top_canvas *c, struct top_rect r, size_t n, const char *text)
{
    if (n == 0 && r.h > 1)
        top_put(c, r.y + 1, r.x, r.w, TOP_DIM, text);
}

static void draw_latest(struct top_canvas *c, const struct top_model *m, const struct top_ui *ui, struct top_rect r, usec_t real)
{
    struct top_rows rows = part(ui, 0, m->n_latest, r.h);

    if (r.h < 1)
        return;
    top_list_bans(c, m, r, "LATEST BANS", &rows, latest_at, real);
    put_empty(c, r, rows.n, "nobody is banned");
}

static void draw_near(struct top_canvas *c, const struct top_model *m, const struct top_ui *ui, struct top_rect r)
{
    struct top_rows rows = part(ui, m->n_latest, m->n_near_shown, r.h);

    if (r.h < 1)
        return;
    top_list_near(c, m, r, "NEAR A BAN", &rows);
    put_empty(c, r, rows.n, "nobody has failed lately who is not banned");
}

static void draw_tried(struct top_canvas *c, const struct top_model *m, struct top_rect r, usec_t real)
{
    struct top_rows rows = {.n = m->n_shown, .cursor = SIZE_MAX};

    if (r.h < 1)
        return;
    top_list_accounts(c, m, r, "ACCOUNTS UNDER ATTACK", &rows, real);
    put_empty(c, r, rows.n, "no account is tried");
}

// rows of a list with its headline, no more than it needs
static int wants(size_t n, int most)
{
    return n + 1 < (size_t)most ? (n ? (int)n + 1 : 2) : most;
}

static void draw_lists(struct top_canvas *c, const struct top_model *m, const struct top_ui *ui, struct top_rect r, usec_t real)
{
    if (r.w >= WIDE) {
        struct top_rect left = r, right = {r.y, r.x + r.w / 2 + 1, r.h, r.w - r.w / 2 - 1};
        left.w = r.w / 2 - 2;
        draw_latest(c, m, ui, left, real);
        struct top_rect near = right;
        near.h = wants(m->n_near_shown, right.h / 2);
        draw_near(c, m, ui, near);
        right.y += near.h + 1;
        right.h -= near.h + 1;
        draw_tried(c, m, right, real);
        return;
    }
    // one below the other: half of the rows to the bans, the rest to the others as they need them
    struct top_rect latest = r, near = r, tried = r;
    int gap = r.h >= 12 ? 1 : 0;
    near.h = wants(m->n_near_shown, (r.h + 2) / 4);
    tried.h = wants(m->n_shown, r.h / 3);
    latest.h = r.h - near.h - tried.h - 2 * gap;
    near.y = latest.y + latest.h + gap;
    tried.y = near.y + near.h + gap;
    draw_latest(c, m, ui, latest, real);
    draw_near(c, m, ui, near);
    draw_tried(c, m, tried, real);
}

void top_draw_overview(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, struct top_rect r, usec_t real)
{
    const struct top_status *s = &m->status;
    bool brief = r.h < LOW;

    if (s->known) {
        put_service(c, &r, s, brief, real);
        put_sources(c, &r, s, brief);
        for (unsigned i = 0; i < s->n_problems && i < PROBLEMS; i++)
            put_line(c, &r, i ? "" : "problem", TOP_BAD, s->problems[i]);
    }
    put_rate(c, &r, "failures", TOP_WARN, &m->rates[TOP_FAILURES], s->failures);
    put_rate(c, &r, "bans", TOP_BAD, &m->rates[TOP_BANS_MADE], s->banned);
    if (!brief)
        put_rate(c, &r, "logins", TOP_GOOD, &m->rates[TOP_LOGINS], s->successes);
    ui->page = r.h > 6 ? (size_t)r.h / 2 : 1;
    if (r.h > 10) {
        r.y++;
        r.h--;
    }
    if (r.h > 0)
        draw_lists(c, m, ui, r, real);
}

// --- bans, accounts ------------------------------------------------------------------------------------------

static const struct top_ban *ban_at(const struct top_model *m, size_t i)
{
    return top_bans_at(m->bans, i);
}

// The rows of a list as the ui has them, and its page.
static struct top_rows listed(struct top_ui *ui, size_t n, int h)
{
    size_t *first = &ui->first[ui->screen], shown = h > 1 ? (size_t)h - 1 : 0;

    ui->page = shown ? shown : 1;
    *first = top_scroll(*first, ui->cursor[ui->screen], n, shown);
    return (struct top_rows){.n = n, .first = *first, .cursor = ui->cursor[ui->screen]};
}

// What is left out, and how it is ordered: the first row of the screen.
static void put_caption(struct top_canvas *c, struct top_rect *r, size_t shown, int64_t all, const char *what, const char *sorted,
                        const char *filter)
{
    char text[200], of_all[32] = "";

    if (r->h < 3)
        return;
    if ((int64_t)shown != all)
        snprintf(of_all, sizeof(of_all), " of %lld", (long long)all);
    snprintf(text, sizeof(text), "%zu%s %s, %s%s%s%s", shown, of_all, what, sorted, *filter ? ", only \"" : "", filter,
             *filter ? "\"" : "");
    top_put(c, r->y, r->x, r->w, *filter ? TOP_WARN : TOP_DIM, text);
    r->y++;
    r->h--;
}

void top_draw_bans(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, struct top_rect r, usec_t real)
{
    size_t n = top_bans_shown(m->bans);

    put_caption(c, &r, n, (int64_t)(top_bans_count(m->bans) + top_bans_beyond(m->bans)), "banned", top_bans_sort_names[ui->bans_by],
                ui->bans_filter);
    struct top_rows rows = listed(ui, n, r.h);
    top_list_bans(c, m, r, "ADDRESS", &rows, ban_at, real);
    put_empty(c, r, n, top_bans_count(m->bans) ? "nobody of whom that is true is banned; / and Enter shows all" : "nobody is banned");
}

// From where the account at the cursor was tried, and whether somebody got in.
static void put_details(struct top_canvas *c, const struct top_account *a, struct top_rect r)
{
    char text[TOP_FROM_MAX * (ADDR_STRLEN + 2) + 40] = "from ", addr[ADDR_STRLEN], when[TIME_STRLEN];

    for (unsigned i = 0; i < a->n_from; i++) {
        strcat(text, i ? ", " : "");
        strcat(text, addr_format(&a->from[i], addr));
    }
    if (a->addresses > a->n_from)
        strcat(text, " and others");
    top_put(c, r.y, r.x, r.w, TOP_DIM, a->n_from ? text : "nobody knows from where");
    if (a->guessed)
        top_printf(c, r.y + 1, r.x, r.w, TOP_BAD, "guessed? %s logged in as it at %s; if that was not its owner, the password is known",
                   addr_format(&a->guessed_from, addr), time_format(a->guessed * USEC_SEC, false, when));
}

void top_draw_accounts(struct top_canvas *c, const struct top_model *m, struct top_ui *ui, struct top_rect r, usec_t real)
{
    put_caption(c, &r, m->n_shown, m->all_accounts, "accounts under attack", top_accounts_sort_names[ui->accounts_by],
                ui->accounts_filter);
    if (r.h >= 6 && ui->cursor[TOP_ACCOUNTS] < m->n_shown) {
        r.h -= 2;
        put_details(c, &m->accounts[m->shown[ui->cursor[TOP_ACCOUNTS]]], (struct top_rect){r.y + r.h, r.x, 2, r.w});
    }
    struct top_rows rows = listed(ui, m->n_shown, r.h);
    top_list_accounts(c, m, r, "ACCOUNT", &rows, real);
    put_empty(c, r, m->n_shown, m->n_accounts ? "no account of which that is true; / and Enter shows all" : "no account is tried");
}
