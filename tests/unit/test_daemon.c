// SPDX-License-Identifier: GPL-2.0-or-later
// daemon: announcements, the control socket with real sockets, channel messages, limits from a configuration,
// trimming.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/announce.h"
#include "daemon/channel.h"
#include "daemon/limits_compile.h"
#include "daemon/privilege.h"
#include "daemon/trim.h"

static struct prefix net(const char *text)
{
    struct prefix p;

    assert_int_equal(prefix_parse(str_of(text), &p), 0);
    return p;
}

// --- announcements -------------------------------------------------------------------------------------------

static void a_ban_is_said_in_one_line(void **state)
{
    const usec_t t = INT64_C(1700000000) * USEC_SEC;
    struct ban ban = {.net = net("203.0.113.5"), .since = t, .until = t + 3600 * USEC_SEC, .count = 2, .times = 1,
                      .jail = "pptpd"};
    struct evidence_item lines[] = {
        {.time = t, .jail = STR("pptpd"), .user = STR("al\"ice\n203.0.113.9 \xff")},
        {.time = t - 10 * USEC_SEC, .jail = STR("probe"), .user = STR("x")},
        {.time = t - 240 * USEC_SEC, .jail = STR("pptpd"), .user = STR("bob")},
        {.time = t - 500 * USEC_SEC, .jail = STR("pptpd"), .user = STR("older than the count")},
    };
    char buf[ANNOUNCE_TEXT_MAX];

    (void)state;
    assert_string_equal(announce_text(&ban, ANNOUNCE_BAN, lines, 4, buf),
                        "ban 203.0.113.5 for 1h by pptpd: 2 failures in 4m, last user \"al\\\"ice\\x0a203.0.113.9 \\xff\"");
    ban.times = 3;
    ban.until = USEC_FOREVER;
    assert_string_equal(announce_text(&ban, ANNOUNCE_OBSERVED, NULL, 0, buf),
                        "would ban 203.0.113.5 for forever by pptpd: 2 failures in 0s, ban number 3");
    snprintf(ban.jail, sizeof(ban.jail), "manual");
    ban.until = t + 7200 * USEC_SEC;
    assert_string_equal(announce_text(&ban, ANNOUNCE_BY_HAND, NULL, 0, buf), "ban 203.0.113.5 for 2h by hand (manual)");
}

static void a_long_user_name_is_cut(void **state)
{
    struct ban ban = {.net = net("2001:db8::1"), .until = USEC_SEC, .count = 1, .times = 1, .jail = "pptpd"};
    static char name[544];
    char buf[ANNOUNCE_TEXT_MAX];

    (void)state;
    memset(name, 0x01, sizeof(name));
    struct evidence_item line = {.jail = STR("pptpd"), .user = {name, sizeof(name)}};
    announce_text(&ban, ANNOUNCE_BAN, &line, 1, buf);
    assert_true(strlen(buf) < 250);
    assert_string_equal(buf + strlen(buf) - 4, "...\"");
}

// --- control socket ------------------------------------------------------------------------------------------

struct fixture {
    char dir[32];
    sd_event *event;
    struct control *control;
    struct request last;
    unsigned requests;
    size_t lines; // of the streamed answer
};

static size_t next_line(void *userdata, char buf[static CONTROL_LINE_MAX])
{
    struct fixture *f = userdata;

    return f->lines-- == 0 ? 0 : (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"n\":%zu}\n", f->lines);
}

static void no_more(void *userdata)
{
    struct fixture *f = userdata;

    f->lines = SIZE_MAX;
}

static void on_request(void *userdata, struct control_client client, const struct control_peer *peer,
                       const struct request *q)
{
    struct fixture *f = userdata;

    f->last = *q;
    f->requests++;
    assert_true(peer->master); // ourselves
    if (q->verb == REQUEST_LIST)
        control_stream(f->control, client, next_line, no_more, f);
    else if (q->verb == REQUEST_STATUS)
        control_reply(f->control, client, json_pack("{s:b}", "ok", 1));
    // others get no answer yet
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct control_callbacks callbacks = {.request = on_request, .userdata = f};

    assert_non_null(f);
    strcpy(f->dir, "/tmp/test-control-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_true(sd_event_new(&f->event) >= 0);
    assert_int_equal(control_bind(f->dir, (gid_t)-1, &f->control), 0);
    assert_int_equal(control_start(f->control, f->event, &callbacks), 0);
    assert_int_equal(control_publish(f->control), 0);
    *state = f;
    return 0;
}

// As beneath pptpban.service, whose filter refuses every chown().
static int bind_without_chown(const char *dir, gid_t group)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    struct control *c;
    struct stat st;
    char path[64];

    for (const char *const *call = (const char *const[]){"chown", "lchown", "fchown", "fchownat", NULL}; *call; call++)
        if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), seccomp_syscall_resolve_name(*call), 0) < 0)
            return 1;
    if (seccomp_load(filter) < 0 || control_bind(dir, group, &c) < 0 || control_publish(c) < 0)
        return 1;
    seccomp_release(filter);
    snprintf(path, sizeof(path), "%s/%s", dir, CONTROL_SOCKET_NAME);
    bool own = group == getegid();
    int r = stat(path, &st) < 0 || (st.st_mode & 07777) != (own ? 0660 : 0600) || control_group_error(c) != (own ? 0 : -EPERM);
    control_free(c);
    return r;
}

static void the_group_gets_the_socket_without_chown(void **state)
{
    gid_t groups = getenv("PB_MEMCHECK") ? 1 : 2; // tools/valgrind leaves filters open, and root may give to any group

    (void)state;
    for (gid_t other = 0; other < groups; other++) {
        char dir[] = "/tmp/test-control-XXXXXX", path[64];
        int status = -1;
        assert_non_null(mkdtemp(dir));
        pid_t child = fork();
        if (child == 0)
            _exit(bind_without_chown(dir, getegid() + other));
        assert_int_equal(waitpid(child, &status, 0), child);
        snprintf(path, sizeof(path), "%s/%s", dir, CONTROL_SOCKET_NAME);
        unlink(path);
        rmdir(dir);
        assert_int_equal(status, 0);
    }
}

// As in a prefix of one's own at the first start: the watcher's umask is not that of what leads to its directories.
static void parents_are_made_for_all_to_get_through(void **state)
{
    const struct privilege_user self = {.uid = geteuid(), .gid = getegid()};
    char dir[32] = "/tmp/test-parents-XXXXXX", path[64], error[PRIVILEGE_ERROR_MAX];
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/var/run/own", dir);
    mode_t mask = umask(0077);
    assert_int_equal(privilege_make_dir(path, 0700, &self, self.gid, error), 0);
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    for (int i = 0; i < 2; i++) {
        rmdir(path);
        *strrchr(path, '/') = '\0';
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
    }
    rmdir(path);
    rmdir(dir);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char path[64];

    control_free(f->control);
    sd_event_unref(f->event);
    snprintf(path, sizeof(path), "%s/%s", f->dir, CONTROL_SOCKET_NAME);
    unlink(path);
    rmdir(f->dir);
    free(f);
    return 0;
}

static int connect_to(const struct fixture *f)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", f->dir, CONTROL_SOCKET_NAME);
    assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
    return fd;
}

static void settle(const struct fixture *f)
{
    for (int i = 0; i < 64 && sd_event_run(f->event, 0) > 0; i++)
        ;
}

// All that is there to read now; "<eof>" at its end when the service has hung up.
static const char *received(int fd)
{
    static char buf[8192];
    size_t n = 0;
    ssize_t got;

    while ((got = recv(fd, buf + n, sizeof(buf) - n - 6, MSG_DONTWAIT)) > 0)
        n += (size_t)got;
    strcpy(buf + n, got == 0 ? "<eof>" : "");
    return buf;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void requests_are_answered_in_order(void **state)
{
    struct fixture *f = *state;
    int fd = connect_to(f);

    say(fd, "{\"verb\":\"sta");
    settle(f);
    assert_int_equal(f->requests, 0);
    f->lines = 2;
    say(fd, "tus\"}\n{\"verb\":\"list\"}\n{\"verb\":\"nonsense\"}\n{\"verb\":\"status\"}\n");
    settle(f);
    assert_int_equal(f->requests, 3);
    assert_string_equal(received(fd), "{\"ok\":true}\n{\"n\":1}\n{\"n\":0}\n"
                                      "{\"ok\":false,\"exit\":2,\"error\":\"verb \\\"nonsense\\\" is unknown; "
                                      "there are list, unban, ban, status, why, reload, users, sessions\"}\n{\"ok\":true}\n");
    close(fd);
    settle(f);
    assert_int_equal(control_counters(f->control).clients, 0);
}

static void one_that_only_listens_on_still_hears(void **state)
{
    struct fixture *f = *state;
    int fd = connect_to(f);

    say(fd, "{\"verb\":\"status\"}\n");
    shutdown(fd, SHUT_WR);
    settle(f);
    assert_string_equal(received(fd), "{\"ok\":true}\n<eof>");
    close(fd);
}

static void a_line_without_end_is_refused(void **state)
{
    struct fixture *f = *state;
    char junk[REQUEST_MAX + 1];
    int fd = connect_to(f);

    memset(junk, 'x', sizeof(junk));
    assert_int_equal(send(fd, junk, REQUEST_MAX, MSG_NOSIGNAL), REQUEST_MAX);
    settle(f);
    assert_string_equal(received(fd), "");
    say(fd, "x");
    settle(f);
    assert_string_equal(received(fd), "{\"ok\":false,\"exit\":2,\"error\":\"the request is too long\"}\n<eof>");
    assert_int_equal(control_counters(f->control).clients, 0);
    close(fd);
}

static void a_long_answer_waits_for_its_reader(void **state)
{
    struct fixture *f = *state;
    int fd = connect_to(f), other;

    f->lines = 1000000;
    say(fd, "{\"verb\":\"list\"}\n");
    settle(f);
    assert_true(f->lines > 900000); // not all of it was made: memory stays bounded
    other = connect_to(f);
    say(other, "{\"verb\":\"status\"}\n");
    settle(f);
    assert_string_equal(received(other), "{\"ok\":true}\n"); // and nobody else waits
    close(other);
    close(fd);
    settle(f);
    assert_int_equal(control_counters(f->control).clients, 0);
    assert_true(f->lines == SIZE_MAX); // let go of
}

static void there_is_a_bound_on_clients(void **state)
{
    struct fixture *f = *state;
    int fds[CONTROL_CLIENTS_MAX + 1];

    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        fds[i] = connect_to(f);
        settle(f);
    }
    say(fds[0], "{\"verb\":\"status\"}\n");
    settle(f);
    assert_string_equal(received(fds[0]), "{\"ok\":true}\n");
    fds[CONTROL_CLIENTS_MAX] = connect_to(f);
    settle(f);
    assert_int_equal(control_counters(f->control).clients, CONTROL_CLIENTS_MAX);
    assert_int_equal(control_counters(f->control).dropped, 1);
    assert_string_equal(received(fds[0]), "");
    assert_string_equal(received(fds[1]), "<eof>"); // silent for the longest time
    say(fds[CONTROL_CLIENTS_MAX], "{\"verb\":\"status\"}\n");
    settle(f);
    assert_string_equal(received(fds[CONTROL_CLIENTS_MAX]), "{\"ok\":true}\n");
    for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
        close(fds[i]);
    settle(f);
    assert_int_equal(control_counters(f->control).clients, 0);
}

// Questions without end from one who takes no answers.
static void who_takes_no_answers_asks_no_more(void **state)
{
    static const char question[] = "{\"verb\":\"status\"}\n";
    struct fixture *f = *state;
    int fd = connect_to(f);
    unsigned asked = 0, answered;

    for (int i = 0; i < 100000; i++) {
        asked += send(fd, question, sizeof(question) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
        if (i % 100 == 0)
            settle(f);
    }
    settle(f);
    answered = f->requests;
    assert_true(answered < asked); // the others wait in the socket, which is the client's memory
    settle(f);
    assert_int_equal(f->requests, answered);
    while (*received(fd)) // now it takes them
        settle(f);
    assert_int_equal(f->requests, asked);
    close(fd);
    settle(f);
    assert_int_equal(control_counters(f->control).clients, 0);
}

static void an_answer_for_one_who_left_goes_nowhere(void **state)
{
    struct fixture *f = *state;
    struct control_client gone = {.slot = 0, .serial = 1}, beyond = {.slot = 1000, .serial = 1};
    int fd = connect_to(f), next;

    say(fd, "{\"verb\":\"reload\"}\n");
    settle(f);
    assert_int_equal(f->requests, 1);
    close(fd);
    settle(f);
    next = connect_to(f); // takes its place in the table
    settle(f);
    control_fail(f->control, gone, 1, "too late");
    control_fail(f->control, beyond, 1, "nonsense");
    settle(f);
    assert_string_equal(received(next), "");
    close(next);
}

// --- channel -------------------------------------------------------------------------------------------------

static void channel_messages(void **state)
{
    struct channel_message m;
    char text[2 * CHANNEL_TEXT_MAX];
    int pair[2];

    (void)state;
    assert_int_equal(channel_pair(pair), 0);
    assert_int_equal(channel_receive(pair[0], 0, &m), -EAGAIN);
    assert_int_equal(channel_send(pair[1], CHANNEL_READY, "all is well"), 0);
    assert_int_equal(channel_receive(pair[0], 1, &m), 0);
    assert_true(m.type == CHANNEL_READY);
    assert_string_equal(m.text, "all is well");
    assert_int_equal(channel_send(pair[1], CHANNEL_ALIVE, NULL), 0);
    assert_int_equal(channel_receive(pair[0], 0, &m), 0);
    assert_string_equal(m.text, "");
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(channel_send(pair[1], CHANNEL_STATUS, text), 0);
    assert_int_equal(channel_receive(pair[0], 0, &m), 0);
    assert_int_equal(strlen(m.text), CHANNEL_TEXT_MAX - 1);
    assert_int_equal(send(pair[1], "", 1, 0), 1); // type 0
    assert_int_equal(channel_receive(pair[0], 0, &m), -EBADMSG);
    assert_int_equal(send(pair[1], text, sizeof(text), 0), sizeof(text));
    assert_int_equal(channel_receive(pair[0], 0, &m), -EBADMSG);
    close(pair[1]);
    assert_int_equal(channel_receive(pair[0], 1, &m), -ECONNRESET);
    close(pair[0]);
}

// --- limits --------------------------------------------------------------------------------------------------

static void what_all_jails_ignore_is_never_banned(void **state)
{
    struct prefix one[] = {net("192.0.2.0/24"), net("198.51.100.7")};
    struct prefix two[] = {net("192.0.2.128/25"), net("203.0.113.0/24"), net("192.0.2.128/25")};
    struct jail_config jails[] = {
        {.name = (char *)"a", .enabled = true, .ignoreip = {one, 2}},
        {.name = (char *)"b", .enabled = true, .ignoreip = {two, 3}},
        {.name = (char *)"off", .enabled = false},
    };
    struct config c = {.backend = BACKEND_NFTABLES, .max_bans = 1000, .widest4 = 20, .widest6 = 40, .jails = jails,
                       .n_jails = 3, .silent_timeout = 2 * USEC_SEC, .firewall = {.port = 1724}};
    struct limits *l = malloc(sizeof(*l));

    (void)state;
    assert_non_null(l);
    assert_int_equal(limits_compile(&c, 4711, l), 0);
    assert_true(l->watcher_uid == 4711 && l->backend == LIMITS_NFTABLES && l->max_entries == 1000 && l->widest4 == 20 &&
                l->widest6 == 40 && l->silent_ms == 2000 && l->control_port == 1724);
    assert_int_equal(l->n_allow, 1); // in both, once
    assert_true(prefix_eq(&l->allow[0], &two[0]));
    assert_true(!l->ban_new && !l->keep_open && !l->spare_own && !l->spare_gateway);
    c.spare = 1 << SPARE_GATEWAY;
    assert_int_equal(limits_compile(&c, 4711, l), 0);
    assert_true(!l->spare_own && l->spare_gateway);
    c.spare = 1 << SPARE_OWN;
    jails[1].enabled = false;
    c.firewall.ban_new = true;
    assert_int_equal(limits_compile(&c, 4711, l), 0);
    assert_int_equal(l->n_allow, 2);
    assert_true(l->ban_new && l->keep_open && l->spare_own && !l->spare_gateway);
    free(l);
}

// --- trimming ------------------------------------------------------------------------------------------------

static void count_dropped(void *userdata, unsigned long begin, unsigned long end)
{
    unsigned *n = userdata;

    ++*n;
    assert_true(begin == 0x1000 && end == 0x3000);
}

static void only_clean_file_pages_are_dropped(void **state)
{
    static const char smaps[] = "1000-3000 r-xp 00000000 08:01 77 /usr/lib/a.so\nRss: 8 kB\nAnonymous: 0 kB\n"
                                "4000-5000 r--p 00000000 08:01 77 /usr/lib/a.so\nAnonymous: 4 kB\n" // relocated
                                "5000-6000 rw-p 00000000 08:01 77 /usr/lib/a.so\nAnonymous: 0 kB\n"
                                "6000-7000 r-xp 00000000 00:00 0\nAnonymous: 0 kB\n" // compiled patterns
                                "7000-8000 r--s 00000000 08:01 78 /var/log/journal/x\nAnonymous: 0 kB\n";
    FILE *f = fmemopen((void *)smaps, sizeof(smaps) - 1, "r");
    unsigned n = 0;

    (void)state;
    assert_non_null(f);
    trim_each(f, count_dropped, &n);
    fclose(f);
    assert_int_equal(n, 1);
    trim_memory(); // and we live on
}

#define WITH_SOCKET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ban_is_said_in_one_line),
        cmocka_unit_test(a_long_user_name_is_cut),
        cmocka_unit_test(the_group_gets_the_socket_without_chown),
        cmocka_unit_test(parents_are_made_for_all_to_get_through),
        WITH_SOCKET(requests_are_answered_in_order),
        WITH_SOCKET(one_that_only_listens_on_still_hears),
        WITH_SOCKET(a_line_without_end_is_refused),
        WITH_SOCKET(a_long_answer_waits_for_its_reader),
        WITH_SOCKET(there_is_a_bound_on_clients),
        WITH_SOCKET(who_takes_no_answers_asks_no_more),
        WITH_SOCKET(an_answer_for_one_who_left_goes_nowhere),
        cmocka_unit_test(channel_messages),
        cmocka_unit_test(what_all_jails_ignore_is_never_banned),
        cmocka_unit_test(only_clean_file_pages_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
