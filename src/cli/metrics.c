// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban metrics: the service's figures for a monitoring system, printed or put into a file whole.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/metrics_text.h"
#include "cli/verbs.h"

int verb_metrics(int argc, char **argv)
{
    enum metrics_format format = METRICS_OPENMETRICS;
    json_t *status = NULL;
    char *text = NULL;
    size_t n = 0;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (a.format && metrics_format_parse(a.format, &format) < 0) {
        fprintf(stderr, "pptpban metrics: there is no format %s; openmetrics and prometheus are known\n", a.format);
        return EXIT_USAGE;
    }
    code = client_call(&a, json_pack("{s:s}", "verb", "status"), &status);
    FILE *out = open_memstream(&text, &n);
    if (out)
        metrics_print(code == EXIT_DONE ? status : NULL, format, out); // that it does not answer is a figure, too
    json_decref(status);
    if (!out || fclose(out) != 0) {
        fprintf(stderr, "pptpban metrics: out of memory\n");
        return EXIT_FAILED;
    }
    int r = 0;
    if (a.output)
        r = file_replace(a.output, 0644, text, n);
    else
        fwrite(text, 1, n, stdout);
    free(text);
    if (r < 0) {
        fprintf(stderr, "pptpban metrics: %s: %s\n", a.output, strerror(-r));
        return EXIT_FAILED;
    }
    return code;
}
