// SPDX-License-Identifier: GPL-2.0-or-later
// What `pptpban metrics` prints: the service's status as OpenMetrics, or in the older text format that node_exporter's
// textfile collector reads. One table of metrics; asks nobody.
#ifndef PB_CLI_METRICS_TEXT_H
#define PB_CLI_METRICS_TEXT_H

#include <jansson.h>
#include <stdio.h>

enum metrics_format {
    METRICS_OPENMETRICS, // https://github.com/OpenObservability/OpenMetrics, 1.0: families without _total, # EOF
    METRICS_PROMETHEUS,  // text format 0.0.4: a counter's family bears _total itself
};

// By its name on the command line. -EINVAL: no such format.
int metrics_format_parse(const char *name, enum metrics_format *ret);

// status: the answer to the request "status"; NULL: the service does not answer, and pptpban_up is 0.
void metrics_print(const json_t *status, enum metrics_format format, FILE *out);

#endif
