// SPDX-License-Identifier: GPL-2.0-or-later
// The page: one file that needs no network, no script and no font, by day, by night, on a phone and on paper.
#include "report/chart.h"

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fcfcfb;--ink:#1a1a19;--soft:#6b6a66;--line:#e3e2dd;--card:#fff;"
    "--attempts:#2a78d6;--bans:#c2410c;--logins:#15803d;--warn:#b91c1c}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#1a1a19;--ink:#f0efea;--soft:#a3a29c;--line:#3a3937;--card:#232321;"
    "--attempts:#5b9ae6;--bans:#f08a4b;--logins:#4ade80;--warn:#f87171}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;padding:1.25rem;max-width:60rem;background:var(--bg);color:var(--ink);"
    "font:15px/1.45 system-ui,sans-serif}\n"
    "h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}p{margin:.3rem 0}.soft{color:var(--soft)}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1rem 0;padding:0}\n"
    ".tiles div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.6rem .8rem}\n"
    ".tiles dt{color:var(--soft);font-size:.8rem}.tiles dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}\n"
    "svg{display:block;width:100%;height:auto}.grid{stroke:var(--line)}.axis{fill:var(--soft);font-size:11px}\n"
    "rect.attempts{fill:var(--attempts)}rect.bans{fill:var(--bans)}rect.logins{fill:var(--logins)}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th,td{text-align:left;padding:.28rem .6rem .28rem 0;border-bottom:1px solid var(--line);vertical-align:middle}\n"
    "thead th{color:var(--soft);font-weight:500;font-size:.8rem;white-space:nowrap}tbody th{font-weight:400;min-width:8.5rem;overflow-wrap:anywhere}\n"
    ".n{text-align:right;white-space:nowrap}.when{white-space:nowrap;color:var(--soft)}\n"
    ".bar{display:block;height:.7rem;min-width:2px;border-radius:3px;background:var(--attempts)}.meter{width:22%;min-width:4rem}\n"
    ".bars th{width:9rem;font-weight:400}.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:0 2rem}\n"
    ".warn{color:var(--warn);font-weight:600}footer{margin-top:2.5rem;color:var(--soft);font-size:.8rem}\n"
    "@media(max-width:34rem){.meter,thead th:nth-child(2){display:none}.axis{font-size:19px}body{padding:.9rem}}\n"
    "@media print{:root{color-scheme:light;--bg:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#fff;--attempts:#2a78d6;"
    "--bans:#c2410c;--logins:#15803d;--warn:#b91c1c}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "body{max-width:none;font-size:11px}section{break-inside:avoid}}\n";

static uint64_t failures_of(const struct report_slot *s)
{
    return s->failures;
}

static uint64_t bans_of(const struct report_slot *s)
{
    return s->bans;
}

static uint64_t logins_of(const struct report_slot *s)
{
    return s->successes;
}

static void tile(const char *name, uint64_t n, FILE *out)
{
    char number[HTML_NUMBER];

    fprintf(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, html_number(n, number));
}

static void number_cell(uint64_t n, FILE *out)
{
    char number[HTML_NUMBER];

    fprintf(out, "<td class=\"n\">%s</td>", html_number(n, number));
}

static void time_cell(usec_t t, FILE *out)
{
    char text[TIME_STRLEN];

    fprintf(out, "<td class=\"when\">%s</td>", time_format(t, false, text));
}

static void row_head(const struct report_list *l, size_t i, FILE *out)
{
    fputs("<tr><th scope=\"row\">", out);
    html_text(l->v[i].name, out);
    fprintf(out, "</th><td class=\"meter\"><span class=\"bar\" style=\"width:%.1f%%\"></span></td>",
            100.0 * (double)l->v[i].failures / (double)l->v[0].failures);
    number_cell(l->v[i].failures, out);
}

static void more(const struct report_list *l, const char *what, FILE *out)
{
    char number[HTML_NUMBER];

    if (l->total > l->n)
        fprintf(out, "<p class=\"soft\">and %s more %s</p>\n", html_number(l->total - l->n, number), what);
}

// Addresses, networks, countries.
static void print_sources(const char *title, const char *name, const char *others, const struct report_list *l, bool countries,
                          FILE *out)
{
    if (l->n == 0)
        return;
    fprintf(out,
            "<section><h2>%s</h2><div class=\"wide\"><table><thead><tr><th>%s</th><th></th><th class=\"n\">failed "
            "logins</th>%s<th class=\"n\">%s</th><th class=\"n\">bans</th><th>first</th><th>last</th></tr></thead><tbody>\n",
            title, name, countries ? "<th>country</th>" : "", others);
    for (size_t i = 0; i < l->n; i++) {
        row_head(l, i, out);
        if (countries)
            fprintf(out, "<td>%s</td>", l->v[i].country);
        number_cell(l->v[i].others, out);
        number_cell(l->v[i].bans, out);
        time_cell(l->v[i].first, out);
        time_cell(l->v[i].last, out);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    more(l, "of them", out);
    fputs("</section>\n", out);
}

static void print_accounts(const struct report_list *l, FILE *out)
{
    bool guessed = false;

    if (l->n == 0)
        return;
    fputs("<section><h2>Accounts that were tried</h2><div class=\"wide\"><table><thead><tr><th>account</th><th></th><th "
          "class=\"n\">failed logins</th><th class=\"n\">from addresses</th><th class=\"n\">good logins</th><th "
          "class=\"n\">after guesses</th><th>last tried</th></tr></thead><tbody>\n",
          out);
    for (size_t i = 0; i < l->n; i++) {
        char number[HTML_NUMBER];
        row_head(l, i, out);
        number_cell(l->v[i].others, out);
        number_cell(l->v[i].successes, out);
        fprintf(out, "<td class=\"n%s\">%s</td>", l->v[i].guessed ? " warn" : "", html_number(l->v[i].guessed, number));
        time_cell(l->v[i].last, out);
        fputs("</tr>\n", out);
        guessed |= l->v[i].guessed > 0;
    }
    fputs("</tbody></table></div>\n", out);
    more(l, "accounts", out);
    if (guessed)
        fprintf(out,
                "<p class=\"warn\">Somebody got in as a marked account from an address that had failed as it %d times or more "
                "before. Ask its owner; if it was not him, the password is known.</p>\n",
                REPORT_GUESSES);
    fputs("</section>\n", out);
}

static void print_timelines(const struct report_figures *f, FILE *out)
{
    const char *by = f->hourly ? "by the hour" : "by the day";

    fprintf(out, "<section><h2>Failed logins, %s</h2>", by);
    chart_columns(f, failures_of, "attempts", "failed logins", out);
    fprintf(out, "</section>\n<section><h2>Bans, %s</h2>", by);
    chart_columns(f, bans_of, "bans", "bans", out);
    fprintf(out, "</section>\n<section><h2>Good logins, %s</h2>", by);
    chart_columns(f, logins_of, "logins", "good logins", out);
    fputs("</section>\n", out);
}

static void print_buckets(const struct report_figures *f, FILE *out)
{
    if (f->bans == 0)
        return;
    fputs("<div class=\"two\"><section><h2>How fast bans came</h2><p class=\"soft\">from the first failure that counted</p>",
          out);
    chart_bars(f->fast, f->n_fast, out);
    fputs("</section><section><h2>How soon they were back</h2><p class=\"soft\">from the end of a ban to the next failure</p>", out);
    chart_bars(f->away, f->n_away, out);
    fputs("</section></div>\n", out);
}

void report_print_html(const struct report_figures *f, const struct report_head *head, FILE *out)
{
    char from[TIME_STRLEN], to[TIME_STRLEN];

    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\">\n"
          "<title>PPTP logins at ",
          out);
    html_text(head->host, out);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header><h1>PPTP logins at ", style);
    html_text(head->host, out);
    fputs("</h1>\n", out);
    if (f->to > 0)
        fprintf(out, "<p class=\"soft\">%s to %s</p>\n", time_format(f->from, false, from), time_format(f->to, true, to));
    fputs("</header>\n<dl class=\"tiles\">\n", out);
    tile("failed logins", f->failures, out);
    tile("from addresses", f->addresses, out);
    tile("accounts tried", f->accounts, out);
    tile("bans", f->bans, out);
    tile("good logins", f->successes, out);
    tile("failed, address unknown", f->unattributed, out);
    fputs("</dl>\n", out);
    if (f->n_slots > 0)
        print_timelines(f, out);
    else
        fputs("<p>Nothing was found in the logs.</p>\n", out);
    print_sources("Offenders", "address", "accounts tried", &f->by_address, f->has_countries, out);
    print_sources("Networks with several of them", "network", "addresses", &f->by_network, f->has_countries, out);
    print_sources("Countries", "country", "addresses", &f->by_country, false, out);
    print_accounts(&f->by_account, out);
    print_buckets(f, out);
    fputs("<footer><p>Worked out from ", out);
    html_text(head->source, out);
    fputs(" with the configuration of the day on which it was made: bans are those that these rules decide, whatever was banned or "
          "freed by hand.",
          out);
    if (!f->has_countries)
        fputs(" Countries are left out: no database of them was given.", out);
    fprintf(out, "</p><p>pptpban %s, %s</p></footer>\n</body>\n</html>\n", head->version, time_format(head->now, true, from));
}
