// SPDX-License-Identifier: GPL-2.0-or-later
// Reads filter files: ConfigParser's line rules, includes, drop-ins, overrides.
#include "filter/ini.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static void free_option(struct ini_option *o)
{
    while (o) {
        struct ini_option *older = o->older;
        free(o->key);
        text_clear(&o->value);
        free(o);
        o = older;
    }
}

void ini_free(struct ini *ini)
{
    while (ini->sections) {
        struct ini_section *s = ini->sections;
        ini->sections = s->next;
        while (s->options) {
            struct ini_option *next = s->options->next;
            free_option(s->options);
            s->options = next;
        }
        free(s->name);
        free(s);
    }
    for (size_t i = 0; i < ini->n_files; i++)
        free(ini->files[i]);
    ini->n_files = 0;
}

struct ini_section *ini_find(const struct ini *ini, struct str section)
{
    for (struct ini_section *s = ini->sections; s; s = s->next)
        if (str_eq(str_of(s->name), section))
            return s;
    return NULL;
}

struct ini_option *ini_option(const struct ini_section *section, struct str key)
{
    for (struct ini_option *o = section ? section->options : NULL; o; o = o->next)
        if (strlen(o->key) == key.n && strncasecmp(o->key, key.p, key.n) == 0)
            return o;
    return NULL;
}

static int out_of_memory(struct filter_error *error)
{
    filter_fail(error, (struct origin){0}, "out of memory");
    return -ENOMEM;
}

// One file being read.
struct reading {
    struct ini *ini;
    const char *file;
    unsigned line;
    struct ini_section *section;
    struct ini_option *option; // takes continuation lines; NULL: none can come
    size_t indent;             // of the line with the option's key
    struct filter_error *error;
};

static struct origin here(const struct reading *r)
{
    return (struct origin){r->file, r->line};
}

static int begin_section(struct reading *r, struct str name)
{
    struct ini_section **end = &r->ini->sections;

    r->option = NULL;
    r->section = ini_find(r->ini, name);
    if (r->section)
        return 0;
    while (*end)
        end = &(*end)->next;
    struct ini_section *s = calloc(1, sizeof(*s));
    if (!s || !(s->name = str_dup(name))) {
        free(s);
        return out_of_memory(r->error);
    }
    *end = r->section = s;
    return 0;
}

static int begin_option(struct reading *r, struct str key)
{
    struct ini_option **slot = &r->section->options;

    while (*slot && !(strlen((*slot)->key) == key.n && strncasecmp((*slot)->key, key.p, key.n) == 0))
        slot = &(*slot)->next;
    struct ini_option *old = *slot;
    if (old && old->at.file == r->file)
        return filter_fail(
            r->error, here(r),
            "'%.*s' stands in [%s] already, at line %u; more values go on indented lines below the first", STR_FMT(key),
            r->section->name, old->at.line);
    struct ini_option *o = calloc(1, sizeof(*o));
    if (!o || !(o->key = str_dup(key))) {
        free(o);
        return out_of_memory(r->error);
    }
    for (char *c = o->key; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    o->at = here(r);
    o->next = old ? old->next : NULL;
    o->older = old;
    if (old)
        old->next = NULL;
    *slot = r->option = o;
    return 0;
}

static int add_value(struct reading *r, struct str value, bool first)
{
    int e = first ? 0 : text_add(&r->option->value, STR("\n"), here(r));

    if (e == 0)
        e = text_add(&r->option->value, value, here(r));
    return e < 0 ? out_of_memory(r->error) : 0;
}

static bool is_space(char c)
{
    return isspace((unsigned char)c);
}

// Cuts the comment off and the blanks at both ends. *ret_comment: there was one.
static struct str strip(struct str line, bool *ret_comment)
{
    struct str value = str_trim(line);

    *ret_comment = value.n > 0 && (value.p[0] == '#' || value.p[0] == ';');
    if (*ret_comment)
        return (struct str){value.p, 0};
    for (size_t i = 1; i < value.n; i++)
        if (value.p[i] == ';' && is_space(value.p[i - 1])) {
            *ret_comment = true;
            value.n = i;
            break;
        }
    return str_trim(value);
}

static int read_line(struct reading *r, struct str line)
{
    bool comment;
    struct str value = strip(line, &comment);
    size_t indent = 0;

    if (value.n == 0) // an empty line belongs to the value around it, a comment does not
        return r->option && !comment ? add_value(r, value, false) : 0;
    while (indent < line.n && is_space(line.p[indent]))
        indent++;
    if (r->option && indent > r->indent)
        return add_value(r, value, false);
    r->indent = indent;
    if (value.p[0] == '[') {
        size_t end = value.n;
        while (end > 1 && value.p[end - 1] != ']')
            end--;
        if (end > 2)
            return begin_section(r, (struct str){value.p + 1, end - 2});
        return filter_fail(r->error, here(r), "'%.*s' is no section header; a line like [Definition] is wanted",
                           STR_FMT(value));
    }
    if (!r->section)
        return filter_fail(r->error, here(r),
                           "'%.*s' stands before any section; a line like [Definition] must come first",
                           STR_FMT(value));
    size_t delimiter = 0;
    while (delimiter < value.n && value.p[delimiter] != '=' && value.p[delimiter] != ':')
        delimiter++;
    struct str key = str_trim((struct str){value.p, delimiter});
    if (delimiter == value.n || key.n == 0)
        return filter_fail(r->error, here(r),
                           "'%.*s' is neither a section nor an option; 'key = value' is wanted, and further lines of a "
                           "value must be indented more than its key",
                           STR_FMT(value));
    int e = begin_option(r, key);
    return e < 0 ? e : add_value(r, str_trim(str_skip(value, delimiter + 1)), true);
}

// Blank lines at the end belong to nobody.
static void trim_values(struct ini *ini, const char *file)
{
    for (struct ini_section *s = ini->sections; s; s = s->next)
        for (struct ini_option *o = s->options; o; o = o->next)
            if (o->at.file == file) {
                struct text *t = &o->value;
                while (t->n > 0 && is_space(t->p[t->n - 1])) {
                    t->lines -= t->p[t->n - 1] == '\n';
                    t->p[--t->n] = '\0';
                }
            }
}

static bool valid_utf8(const unsigned char *p, size_t n, size_t *ret_bad)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = p[i];
        unsigned more = c < 0x80                ? 0
                        : c >= 0xc2 && c < 0xe0 ? 1
                        : c >= 0xe0 && c < 0xf0 ? 2
                        : c >= 0xf0 && c < 0xf5 ? 3
                                                : 9;
        *ret_bad = i;
        if (c == 0 || more == 9 || n - i <= more)
            return false;
        if ((c == 0xe0 && p[i + 1] < 0xa0) || (c == 0xed && p[i + 1] > 0x9f) || (c == 0xf0 && p[i + 1] < 0x90) ||
            (c == 0xf4 && p[i + 1] > 0x8f))
            return false;
        while (more-- > 0)
            if ((p[++i] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

// The whole file as one allocation. -ENOENT when it is not there; other trouble is said in *error.
static int slurp(const char *path, char **ret, size_t *ret_n, struct filter_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    char *p = NULL;
    size_t n = 0;
    ssize_t got;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return -ENOENT;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        filter_fail(error, (struct origin){0}, "%s: %s; a readable file is wanted", path,
                    fd < 0 ? strerror(errno) : "not a regular file");
        goto bad;
    }
    if (!(p = malloc(INI_FILE_MAX + 1))) {
        out_of_memory(error);
        goto bad;
    }
    while (n <= INI_FILE_MAX && (got = read(fd, p + n, INI_FILE_MAX + 1 - n)) > 0)
        n += (size_t)got;
    if (n > INI_FILE_MAX) {
        filter_fail(error, (struct origin){0}, "%s: larger than %d bytes; no filter file needs as much", path,
                    INI_FILE_MAX);
        goto bad;
    }
    close(fd);
    *ret = p;
    *ret_n = n;
    return 0;
bad:
    free(p);
    if (fd >= 0)
        close(fd);
    return -EINVAL;
}

static int parse(struct ini *ini, const char *file, struct str text, struct filter_error *error)
{
    struct reading r = {.ini = ini, .file = file, .error = error};
    size_t bad;
    int e = 0;

    if (!valid_utf8((const unsigned char *)text.p, text.n, &bad)) {
        for (size_t i = 0; i < bad; i++)
            r.line += text.p[i] == '\n';
        r.line++;
        return filter_fail(error, here(&r), "byte 0x%02x is not UTF-8 text; the file must be UTF-8 without NUL",
                           (unsigned char)text.p[bad]);
    }
    while (text.n > 0 && e == 0) {
        const char *nl = memchr(text.p, '\n', text.n);
        struct str line = {text.p, nl ? (size_t)(nl - text.p) : text.n};
        r.line++;
        e = read_line(&r, line);
        text = str_skip(text, line.n + 1);
    }
    trim_values(ini, file);
    return e;
}

// What a file itself includes, read before it is merged, since 'before' comes before it.
struct include_list {
    struct text before, after;
};

static int take_text(struct text *to, const struct ini *from, const char *key)
{
    const struct ini_option *o = ini_option(ini_find(from, STR("INCLUDES")), str_of(key));
    return o ? text_add_part(to, &o->value, 0, o->value.n) : 0;
}

static int read_file(struct ini *ini, const char *path, unsigned depth, const char *const *dirs,
                     struct filter_error *error);

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

// A path as wide as the kernel's, or false.
static bool join(char buf[static PATH_MAX], const char *dir, size_t dir_n, struct str name, const char *suffix)
{
    int n = snprintf(buf, PATH_MAX, "%.*s%s%.*s%s", (int)dir_n, dir, dir_n ? "/" : "", STR_FMT(name), suffix);
    return n > 0 && n < PATH_MAX;
}

// Where an include is: beside the file that wants it, else in any of the filter directories.
static bool find_include(char buf[static PATH_MAX], const char *from, struct str name, const char *const *dirs)
{
    const char *slash = strrchr(from, '/');

    if (name.p[0] == '/')
        return join(buf, "", 0, name, "") && exists(buf);
    if (join(buf, from, slash ? (size_t)(slash - from) : 0, name, "") && exists(buf))
        return true;
    for (size_t i = 0; dirs[i]; i++)
        if (join(buf, dirs[i], strlen(dirs[i]), name, "") && exists(buf))
            return true;
    return false;
}

static int read_includes(struct ini *ini, const struct text *list, const char *from, unsigned depth,
                         const char *const *dirs, struct filter_error *error)
{
    char path[PATH_MAX], local[PATH_MAX];
    struct str name;
    struct origin at;

    for (size_t pos = 0; text_line(list, &pos, &name, &at);) {
        if ((name = str_trim(name)).n == 0)
            continue;
        bool is_local = name.n > 6 && memcmp(name.p + name.n - 6, ".local", 6) == 0;
        if (!find_include(path, from, name, dirs)) {
            if (is_local) // those are the administrator's, who may have none
                continue;
            return filter_fail(error, at,
                               "included file '%.*s' is not there; a file beside this one or in a filter "
                               "directory is wanted (only .local files may be missing)",
                               STR_FMT(name));
        }
        if (depth >= INI_INCLUDE_DEPTH)
            return filter_fail(error, at, "includes are nested deeper than %d files; does a file include itself?",
                               INI_INCLUDE_DEPTH);
        int r = read_file(ini, path, depth + 1, dirs, error);
        size_t n = strlen(path);
        if (r == 0 && !is_local && n > 5 && strcmp(path + n - 5, ".conf") == 0 &&
            join(local, "", 0, (struct str){path, n - 5}, ".local"))
            r = read_file(ini, local, depth + 1, dirs, error);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return 0;
}

// Reads one file with what it includes around it. A file that was read already is left alone, as in fail2ban.
static int read_file(struct ini *ini, const char *path, unsigned depth, const char *const *dirs,
                     struct filter_error *error)
{
    struct text before = {0}, after = {0};
    struct ini own = {0};
    char *bytes = NULL, *file;
    size_t n;
    int r;

    for (size_t i = 0; i < ini->n_files; i++)
        if (strcmp(ini->files[i], path) == 0)
            return 0;
    r = slurp(path, &bytes, &n, error);
    if (r < 0)
        return r;
    if (ini->n_files == INI_FILES_MAX) {
        r = filter_fail(error, (struct origin){path, 1}, "the filter is spread over more than %d files", INI_FILES_MAX);
        goto out;
    }
    file = strdup(path);
    if (!file) {
        r = out_of_memory(error);
        goto out;
    }
    ini->files[ini->n_files++] = file;
    // Parsed once alone for its includes: what they say must be in place before the file overrides it.
    r = parse(&own, file, (struct str){bytes, n}, error);
    if (r == 0 && (take_text(&before, &own, "before") < 0 || take_text(&after, &own, "after") < 0))
        r = out_of_memory(error);
    if (r == 0)
        r = read_includes(ini, &before, file, depth, dirs, error);
    if (r == 0)
        r = parse(ini, file, (struct str){bytes, n}, error);
    if (r == 0)
        r = read_includes(ini, &after, file, depth, dirs, error);
out:
    ini_free(&own);
    text_clear(&before);
    text_clear(&after);
    free(bytes);
    return r;
}

// All files that the pattern names, sorted by name.
static int read_glob(struct ini *ini, const char *pattern, const char *const *dirs, struct filter_error *error)
{
    glob_t g;
    int r = 0;

    if (glob(pattern, 0, NULL, &g) != 0)
        return 0;
    for (size_t i = 0; i < g.gl_pathc && r == 0; i++)
        r = read_file(ini, g.gl_pathv[i], 0, dirs, error);
    globfree(&g);
    return r;
}

int ini_read(struct ini *ini, const char *name, const char *const *dirs, struct filter_error *error)
{
    static const char *const parts[] = {".conf", ".d/*.conf", ".local", ".d/*.local"};
    char path[PATH_MAX];
    int r;

    *ini = (struct ini){0};
    for (size_t d = 0; dirs[d]; d++)
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            if (!join(path, dirs[d], strlen(dirs[d]), str_of(name), parts[i]))
                continue;
            r = strchr(parts[i], '*') ? read_glob(ini, path, dirs, error) : read_file(ini, path, 0, dirs, error);
            if (r < 0 && r != -ENOENT)
                return r;
        }
    if (ini->n_files == 0) {
        filter_fail(error, (struct origin){0}, "filter '%s': no file %s.conf in %s%s%s", name, name,
                    dirs[0] ? dirs[0] : "any directory", dirs[0] && dirs[1] ? " or " : "",
                    dirs[0] && dirs[1] ? dirs[1] : "");
        return -ENOENT;
    }
    return 0;
}
