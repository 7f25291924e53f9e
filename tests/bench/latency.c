// SPDX-License-Identifier: GPL-2.0-or-later
// Measures how long it takes from the write of the line that decides a ban to the entry in the kernel's set: plays
// PPTP logins that fail, one address after the other, and asks the set in a tight loop. Shares no code with the
// product and starts none.
//
//   latency [-n BANS] [-r FAILURES] [-d reap|finished] [-b FIRSTADDR] SET FILE      lines appended to FILE
//   latency [-n BANS] [-r FAILURES] [-b FIRSTADDR] SET journal                      messages sent to journald
//
// Prints BANS LOST MEDIAN P99 MAX ERROR, times in milliseconds. ERROR is the 99th percentile of the time between the
// last question that said no and the one that said yes: by so much at most the figures are too high. For the journal
// a second line says the same of journald's own part: journald tells its readers late (it collects changes for up to
// half a second), and only then can anybody know of the entry. The first line counts from that moment.
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kset.h"

enum { GO_FD = 200, DONE_FD = 201, GIVE_UP_S = 10, MAX_FAILURES = 16 };

static int64_t *times, *errors, *journald;

static void pause_us(unsigned us)
{
    nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

// A child that stands for a pppd: journald reads the command line of whoever sends, so it has one of its own.

static int child_main(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/dev-log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), n;
    int64_t t;
    char go, line[128];

    if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        err(1, "journald's socket");
    n = snprintf(line, sizeof(line), "<150>pppd[%d]: Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded.", (int)getpid());
    if (write(fd, line, (size_t)n) != n)
        err(1, "journald's socket");
    n = snprintf(line, sizeof(line), "<148>pppd[%d]: Peer alice failed CHAP authentication", (int)getpid());
    if (write(DONE_FD, &(int64_t){0}, sizeof(t)) != sizeof(t) || read(GO_FD, &go, 1) != 1)
        return 1;
    t = now_ns();
    if (write(fd, line, (size_t)n) != n)
        err(1, "journald's socket");
    if (write(DONE_FD, &t, sizeof(t)) != sizeof(t))
        return 1;
    return read(GO_FD, &go, 1) != 0; // lives until the pipe closes: journald looks at /proc
}

struct child {
    pid_t pid;
    int go, done;
};

static void read_time(struct child *c, int64_t *ret)
{
    if (read(c->done, ret, sizeof(*ret)) != sizeof(*ret))
        errx(1, "the child that logs has failed");
}

static struct child child_start(const char *addr)
{
    struct child c;
    int go[2], done[2];
    int64_t t;

    if (pipe2(go, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0)
        err(1, "pipe");
    c.pid = fork();
    if (c.pid < 0)
        err(1, "fork");
    if (c.pid == 0) {
        const char *argv[] = {"/usr/sbin/pppd", "local", "file", "/etc/ppp/pptpd-options", "115200",
                              "10.99.0.1:10.99.0.100", "ipparam", addr, "plugin",
                              "/usr/lib/pptpd/pptpd-logwtmp.so", "pptpd-original-ip", addr, "remotenumber", addr, NULL};
        const char *env[] = {"PB_LATENCY_CHILD=1", NULL};

        if (dup2(go[0], GO_FD) < 0 || dup2(done[1], DONE_FD) < 0)
            _exit(1);
        execve("/proc/self/exe", (char *const *)argv, (char *const *)env);
        _exit(1);
    }
    close(go[0]);
    close(done[1]);
    c.go = go[1];
    c.done = done[0];
    read_time(&c, &t); // it is ready
    return c;
}

static void child_go(struct child *c)
{
    if (write(c->go, "g", 1) != 1)
        err(1, "pipe");
}

static void child_end(struct child *c)
{
    close(c->go);
    close(c->done);
    waitpid(c->pid, NULL, 0);
}

// The file.

static int log_fd;

__attribute__((format(printf, 2, 3))) static void put_line(char *out, const char *format, ...)
{
    struct timespec now;
    struct tm tm;
    size_t n;
    va_list ap;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)sprintf(out + n, ".%06ld+00:00 vpn ", now.tv_nsec / 1000);
    va_start(ap, format);
    n += (size_t)vsnprintf(out + n, 256, format, ap);
    va_end(ap);
    out[n] = '\n';
    out[n + 1] = '\0';
}

static void append(const char *text)
{
    if (write(log_fd, text, strlen(text)) != (ssize_t)strlen(text))
        err(1, "log file");
}

// One control connection with a failed login. Returns with the deciding line in *decide, not yet written, and what
// follows it in *rest.
static void file_login(const char *addr, unsigned pid, bool finished, char *decide, char *rest)
{
    char line[320], text[2048] = "";

#define ADD(...) (put_line(line, __VA_ARGS__), strcat(text, line))
    ADD("pptpd[%u]: CTRL: Client %s control connection started", pid, addr);
    ADD("pptpd[%u]: CTRL: Starting call (launching pppd, opening GRE)", pid);
    ADD("pppd[%u]: Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded.", pid + 1);
    ADD("pppd[%u]: pppd 2.4.9 started by root, uid 0", pid + 1);
    ADD("pppd[%u]: Peer alice failed CHAP authentication", pid + 1);
    ADD("pppd[%u]: Exit.", pid + 1);
    if (finished)
        ADD("pptpd[%u]: CTRL: Reaping child PPP[%u]", pid, pid + 1);
    append(text);
    put_line(decide, "pptpd[%u]: CTRL: Reaping child PPP[%u]", pid, pid + 1);
    put_line(rest, "pptpd[%u]: CTRL: Client %s control connection finished", pid, addr);
    if (finished) {
        strcpy(decide, rest);
        rest[0] = '\0';
    }
}

// When journald told its readers last, as any of them sees it: 0 when it has not since the last call.
static int notice_fd = -1;

static int64_t journald_notice(void)
{
    char buffer[4096];
    bool told = false;

    while (notice_fd >= 0 && read(notice_fd, buffer, sizeof(buffer)) > 0)
        told = true;
    return told ? now_ns() : 0;
}

static void watch_journal(void)
{
    glob_t found = {0};

    notice_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (notice_fd < 0 || glob("/run/log/journal/*", 0, NULL, &found) != 0)
        errx(1, "no journal in /run/log/journal");
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (inotify_add_watch(notice_fd, found.gl_pathv[i], IN_MODIFY) < 0)
            err(1, "%s", found.gl_pathv[i]);
    globfree(&found);
}

// While measuring: ahead of everybody, so that a busy machine does not make us late, but asleep most of the time, so
// that those whom we measure have the processors. Without the right to that, as any other process.
enum { ASK_EVERY_US = 40 };

static void be_prompt(bool prompt)
{
    const struct sched_param param = {.sched_priority = prompt ? 10 : 0};

    (void)sched_setscheduler(0, prompt ? SCHED_FIFO : SCHED_OTHER, &param);
    prctl(PR_SET_TIMERSLACK, prompt ? 1UL : 0UL);
}

// Asks until the answer is yes. False when it never is.
static bool wait_for(struct kset *set, uint32_t addr, int64_t *ret_when, int64_t *ret_error, int64_t *ret_notice)
{
    int64_t no = now_ns(), end = no + GIVE_UP_S * INT64_C(1000000000), t = no, notice;

    while (t < end) {
        bool there = kset_has(set, addr);

        t = now_ns();
        if (!there && (notice = journald_notice()))
            *ret_notice = notice;
        if (there) {
            *ret_when = t;
            *ret_error = t - no;
            return true;
        }
        no = t;
        pause_us(ASK_EVERY_US);
    }
    return false;
}

static bool measure_journal(struct kset *set, uint32_t ip, const char *addr, unsigned failures, int64_t *ret_took,
                            int64_t *ret_error, int64_t *ret_journald)
{
    int64_t start, when = 0, notice = 0;
    struct child before[MAX_FAILURES], c;
    bool ok;

    for (unsigned i = 1; i < failures; i++) {
        before[i] = child_start(addr);
        child_go(&before[i]);
        read_time(&before[i], &start);
    }
    c = child_start(addr);
    pause_us(5000);
    if (kset_has(set, ip))
        errx(1, "%s was banned after fewer than %u failures", addr, failures);
    (void)journald_notice();
    be_prompt(true);
    child_go(&c);
    ok = wait_for(set, ip, &when, ret_error, &notice);
    be_prompt(false);
    read_time(&c, &start);
    child_end(&c);
    for (unsigned i = 1; i < failures; i++)
        child_end(&before[i]); // not sooner: journald may be slow to look at their command lines
    if (notice < start) // told and banned between two questions
        notice = when;
    *ret_took = when - notice;
    *ret_journald = notice - start;
    return ok;
}

static bool measure_file(struct kset *set, uint32_t ip, const char *addr, unsigned failures, bool finished,
                         int64_t *ret_took, int64_t *ret_error)
{
    static unsigned pid = 5000000; // above any real one
    char decide[320], rest[320];
    int64_t start, when = 0, notice;
    bool ok;

    for (unsigned i = 1; i < failures; i++, pid += 2) {
        file_login(addr, pid, finished, decide, rest);
        append(decide);
        append(rest);
        pause_us(1000);
    }
    file_login(addr, pid, finished, decide, rest);
    pause_us(5000);
    if (kset_has(set, ip))
        errx(1, "%s was banned before the deciding line", addr);
    be_prompt(true);
    start = now_ns();
    append(decide);
    ok = wait_for(set, ip, &when, ret_error, &notice);
    be_prompt(false);
    append(rest);
    pid += 2;
    *ret_took = when - start;
    return ok;
}

static void print_times(int64_t *t, int64_t *error, unsigned n, unsigned lost)
{
    qsort(t, n, sizeof(*t), by_size);
    qsort(error, n, sizeof(*error), by_size);
    printf("%u %u %.3f %.3f %.3f %.3f\n", n, lost, ms(t[n / 2]), ms(t[(n - 1) * 99 / 100]), ms(t[n - 1]),
           ms(error[(n - 1) * 99 / 100]));
}

int main(int argc, char **argv)
{
    unsigned bans = 1000, failures = 3, n = 0, lost = 0;
    bool finished = false, from_journal;
    uint32_t base = 0x0b000001; // 11.0.0.1
    struct kset *set = NULL;
    int option;

    if (getenv("PB_LATENCY_CHILD"))
        return child_main();
    while ((option = getopt(argc, argv, "n:r:d:b:")) != -1) {
        struct in_addr in;

        switch (option) {
        case 'n': bans = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'r': failures = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'd': finished = strcmp(optarg, "finished") == 0; break;
        case 'b':
            if (inet_pton(AF_INET, optarg, &in) != 1)
                errx(2, "-b %s: not an IPv4 address", optarg);
            base = ntohl(in.s_addr);
            break;
        default: return 2;
        }
    }
    if (argc - optind != 2 || bans == 0 || failures == 0 || failures > MAX_FAILURES)
        errx(2, "usage: latency [-n BANS] [-r FAILURES] [-d reap|finished] [-b ADDR] SET FILE|journal");
    from_journal = strcmp(argv[argc - 1], "journal") == 0;
    set = kset_open(argv[optind]);
    if (from_journal)
        watch_journal();
    if (!from_journal) {
        log_fd = open(argv[argc - 1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (log_fd < 0)
            err(1, "%s", argv[argc - 1]);
    }
    times = calloc(bans, sizeof(*times));
    errors = calloc(bans, sizeof(*errors));
    journald = calloc(bans, sizeof(*journald));
    if (!times || !errors || !journald)
        err(1, "memory");

    for (unsigned i = 0; i < bans && lost < 5; i++) {
        uint32_t ip = base + i * 257; // spread over the hash, no two in one /24
        char addr[INET_ADDRSTRLEN];
        bool ok;

        inet_ntop(AF_INET, &(struct in_addr){htonl(ip)}, addr, sizeof(addr));
        if (from_journal)
            ok = measure_journal(set, ip, addr, failures, &times[n], &errors[n], &journald[n]);
        else
            ok = measure_file(set, ip, addr, failures, finished, &times[n], &errors[n]);
        if (ok)
            n++;
        else
            lost++;
        pause_us(5000 + (unsigned)(now_ns() / 1000 % 5000)); // so that everybody sleeps again
    }
    if (n == 0)
        errx(1, "no ban of %u came within %d s", bans, GIVE_UP_S);
    print_times(times, errors, n, lost);
    if (from_journal)
        print_times(journald, errors, n, lost);
    return lost != 0;
}
