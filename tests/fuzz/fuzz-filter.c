// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as a filter file. It loads or says in one sentence why not; and a line that it matches
// contains one of the literals that it names as its gate.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "filter/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/pptpban-fuzz-XXXXXX", file[64];

static void clean_up(void)
{
    unlink(file);
    rmdir(directory);
}

static void write_file(const uint8_t *data, size_t size)
{
    if (!file[0]) {
        assert(mkdtemp(directory));
        snprintf(file, sizeof(file), "%s/fuzz.conf", directory);
        atexit(clean_up);
    }
    FILE *f = fopen(file, "w");
    assert(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

static void match_lines(struct filter *f, const struct literals *gate)
{
    static const char *const lines[] = {
        "Peer alice failed CHAP authentication", "CTRL: Client 203.0.113.5 control connection started",
        "CTRL: Reaping child PPP[363]", "Failed password for root from 192.0.2.7 port 22 ssh2", "", "a", "aaaaaaaa",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[256];
        struct event event;
        struct record r = {.host = STR("h"), .ident = i == 1 || i == 2 ? STR("pptpd") : STR("pppd"), .pid = 7};
        int n = snprintf(text, sizeof(text), "h %s[7]: %s", r.ident.p, lines[i]);

        r.line = (struct str){text, (size_t)n};
        r.message = str_of(text + n - strlen(lines[i]));
        if (filter_match(f, &r, &event) && gate)
            assert(literals_mask(gate, r.line) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str strings[LITERALS_MAX];
    struct filter_error error = {""};
    struct filter *f = NULL;
    struct literals *gate = NULL;
    size_t n = 0;

    write_file(data, size);
    struct filter_options options = {.dirs = (const char *const[]){directory, NULL}};
    int r = filter_load("fuzz", &options, &f, &error);
    if (r < 0) {
        assert(error.text[0] && memchr(error.text, '\0', sizeof(error.text)));
        return 0;
    }
    if (filter_gate(f, strings, LITERALS_MAX, &n, NULL) && n > 0)
        assert(literals_new(strings, n, &gate) == 0);
    match_lines(f, gate);
    literals_free(gate);
    filter_free(f);
    return 0;
}
