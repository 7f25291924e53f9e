// SPDX-License-Identifier: GPL-2.0-or-later
// Writes what an import comes to: DIR/pptpban.conf.d/fail2ban.conf and, in DIR/filters.d, the filters it needs. Each
// file is there whole or not at all; none that is there already is touched unless that is wanted.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inifile.h"
#include "cli/exit.h"
#include "import/import.h"

struct output {
    char *path, *text;
    size_t n;
    bool same; // it is there already, with the same bytes
};

struct outputs {
    struct output *v;
    size_t n;
};

static int fail(const char *path, int error)
{
    fprintf(stderr, "pptpban import-fail2ban: %s: %s\n", path, strerror(error));
    return -error;
}

// Takes path and text.
static int add(struct outputs *all, char *path, char *text, size_t n)
{
    struct output *v = path && text ? reallocarray(all->v, all->n + 1, sizeof(*v)) : NULL;

    for (size_t i = 0; v && i < all->n; i++)
        if (strcmp(v[i].path, path) == 0) { // another jail's filter includes it too
            all->v = v;
            free(path);
            free(text);
            return 0;
        }
    if (!v) {
        free(path);
        free(text);
        return -ENOMEM;
    }
    all->v = v;
    v[all->n++] = (struct output){path, text, n, false};
    return 0;
}

// The whole of a file; -EFBIG when it is longer than a filter may be.
static int read_whole(const char *path, char **ret, size_t *ret_n)
{
    char *buf = malloc(INIFILE_FILE_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t n = 0;
    ssize_t k = buf && fd >= 0 ? 1 : 0;
    int r = !buf ? -ENOMEM : fd < 0 ? -errno : 0;

    while (r == 0 && k > 0 && n <= INIFILE_FILE_MAX) {
        k = read(fd, buf + n, INIFILE_FILE_MAX + 1 - n);
        if (k < 0)
            r = -errno;
        else
            n += (size_t)k;
    }
    if (r == 0 && n > INIFILE_FILE_MAX)
        r = -EFBIG;
    if (fd >= 0)
        close(fd);
    if (r < 0) {
        free(buf);
        return r;
    }
    *ret = buf;
    *ret_n = n;
    return 0;
}

// Below filters.d it is called as below filter.d, but for the files of a filter that gets another name.
static char *target(const struct import *im, const struct import_filter *f, const char *file)
{
    size_t dir = strlen(im->filter_dir), name = strlen(f->name);
    const char *rel = file + dir + 1;
    char *path = NULL;

    if (strncmp(file, im->filter_dir, dir) != 0 || file[dir] != '/' || strstr(rel, "../"))
        return NULL;
    bool own = strncmp(rel, f->name, name) == 0 &&
               (strncmp(rel + name, ".conf", 6) == 0 || strncmp(rel + name, ".local", 7) == 0 || strncmp(rel + name, ".d/", 3) == 0);
    int r = asprintf(&path, "%s/filters.d/%s%s", im->write, f->renamed && own ? IMPORT_PREFIX : "", rel);
    return r < 0 ? NULL : path;
}

static int add_filter(struct import *im, struct outputs *all, const struct import_filter *f)
{
    char *path = NULL, *text;
    size_t n;

    for (size_t i = 0; i < f->n_files; i++) {
        path = target(im, f, f->files[i]);
        if (!path) { // an absolute name, which finds it where it is; or one with ../, which does not
            fprintf(stderr, "pptpban import-fail2ban: %s is not in %s and stays where it is\n", f->files[i], im->filter_dir);
            continue;
        }
        int r = read_whole(f->files[i], &text, &n);
        if (r < 0) {
            free(path);
            return fail(f->files[i], -r);
        }
        if ((r = add(all, path, text, n)) < 0)
            return r;
    }
    if (!f->text)
        return 0;
    if (asprintf(&path, "%s/filters.d/%s.conf", im->write, f->made_name) < 0)
        return -ENOMEM;
    return add(all, path, strdup(f->text), strlen(f->text));
}

static int add_config(struct import *im, struct outputs *all)
{
    char *text = NULL, *path = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return -ENOMEM;
    import_print_config(im, out);
    fclose(out);
    if (asprintf(&path, "%s/pptpban.conf.d/fail2ban.conf", im->write) < 0)
        path = NULL;
    return add(all, path, text, n);
}

// Marks what is there already with the same bytes. -EEXIST, said, for what is there with others.
static int look(struct outputs *all, bool force)
{
    int r = 0;

    for (size_t i = 0; i < all->n; i++) {
        struct output *o = &all->v[i];
        struct stat st;
        char *text = NULL;
        size_t n = 0;
        if (lstat(o->path, &st) < 0)
            continue;
        if (S_ISREG(st.st_mode) && read_whole(o->path, &text, &n) == 0)
            o->same = n == o->n && memcmp(text, o->text, n) == 0;
        free(text);
        if (!o->same && !force) {
            fprintf(stderr, "pptpban import-fail2ban: %s is there already and is not the same; --force replaces it\n", o->path);
            r = -EEXIST;
        }
    }
    return r;
}

static int make_directories(const char *path)
{
    char *dir = strdup(path);
    int r = dir ? 0 : -ENOMEM;

    for (char *p = dir; r == 0 && (p = strchr(p + 1, '/'));) {
        *p = '\0';
        if (mkdir(dir, 0755) < 0 && errno != EEXIST)
            r = fail(dir, errno);
        *p = '/';
    }
    free(dir);
    return r;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno != EINTR)
            return -errno;
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return fchmod(fd, 0644) < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_one(const struct output *o, bool force)
{
    char *temporary = NULL;

    int r = make_directories(o->path);
    if (r < 0)
        return r;
    if (asprintf(&temporary, "%s.XXXXXX", o->path) < 0)
        return -ENOMEM;
    int fd = mkostemp(temporary, O_CLOEXEC);
    r = fd < 0 ? -errno : write_all(fd, o->text, o->n);
    if (fd >= 0 && close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0) // who made the file in the meantime keeps it
        r = (force ? rename(temporary, o->path) : link(temporary, o->path)) < 0 ? -errno : 0;
    if (fd >= 0 && (r < 0 || !force))
        unlink(temporary);
    free(temporary);
    return r < 0 ? fail(o->path, -r) : 0;
}

int import_write(struct import *im, bool force, FILE *out)
{
    struct outputs all = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < im->n; i++)
        if (!im->jails[i].broken && !im->jails[i].advice)
            r = add_filter(im, &all, &im->jails[i].filter);
    if (r == 0)
        r = add_config(im, &all);
    if (r == 0)
        r = look(&all, force);
    for (size_t i = 0; r == 0 && i < all.n; i++) {
        if (!all.v[i].same)
            r = write_one(&all.v[i], force);
        if (r == 0)
            fprintf(out, "%s %s\n", all.v[i].same ? "unchanged" : "wrote", all.v[i].path);
    }
    if (r == -ENOMEM)
        fprintf(stderr, "pptpban import-fail2ban: out of memory\n");
    for (size_t i = 0; i < all.n; i++) {
        free(all.v[i].path);
        free(all.v[i].text);
    }
    free(all.v);
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}
