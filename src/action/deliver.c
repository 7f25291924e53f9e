// SPDX-License-Identifier: GPL-2.0-or-later
// Programs and syslog; the rest is told elsewhere.
#include "action/deliver.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include "action/feed.h"

enum { WORD_MAX = 2048 };

// Whether it is a text, which others may have written.
static bool tag_value(const struct message *m, struct str tag, char buf[static EVENT_TEXT_MAX + 1])
{
    const struct action_event *e = &m->v[m->n - 1]; // the latest
    char net[PREFIX_STRLEN];
    const struct {
        const char *name, *value;
    } texts[] = {
        {"event", news_table[e->kind].name}, {"jail", e->jail}, {"user", e->user},
        {"text", e->text}, {"host", m->host}, {"action", m->action->name},
        {"addr", e->has_net ? prefix_format(&e->net, net) : ""},
    };
    const struct {
        const char *name;
        long long value;
    } numbers[] = {
        {"count", e->count},
        {"time", e->time / USEC_SEC},
        {"until", e->until == USEC_FOREVER ? -1 : e->until / USEC_SEC},
        {"n", (long long)(m->n + m->more)},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (str_eq(tag, str_of(texts[i].name))) {
            snprintf(buf, EVENT_TEXT_MAX + 1, "%s", texts[i].value);
            return true;
        }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (str_eq(tag, str_of(numbers[i].name))) {
            snprintf(buf, EVENT_TEXT_MAX + 1, "%lld", numbers[i].value);
            return false;
        }
    snprintf(buf, EVENT_TEXT_MAX + 1, "<%.*s>", (int)(tag.n < 64 ? tag.n : 64), tag.p); // no tag of ours stays as it is
    return false;
}

// <tag>s within one word; what a value contains is not looked at again. A user who calls himself -x shall not give the
// program an option: his '-' at the beginning of a word becomes \x2d.
static char *fill_word(const struct message *m, const char *word)
{
    char *out = calloc(1, WORD_MAX), value[EVENT_TEXT_MAX + 1];
    size_t at = 0;

    while (out && *word && at < WORD_MAX - 1) {
        const char *close = *word == '<' ? strchr(word, '>') : NULL;
        if (!close) {
            out[at++] = *word++;
            continue;
        }
        bool text = tag_value(m, (struct str){word + 1, (size_t)(close - word - 1)}, value);
        bool option = text && at == 0 && value[0] == '-';
        if (option)
            at = strlen(strcpy(out, "\\x2d"));
        size_t n = strlen(value + option);
        n = n < WORD_MAX - 1 - at ? n : WORD_MAX - 1 - at;
        memcpy(out + at, value + option, n);
        at += n;
        word = close + 1;
    }
    return out;
}

// The same values for programs that would rather look into their environment.
static void set_environment(const struct message *m)
{
    static const char *const names[] = {"event", "addr", "jail", "user", "text", "host", "action", "count", "time", "until", "n"};
    char value[EVENT_TEXT_MAX + 1], name[32];

    clearenv();
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("LANG", "C.UTF-8", 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t n = (size_t)snprintf(name, sizeof(name), "PPTPBAN_%s", names[i]);
        for (size_t k = 8; k < n; k++)
            name[k] = (char)(name[k] - ('a' - 'A'));
        (void)tag_value(m, str_of(names[i]), value);
        setenv(name, value, 1);
    }
}

// A file without a name as standard input, so that a program that reads none of it cannot hold us up.
static int set_input(const char *text, size_t n)
{
    int fd = memfd_create("pptpban-message", MFD_CLOEXEC);

    if (fd < 0 || write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0) {
        fprintf(stderr, "no standard input can be made: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

static int run_program(const struct message *m)
{
    char *argv[ACTION_WORDS_MAX + 1] = {NULL}, *json = message_json(m);
    const struct strlist *c = &m->action->command;
    bool good = json != NULL;

    for (size_t i = 0; good && i < c->n; i++)
        good = (argv[i] = fill_word(m, c->v[i])) != NULL;
    if (!good) {
        fputs("out of memory\n", stderr);
        return 1;
    }
    set_environment(m);
    if (set_input(json, strlen(json)) != 0)
        return 1;
    execv(argv[0], argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    return 1;
}

static int write_syslog(const struct message *m)
{
    openlog("pptpban-notify", LOG_PID, LOG_DAEMON);
    for (size_t i = 0; i < m->n; i++)
        syslog(LOG_NOTICE, "%s", m->v[i].text);
    if (m->more)
        syslog(LOG_NOTICE, "and %llu more", (unsigned long long)m->more);
    return 0;
}

static int write_feed(const struct message *m)
{
    struct feed *own = NULL;
    int r = m->feed ? 0 : feed_new(m->action->file, &own);

    if (r == 0)
        r = feed_write(m->feed ? m->feed : own, clock_realtime());
    if (r < 0)
        fprintf(stderr, "%s: %s\n", m->action->file, strerror(-r));
    feed_free(own);
    return r < 0;
}

_Noreturn void deliver(const struct message *m)
{
    sigset_t none;
    int code = 1;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    switch (m->action->type) {
    case ACTION_EXEC:
        code = run_program(m);
        break;
    case ACTION_MAIL:
        code = deliver_mail(m);
        break;
    case ACTION_SYSLOG:
        code = write_syslog(m);
        break;
    case ACTION_WEBHOOK:
    case ACTION_ABUSEIPDB:
        code = deliver_http(m);
        break;
    case ACTION_FEED:
        code = write_feed(m);
        break;
    case ACTION_TYPES:
        break;
    }
    _exit(code);
}
