// SPDX-License-Identifier: GPL-2.0-or-later
// Reads INI files into sections of keys and values. Knows no keyword.
#include "base/inifile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
    struct inifile *ini;
    size_t section;        // the one being filled; SIZE_MAX before the first
    bool open;             // a key came last: deeper lines continue it
    struct inifile_entry *key; // that key, or NULL when it was refused and its further lines are passed over
    size_t value_n;        // length of its value
    size_t indent;         // of that key
    unsigned key_last;     // the last line that its value has a line break for
    unsigned line;
    inifile_problem_fn problem;
    void *userdata;
};

__attribute__((format(printf, 2, 3))) static void complain(struct reader *r, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    r->problem(r->userdata, r->line, text);
}

// The length of the UTF-8 sequence at s, 0 for none (overlong forms and surrogates are none either).
static size_t utf8_length(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (n == 0 || n > s.n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool line_is_text(struct reader *r, struct str line)
{
    if (line.n > INIFILE_LINE_MAX) {
        complain(r, "the line is longer than %d bytes", INIFILE_LINE_MAX);
        return false;
    }
    for (size_t i = 0; i < line.n;) {
        if (line.p[i] == '\0') {
            complain(r, "there is a NUL byte in column %zu", i + 1);
            return false;
        }
        size_t n = utf8_length(str_skip(line, i));
        if (n == 0) {
            complain(r, "there is a byte that is not UTF-8 in column %zu", i + 1);
            return false;
        }
        i += n;
    }
    return true;
}

static struct str without_comment(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ';' && (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
            return str_trim((struct str){s.p, i});
    return s;
}

// Makes room for one more element; doubling, so n elements cost O(n).
static void *grown(void *v, size_t n, size_t size)
{
    if (n & (n - 1))
        return v;
    return realloc(v, (n ? 2 * n : 1) * size);
}

static int begin_section(struct reader *r, struct str line)
{
    struct inifile *ini = r->ini;
    const char *end = memrchr(line.p, ']', line.n);
    struct str name = {line.p + 1, end ? (size_t)(end - line.p) - 1 : 0};

    r->open = false;
    if (!end || name.n == 0 || without_comment(str_skip(line, name.n + 2)).n > 0) {
        complain(r, "%.*s is no section; [NAME] would be accepted", STR_FMT(line));
        return 0;
    }
    for (r->section = 0; r->section < ini->n; r->section++)
        if (str_eq(str_of(ini->v[r->section].name), name))
            return 0;
    if (ini->n == INIFILE_SECTIONS_MAX) {
        complain(r, "there are more than %d sections", INIFILE_SECTIONS_MAX);
        r->section = SIZE_MAX;
        return 0;
    }
    struct inifile_section *v = grown(ini->v, ini->n, sizeof(*v));
    if (!v)
        return -ENOMEM;
    ini->v = v;
    v[ini->n] = (struct inifile_section){.name = str_dup(name), .line = r->line};
    if (!v[ini->n].name)
        return -ENOMEM;
    ini->n++;
    return 0;
}

static int begin_key(struct reader *r, struct str line)
{
    size_t i = 0;

    r->open = true;
    r->key = NULL;
    while (i < line.n && line.p[i] != '=' && line.p[i] != ':')
        i++;
    struct str key = str_trim((struct str){line.p, i});
    if (i == line.n || key.n == 0) {
        complain(r, "%.*s is neither a section nor a key; [NAME] or KEY = VALUE would be accepted", STR_FMT(line));
        return 0;
    }
    if (r->section == SIZE_MAX) {
        complain(r, "%.*s stands before any [SECTION]", STR_FMT(key));
        return 0;
    }
    struct inifile_section *s = &r->ini->v[r->section];
    if (s->n == INIFILE_KEYS_MAX) {
        complain(r, "there are more than %d keys in [%s]", INIFILE_KEYS_MAX, s->name);
        return 0;
    }
    struct inifile_entry *v = grown(s->v, s->n, sizeof(*v));
    if (!v)
        return -ENOMEM;
    s->v = v;
    struct inifile_entry e = {str_dup(key), str_dup(without_comment(str_trim(str_skip(line, i + 1)))), r->line};
    if (!e.key || !e.value) {
        free(e.key);
        free(e.value);
        return -ENOMEM;
    }
    for (char *p = e.key; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p |= 0x20;
    for (size_t k = 0; k < s->n; k++) {
        if (strcmp(v[k].key, e.key) != 0)
            continue;
        complain(r, "%s stands in [%s] already, in line %u; once would be accepted", e.key, s->name, v[k].line);
        free(e.key);
        free(e.value);
        return 0;
    }
    v[s->n] = e;
    r->key = &v[s->n++];
    r->key_last = r->line;
    r->value_n = strlen(e.value);
    return 0;
}

static int continue_value(struct reader *r, struct str line)
{
    if (!r->key)
        return 0;
    size_t old = r->value_n, breaks = r->line - r->key_last;
    char *value = realloc(r->key->value, old + breaks + line.n + 1);
    if (!value)
        return -ENOMEM;
    memset(value + old, '\n', breaks);
    memcpy(value + old + breaks, line.p, line.n);
    value[old + breaks + line.n] = '\0';
    r->key->value = value;
    r->value_n = old + breaks + line.n;
    r->key_last = r->line;
    return 0;
}

static int read_line(struct reader *r, struct str line)
{
    if (!line_is_text(r, line))
        return 0;
    struct str text = str_trim(line);
    if (text.n == 0 || text.p[0] == '#' || text.p[0] == ';')
        return 0;
    size_t indent = (size_t)(text.p - line.p);
    if (r->open && indent > r->indent)
        return continue_value(r, without_comment(text));
    r->indent = indent;
    return text.p[0] == '[' ? begin_section(r, text) : begin_key(r, text);
}

int inifile_parse(const char *path, struct str text, inifile_problem_fn problem, void *userdata, struct inifile **ret)
{
    struct reader r = {.section = SIZE_MAX, .problem = problem, .userdata = userdata};
    int error = 0;

    r.ini = calloc(1, sizeof(*r.ini));
    if (!r.ini)
        return -ENOMEM;
    r.ini->path = str_dup(str_of(path));
    if (!r.ini->path)
        error = -ENOMEM;
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_skip(text, 3);
    while (error == 0 && text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        struct str line = {text.p, end ? (size_t)(end - text.p) : text.n};
        r.line++;
        error = read_line(&r, line);
        text = str_skip(text, line.n + 1);
    }
    if (error < 0) {
        inifile_free(r.ini);
        return error;
    }
    *ret = r.ini;
    return 0;
}

// Reads up to INIFILE_FILE_MAX + 1 bytes, so that the caller sees a file that is too long.
static int read_all(int fd, char *buf, size_t *ret)
{
    size_t n = 0;

    while (n <= INIFILE_FILE_MAX) {
        ssize_t k = read(fd, buf + n, INIFILE_FILE_MAX + 1 - n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        if (k == 0)
            break;
        n += (size_t)k;
    }
    *ret = n;
    return 0;
}

int inifile_read(const char *path, inifile_problem_fn problem, void *userdata, struct inifile **ret)
{
    struct stat st;
    struct str text = {NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        problem(userdata, 0, "not a regular file");
        close(fd);
        return inifile_parse(path, text, problem, userdata, ret);
    }
    char *buf = malloc(INIFILE_FILE_MAX + 1);
    int r = buf ? read_all(fd, buf, &text.n) : -ENOMEM;
    close(fd);
    if (r == 0) {
        text.p = buf;
        if (text.n > INIFILE_FILE_MAX) {
            char message[64];
            snprintf(message, sizeof(message), "the file is longer than %d bytes", INIFILE_FILE_MAX);
            problem(userdata, 0, message);
            text.n = 0;
        }
        r = inifile_parse(path, text, problem, userdata, ret);
    }
    free(buf);
    return r;
}

void inifile_free(struct inifile *ini)
{
    if (!ini)
        return;
    for (size_t i = 0; i < ini->n; i++) {
        for (size_t k = 0; k < ini->v[i].n; k++) {
            free(ini->v[i].v[k].key);
            free(ini->v[i].v[k].value);
        }
        free(ini->v[i].v);
        free(ini->v[i].name);
    }
    free(ini->v);
    free(ini->path);
    free(ini);
}
