// SPDX-License-Identifier: GPL-2.0-or-later
// source: the order in which one path's files are read, when it is copied and truncated more often than anybody looks.
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/lane.h"

struct world {
    char directory[40], path[60];
    struct lane *lane;
    struct lane_counts counts;
    struct source_options options;
    struct lane_context context;
    unsigned written, rotations; // lines
    unsigned read;               // of these, in order
    unsigned truncate_at, fill_at; // lines during whose reading the path is rotated; 0: none
};

static void name_of(const struct world *w, unsigned number, char ret[static 80])
{
    snprintf(ret, 80, number ? "%s.%u" : "%s", w->path, number);
}

static void write_lines(struct world *w, unsigned n)
{
    FILE *f = fopen(w->path, "ae");

    assert_non_null(f);
    for (; n > 0; n--, w->written++)
        fprintf(f, "2026-11-22T10:00:00.%06uZ host pppd[1]: line %u\n", w->written, w->written);
    assert_int_equal(fclose(f), 0);
}

// As logrotate's copytruncate does it. Each copy is a second younger than the one before, so that nobody has to wait.
static void copy_truncate(struct world *w)
{
    char from[80], to[80], text[4096];

    for (unsigned i = w->rotations; i > 0; i--) {
        name_of(w, i, from);
        name_of(w, i + 1, to);
        assert_int_equal(rename(from, to), 0);
    }
    name_of(w, 1, to);
    int in = open(w->path, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, text, sizeof(text))) > 0;)
        assert_int_equal(write(out, text, (size_t)n), n);
    struct timespec at = {.tv_sec = 2000000000 + w->rotations++};
    assert_int_equal(futimens(out, (struct timespec[]){at, at}), 0);
    assert_int_equal(close(in) | close(out) | truncate(w->path, 0), 0);
}

// Each line once, in order.
static int take(void *userdata, const struct record *r)
{
    struct world *w = userdata;
    unsigned number;

    assert_int_equal(sscanf(r->message.p, "line %u", &number), 1);
    assert_int_equal(number, w->read++);
    if (number == w->truncate_at && number > 0)
        copy_truncate(w);
    for (int i = 0; number == w->fill_at && number > 0 && i < 3; i++) {
        write_lines(w, 2);
        if (i < 2)
            copy_truncate(w);
    }
    return 0;
}

// What inotify would say of the path.
static void look(struct world *w)
{
    w->lane->current->dirty = true;
    while (lane_read(w->lane, &w->context, 4096) == 1)
        ;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    strcpy(w->directory, "/tmp/pptpban-lane-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    snprintf(w->path, sizeof(w->path), "%s/log", w->directory);
    w->options = (struct source_options){.filters = 1, .record = take, .userdata = w, .since = INT64_MIN, .max_line = 65536};
    w->context = (struct lane_context){.options = &w->options, .inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
                                       .now = 2100000000 * USEC_SEC, .counts = &w->counts, .lanes = &w->lane, .n_lanes = 1};
    assert_true(w->context.inotify >= 0);
    assert_int_equal(lane_new(w->path, &w->lane), 0);
    write_lines(w, 3);
    assert_int_equal(lane_look(w->lane, &w->context), 0);
    look(w);
    assert_int_equal(w->read, 3);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char name[80];

    for (unsigned i = 0; i <= w->rotations; i++) {
        name_of(w, i, name);
        assert_int_equal(unlink(name), 0);
    }
    assert_int_equal(rmdir(w->directory), 0);
    lane_free(w->lane, &w->context);
    close(w->context.inotify);
    free(w);
    return 0;
}

// The path was seen empty; n whole rotations later somebody looks, and there are new lines already.
static void rotate_unseen(struct world *w, unsigned n)
{
    copy_truncate(w);
    look(w);
    for (; n > 0; n--) {
        write_lines(w, 2);
        copy_truncate(w);
    }
    write_lines(w, 2);
    look(w);
    assert_int_equal(w->read, w->written);
}

static void test_rotations_between_two_looks(void **state)
{
    struct world *w = *state;

    for (unsigned n = 0; n < 10; n++)
        rotate_unseen(w, n);
    assert_int_equal(w->counts.skipped, 0);
}

// What is read to its end is forgotten at once, however much that is: the room is for what is not.
static void test_as_many_as_are_remembered(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < 20; i++) {
        rotate_unseen(w, 12);
        assert_true(w->lane->n <= LANE_CLOSED + LANE_OLD_OPEN + 1);
    }
    rotate_unseen(w, LANE_TAILS - LANE_CLOSED - LANE_OLD_OPEN - 1);
    assert_int_equal(w->counts.skipped, 0);
}

// All of that, and while the lines are read it goes on.
static void test_rotations_while_reading(void **state)
{
    struct world *w = *state;
    const unsigned n = LANE_TAILS - 3, youngest = w->written + 2 * n;

    w->truncate_at = youngest - 1;
    w->fill_at = youngest;
    rotate_unseen(w, n);
    assert_int_equal(w->written, youngest + 2 + 6);
    assert_int_equal(w->counts.skipped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rotations_between_two_looks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_as_many_as_are_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotations_while_reading, setup, teardown),
    };

    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
