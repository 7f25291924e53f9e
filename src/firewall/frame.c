// SPDX-License-Identifier: GPL-2.0-or-later
// The ruleset of one fixed year and of stand-in countries, rendered for its hash; and a file of a few of them.
#include "firewall/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

enum { YEAR = 1767225600, LINE_BYTES = 80 }; // 2026-01-01

static uint64_t hash_list(uint64_t hash, const struct strlist *l)
{
    for (size_t i = 0; i < l->n; i++)
        hash = hash_bytes(&(struct hash_key){{hash, i}}, l->v[i], strlen(l->v[i]));
    return hash_bytes(&(struct hash_key){{hash, l->n}}, "", 0);
}

// The networks go into the hash as they are: text of 100,000 of them would be the larger part of the work.
static uint64_t take_networks(uint64_t hash, struct fw_model *m)
{
    for (size_t i = 0; i < m->n_sets; i++) {
        struct fw_set *s = &m->sets[i];
        if (s->kind != FW_SET_NETWORKS)
            continue;
        hash = hash_bytes(&(struct hash_key){{hash, s->n}}, s->v, s->n * sizeof(*s->v));
        s->n = 0;
    }
    return hash;
}

int fw_frame_make(const struct firewall_config *config, const struct fw_facts *facts, enum fw_tool tool,
                  char ret[static FW_FRAME_LEN + 1])
{
    static const struct prefix somewhere[] = {{{{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2}}, 120}, {{{0x20, 1, 0xd, 0xb8}}, 32}};
    struct fw_facts fixed = *facts;
    struct fw_windows windows = {.n = 0};
    struct fw_ruleset rendered = {.tool = tool};
    struct fw_model model;
    uint64_t rest = hash_list(hash_list(1, &config->allow_countries), &config->deny_countries);
    int r = 0;

    if (facts->n_countries > 0) {
        fixed.countries = somewhere;
        fixed.n_countries = 2;
    }
    if (facts->windows) {
        r = fw_windows_make(&config->open, config->timezone, YEAR, &windows);
        fixed.windows = &windows;
    }
    if (r == 0 && (r = fw_model_build(config, &fixed, &model)) == 0) {
        rest = take_networks(rest, &model);
        r = fw_ruleset_make(&model, tool, &rendered);
        fw_model_free(&model);
    }
    if (r == 0) {
        rest = hash_bytes(&(struct hash_key){{rest, 0}}, config->database, strlen(config->database));
        snprintf(ret, FW_FRAME_LEN + 1, "%.16s-%016" PRIx64, rendered.revision, rest);
    }
    fw_ruleset_free(&rendered);
    fw_windows_free(&windows);
    return r;
}

static void place(const struct fw_places *places, char path[static FW_PATH_MAX])
{
    snprintf(path, FW_PATH_MAX, "%.*s/frames", FW_PATH_MAX - 40, places->state);
}

int fw_frame_save(const struct fw_places *places, const char *confirmed, const char *revision, const char *frame)
{
    char path[FW_PATH_MAX], fresh[FW_PATH_MAX + 8], kept[FW_FRAME_LEN + 1];

    fw_frame_find(places, confirmed, kept);
    place(places, path);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) {
        int r = -errno;
        if (fd >= 0)
            close(fd);
        return r;
    }
    if (*kept && strcmp(confirmed, revision) != 0)
        fprintf(f, "%s %s\n", confirmed, kept);
    fprintf(f, "%s %s\n", revision, frame);
    bool good = fflush(f) == 0 && fsync(fd) == 0;
    if (fclose(f) != 0 || !good || rename(fresh, path) < 0)
        return -EIO;
    return 0;
}

void fw_frame_find(const struct fw_places *places, const char *revision, char ret[static FW_FRAME_LEN + 1])
{
    char path[FW_PATH_MAX], line[LINE_BYTES], name[FW_REVISION_LEN + 1], frame[FW_FRAME_LEN + 1];

    ret[0] = '\0';
    place(places, path);
    FILE *f = *revision ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "%16s %33s", name, frame) == 2 && strcmp(name, revision) == 0)
            memcpy(ret, frame, sizeof(frame));
    if (f)
        fclose(f);
}
