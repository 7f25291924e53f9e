// SPDX-License-Identifier: GPL-2.0-or-later
// Axes with round numbers, bars with rounded ends; no text of strangers comes here.
#include "report/chart.h"

#include <string.h>
#include <time.h>

enum { WIDTH = 720, HEIGHT = 180, LEFT = 44, TOP = 10, BOTTOM = 24, LABELS = 7 };

void html_text(const char *text, FILE *out)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
}

const char *html_number(uint64_t n, char buf[static HTML_NUMBER])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            at += (size_t)snprintf(buf + at, HTML_NUMBER - at, "\u202f");
        buf[at++] = digits[i];
    }
    buf[at] = '\0';
    return buf;
}

// The smallest of 1, 2, 5, 10, 20 ... that makes at most four steps of max.
static uint64_t step_for(uint64_t max)
{
    static const uint64_t factors[] = {1, 2, 5};
    uint64_t power = 1;

    for (;; power *= 10)
        for (size_t i = 0; i < 3; i++)
            if (max <= 4 * power * factors[i])
                return power * factors[i];
}

// A slot on the axis, or whole in its title.
static void slot_label(usec_t t, bool hourly, bool whole, char *buf, size_t size)
{
    time_t s = (time_t)(t / USEC_SEC);
    struct tm tm;
    size_t n;

    localtime_r(&s, &tm);
    if (whole)
        n = hourly ? strftime(buf, size, "%Y-%m-%d %H:%M", &tm) : strftime(buf, size, "%a %Y-%m-%d", &tm);
    else
        n = hourly ? strftime(buf, size, "%d %b %H:%M", &tm) : strftime(buf, size, "%d %b", &tm);
    if (n == 0)
        *buf = '\0';
}

static void time_axis(const struct report_figures *f, double width, FILE *out)
{
    size_t every = (f->n_slots + LABELS - 1) / LABELS;
    char label[32];

    for (size_t i = 0; i < f->n_slots; i += every ? every : 1) {
        slot_label(f->slots[i].start, f->hourly, false, label, sizeof(label));
        fprintf(out, "<text class=\"axis\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>", i == 0 ? (double)LEFT : LEFT + width * ((double)i + 0.5),
                HEIGHT - 8, i == 0 ? "start" : "middle", label);
    }
}

void chart_columns(const struct report_figures *f, uint64_t (*which)(const struct report_slot *), const char *class,
                   const char *name, FILE *out)
{
    double width = f->n_slots ? (double)(WIDTH - LEFT) / (double)f->n_slots : 0, gap = width > 3 ? 1 : 0;
    uint64_t max = 1;
    char label[32], number[HTML_NUMBER];

    for (size_t i = 0; i < f->n_slots; i++)
        max = which(&f->slots[i]) > max ? which(&f->slots[i]) : max;
    uint64_t step = step_for(max), top = (max + step - 1) / step * step;
    double scale = (double)(HEIGHT - TOP - BOTTOM) / (double)top;
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over time\">", WIDTH, HEIGHT, name);
    for (uint64_t v = 0; v <= top; v += step) {
        double y = HEIGHT - BOTTOM - (double)v * scale;
        fprintf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH, y, y);
        fprintf(out, "<text class=\"axis\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 6, y + 4,
                html_number(v, number));
    }
    for (size_t i = 0; i < f->n_slots; i++) {
        uint64_t v = which(&f->slots[i]);
        double h = (double)v * scale;
        if (v == 0)
            continue;
        slot_label(f->slots[i].start, f->hourly, true, label, sizeof(label));
        fprintf(out,
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%s\"><title>%s: %s "
                "%s</title></rect>",
                class, LEFT + width * (double)i, HEIGHT - BOTTOM - h, width - gap, h, width > 8 ? "2" : "0", label,
                html_number(v, number), name);
    }
    time_axis(f, width, out);
    fputs("</svg>\n", out);
}

void chart_bars(const struct report_bucket *v, size_t n, FILE *out)
{
    uint64_t max = 1;
    char number[HTML_NUMBER];

    for (size_t i = 0; i < n; i++)
        max = v[i].n > max ? v[i].n : max;
    fputs("<table class=\"bars\">\n", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "<tr><th scope=\"row\">%s</th><td><span class=\"bar\" style=\"width:%.1f%%\"></span></td><td class=\"n\">%s</td></tr>\n",
                v[i].name, 100.0 * (double)v[i].n / (double)max, html_number(v[i].n, number));
    fputs("</table>\n", out);
}
