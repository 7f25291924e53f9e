// SPDX-License-Identifier: GPL-2.0-or-later
// The yardstick of replay: splits a log into lines and runs the patterns of a filter file, all in one JIT-compiled
// expression, over each. No dates, no sessions, no gate; shares no code with the product.
//
//   bare-loop FILTERFILE LOG        prints LINES MATCHES SECONDS
#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <pcre2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum { MAX_PATTERNS = 256 };

static struct {
    char ident[32];
    char *regex;
} patterns[MAX_PATTERNS];
static unsigned n_patterns;

// The dialect's tags as plain groups; what is unknown stays as it is.
static char *expand_tags(const char *s)
{
    static const struct {
        const char *tag, *regex;
    } tags[] = {{"<ADDR>", "[0-9a-fA-F:.]+"}, {"<HOST>", "\\S+"}, {"<F-USER>", ""}, {"</F-USER>", ""}};
    char *out = calloc(1, strlen(s) * 4 + 1), *p = out;

    if (!out)
        err(1, "memory");
    while (*s) {
        bool hit = false;

        for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]) && !hit; i++) {
            if (strncmp(s, tags[i].tag, strlen(tags[i].tag)) != 0)
                continue;
            p = stpcpy(p, tags[i].regex);
            s += strlen(tags[i].tag);
            hit = true;
        }
        if (!hit && strncmp(s, "<LINK ", 6) == 0 && strchr(s, '>')) {
            p = stpcpy(p, "\\d+");
            s = strchr(s, '>') + 1;
            hit = true;
        }
        if (!hit)
            *p++ = *s++;
    }
    return out;
}

static void add_pattern(char *s)
{
    char *end;

    while (isspace((unsigned char)*s))
        s++;
    s[strcspn(s, "\r\n")] = '\0';
    if (strncmp(s, "<@", 2) != 0 || !(end = strstr(s, ">^")) || n_patterns == MAX_PATTERNS)
        return;
    snprintf(patterns[n_patterns].ident, sizeof(patterns[0].ident), "%.*s", (int)(end - s - 2), s + 2);
    patterns[n_patterns++].regex = expand_tags(end + 2);
}

static void read_filter(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[4096];
    bool skip = false;

    if (!f)
        err(1, "%s", path);
    while (fgets(line, sizeof(line), f)) {
        char *value = line;

        if (line[0] == '#' || line[0] == '[' || line[0] == '\n')
            continue;
        if (!isspace((unsigned char)line[0])) {
            value = strchr(line, '=');
            skip = !value || strncmp(line, "cmdline", 7) == 0; // that one looks at processes, not at lines
            value = value ? value + 1 : line;
        }
        if (!skip)
            add_pattern(value);
    }
    fclose(f);
    if (n_patterns == 0)
        errx(1, "%s: no patterns of the form <@IDENT>^... in it", path);
}

// " pppd[123]: (?:A|B)| pptpd[123]: (?:C|D)"
static char *join_patterns(void)
{
    char *s = NULL;
    size_t size;
    FILE *f = open_memstream(&s, &size);
    bool done[MAX_PATTERNS] = {false};
    const char *between = "";

    if (!f)
        err(1, "memory");
    for (unsigned i = 0; i < n_patterns; i++) {
        if (done[i])
            continue;
        fprintf(f, "%s %s\\[\\d+\\]: (?:", between, patterns[i].ident);
        between = "|";
        for (unsigned k = i; k < n_patterns; k++) {
            if (strcmp(patterns[k].ident, patterns[i].ident) != 0)
                continue;
            done[k] = true;
            fprintf(f, "%s%s", k == i ? "" : "|", patterns[k].regex);
        }
        fputc(')', f);
    }
    fclose(f);
    return s;
}

int main(int argc, char **argv)
{
    struct timespec t0, t1;
    struct stat st;
    unsigned long lines = 0, matches = 0;
    PCRE2_SIZE where;
    pcre2_code *code;
    pcre2_match_data *data;
    char *text;
    const char *log, *p, *end;
    int fd, error;

    if (argc != 3)
        errx(2, "usage: bare-loop FILTERFILE LOG");
    read_filter(argv[1]);
    text = join_patterns();
    code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NO_AUTO_CAPTURE, &error, &where, NULL);
    if (!code)
        errx(1, "%s: pattern error %d at %zu of: %s", argv[1], error, (size_t)where, text);
    if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0)
        errx(1, "no JIT here");
    data = pcre2_match_data_create_from_pattern(code, NULL);

    fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        err(1, "%s", argv[2]);
    log = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (log == MAP_FAILED)
        err(1, "%s", argv[2]);
    clock_gettime(CLOCK_MONOTONIC, &t0);
    for (p = log, end = log + st.st_size; p < end; lines++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));

        if (!nl)
            break;
        if (pcre2_jit_match(code, (PCRE2_SPTR)p, (size_t)(nl - p), 0, 0, data, NULL) >= 0)
            matches++;
        p = nl + 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &t1);
    printf("%lu %lu %.6f\n", lines, matches,
           (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9);
    return 0;
}
