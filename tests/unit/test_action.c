// SPDX-License-Identifier: GPL-2.0-or-later
// Events that only a liar sends, actions whose files are wrong, and when a message is due.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "action/feed.h"
#include "action/message.h"
#include "action/queue.h"

#define T0 (INT64_C(1000) * USEC_SEC)

// --- events --------------------------------------------------------------------------------------------------

static int parse(const char *text, struct action_event *e)
{
    return action_event_parse(text, strlen(text), e);
}

static void events(void **state)
{
    static const char good[] = "{\"event\":\"ban\",\"time\":1792800000,\"addr\":\"203.0.113.5\",\"until\":1792803600,\"count\":5,"
                               "\"jail\":\"pptpd\",\"user\":\"alice\",\"text\":\"ban 203.0.113.5\"}";
    struct action_event e;

    (void)state;
    assert_int_equal(parse(good, &e), 0);
    assert_int_equal(e.kind, NEWS_BAN);
    assert_true(e.has_net && e.net.len == 128);
    assert_true(e.until == INT64_C(1792803600) * USEC_SEC);
    assert_string_equal(e.jail, "pptpd");
    json_t *o = action_event_json(&e);
    char *again = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    assert_string_equal(again, "{\"event\":\"ban\",\"time\":1792800000,\"addr\":\"203.0.113.5\",\"until\":1792803600,\"count\":5,"
                               "\"jail\":\"pptpd\",\"user\":\"alice\",\"text\":\"ban 203.0.113.5\"}");
    free(again);
    assert_int_equal(parse("{\"event\":\"ban\",\"time\":1,\"until\":null}", &e), 0);
    assert_true(e.until == USEC_FOREVER);
}

static void liars(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"event\":\"BAN\"}",
        "{\"event\":1}",
        "{\"event\":\"ban\",\"event\":\"unban\"}",
        "{\"event\":\"ban\",\"text\":\"a\\nb\"}",
        "{\"event\":\"ban\",\"text\":\"a\\u001b[2J\"}",
        "{\"event\":\"ban\",\"text\":\"a\\u007f\"}",
        "{\"event\":\"ban\",\"text\":\"a\\u0000b\"}",
        "{\"event\":\"ban\",\"text\":[]}",
        "{\"event\":\"ban\",\"addr\":\"203.0.113.5/999\"}",
        "{\"event\":\"ban\",\"addr\":\"$(id)\"}",
        "{\"event\":\"ban\",\"addr\":7}",
        "{\"event\":\"ban\",\"time\":-1}",
        "{\"event\":\"ban\",\"time\":9223372036854775807}",
        "{\"event\":\"ban\",\"time\":\"1\"}",
        "{\"event\":\"ban\",\"count\":-1}",
        "{\"event\":\"ban\",\"count\":4294967296}",
        "{\"event\":\"ban\",\"text\":\"\xff\"}",
        "{\"event\":\"ban\",\"text\":\"a\\u009b2J\"}",      // CSI as one character
        "{\"event\":\"ban\",\"user\":\"\xe2\x80\xaemoc\"}", // written backwards
        "{\"event\":\"ban\",\"time\":null}",
        "{\"event\":\"ban\",\"count\":\"5\"}",
        "{\"event\":\"ban\",\"count\":null}",
    };
    struct action_event e = {.count = 77};
    char *long_one = calloc(1, EVENT_MAX + 100);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (parse(bad[i], &e) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
    for (size_t n = EVENT_TEXT_MAX; n <= EVENT_TEXT_MAX + 1; n++) { // at the bound, and beyond
        int k = sprintf(long_one, "{\"event\":\"ban\",\"text\":\"");
        memset(long_one + k, 'a', n);
        strcpy(long_one + k + n, "\"}");
        assert_int_equal(parse(long_one, &e), n == EVENT_TEXT_MAX ? 0 : -EINVAL);
    }
    memset(long_one, ' ', EVENT_MAX + 1);
    memcpy(long_one, "{\"event\":\"ban\"}", 15);
    assert_int_equal(action_event_parse(long_one, EVENT_MAX, &e), 0);
    assert_int_equal(action_event_parse(long_one, EVENT_MAX + 1, &e), -EINVAL);
    free(long_one);
}

// --- files ---------------------------------------------------------------------------------------------------

struct files {
    char a[64], b[64];
    char said[2000];
};

static void on_problem(void *userdata, const char *text)
{
    struct files *f = userdata;

    strncat(f->said, text, sizeof(f->said) - strlen(f->said) - 2);
    strcat(f->said, "\n");
}

static void make_dirs(struct files *f)
{
    *f = (struct files){.a = "/tmp/pptpban-action-XXXXXX", .b = "/tmp/pptpban-action-XXXXXX"};
    assert_non_null(mkdtemp(f->a));
    assert_non_null(mkdtemp(f->b));
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void remove_dirs(const struct files *f)
{
    char command[300];

    snprintf(command, sizeof(command), "rm -rf %s %s", f->a, f->b);
    assert_int_equal(system(command), 0);
}

static struct action_set *load(struct files *f)
{
    const char *dirs[] = {f->a, f->b, "/no/such/directory"};
    struct action_set *s;

    f->said[0] = '\0';
    assert_int_equal(action_set_load(dirs, 3, on_problem, f, &s), 0);
    return s;
}

static void later_directories_override(void **state)
{
    struct files f;

    (void)state;
    make_dirs(&f);
    write_file(f.a, "hook.conf", "[Action]\ntype = webhook\nevents = ban unban\nrate = 3/1m\nurl = https://a.example/x\n");
    write_file(f.b, "hook.conf", "[Action]\nenabled = yes\nurl = https://b.example/y\njails = pptpd  recidive\n");
    write_file(f.b, "own.conf", "[Action]\nenabled = yes\ncommand = /bin/echo \"two words\" <addr>\nevents = all\n");
    write_file(f.b, ".hidden.conf", "[Action]\nnonsense\n");
    write_file(f.b, "notes.txt", "nonsense\n");
    struct action_set *s = load(&f);
    assert_string_equal(f.said, "");
    assert_int_equal(s->n, 2);
    assert_string_equal(s->v[0].name, "hook");
    assert_int_equal(s->v[0].type, ACTION_WEBHOOK);
    assert_string_equal(s->v[0].url, "https://b.example/y");
    assert_int_equal(s->v[0].rate, 3);
    assert_true(s->v[0].rate_time == 60 * USEC_SEC);
    assert_int_equal(s->v[1].command.n, 3);
    assert_string_equal(s->v[1].command.v[1], "two words");

    struct action_event e = {.kind = NEWS_BAN, .jail = "pptpd"};
    assert_true(action_wants(&s->v[0], &e));
    strcpy(e.jail, "other");
    assert_false(action_wants(&s->v[0], &e));
    assert_true(action_wants(&s->v[1], &e));
    *e.jail = '\0'; // no jail's: everybody's
    assert_true(action_wants(&s->v[0], &e));
    e.kind = NEWS_FULL;
    assert_false(action_wants(&s->v[0], &e));
    s->v[1].enabled = false;
    assert_false(action_wants(&s->v[1], &e));
    action_set_free(s);
    remove_dirs(&f);
}

static void wrong_files(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"[Action]\nenabled = perhaps\n", "x.conf:2: enabled = perhaps: cannot be read; accepted: yes or no"},
        {"[Action]\nenabled = no\n  yes\n", "x.conf:2: enabled = no\\x0ayes: cannot be read"},
        {"[Action]\ntype = pigeon\n", "accepted: exec, mail, webhook, syslog, abuseipdb or feed"},
        {"[Action]\nevents = ban bam\n", "x.conf:2: events = ban bam"},
        {"[Action]\n\nrate = 0/1h\n", "x.conf:3: rate = 0/1h: cannot be read; accepted: a number of messages, a slash and a time"},
        {"[Action]\nrate = 5\n", "rate = 5"},
        {"[Action]\ntimeout = 11m\n", "timeout = 11m: cannot be read; accepted: 1s to 10m"},
        {"[Action]\nretries = 11\n", "accepted: 0 to 10"},
        {"[Action]\nfile = relative\n", "a file with its whole path"},
        {"[Action]\nurl = ftp://x\n", "url = ftp://x"},
        {"[Action]\ncommand = /bin/x \"open\n", "command"},
        {"[Action]\nto = \"a\n  Bcc: b\"\n", "x.conf:2: to = "},
        {"[Action]\nbantime = 1h\n", "x.conf:2: bantime: there is no such key of an action"},
        {"[Definition]\nactionban = rm\n", "[Definition]: there is one section, [Action]"},
        {"[Action]\nenabled = yes\n", "needs command, a program with its whole path"},
        {"[Action]\nenabled = yes\ncommand = echo\n", "needs command, a program with its whole path"},
        {"[Action]\nenabled = yes\ntype = mail\nurl = smtp://localhost\n", "needs to"},
        {"[Action]\nenabled = yes\ntype = mail\nto = a\nurl = http://localhost\n", "needs url, smtp://"},
        {"[Action]\nenabled = yes\ntype = webhook\n", "needs url, https://"},
        {"[Action]\nenabled = yes\ntype = abuseipdb\nurl = https://x\n", "needs secret_file"},
        {"[Action]\nenabled = yes\ntype = feed\n", "needs file"},
    };
    struct files f;

    (void)state;
    make_dirs(&f);
    write_file(f.a, "good.conf", "[Action]\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(f.a, "x.conf", cases[i].text);
        struct action_set *s = load(&f);
        if (!strstr(f.said, cases[i].said))
            fail_msg("of %s\nsaid: %s\nwanted: %s", cases[i].text, f.said, cases[i].said);
        assert_int_equal(s->n, 1); // the others go on
        assert_string_equal(s->v[0].name, "good");
        action_set_free(s);
    }
    remove_dirs(&f);
}

// --- when a message is due -----------------------------------------------------------------------------------

static void add(struct queue *q, int n, usec_t now)
{
    struct action_event e = {.kind = NEWS_BAN};

    for (int i = 0; i < n; i++) {
        e.count = (uint32_t)i;
        queue_add(q, &e, now);
    }
}

static void a_flood_becomes_one_message(void **state)
{
    struct action a = {.rate = 20, .rate_time = 3600 * USEC_SEC, .digest = 10 * USEC_SEC, .retries = 3};
    struct queue q;

    (void)state;
    assert_int_equal(queue_init(&q, &a, T0), 0);
    assert_true(queue_due(&q, T0) == USEC_FOREVER);
    add(&q, 1, T0);
    add(&q, 9999, T0 + USEC_SEC);
    assert_true(queue_due(&q, T0 + USEC_SEC) == T0 + 10 * USEC_SEC); // the oldest decides
    queue_begin(&q, T0 + 10 * USEC_SEC);
    assert_int_equal(q.n_sending, QUEUE_EVENTS_MAX);
    assert_int_equal(q.more_sending, 10000 - QUEUE_EVENTS_MAX);
    assert_true(queue_due(&q, T0 + 11 * USEC_SEC) == USEC_FOREVER); // under way
    add(&q, 9000, T0 + 12 * USEC_SEC);                              // wait for the next one, or are counted for it
    assert_false(queue_end(&q, true, T0 + 13 * USEC_SEC));
    assert_int_equal(q.n, QUEUE_EVENTS_MAX);
    assert_int_equal(q.more, 9000 - QUEUE_EVENTS_MAX);
    assert_int_equal(q.sent, 1);
    assert_true(queue_due(&q, T0 + 13 * USEC_SEC) == T0 + 22 * USEC_SEC);
    queue_begin(&q, T0 + 22 * USEC_SEC);
    add(&q, 300, T0 + 23 * USEC_SEC);
    assert_int_equal(q.n, QUEUE_ROOM);
    assert_false(queue_end(&q, false, T0 + 24 * USEC_SEC)); // a try that failed: all wait, and none finds room any more
    add(&q, 1, T0 + 25 * USEC_SEC);
    assert_int_equal(q.n, QUEUE_ROOM);
    assert_int_equal(q.more, 9000 - QUEUE_EVENTS_MAX + 300 - QUEUE_EVENTS_MAX + 1);
    queue_begin(&q, T0 + 60 * USEC_SEC);
    assert_int_equal(q.n_sending, QUEUE_EVENTS_MAX);
    assert_false(queue_end(&q, true, T0 + 61 * USEC_SEC));
    assert_int_equal(q.n, QUEUE_EVENTS_MAX);
    assert_int_equal(q.more, 0);
    assert_true(queue_due(&q, T0 + 61 * USEC_SEC) < USEC_FOREVER);
    queue_clear(&q);
}

static void the_rate_holds(void **state)
{
    struct action a = {.rate = 2, .rate_time = 100 * USEC_SEC, .retries = 0};
    struct queue q;
    usec_t now = T0;
    unsigned sent = 0;

    (void)state;
    assert_int_equal(queue_init(&q, &a, T0), 0);
    for (; now < T0 + 1000 * USEC_SEC; now += USEC_SEC) { // an event a second for 1000 s
        add(&q, 1, now);
        if (queue_due(&q, now) <= now) {
            queue_begin(&q, now);
            queue_end(&q, true, now);
            sent++;
        }
    }
    assert_in_range(sent, 20, 22); // the first two at once, then one in 50 s
    queue_clear(&q);
}

static void what_fails_is_tried_again(void **state)
{
    struct action a = {.rate = 100, .rate_time = USEC_SEC, .retries = 2};
    struct queue q;
    usec_t now = T0;

    (void)state;
    assert_int_equal(queue_init(&q, &a, T0), 0);
    add(&q, 3, now);
    queue_begin(&q, now);
    assert_false(queue_end(&q, false, now));
    add(&q, 1, now); // goes with the next try
    assert_true(queue_due(&q, now) == now + QUEUE_RETRY_FIRST);
    now += QUEUE_RETRY_FIRST;
    queue_begin(&q, now);
    assert_int_equal(q.n_sending, 4);
    assert_false(queue_end(&q, false, now));
    assert_true(queue_due(&q, now) == now + 2 * QUEUE_RETRY_FIRST);
    now += 2 * QUEUE_RETRY_FIRST;
    queue_begin(&q, now);
    assert_true(queue_end(&q, false, now)); // given up
    assert_int_equal(q.dropped, 4);
    assert_int_equal(q.n, 0);
    assert_true(queue_due(&q, now) == USEC_FOREVER);
    add(&q, 1, now); // and the next event begins anew
    assert_true(queue_due(&q, now) == now);
    queue_clear(&q);
}

// A reload takes what waits along, whatever the rate has left, and counts what was sent by the new one.
static void a_reload_takes_the_queue_along(void **state)
{
    struct action was = {.rate = 1, .rate_time = 3600 * USEC_SEC}, is = {.rate = 3, .rate_time = 3600 * USEC_SEC};
    struct queue old, fresh;

    (void)state;
    assert_int_equal(queue_init(&old, &was, T0), 0);
    add(&old, 1, T0);
    queue_begin(&old, T0);
    queue_end(&old, true, T0);
    add(&old, QUEUE_EVENTS_MAX + 7, T0 + USEC_SEC);
    assert_true(queue_due(&old, T0 + USEC_SEC) > T0 + 3500 * USEC_SEC);
    assert_int_equal(queue_init(&fresh, &is, T0 + 2 * USEC_SEC), 0);
    queue_take_over(&fresh, &old);
    queue_clear(&old);
    assert_int_equal(fresh.n, QUEUE_EVENTS_MAX);
    assert_int_equal(fresh.more, 7);
    assert_int_equal(fresh.sent, 1);
    for (unsigned sent = 0; sent < 2; sent++) { // one of three is used up
        assert_true(queue_due(&fresh, T0 + 2 * USEC_SEC) <= T0 + 2 * USEC_SEC);
        queue_begin(&fresh, T0 + 2 * USEC_SEC);
        queue_end(&fresh, true, T0 + 2 * USEC_SEC);
        add(&fresh, 1, T0 + 2 * USEC_SEC);
    }
    assert_true(queue_due(&fresh, T0 + 2 * USEC_SEC) > T0 + 1000 * USEC_SEC);
    queue_clear(&fresh);
}

// --- the table -----------------------------------------------------------------------------------------------

static char *read_source(const char *path)
{
    const char *srcdir = getenv("srcdir");
    char name[4096], *text = calloc(1, 200000);

    snprintf(name, sizeof(name), "%s/%s", srcdir ? srcdir : ".", path);
    FILE *in = fopen(name, "r");
    if (!in)
        fail_msg("%s: cannot be read", name);
    assert_true(fread(text, 1, 199999, in) > 0);
    fclose(in);
    return text;
}

// As a word of its own.
static bool has_word(const char *text, const char *word)
{
    for (const char *p = text; (p = strstr(p, word)); p++)
        if ((p == text || strchr(" ,(\n", p[-1])) && strchr(" ,.)\n", p[strlen(word)]))
            return true;
    return false;
}

static void every_kind_is_accepted_and_told_of(void **state)
{
    char *manual = read_source("man/pptpban-notify.8"), *fields = read_source("man/pptpband.8"), *keywords = NULL;
    char *catalog = read_source("etc/pptpban.catalog"), id[40];
    unsigned entries = 0;
    size_t n = 0;
    FILE *out = open_memstream(&keywords, &n);

    (void)state;
    action_print_keywords(out);
    fclose(out);
    for (unsigned i = 0; i < NEWS_KINDS; i++) {
        const struct news_entry *e = &news_table[i];
        enum news_kind kind;
        struct action_event event;
        char json[200];
        assert_true(e->name && e->about && news_find(str_of(e->name), &kind) && kind == i);
        snprintf(json, sizeof(json), "{\"event\":\"%s\"}", e->name);
        assert_int_equal(parse(json, &event), 0);
        assert_int_equal(event.kind, i);
        assert_true((e->id != NULL) == (i < NEWS_CHOICES));
        if (i >= NEWS_CHOICES)
            continue; // nobody asks for it
        assert_true(strlen(e->id) == 32 && strspn(e->id, "0123456789abcdef") == 32);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(e->id, news_table[k].id);
        if (!has_word(keywords, e->name) || !has_word(manual, e->name))
            fail_msg("%s is not among the accepted values, or not in the manual", e->name);
        snprintf(id, sizeof(id), "\n-- %s\n", e->id);
        if (!strstr(catalog, id) || !strstr(fields, e->id))
            fail_msg("%s: its message id %s is not in the catalog, or not in pptpband(8)", e->name, e->id);
    }
    for (const char *p = catalog; (p = strstr(p, "\n-- ")); p++)
        entries++;
    assert_int_equal(entries, NEWS_CHOICES); // and nothing else
    free(catalog);
    free(fields);
    free(keywords);
    free(manual);
}

static void messages(void **state)
{
    struct action a = {.name = "x"};
    struct action_event v[2] = {{.kind = NEWS_BAN, .time = T0, .text = "ban 192.0.2.1"}, {.kind = NEWS_BAN, .time = T0, .text = "ban 192.0.2.2"}};
    struct message m = {.action = &a, .host = "vpn", .v = v, .n = 1};
    char title[MESSAGE_TITLE_MAX];

    (void)state;
    assert_string_equal(message_title(&m, title), "vpn: ban 192.0.2.1");
    m.n = 2;
    m.more = 40;
    assert_string_equal(message_title(&m, title), "vpn: ban 192.0.2.1, and 41 more");
    char *json = message_json(&m);
    json_t *o = json_loads(json, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(o, "events")), 2);
    assert_int_equal(json_integer_value(json_object_get(o, "more")), 40);
    assert_int_equal(json_integer_value(json_object_get(o, "version")), 1);
    json_decref(o);
    free(json);
}

// --- the list of those who are banned ---------------------------------------------------------------------------

static bool feed_tell(struct feed *f, enum news_kind kind, const char *net, usec_t until)
{
    struct action_event e = {.kind = kind, .has_net = net != NULL, .until = until};

    if (net)
        assert_int_equal(prefix_parse(str_of(net), &e.net), 0);
    return feed_event(f, &e);
}

// What the file holds, without its first line.
static const char *feed_lines(struct feed *f, const char *path, usec_t now)
{
    static char text[4096];

    assert_int_equal(feed_write(f, now), 0);
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
    fclose(in);
    return strchr(text, '\n') + 1;
}

static void a_feed_is_whole(void **state)
{
    char dir[] = "/tmp/pptpban-feed-XXXXXX", path[64];
    struct feed *f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/banned.txt", dir);
    assert_int_equal(feed_new(path, &f), 0);
    assert_true(feed_tell(f, NEWS_BAN, "192.0.2.9", T0));
    assert_true(feed_tell(f, NEWS_BAN, "192.0.2.1", USEC_FOREVER));
    assert_true(feed_tell(f, NEWS_BAN, "2001:db8::/64", 2 * T0));
    assert_string_equal(feed_lines(f, path, 0), "192.0.2.1\n192.0.2.9 # 1000\n2001:db8::/64 # 2000\n");
    assert_true(feed_tell(f, NEWS_UNBAN, "192.0.2.1", 0));
    assert_false(feed_tell(f, NEWS_UNBAN, "192.0.2.77", 0)); // nothing to be written for it
    assert_false(feed_tell(f, NEWS_HOOK, NULL, 0));
    assert_string_equal(feed_lines(f, path, T0), "2001:db8::/64 # 2000\n"); // that of the other is over
    feed_free(f);

    // The file is its memory; what was lost meanwhile, both ways, comes right with the next list of all.
    assert_int_equal(feed_new(path, &f), 0);
    assert_false(feed_tell(f, NEWS_LIST, NULL, 0));
    assert_false(feed_tell(f, NEWS_HELD, "192.0.2.7", 0));
    assert_true(feed_tell(f, NEWS_BAN, "192.0.2.8", 3 * T0)); // while it is told
    assert_string_equal(feed_lines(f, path, 0), "192.0.2.7\n192.0.2.8 # 3000\n2001:db8::/64 # 2000\n");
    assert_true(feed_tell(f, NEWS_LISTED, NULL, 0));
    assert_string_equal(feed_lines(f, path, 0), "192.0.2.7\n192.0.2.8 # 3000\n");
    assert_true(feed_tell(f, NEWS_LISTED, NULL, 0)); // an end without a beginning is no list
    assert_string_equal(feed_lines(f, path, 0), "192.0.2.7\n192.0.2.8 # 3000\n");
    feed_free(f);
    unlink(path);
    rmdir(dir);
}

static void a_feed_is_bounded(void **state)
{
    struct action_event e = {.kind = NEWS_HELD, .has_net = true, .until = T0};
    char dir[] = "/tmp/pptpban-feed-XXXXXX", path[64], first[80];
    struct feed *f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/banned.txt", dir);
    assert_int_equal(feed_new(path, &f), 0);
    for (unsigned i = 0; i < FEED_MAX + 100; i++) {
        char net[32];
        snprintf(net, sizeof(net), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        assert_int_equal(prefix_parse(str_of(net), &e.net), 0);
        feed_event(f, &e);
    }
    assert_int_equal(feed_write(f, 0), 0);
    FILE *in = fopen(path, "re");
    assert_non_null(fgets(first, sizeof(first), in));
    fclose(in);
    assert_non_null(strstr(first, ", 262144 of them;"));
    feed_free(f);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events),
        cmocka_unit_test(liars),
        cmocka_unit_test(later_directories_override),
        cmocka_unit_test(wrong_files),
        cmocka_unit_test(a_flood_becomes_one_message),
        cmocka_unit_test(the_rate_holds),
        cmocka_unit_test(what_fails_is_tried_again),
        cmocka_unit_test(a_reload_takes_the_queue_along),
        cmocka_unit_test(every_kind_is_accepted_and_told_of),
        cmocka_unit_test(messages),
        cmocka_unit_test(a_feed_is_whole),
        cmocka_unit_test(a_feed_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
