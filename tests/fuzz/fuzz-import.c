// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as fail2ban's jail.local. No crash; and whatever stands there, what import-fail2ban prints is a
// configuration without errors, each jail that is enabled in it was enabled there, and no comment ends before its line.
#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import/import.h"
#include "import/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], jails[96], printed[96];

static void put(const char *path, const void *text, size_t n)
{
    FILE *f = fopen(path, "w");

    assert(f && fwrite(text, 1, n, f) == n);
    fclose(f);
}

static void remove_all(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command) != 0)
        abort();
}

static void prepare(void)
{
    static const char *const folder[] = {"", "/filter.d", "/none", "/ours"};
    static const char filter[] = "[Definition]\nfailregex = fail <HOST>$\n", ours[] = "[Definition]\nfailregex = o <HOST>$\n";
    char path[128];

    snprintf(dir, sizeof(dir), "%s/pptpban-fuzz-%d", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s%s", dir, folder[i]);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof(path), "%s/filter.d/x.conf", dir);
    put(path, filter, sizeof(filter) - 1);
    snprintf(path, sizeof(path), "%s/ours/sshd.conf", dir);
    put(path, ours, sizeof(ours) - 1);
    snprintf(jails, sizeof(jails), "%s/jail.local", dir);
    snprintf(printed, sizeof(printed), "%s/printed.conf", dir);
    atexit(remove_all);
}

static void judge(const struct import *im)
{
    struct config_report report = {0};
    struct config *config = NULL;

    FILE *out = fopen(printed, "w");
    assert(out);
    import_print_config(im, out);
    fclose(out);
    int r = config_load(printed, &config, &report);
    for (size_t i = 0; i < report.n && report.errors; i++)
        fprintf(stderr, "%s\n", report.v[i].text);
    assert(r == 0 && report.errors == 0);
    for (size_t k = 0; k < config->n_jails; k++) {
        bool there = !config->jails[k].enabled || strcmp(config->jails[k].name, "pptpd") == 0; // built in
        for (size_t i = 0; i < im->n; i++)
            there = there || (strcmp(im->jails[i].section, config->jails[k].name) == 0 && im->jails[i].enabled);
        assert(there);
    }
    config_free(config);
    config_report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import im = {.dir = dir};
    struct str rest = {(const char *)data, size};
    struct prefix p;
    double number;

    if (!dir[0])
        prepare();
    (void)f2b_number(rest, size % 2, &number);
    for (struct str word; (word = f2b_word(&rest)).n > 0;)
        if (f2b_network(word, &p) == 0)
            assert(p.len <= 128);
    put(jails, data, size);
    im.dirs.v = calloc(1, sizeof(char *));
    im.dirs.v[0] = strdup("/nowhere");
    im.dirs.n = 1;
    if (import_plan(&im, NULL, 0, true) == 0) {
        judge(&im);
        json_decref(import_json(&im));
    }
    import_clear(&im);
    return 0;
}
