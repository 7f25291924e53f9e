// SPDX-License-Identifier: GPL-2.0-or-later
// Nothing leads out of a directory, and the walk name by name opens what openat2 opens, where the kernel has that.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/beneath.h"

enum { FLAGS = O_RDONLY | O_NONBLOCK | O_CLOEXEC, NONE = -1 };

static char top[64]; // holds "secret", and "root"
static int root;

static const char *const links[][2] = { // beneath root: name, what it says
    {"up", ".."},           {"out", "../../secret"},  {"away", "dir/../../../secret"}, {"absolute", "/dir"},
    {"stolen", "/secret"},  {"circle", "dir/circle"}, {"dir/circle", "../circle"},     {"nowhere", "nothing"},
    {"short", "dir/deep"},  {"slash", "file/"},       {"self", "."},                   {"dir/top", "/"},
    {"dir/back", "../dir"}, {"twice", "short/f"},
};

static const char *const names[] = {"file", "dir",      "deep",   "f",      "none",  "..",    ".",    "up",  "out",  "away",
                                    "absolute", "stolen", "circle", "nowhere", "short", "slash", "self", "top", "back", "twice"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static void make_file(const char *name)
{
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
}

static int set_up(void **state)
{
    char path[80];

    (void)state;
    snprintf(top, sizeof(top), "/tmp/pptpban-beneath-XXXXXX");
    assert_non_null(mkdtemp(top));
    snprintf(path, sizeof(path), "%s/root", top);
    assert_int_equal(mkdir(path, 0700), 0);
    root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(root >= 0);
    make_file("../secret");
    make_file("file");
    assert_int_equal(mkdirat(root, "dir", 0700), 0);
    assert_int_equal(mkdirat(root, "dir/deep", 0700), 0);
    make_file("dir/deep/f");
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        assert_int_equal(symlinkat(links[i][1], root, links[i][0]), 0);
    return 0;
}

static int tear_down(void **state)
{
    char command[100];

    (void)state;
    close(root);
    snprintf(command, sizeof(command), "rm -rf '%s'", top);
    return system(command);
}

static int ask_kernel(const char *path)
{
    struct open_how how = {.flags = FLAGS, .resolve = RESOLVE_IN_ROOT};
    long fd;

    do
        fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
    while (fd < 0 && errno == EAGAIN); // something was renamed somewhere
    return fd < 0 ? -errno : (int)fd;
}

// Closes fd and tells which file it was; what is no descriptor is told as it is.
static long long which(int fd)
{
    struct stat st;

    if (fd < 0)
        return fd;
    assert_int_equal(fstat(fd, &st), 0);
    close(fd);
    return (long long)st.st_ino;
}

static long long inode(const char *name)
{
    struct stat st;

    assert_int_equal(fstatat(root, name, &st, 0), 0);
    return (long long)st.st_ino;
}

static void judge(const char *path, long long secret, long long above)
{
    long long walked = which(beneath_walk(root, path, FLAGS)), opened = which(beneath_open(root, path, FLAGS)),
              asked = which(ask_kernel(path));

    if (walked == secret || opened == secret || walked == above || opened == above)
        fail_msg("%s leads out", path);
    if (walked != opened || (asked != -ENOSYS && walked != asked))
        fail_msg("%s: %lld walked, %lld opened, %lld by the kernel", path, walked, opened, asked);
}

// All paths of up to three of the names, from the root and not, with a slash at the end and without.
static void every_path_stays_within(void **state)
{
    long long secret = inode("../secret"), above = inode("..");
    int before = dup(root);
    char path[80];

    (void)state;
    close(before);
    for (int a = 0; a < NAMES; a++)
        for (int b = NONE; b < NAMES; b++)
            for (int c = NONE; c < (b == NONE ? 0 : NAMES); c++)
                for (int slashes = 0; slashes < 4; slashes++) {
                    snprintf(path, sizeof(path), "%s%s%s%s%s%s%s", slashes & 1 ? "/" : "", names[a], b == NONE ? "" : "/",
                             b == NONE ? "" : names[b], c == NONE ? "" : "//", c == NONE ? "" : names[c],
                             slashes & 2 ? "/" : "");
                    judge(path, secret, above);
                }
    int after = dup(root);
    close(after);
    assert_int_equal(after, before); // none is left open
}

static void links_lead_where_they_say(void **state)
{
    static const char *const same[][2] = {
        {"twice", "dir/deep/f"}, {"up/absolute/deep/f", "dir/deep/f"}, {"dir/top/file", "file"},
        {"../../..", "."},       {"absolute/back/deep", "dir/deep"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        assert_int_equal(which(beneath_walk(root, same[i][0], FLAGS)), inode(same[i][1]));
    assert_int_equal(beneath_walk(root, "stolen", FLAGS), -ENOENT);
    assert_int_equal(beneath_walk(root, "out", FLAGS), -ENOENT);
    assert_int_equal(beneath_walk(root, "circle", FLAGS), -ELOOP);
    assert_int_equal(beneath_walk(root, "slash", FLAGS), -ENOTDIR);
}

static void bounds_of_links(void **state)
{
    char name[32], to[32] = "file";

    (void)state;
    for (int i = 1; i <= BENEATH_LINKS_MAX + 1; i++) {
        snprintf(name, sizeof(name), "l%d", i);
        assert_int_equal(symlinkat(to, root, name), 0);
        strcpy(to, name);
    }
    snprintf(name, sizeof(name), "l%d", BENEATH_LINKS_MAX);
    assert_int_equal(which(beneath_walk(root, name, FLAGS)), inode("file"));
    assert_int_equal(beneath_walk(root, to, FLAGS), -ELOOP);
    judge(name, NONE, NONE);
    judge(to, NONE, NONE);
}

static void bounds_of_depth(void **state)
{
    char path[2 * BENEATH_DEPTH_MAX + 16] = "";

    (void)state;
    for (int i = 0; i <= BENEATH_DEPTH_MAX; i++) {
        strcat(path, i ? "/d" : "d");
        assert_int_equal(mkdirat(root, path, 0700), 0);
    }
    path[2 * BENEATH_DEPTH_MAX - 1] = '\0';
    strcat(path, "/file");
    make_file(path);
    assert_int_equal(which(beneath_walk(root, path, FLAGS)), inode(path));
    strcpy(path + 2 * BENEATH_DEPTH_MAX - 1, "/d/file");
    assert_int_equal(beneath_walk(root, path, FLAGS), -ENAMETOOLONG);
}

static void bounds_of_length(void **state)
{
    enum { SAYS = 4000, FITS = PATH_MAX - 1 - SAYS }; // behind the link, the NUL not counted
    char says[SAYS + 1], path[PATH_MAX + 8] = "long";

    (void)state;
    for (int i = 0; i < SAYS; i++)
        says[i] = "./"[i % 2];
    says[SAYS] = '\0';
    assert_int_equal(symlinkat(says, root, "long"), 0);
    memset(path + 4, '/', FITS);
    strcpy(path + 4 + FITS - 4, "file");
    assert_int_equal(which(beneath_walk(root, path, FLAGS)), inode("file"));
    strcpy(path + 4 + FITS - 4, "/file");
    assert_int_equal(beneath_walk(root, path, FLAGS), -ENAMETOOLONG);

    memset(path, 'x', NAME_MAX + 1);
    path[NAME_MAX + 1] = '\0';
    assert_int_equal(beneath_walk(root, path, FLAGS), -ENAMETOOLONG);
    assert_int_equal(beneath_walk(root, path + 1, FLAGS), -ENOENT);
    memset(path, '/', PATH_MAX);
    path[PATH_MAX] = '\0';
    assert_int_equal(beneath_walk(root, path, FLAGS), -ENAMETOOLONG);
    assert_int_equal(which(beneath_walk(root, path + 1, FLAGS)), inode("."));
}

// Opens path while somebody exchanges a and b, again and again.
static void open_meanwhile(const char *a, const char *b, const char *path)
{
    enum { TIMES = 30000 };
    long long secret = inode("../secret"), found = 0;
    pid_t parent = getpid(), other = fork();

    assert_true(other >= 0);
    if (other == 0) {
        while (getppid() == parent)
            renameat2(root, a, root, b, RENAME_EXCHANGE);
        _exit(0);
    }
    for (int i = 0; i < TIMES && found != secret; i++)
        found = which(beneath_walk(root, path, FLAGS));
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    assert_true(found != secret);
}

// A file and a directory, and in their place links that lead out.
static void exchanged_meanwhile(void **state)
{
    (void)state;
    make_file("changing");
    assert_int_equal(symlinkat("../secret", root, "changing2"), 0);
    open_meanwhile("changing", "changing2", "changing");
    assert_int_equal(mkdirat(root, "moving", 0700), 0);
    assert_int_equal(symlinkat("..", root, "moving2"), 0);
    open_meanwhile("moving", "moving2", "moving/secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_stays_within), cmocka_unit_test(links_lead_where_they_say),
        cmocka_unit_test(bounds_of_links),         cmocka_unit_test(bounds_of_depth),
        cmocka_unit_test(bounds_of_length),        cmocka_unit_test(exchanged_meanwhile),
    };

    return cmocka_run_group_tests_name("beneath", tests, set_up, tear_down);
}
