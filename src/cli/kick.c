// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban kick: ends the sessions of an account or an address, by asking the pppd of each to end. Bans nobody. A process is
// only touched when it is still the very one that the session was found with.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/connected.h"
#include "cli/exit.h"
#include "cli/listing.h"
#include "cli/verbs.h"

enum { PATIENCE_MS = 10000 }; // pppd says good-bye to its peer: twice, three seconds each

static bool is_meant(const json_t *row, const char *whom, const struct addr *addr)
{
    static const char *const keys[] = {"addr", "inner"};
    struct addr a;

    if (!addr)
        return strcmp(row_text(row, "account"), whom) == 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (addr_parse(str_of(row_text(row, keys[i])), &a) == 0 && addr_eq(&a, addr))
            return true;
    return false;
}

// alice from 203.0.113.5 (ppp0)
static void print_session(FILE *out, const json_t *row)
{
    const char *account = row_text(row, "account"), *addr = row_text(row, "addr"), *interface = row_text(row, "interface");

    fprintf(out, "%s from %s", *account ? account : "somebody", *addr ? addr : "an unknown address");
    if (*interface)
        fprintf(out, " (%s)", interface);
}

// Why this session cannot be ended here, or NULL.
static const char *obstacle(const json_t *row, const struct host_pppd *p, char *buf, size_t size)
{
    const char *host = row_text(row, "host"), *interface = row_text(row, "interface");

    if (*host) {
        snprintf(buf, size, "it is on %s; end it there", host);
        return buf;
    }
    if (!p && json_is_integer(json_object_get(row, "pid")))
        return "its pppd cannot be seen; sudo would help";
    if (!p) {
        snprintf(buf, size, "it has no process of its own; with accel-ppp, accel-cmd terminate if %s ends it",
                 *interface ? interface : "INTERFACE");
        return buf;
    }
    if (!p->server) {
        snprintf(buf, size, "neither pptpd nor xl2tpd started its pppd, pid %u: that is not touched", p->pid);
        return buf;
    }
    return NULL;
}

// 1: it has ended. 0: it was told to, and still runs. -ESRCH: it is gone, or is another one by now. -errno.
static int end_process(const struct host_pppd *p)
{
    struct host_pppd now;
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)p->pid, 0);

    if (fd < 0)
        return -errno;
    // fd is whoever has the pid now and for as long as it lives: is that still the same one?
    int r = host_pppd_read(p->pid, &now);
    if (r == 0 && (now.ticks != p->ticks || !now.server))
        r = -ESRCH;
    if (r == 0 && syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) < 0)
        r = -errno;
    if (r == 0) {
        struct pollfd gone = {.fd = fd, .events = POLLIN};
        r = poll(&gone, 1, PATIENCE_MS) > 0;
    }
    close(fd);
    return r;
}

// True when it is over, or would be.
static bool end_session(const json_t *row, const struct host_pppd *p, bool dry_run)
{
    char buf[400];
    const char *no = obstacle(row, p, buf, sizeof(buf));

    if (no) {
        print_session(stderr, row);
        fprintf(stderr, " is not ended: %s\n", no);
        return false;
    }
    if (dry_run) {
        fputs("would end ", stdout);
        print_session(stdout, row);
        printf(": pppd, pid %u\n", p->pid);
        return true;
    }
    int r = end_process(p);
    if (r == 1 || r == -ESRCH) {
        fputs(r == 1 ? "ended " : "already gone: ", stdout);
        print_session(stdout, row);
        putchar('\n');
        return true;
    }
    print_session(stderr, row);
    if (r == 0)
        fprintf(stderr, " was told to end and has not, after %d s: pppd, pid %u\n", PATIENCE_MS / 1000, p->pid);
    else
        fprintf(stderr, " is not ended: %s%s\n", strerror(-r), r == -EPERM ? "; only root may, so sudo would help" : "");
    return false;
}

// asked: what came of asking the service; without it there may be others.
static int kick(const struct args *a, const struct connected_facts *f, json_t *const *rows, size_t n, int asked)
{
    const char *whom = a->rest[0];
    struct addr addr;
    bool by_address = addr_parse(str_of(whom), &addr) == 0, dry_run = a->given & ARG_DRY_RUN;
    size_t meant = 0, ended = 0;

    for (size_t i = 0; i < n; i++) {
        if (!is_meant(rows[i], whom, by_address ? &addr : NULL))
            continue;
        meant++;
        ended += end_session(rows[i], connected_pppd(f, rows[i]), dry_run);
    }
    if (meant == 0 && asked != EXIT_DONE)
        return asked;
    if (meant == 0) {
        fprintf(stderr, "pptpban kick: nobody is connected %s %s; pptpban sessions shows who is\n", by_address ? "from" : "as", whom);
        return EXIT_NOTHING;
    }
    if (ended > 0 && !dry_run)
        printf("not banned; pptpban ban ADDR keeps an address out\n");
    return ended == meant ? asked : EXIT_FAILED;
}

int verb_kick(int argc, char **argv)
{
    struct connected_facts facts = {.pppds = NULL};
    json_t **rows = NULL;
    struct args a;
    size_t n = 0;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (!*a.rest[0]) { // or it would be everybody whose account is not known
        fprintf(stderr, "pptpban kick: an account or an address is wanted; pptpban sessions shows them\n");
        return EXIT_USAGE;
    }
    code = connected_ask(&a, &facts, &rows, &n);
    code = kick(&a, &facts, rows, n, code);
    client_free_lines(rows, n);
    connected_forget(&facts);
    return code;
}
