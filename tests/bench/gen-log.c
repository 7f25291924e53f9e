// SPDX-License-Identifier: GPL-2.0-or-later
// Writes a syslog as rsyslog does on a busy server (ISO 8601 stamps). The same seed gives the same bytes. Knows nothing
// of the product.
//
//   gen-log [LINES [SEED [KIND]]]     (1000000, 1, pptpd)
//
// pptpd  1 % of all lines are failed logins, 4 % the other lines of pptpd and pppd that tie them to an address (fewer do
//        not make whole sessions), the rest comes from other programs
// sshd   1 % are failures of sshd, 2 % say other things of it (good logins, sessions), the rest comes from other programs
// mixed  5 % of pptpd and pppd, 3 % of sshd, each as above, the rest from other programs
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    OPEN_SESSIONS = 4,  // interleaved control connections
    ATTACKERS = 8,      // addresses that attack at the same time
    ATTEMPTS = 5,       // of each, on average, before another one takes its place
};

static uint64_t state;

static uint32_t rnd(uint32_t below) // splitmix64
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % below);
}

struct session {
    unsigned step, pptpd, pppd;
    uint32_t addr;
    const char *user;
};

static uint32_t attackers[ATTACKERS];
static unsigned next_pid = 2000;

static const char *const users[] = {"admin", "administrator", "test", "vpn", "user1", "alice", "DOM\\\\bob", "info",
                                    "backup", "root", "sales", "m.mueller", "office", "ppp", "guest", "kasse"};
enum { USERS = sizeof(users) / sizeof(users[0]) };

static uint32_t random_addr(void) // public-looking: 11.x to 99.x
{
    return (11 + rnd(89)) << 24 | rnd(1 << 24);
}

static unsigned new_pid(void)
{
    next_pid += 1 + rnd(3);
    if (next_pid > 4000000)
        next_pid = 2000;
    return next_pid;
}

static char *format_addr(uint32_t a, char buf[static 16])
{
    snprintf(buf, 16, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
    return buf;
}

static void session_begin(struct session *s)
{
    uint32_t *a = &attackers[rnd(ATTACKERS)];

    s->step = 0;
    s->pptpd = new_pid();
    s->pppd = new_pid();
    s->addr = *a;
    s->user = users[rnd(USERS)];
    if (rnd(ATTEMPTS) == 0)
        *a = random_addr();
}

static void session_line(struct session *s)
{
    char a[16];

    format_addr(s->addr, a);
    switch (s->step++) {
    case 0:
        printf("pptpd[%u]: CTRL: Client %s control connection started\n", s->pptpd, a);
        break;
    case 1:
        printf("pppd[%u]: Peer %s failed CHAP authentication\n", s->pppd, s->user);
        break;
    case 2:
        printf("pppd[%u]: Exit.\n", s->pppd);
        break;
    case 3:
        printf("pptpd[%u]: CTRL: Reaping child PPP[%u]\n", s->pptpd, s->pppd);
        break;
    default:
        printf("pptpd[%u]: CTRL: Client %s control connection finished\n", s->pptpd, a);
        session_begin(s);
    }
}

// What a server on the Internet logs most when its passwords are guessed.
static void sshd_failure(void)
{
    const char *user = users[rnd(USERS)];
    unsigned pid = new_pid(), port = 1024 + rnd(60000);
    uint32_t *attacker = &attackers[rnd(ATTACKERS)];
    char a[16];

    format_addr(*attacker, a);
    if (rnd(ATTEMPTS) == 0)
        *attacker = random_addr();
    switch (rnd(8)) {
    case 0 ... 2:
        printf("sshd[%u]: Failed password for invalid user %s from %s port %u ssh2\n", pid, user, a, port);
        break;
    case 3 ... 4:
        printf("sshd[%u]: Failed password for root from %s port %u ssh2\n", pid, a, port);
        break;
    case 5 ... 6:
        printf("sshd[%u]: Invalid user %s from %s port %u\n", pid, user, a, port);
        break;
    default:
        printf("sshd[%u]: error: maximum authentication attempts exceeded for root from %s port %u ssh2 [preauth]\n", pid,
               a, port);
    }
}

static void sshd_other(void)
{
    unsigned pid = new_pid(), port = 1024 + rnd(60000);
    char a[16];

    format_addr(random_addr(), a);
    switch (rnd(6)) {
    case 0:
        printf("sshd[%u]: Accepted publickey for admin from %s port %u ssh2: ED25519 SHA256:%016llx\n", pid, a, port,
               (unsigned long long)state);
        break;
    case 1:
        printf("sshd[%u]: pam_unix(sshd:session): session opened for user admin(uid=1000) by (uid=0)\n", pid);
        break;
    case 2:
        printf("sshd[%u]: pam_unix(sshd:session): session closed for user admin\n", pid);
        break;
    case 3:
        printf("sshd[%u]: Received disconnect from %s port %u:11: disconnected by user\n", pid, a, port);
        break;
    case 4:
        printf("sshd[%u]: Disconnected from user admin %s port %u\n", pid, a, port);
        break;
    default:
        printf("sshd[%u]: Connection closed by %s port %u\n", pid, a, port);
    }
}

// of_sshd: its lines are among them; else they are another's business.
static void foreign_line(uint32_t line, bool of_sshd)
{
    char a[16];
    uint32_t r[6]; // drawn in a fixed order, which the arguments of a call are not

    for (unsigned i = 0; i < 6; i++)
        r[i] = rnd(UINT32_MAX);
    unsigned pid = 1000 + r[0] % 60000, port = 1024 + r[1] % 60000;
    const char *user = users[r[2] % USERS], *user2 = users[r[3] % USERS];

    format_addr(random_addr(), a);
    unsigned kind = rnd(26);
    switch (!of_sshd && kind < 2 ? kind + 2 : kind) { // the long ones are the rare ones
    case 0:
        printf("sshd[%u]: Failed password for invalid user %s from %s port %u ssh2\n", pid, user, a, port);
        break;
    case 1:
        printf("sshd[%u]: Connection closed by authenticating user root %s port %u [preauth]\n", pid, a, port);
        break;
    case 2 ... 4:
        printf("CRON[%u]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)\n", pid);
        break;
    case 5 ... 8:
        printf("postfix/smtpd[%u]: connect from unknown[%s]\n", pid, a);
        break;
    case 9:
        printf("postfix/smtpd[%u]: NOQUEUE: reject: RCPT from unknown[%s]: 554 5.7.1 <%s@example.org>: Relay access "
               "denied; from=<x@example.net> to=<%s@example.org> proto=ESMTP helo=<mail>\n",
               pid, a, user, user2);
        break;
    case 10:
        printf("postfix/qmgr[881]: %08X%02X: from=<noreply@example.org>, size=%u, nrcpt=1 (queue active)\n", r[4],
               r[5] & 255, 500 + r[1] % 90000);
        break;
    case 11:
        printf("kernel: [%u.%06u] [UFW BLOCK] IN=eth0 OUT= SRC=%s DST=192.0.2.10 LEN=40 TTL=%u ID=%u PROTO=TCP "
               "SPT=%u DPT=%u WINDOW=1024 SYN URGP=0\n",
               line / 10, r[2] % 1000000, a, 40 + r[3] % 200, r[4] & 0xffff, port, r[5] & 0xffff);
        break;
    case 12 ... 13:
        printf("systemd[1]: session-%u.scope: Deactivated successfully.\n", pid);
        break;
    case 14 ... 15:
        printf("systemd[1]: Started session-%u.scope - Session %u of User admin.\n", pid, pid);
        break;
    case 16 ... 18:
        printf("systemd-logind[612]: New session %u of user admin.\n", pid);
        break;
    case 19:
        printf("dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=%s, lip=192.0.2.10, mpid=%u, TLS\n", user,
               a, pid);
        break;
    case 20:
        printf("named[733]: client @0x7f%08x %s#%u (example.org): query (cache) 'example.org/ANY/IN' denied\n", r[4],
               a, port);
        break;
    case 21 ... 23:
        printf("ntpd[590]: Soliciting pool server %s\n", a);
        break;
    default:
        printf("dhcpd[744]: DHCPACK on 10.0.%u.%u to 52:54:00:%02x:%02x:%02x via eth1\n", r[1] & 255, r[2] & 255,
               r[3] & 255, r[4] & 255, r[5] & 255);
    }
}

static int usage(void)
{
    fputs("usage: gen-log [LINES [SEED [pptpd|sshd|mixed]]]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const char *kind = argc > 3 ? argv[3] : "pptpd";
    bool pptpd = strcmp(kind, "sshd") != 0, sshd = strcmp(kind, "pptpd") != 0;
    unsigned long lines = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    struct session sessions[OPEN_SESSIONS];
    uint64_t t = UINT64_C(1763800000) * 1000000; // microseconds
    char stamp[32] = "";
    time_t second = 0;

    if (strcmp(kind, "pptpd") != 0 && strcmp(kind, "sshd") != 0 && strcmp(kind, "mixed") != 0)
        return usage();
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (unsigned i = 0; i < ATTACKERS; i++)
        attackers[i] = random_addr();
    for (unsigned i = 0; i < OPEN_SESSIONS; i++) {
        session_begin(&sessions[i]);
        sessions[i].step = rnd(5); // so that the five lines of a session are equally frequent from the start
    }
    for (unsigned long n = 0; n < lines; n++) {
        time_t now;

        t += rnd(172000);
        now = (time_t)(t / 1000000);
        if (now != second) {
            struct tm tm;

            second = now;
            gmtime_r(&now, &tm);
            strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
        }
        printf("%s.%06u+00:00 vpn ", stamp, (unsigned)(t % 1000000));
        if (pptpd && rnd(20) == 0)
            session_line(&sessions[rnd(OPEN_SESSIONS)]);
        else if (sshd && rnd(100) < 3)
            rnd(3) == 0 ? sshd_failure() : sshd_other();
        else
            foreign_line((uint32_t)n, !sshd);
    }
    return ferror(stdout) || fclose(stdout) ? 1 : 0;
}
