// SPDX-License-Identifier: GPL-2.0-or-later
// Inside the room: charts drawn as SVG within the page, coloured by its style sheet, each value told as a title too.
#ifndef PB_REPORT_CHART_H
#define PB_REPORT_CHART_H

#include <stdbool.h>

#include "report/report.h"

// Escapes what has a meaning in HTML; text is fit to be shown otherwise.
void html_text(const char *text, FILE *out);

// 1234567 as "1 234 567", with narrow spaces that do not break.
enum { HTML_NUMBER = 64 };
const char *html_number(uint64_t n, char buf[static HTML_NUMBER]);

// Columns over time; which picks the value of a slot. class: for its colour. name: of one value, "failures".
void chart_columns(const struct report_figures *f, uint64_t (*which)(const struct report_slot *), const char *class,
                   const char *name, FILE *out);

// Horizontal bars with their names and numbers.
void chart_bars(const struct report_bucket *v, size_t n, FILE *out);

#endif
