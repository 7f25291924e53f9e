// SPDX-License-Identifier: GPL-2.0-or-later
// Filter files upon each other: includes, drop-ins, overrides. What a single file says is base/inifile's matter.
#include "filter/ini.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/inifile.h"

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

// Files being read upon each other. The first thing wrong ends that, unless problem is to be told of each.
struct reading {
    struct ini *ini;
    const char *const *dirs;
    struct filter_error *error;
    ini_problem_fn problem;
    void *userdata;
    const char *chain[INI_INCLUDE_DEPTH + 1]; // the files that are under way, each included by the one before
};

// After filter_fail(): tells and goes on (0), or ends the reading (r).
static int go_on(const struct reading *rd, int r)
{
    if (!rd->problem || r == -ENOMEM)
        return r;
    rd->problem(rd->userdata, rd->error->text);
    return 0;
}

static int out_of_memory(struct filter_error *error)
{
    filter_fail(error, (struct origin){0}, "out of memory");
    return -ENOMEM;
}

// One file that is merged.
struct merging {
    const struct reading *rd;
    const char *file;
    bool failed;
};

static void on_problem(void *userdata, unsigned line, const char *text)
{
    struct merging *m = userdata;

    if (m->failed)
        return;
    if (line)
        filter_fail(m->rd->error, (struct origin){m->file, line}, "%s", text);
    else
        filter_fail(m->rd->error, (struct origin){0}, "%s: %s", m->file, text);
    m->failed = go_on(m->rd, -EINVAL) < 0;
}

static struct ini_section *section_of(struct ini *ini, struct str name)
{
    struct ini_section **end = &ini->sections, *s = ini_find(ini, name);

    if (s)
        return s;
    while (*end)
        end = &(*end)->next;
    s = calloc(1, sizeof(*s));
    if (!s || !(s->name = str_dup(name))) {
        free(s);
        return NULL;
    }
    return *end = s;
}

// Every line of a value knows its line in the file.
static int set_value(struct text *text, const struct inifile_entry *entry, const char *file)
{
    struct str rest = str_of(entry->value);
    struct origin at = {file, entry->line};
    int r;

    for (;; at.line++) {
        const char *nl = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
        struct str line = {rest.p, nl ? (size_t)(nl - rest.p) : rest.n};
        if (at.line > entry->line && (r = text_add(text, STR("\n"), at)) < 0)
            return r;
        if ((r = text_add(text, line, at)) < 0 || !nl)
            return r;
        rest = str_skip(rest, line.n + 1);
    }
}

// The value stands over the one that an earlier file gave, which stays reachable as known/KEY.
static int put(struct ini_section *section, const struct inifile_entry *entry, const char *file)
{
    struct ini_option **slot = &section->options;

    while (*slot && strcmp((*slot)->key, entry->key) != 0)
        slot = &(*slot)->next;
    struct ini_option *old = *slot, *o = calloc(1, sizeof(*o));
    if (!o || !(o->key = str_dup(str_of(entry->key))) || set_value(&o->value, entry, file) < 0) {
        if (o) {
            free(o->key);
            text_clear(&o->value);
        }
        free(o);
        return -ENOMEM;
    }
    o->at = (struct origin){file, entry->line};
    o->next = old ? old->next : NULL;
    o->older = old;
    if (old)
        old->next = NULL;
    *slot = o;
    return 0;
}

static int merge(struct ini *ini, const struct inifile *from, const char *file)
{
    for (size_t i = 0; i < from->n; i++) {
        struct ini_section *section = section_of(ini, str_of(from->v[i].name));
        for (size_t k = 0; section && k < from->v[i].n; k++)
            if (put(section, &from->v[i].v[k], file) < 0)
                section = NULL;
        if (!section)
            return -ENOMEM;
    }
    return 0;
}

// What a file itself includes: 'before' must be in place before the file overrides it.
static int take_includes(struct text *to, const struct inifile *from, const char *key, const char *file)
{
    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; strcmp(from->v[i].name, "INCLUDES") == 0 && k < from->v[i].n; k++)
            if (strcmp(from->v[i].v[k].key, key) == 0)
                return set_value(to, &from->v[i].v[k], file);
    return 0;
}

static int read_file(struct reading *rd, const char *path, unsigned depth);

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

static int read_includes(struct reading *rd, const struct text *list, const char *from, unsigned depth)
{
    char path[PATH_MAX], local[PATH_MAX];
    struct str name;
    struct origin at;

    for (size_t pos = 0; text_line(list, &pos, &name, &at);) {
        if ((name = str_trim(name)).n == 0)
            continue;
        bool is_local = name.n > 6 && memcmp(name.p + name.n - 6, ".local", 6) == 0;
        int r = 0;
        if (!find_include(path, from, name, rd->dirs)) {
            if (is_local) // those are the administrator's, who may have none
                continue;
            r = go_on(rd, filter_fail(rd->error, at,
                                      "included file '%.*s' is not there; a file beside this one or in a filter "
                                      "directory is wanted (only .local files may be missing)",
                                      STR_FMT(name)));
            if (r < 0)
                return r;
            continue;
        }
        if (depth >= INI_INCLUDE_DEPTH) {
            r = go_on(rd, filter_fail(rd->error, at,
                                      "includes are nested deeper than %d files; does a file include itself?",
                                      INI_INCLUDE_DEPTH));
            if (r < 0)
                return r;
            continue;
        }
        for (unsigned i = 0; rd->problem && i <= depth; i++)
            if (strcmp(rd->chain[i], path) == 0)
                go_on(rd, filter_fail(rd->error, at, "'%.*s' includes itself, here or by way of others; it is read once",
                                      STR_FMT(name)));
        r = read_file(rd, path, depth + 1);
        size_t n = strlen(path);
        if (r == 0 && !is_local && n > 5 && strcmp(path + n - 5, ".conf") == 0 &&
            join(local, "", 0, (struct str){path, n - 5}, ".local"))
            r = read_file(rd, local, depth + 1);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return 0;
}

// Reads one file with what it includes around it. A file that was read already is left alone, as in fail2ban.
static int read_file(struct reading *rd, const char *path, unsigned depth)
{
    struct merging m = {.rd = rd, .file = path};
    struct text before = {0}, after = {0};
    struct inifile *own = NULL;
    struct ini *ini = rd->ini;
    char *file = NULL;

    for (size_t i = 0; i < ini->n_files; i++)
        if (strcmp(ini->files[i], path) == 0)
            return 0;
    int r = inifile_read(path, on_problem, &m, &own);
    if (r == -ENOENT || r == -ENOTDIR)
        return -ENOENT;
    if (r < 0 && r != -ENOMEM)
        return go_on(rd, filter_fail(rd->error, (struct origin){0}, "%s: %s; a readable file is wanted", path, strerror(-r)));
    if (r == 0 && m.failed)
        r = -EINVAL;
    else if (r == 0 && ini->n_files == INI_FILES_MAX) // too many to go on in any case
        r = filter_fail(rd->error, (struct origin){path, 1}, "the filter is spread over more than %d files", INI_FILES_MAX);
    else if (r == 0 && !(file = strdup(path)))
        r = -ENOMEM;
    if (r == 0) {
        ini->files[ini->n_files++] = file;
        if (take_includes(&before, own, "before", file) < 0 || take_includes(&after, own, "after", file) < 0)
            r = -ENOMEM;
    }
    rd->chain[depth] = path;
    if (r == 0)
        r = read_includes(rd, &before, file, depth);
    if (r == 0)
        r = merge(ini, own, file);
    if (r == 0)
        r = read_includes(rd, &after, file, depth);
    if (r == -ENOMEM && rd->error->text[0] == '\0')
        out_of_memory(rd->error);
    inifile_free(own);
    text_clear(&before);
    text_clear(&after);
    return r;
}

// All files that the pattern names, sorted by name.
static int read_glob(struct reading *rd, const char *pattern)
{
    glob_t g;
    int r = 0;

    if (glob(pattern, 0, NULL, &g) != 0)
        return 0;
    for (size_t i = 0; i < g.gl_pathc && r == 0; i++)
        r = read_file(rd, g.gl_pathv[i], 0);
    globfree(&g);
    return r;
}

static int read_parts(struct reading *rd, const char *name)
{
    static const char *const parts[] = {".conf", ".d/*.conf", ".local", ".d/*.local"};
    const char *const *dirs = rd->dirs;
    char path[PATH_MAX];
    int r;

    *rd->ini = (struct ini){0};
    for (size_t d = 0; dirs[d]; d++)
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            if (!join(path, dirs[d], strlen(dirs[d]), str_of(name), parts[i]))
                continue;
            r = strchr(parts[i], '*') ? read_glob(rd, path) : read_file(rd, path, 0);
            if (r < 0 && r != -ENOENT)
                return r;
        }
    if (rd->ini->n_files == 0) {
        filter_fail(rd->error, (struct origin){0}, "filter '%s': no file %s.conf in %s%s%s", name, name,
                    dirs[0] ? dirs[0] : "any directory", dirs[0] && dirs[1] ? " or " : "",
                    dirs[0] && dirs[1] ? dirs[1] : "");
        return -ENOENT;
    }
    return 0;
}

int ini_read(struct ini *ini, const char *name, const char *const *dirs, struct filter_error *error)
{
    struct reading rd = {.ini = ini, .dirs = dirs, .error = error};

    return read_parts(&rd, name);
}

int ini_read_all(struct ini *ini, const char *name, const char *const *dirs, ini_problem_fn problem, void *userdata)
{
    struct filter_error error = {{0}};
    struct reading rd = {.ini = ini, .dirs = dirs, .error = &error, .problem = problem, .userdata = userdata};

    int r = read_parts(&rd, name);
    if (r < 0 && r != -ENOENT)
        problem(userdata, error.text);
    return r;
}
