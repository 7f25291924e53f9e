// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as pptpban.conf. It is read or every reason why not is told, on one line with its place; and
// what was read, printed as the effective configuration, is read again without a complaint and is the same.
#include "config/config.h"
#include "fuzz.h"

static void check_report(const struct config_report *report, int r)
{
    size_t fatal = 0;

    HOLDS(report->n <= CONFIG_MESSAGES_MAX + 1, "%zu messages", report->n);
    for (size_t i = 0; i < report->n; i++) {
        const char *text = report->v[i].text;
        HOLDS(text[0], "an empty message");
        HOLDS(!strchr(text, '\n'), "more than one line: %s", text);
        fatal += report->v[i].fatal;
    }
    HOLDS((r == 0) == (report->errors == 0), "%d with %zu errors", r, report->errors);
    HOLDS(fatal > 0 || report->errors == 0, "%zu errors that nobody is told of", report->errors);
}

static void check_values(const struct config *c)
{
    HOLDS(c->n_jails <= CONFIG_JAILS_MAX, "%zu jails", c->n_jails);
    for (size_t i = 0; i < c->n_jails; i++) {
        const struct jail_config *j = &c->jails[i];
        HOLDS(j->maxretry >= 1 && j->maxretry <= 1000 && j->findtime > 0 && j->bantime > 0 && j->max_addresses > 0,
              "[%s] with %u in %lld", j->name, j->maxretry, (long long)j->findtime);
        HOLDS(j->maximum >= j->bantime && j->ignoreip.n <= CONFIG_NETWORKS_MAX && j->source.n <= CONFIG_SOURCES_MAX, "[%s]", j->name);
    }
    HOLDS(c->widest4 >= 1 && c->widest4 <= 32 && c->widest6 >= 1 && c->widest6 <= 128 && c->max_bans > 0 && c->max_lives > 0,
          "widest %u and %u, %u bans, %u lives", c->widest4, c->widest6, c->max_bans, c->max_lives);
}

static char *dump(const struct config *c, size_t *ret_n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_n);

    HOLDS(out, "no memory");
    config_dump(c, out);
    fclose(out);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_report report = {0}, again = {0};
    struct config *c = NULL, *c2 = NULL;
    int r = config_load(fuzz_file(data, size), &c, &report);

    check_report(&report, r);
    if (r == 0) {
        size_t n, n2;
        check_values(c);
        char *text = dump(c, &n);
        int r2 = config_load(fuzz_file(text, n), &c2, &again);
        HOLDS(r2 == 0, "what is printed is not accepted: %s", again.n ? again.v[0].text : "");
        char *text2 = dump(c2, &n2);
        HOLDS(n == n2 && memcmp(text, text2, n) == 0, "printed, read and printed again it is another:\n%s\n---\n%s", text, text2);
        free(text);
        free(text2);
        config_free(c2);
    }
    config_free(c);
    config_report_free(&report);
    config_report_free(&again);
    return 0;
}
