// SPDX-License-Identifier: GPL-2.0-or-later
// Filters in fail2ban's manner: prefixes, several lines, sessions. (The corpus has the breadth; here is the depth.)
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "filter/foreign.h"

static usec_t now;
static bool in_file; // lines have dates

static struct filter *load(const char *text, struct filter_error *error)
{
    char dir[] = "/tmp/pptpban-test.XXXXXX", path[64];
    const char *const dirs[] = {dir, NULL};
    struct filter_options options = {.dirs = dirs, .journal = !in_file}; // the time is known
    struct filter *f = NULL;

    now = INT64_C(1700000000) * USEC_SEC;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/f.conf", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    int r = filter_load("f", &options, &f, error);
    unlink(path);
    rmdir(dir);
    return r < 0 ? NULL : f;
}

static struct filter *load_good(const char *text)
{
    struct filter_error error;
    struct filter *f = load(text, &error);

    if (!f)
        fail_msg("%s", error.text);
    return f;
}

static bool feed(struct filter *f, const char *line, const struct finding **ret)
{
    struct record r = {.time = now, .line = str_of(line)};

    now += USEC_SEC;
    return filter_feed(f, &r, ret);
}

// What the line comes to, in a few words.
static const char *story(struct filter *f, const char *line)
{
    static char buf[512];
    const struct finding *x;

    if (!feed(f, line, &x))
        return "-";
    snprintf(buf, sizeof(buf), "%s%s%s id=%.*s user=%.*s lines=%u users=%u", x->pending ? "pending " : "",
             x->nofail ? "nofail " : "",
             x->gained   ? "gained"
             : x->nofail ? ""
                         : "failure",
             STR_FMT(finding_id(x)), STR_FMT(value_str(&x->value[GROUP_USER])), x->lines, x->n_users);
    return buf;
}

static const char sessions[] = "[Definition]\n"
                               "prefregex = ^<F-MLFID>d\\[\\d+\\]</F-MLFID>: <F-CONTENT>.+</F-CONTENT>$\n"
                               "failregex = ^wrong password for <F-USER>\\S*</F-USER>$\n"
                               "            ^wrong password for <F-USER>\\S*</F-USER> from <ADDR>$\n"
                               "            ^<F-NOFAIL>connection</F-NOFAIL> from <ADDR>$\n"
                               "            ^<F-MLFGAINED>welcome</F-MLFGAINED> <F-USER>\\S+</F-USER>$\n"
                               "            ^<F-MLFFORGET><F-NOFAIL>bye</F-NOFAIL></F-MLFFORGET>$\n"
                               "            ^<F-MLFFORGET>gone</F-MLFFORGET> <ADDR>$\n";

static void an_address_before_the_failure(void **state)
{
    struct filter *f = load_good(sessions);

    (void)state;
    assert_string_equal(story(f, "d[1]: connection from 192.0.2.1"), "nofail  id=192.0.2.1 user= lines=0 users=0");
    assert_string_equal(story(f, "d[1]: wrong password for bob"), "failure id=192.0.2.1 user=bob lines=2 users=1");
    // the lines before have been told
    assert_string_equal(story(f, "d[1]: wrong password for bob"), "failure id=192.0.2.1 user=bob lines=1 users=1");
    // another session knows nothing of it
    assert_string_equal(story(f, "d[2]: wrong password for bob"), "pending failure id= user=bob lines=1 users=1");
    assert_string_equal(story(f, "e[1]: wrong password for bob"), "-");
    filter_free(f);
}

static void an_address_after_the_failure(void **state)
{
    struct filter *f = load_good(sessions);

    (void)state;
    assert_string_equal(story(f, "d[1]: wrong password for bob"), "pending failure id= user=bob lines=1 users=1");
    assert_string_equal(story(f, "d[1]: connection from 192.0.2.1"), "failure id=192.0.2.1 user=bob lines=2 users=1");
    assert_string_equal(story(f, "d[1]: connection from 192.0.2.1"), "nofail  id=192.0.2.1 user=bob lines=0 users=1");
    filter_free(f);
}

static void the_end_forgets(void **state)
{
    struct filter *f = load_good(sessions);

    (void)state;
    story(f, "d[1]: connection from 192.0.2.1");
    assert_string_equal(story(f, "d[1]: bye"), "nofail  id=192.0.2.1 user= lines=0 users=0");
    assert_string_equal(story(f, "d[1]: wrong password for bob"), "pending failure id= user=bob lines=1 users=1");
    assert_string_equal(story(f, "d[1]: gone 192.0.2.2"), "failure id=192.0.2.2 user=bob lines=2 users=1");
    assert_string_equal(story(f, "d[1]: bye"), "pending nofail  id= user= lines=0 users=0");
    filter_free(f);
}

static void a_success_is_none_for_who_tries_names(void **state)
{
    struct filter *f = load_good(sessions);
    struct event e;

    (void)state;
    story(f, "d[1]: connection from 192.0.2.1");
    assert_string_equal(story(f, "d[1]: welcome bob"), "nofail gained id=192.0.2.1 user=bob lines=0 users=1");
    story(f, "d[2]: connection from 192.0.2.2");
    story(f, "d[2]: wrong password for amy");
    assert_string_equal(story(f, "d[2]: welcome bob"), "failure id=192.0.2.2 user=bob lines=1 users=2");
    // as events
    struct record r = {.time = now, .line = STR("d[3]: connection from 192.0.2.3"), .flags = 0};
    assert_false(filter_match(f, &r, &e));
    r.line = STR("d[3]: wrong password for amy");
    assert_true(filter_match(f, &r, &e));
    assert_true(e.role == ROLE_FAILURE && e.has_addr && e.has_user && str_eq(e.user, STR("amy")) && e.time == now);
    r.line = STR("d[3]: welcome amy");
    assert_true(filter_match(f, &r, &e));
    assert_true(e.role == ROLE_SUCCESS && e.has_addr);
    r.line = STR("d[4]: wrong password for amy"); // waits
    assert_false(filter_match(f, &r, &e));
    assert_false(filter_has_session(f));
    filter_free(f);
}

static void sessions_are_bounded(void **state)
{
    struct filter *f = load_good(sessions);
    char line[1024];

    (void)state;
    for (int i = 0; i <= FOREIGN_SESSIONS; i++) {
        snprintf(line, sizeof(line), "d[%d]: connection from 192.0.2.1", i);
        story(f, line);
    }
    // the first has made room, the second has not
    assert_int_equal(filter_counters(f)->sessions_dropped, 1);
    assert_string_equal(story(f, "d[1]: wrong password for bob"), "failure id=192.0.2.1 user=bob lines=2 users=1");
    assert_string_equal(story(f, "d[0]: wrong password for bob"), "pending failure id= user=bob lines=1 users=1");
    // and none lasts for ever
    story(f, "d[7]: connection from 192.0.2.1");
    now += FOREIGN_SESSION_AGE;
    assert_string_equal(story(f, "d[7]: wrong password for bob"), "pending failure id= user=bob lines=1 users=1");
    // many users
    for (int i = 0; i < FOREIGN_USERS + 5; i++) {
        snprintf(line, sizeof(line), "d[7]: wrong password for user%d", i);
        story(f, line);
    }
    assert_non_null(strstr(story(f, "d[7]: wrong password for last"), "users=8"));
    // long values are cut, not refused
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    memcpy(line, "d[8]: wrong password for ", 25);
    const struct finding *x;
    assert_true(feed(f, line, &x));
    assert_int_equal(x->value[GROUP_USER].n, FOREIGN_VALUE);
    filter_free(f);
}

static void alternatives_fill_empty_groups(void **state)
{
    struct filter *f =
        load_good("[Definition]\nfailregex = ^(?:u=<F-USER>\\S*</F-USER>|v=<F-ALT_USER>\\S*</F-ALT_USER>|"
                  "w=<F-ALT_USER_1>\\S*</F-ALT_USER_1>) <ADDR>$\n");
    (void)state;
    assert_string_equal(story(f, "u=amy 192.0.2.1"), "failure id=192.0.2.1 user=amy lines=1 users=1");
    assert_string_equal(story(f, "v=bob 192.0.2.1"), "failure id=192.0.2.1 user=bob lines=1 users=1");
    assert_string_equal(story(f, "w=eve 192.0.2.1"), "failure id=192.0.2.1 user=eve lines=1 users=1");
    assert_string_equal(story(f, "w= 192.0.2.1"), "failure id=192.0.2.1 user= lines=1 users=0");
    filter_free(f);
}

static void what_tells_who(void **state)
{
    struct filter *f =
        load_good("[Definition]\nfailregex = ^a <HOST>$\n ^b <F-ID>\\S+</F-ID> <ADDR>$\n ^c <SUBNET>$\n");
    struct event e;

    (void)state;
    assert_string_equal(story(f, "a 192.0.2.1"), "failure id=192.0.2.1 user= lines=1 users=0");
    assert_string_equal(story(f, "a [2001:db8::1]"), "failure id=2001:db8::1 user= lines=1 users=0");
    assert_string_equal(story(f, "a ::ffff:192.0.2.1"), "failure id=192.0.2.1 user= lines=1 users=0");
    assert_string_equal(story(f, "a host.example"), "failure id=host.example user= lines=1 users=0");
    assert_string_equal(story(f, "a 300.0.2.1"), "failure id=300.0.2.1 user= lines=1 users=0");
    assert_string_equal(story(f, "b me 192.0.2.1"), "failure id=me user= lines=1 users=0");
    assert_string_equal(story(f, "c 192.0.2.0/24"), "failure id=192.0.2.0 user= lines=1 users=0");
    struct record r = {.time = now, .line = STR("a host.example")};
    assert_true(filter_match(f, &r, &e));
    assert_false(e.has_addr); // names are nobody's address
    filter_free(f);
    f = load_good("[Definition]\nfailregex = ^a <HOST>$\nusedns = no\n");
    assert_string_equal(story(f, "a host.example"), "-");
    assert_string_equal(story(f, "a 192.0.2.1"), "failure id=192.0.2.1 user= lines=1 users=0");
    filter_free(f);
}

static void patterns_of_several_lines(void **state)
{
    struct filter *f =
        load_good("[Definition]\nfailregex = ^begin (?P<n>\\d+) <ADDR>$<SKIPLINES>^fail (?P=n)$\nmaxlines = 4\n");

    (void)state;
    assert_string_equal(story(f, "begin 1 192.0.2.1"), "-");
    assert_string_equal(story(f, "begin 2 192.0.2.2"), "-");
    assert_string_equal(story(f, "fail 1"), "failure id=192.0.2.1 user= lines=2 users=0");
    // what was skipped is still there, what matched is not
    assert_string_equal(story(f, "fail 1"), "-");
    assert_string_equal(story(f, "fail 2"), "failure id=192.0.2.2 user= lines=2 users=0");
    // four lines, no more
    story(f, "begin 3 192.0.2.3");
    story(f, "x");
    story(f, "x");
    assert_string_equal(story(f, "fail 3"), "failure id=192.0.2.3 user= lines=2 users=0");
    story(f, "begin 4 192.0.2.4");
    story(f, "x");
    story(f, "x");
    story(f, "x");
    assert_string_equal(story(f, "fail 4"), "-");
    struct str literals[LITERALS_MAX];
    size_t n = 0;
    assert_false(filter_gate(f, literals, LITERALS_MAX, &n, NULL)); // lines that match nothing matter
    filter_free(f);
}

// Who must see every line, and what is said of it. Where a filter need not, the same comes of the lines.
static void a_filter_that_must_see_every_line_says_why(void **state)
{
    static const struct {
        const char *text, *why; // NULL: it need not
    } cases[] = {
        {"failregex = ^failed from <ADDR>$\n", NULL},
        {"failregex = ^failed from <ADDR>$\ndatepattern = ^%%Y-%%m-%%d\n", NULL},
        {"failregex = ^failed from <ADDR>$\ndatepattern = ^[^(]*(<{DATE}>)\n",
         "f.conf:3"}, // "fail<..>ed from"
        {"failregex = ^failed from <ADDR>$\n            ^\\d+ <ADDR>$\n", "f.conf:3"},
        {"prefregex = ^d: <F-CONTENT>.*</F-CONTENT>$\nfailregex = ^\\d+ <ADDR>$\n", "f.conf:3"},
        {"prefregex = ^daemon: <F-CONTENT>.*</F-CONTENT>$\nfailregex = ^\\d+ <ADDR>$\n", NULL},
        {"maxlines = 2\nfailregex = ^failed from <ADDR>$\n", "f.conf:2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        struct str literals[LITERALS_MAX] = {STR("another's")};
        struct filter_error why = {""};
        size_t n = 1;
        snprintf(text, sizeof(text), "[Definition]\n%s", cases[i].text);
        in_file = true;
        struct filter *f = load_good(text);
        in_file = false;
        bool gated = filter_gate(f, literals, LITERALS_MAX, &n, &why);
        if (gated != (cases[i].why == NULL) || (!gated && !strstr(why.text, cases[i].why)))
            fail_msg("%s: %s", cases[i].text, why.text);
        assert_int_equal(n > 1, gated);
        filter_set_gate(f, literals, n);
        assert_int_equal(filter_count_literals(f), n - 1);
        filter_free(f);
    }
}

// Dates in every place of a line, glued to what stands there or not: what a filter finds when it sees every line has one
// of the texts that it is gated by, unless it says that it must see every line.
static void no_cut_hides_a_line_from_the_gate(void **state)
{
    static const char *const patterns[] = {
        "", "{^LN-BEG}", "{DATE}", "^{DATE}", "Epoch", "{EPOCH}", "TAI64N", "%%Y-%%m-%%d %%H:%%M:%%S",
        "^%%Y-%%m-%%d", "\\[%%d/%%b/%%Y:%%H:%%M:%%S %%z\\]", "^[^\\[]*\\[({DATE})", "^[^\\[]*(\\[{DATE}\\])", "**%%Y%%m%%d**",
        "%%Y%%m%%d**", "**%%Y%%m%%d", "%%d/%%b/%%Y:%%H:%%M:%%S %%z", "<{DATE}>", "(<{DATE}>)", " ({DATE})", "x?({EPOCH})",
        "%%Exy%%Exm%%Exd +%%H:%%M:%%S", "%%H:%%M:%%S(?:\\.%%f)?", "^\\S*?(%%Y-%%m-%%d)", "a?%%Y-%%m-%%d \\S+ ?",
    };
    static const char *const dates[] = {
        "2005-01-23 21:59:59", "2005-01-23T21:59:59.123Z", "Jan 23 21:59:59", "23/Jan/2005:21:59:59 +0100", "1106513999",
        "@4000000041f4104f00000000", "<01/23/05@21:59:59>", "050123 21:59:59", "20050123", "21:59:59", "5/Jan/2005:21:59:59 +0100",
    };
    static const char *const glue[][2] = {{"", ""}, {" ", " "}, {"[", "]"}, {"<", ">"}, {"", "x"}, {"x", ""}, {" ", ""}};
    static const char text[] = "login failed from 192.0.2.1 now";
    unsigned hits = 0, gates = 0, let_by = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        char file[256];
        struct str literals[LITERALS_MAX];
        struct literals *l = NULL;
        size_t n = 0;
        snprintf(file, sizeof(file), "[Definition]\nfailregex = failed from <ADDR>\ndatepattern = %s\n", patterns[i]);
        in_file = true;
        struct filter *f = load_good(file);
        in_file = false;
        if (!filter_gate(f, literals, LITERALS_MAX, &n, NULL)) {
            filter_free(f);
            continue;
        }
        gates++;
        assert_int_equal(literals_new(literals, n, &l), 0);
        for (size_t d = 0; d < sizeof(dates) / sizeof(dates[0]); d++)
            for (size_t g = 0; g < sizeof(glue) / sizeof(glue[0]); g++)
                for (size_t at = 0; at < sizeof(text); at++) {
                    char line[128];
                    const struct finding *x;
                    snprintf(line, sizeof(line), "%.*s%s%s%s%s", (int)at, text, glue[g][0], dates[d], glue[g][1], text + at);
                    bool hit = feed(f, line, &x), passes = literals_mask(l, str_of(line)) != 0;
                    if (hit && !passes)
                        fail_msg("%s: %s", patterns[i], line);
                    hits += hit;
                    let_by += !passes;
                }
        literals_free(l);
        filter_free(f);
    }
    assert_true(gates >= 10 && hits > 1000 && let_by > 100);
}

static void giant_lines_in_the_buffer(void **state)
{
    static char big[FOREIGN_TEXT * 2];
    struct filter *f = load_good("[Definition]\nfailregex = ^begin <ADDR>$<SKIPLINES>^fail$\nmaxlines = 100\n");
    const struct finding *x;

    (void)state;
    memset(big, '\n', sizeof(big) - 1);
    assert_false(feed(f, big, &x));
    story(f, "begin 192.0.2.1");
    memset(big, 'x', sizeof(big) - 1);
    assert_false(feed(f, big, &x)); // pushes everything else out
    assert_string_equal(story(f, "fail"), "-");
    story(f, "begin 192.0.2.1");
    assert_string_equal(story(f, "fail"), "failure id=192.0.2.1 user= lines=2 users=0");
    for (int i = 0; i < 1000; i++)
        story(f, "begin 192.0.2.1");
    assert_string_equal(story(f, "fail"), "failure id=192.0.2.1 user= lines=2 users=0");
    filter_free(f);
}

static void ignored_lines(void **state)
{
    struct filter *f = load_good("[Definition]\nfailregex = ^fail <ADDR>\nignoreregex = friend$\n");

    (void)state;
    assert_string_equal(story(f, "fail 192.0.2.1 foe"), "failure id=192.0.2.1 user= lines=1 users=0");
    assert_string_equal(story(f, "fail 192.0.2.1 friend"), "-");
    filter_free(f);
    f = load_good("[Definition]\nfailregex = ^fail <ADDR>$<SKIPLINES>^end\nignoreregex = friend$\nmaxlines = 5\n");
    story(f, "fail 192.0.2.1");
    assert_string_equal(story(f, "end friend"),
                        "failure id=192.0.2.1 user= lines=2 users=0"); // 'friend' is behind the match
    story(f, "fail 192.0.2.1");
    story(f, "a friend");
    assert_string_equal(story(f, "end"), "-");
    assert_string_equal(story(f, "end"), "-"); // and the ignored lines are gone
    filter_free(f);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[Definition]\nfailregex = <ADDR>\nmaxlines = 0\n",
         "f.conf:3: maxlines = 0: a number from 1 to 100 is wanted"},
        {"[Definition]\nfailregex = <ADDR>\nmaxlines = 101\n",
         "f.conf:3: maxlines = 101: a number from 1 to 100 is wanted"},
        {"[Definition]\nfailregex = <ADDR>\nmaxlines = some\n",
         "f.conf:3: maxlines = some: a number from 1 to 100 is wanted"},
        {"[Definition]\nfailregex = <ADDR>\nprefregex = a\n  b\n",
         "f.conf:4: a second line in prefregex; one pattern is wanted"},
        {"[Definition]\nfailregex = <ADDR>\ndatepattern = %%Y %%q\n",
         "f.conf:3: '%q' in datepattern is no part of a date; a letter of strptime(3) or one of %ExY %Exy %Exm %Exd "
         "%ExH %ExM "
         "%ExS %f %k %l is wanted"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct filter_error error;
        assert_null(load(cases[i].text, &error));
        const char *slash = strrchr(error.text, '/');
        assert_string_equal(slash ? slash + 1 : error.text, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_before_the_failure),
        cmocka_unit_test(an_address_after_the_failure),
        cmocka_unit_test(the_end_forgets),
        cmocka_unit_test(a_success_is_none_for_who_tries_names),
        cmocka_unit_test(sessions_are_bounded),
        cmocka_unit_test(alternatives_fill_empty_groups),
        cmocka_unit_test(what_tells_who),
        cmocka_unit_test(patterns_of_several_lines),
        cmocka_unit_test(a_filter_that_must_see_every_line_says_why),
        cmocka_unit_test(no_cut_hides_a_line_from_the_gate),
        cmocka_unit_test(giant_lines_in_the_buffer),
        cmocka_unit_test(ignored_lines),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
