// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: the loop between keyboard, service, signals and screen.
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "top/ask.h"
#include "top/terminal.h"
#include "top/view.h"
#include "cli/verbs.h"
#include "cli/why.h"

enum { CTRL_C = 3 };

#define TICK USEC_SEC // the clock in the title, and bans that end

struct top {
    struct top_model *model;
    struct top_ask *ask;
    struct top_ui ui;
    char host[65];
    bool unicode;
    int signals;  // signalfd
    int ended_by; // a signal, or 0
    bool quit, dirty;
};

// --- signals -------------------------------------------------------------------------------------------------

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};

static void catch_all(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        sigaddset(set, caught[i]);
}

// ncurses has its own handlers by now: none of them is to run.
static int open_signals(void)
{
    sigset_t set;

    catch_all(&set);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        signal(caught[i], SIG_DFL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

// Does what the signal would have done, once it is let through.
static void obey(int signal_number)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signal_number);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL); // it was SIGTSTP, and somebody continued us
}

static void on_key(struct top *t, int key)
{
    usec_t now = clock_monotonic();
    struct top_wish wish;

    top_ui_key(&t->ui, t->model, key, now, &wish);
    t->dirty = true;
    if (wish.kind == TOP_QUIT)
        t->quit = true;
    else if (wish.kind != TOP_NO_WISH && top_ask_wish(t->ask, &wish) < 0)
        top_ui_say(&t->ui, now, true, "the service has not answered the question before");
}

static void on_signal(struct top *t)
{
    struct signalfd_siginfo info;

    while (read(t->signals, &info, sizeof(info)) == sizeof(info)) {
        t->dirty = true;
        if (info.ssi_signo == SIGTSTP) {
            top_terminal_pause();
            obey(SIGTSTP);
            top_terminal_resume();
        } else if (info.ssi_signo == SIGINT) {
            on_key(t, CTRL_C);
        } else if (info.ssi_signo != SIGWINCH && info.ssi_signo != SIGCONT) {
            t->ended_by = (int)info.ssi_signo;
        }
    }
}

// --- the loop ------------------------------------------------------------------------------------------------

static int draw(struct top *t)
{
    struct top_canvas *c;
    int w, h;

    top_terminal_size(&w, &h);
    int r = top_canvas_new(w, h, t->unicode, &c);
    if (r < 0)
        return r;
    top_view_draw(c, t->model, &t->ui, t->host, clock_realtime());
    top_terminal_show(c);
    top_canvas_free(c);
    t->dirty = false;
    return 0;
}

static void on_keys(struct top *t)
{
    int key;

    while (!t->quit && (key = top_terminal_key()) >= 0)
        on_key(t, key);
}

static void show_why(struct top *t, const json_t *answer)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return;
    why_print(answer, out);
    if (fclose(out) == 0)
        top_ui_show(&t->ui, text);
    else
        free(text);
}

// What has come from the service. Returns when to look again.
static usec_t on_service(struct top *t)
{
    struct top_news news;
    usec_t now = clock_monotonic(), next;

    next = top_ask_step(t->ask, now, clock_realtime(), t->ui.screen == TOP_OVERVIEW, t->ui.paused, &news);
    if (news.said)
        top_ui_say(&t->ui, now, news.bad, news.message);
    if (news.why)
        show_why(t, news.why);
    json_decref(news.why);
    if (news.changed)
        top_ui_settle(&t->ui, t->model);
    t->dirty |= news.changed || news.said;
    return next;
}

static void on_time(struct top *t)
{
    if (!t->ui.paused) {
        top_model_pass(t->model, clock_monotonic(), clock_realtime());
        top_ui_settle(&t->ui, t->model);
    }
    top_ui_pass(&t->ui, clock_monotonic());
    t->dirty = true;
}

static int run(struct top *t)
{
    usec_t tick = 0;
    int r = 0;

    while (r == 0 && !t->quit && !t->ended_by) {
        usec_t next = on_service(t), now = clock_monotonic();
        if (now >= tick) {
            on_time(t);
            tick = now + TICK;
        }
        if (t->dirty)
            r = draw(t);
        if (tick < next)
            next = tick;
        struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = t->signals, .events = POLLIN},
                               {.fd = top_ask_fd(t->ask), .events = POLLIN}}; // -1 is left out
        now = clock_monotonic();
        if (poll(fds, 3, next > now ? (int)((next - now + USEC_MSEC - 1) / USEC_MSEC) : 0) < 0 && errno != EINTR)
            return -errno;
        if (fds[1].revents)
            on_signal(t);
        if (fds[0].revents & POLLIN)
            on_keys(t);
        if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) // the terminal is gone
            return -EIO;
    }
    return r;
}

// --- the verb ------------------------------------------------------------------------------------------------

static int top(const struct sockaddr_un *where)
{
    struct top t = {.signals = -1};
    int r = top_model_new(&t.model);

    top_ui_init(&t.ui);
    setlocale(LC_CTYPE, "");
    t.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (gethostname(t.host, sizeof(t.host) - 1) < 0)
        t.host[0] = '\0';
    r = r < 0 ? r : top_ask_new(where, t.model, &t.ask);
    if (r == 0) {
        r = top_terminal_open(output_colours(stdout));
        if (r == 0) {
            r = t.signals = open_signals();
            r = r < 0 ? r : run(&t);
            top_terminal_close();
        }
    }
    if (t.signals >= 0)
        close(t.signals);
    top_ask_free(t.ask);
    top_model_free(t.model);
    top_ui_clear(&t.ui);
    if (t.ended_by)
        obey(t.ended_by);
    return r;
}

int verb_top(int argc, char **argv)
{
    char why[160];
    struct sockaddr_un where;
    json_t *answer;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (top_terminal_objection(why, sizeof(why))) {
        fprintf(stderr, "pptpban top: %s; pptpban list and pptpban status need none\n", why);
        return EXIT_FAILED;
    }
    code = client_call(&a, json_pack("{s:s}", "verb", "status"), &answer); // says why there is none
    if (code != EXIT_DONE)
        return code;
    json_decref(answer);
    int r = client_socket(&a, &where);
    r = r < 0 ? r : top(&where);
    if (r < 0 && r != -EIO)
        fprintf(stderr, "pptpban top: %s\n", strerror(-r));
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}
