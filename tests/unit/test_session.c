// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions, by scripts: one line of a script is one event, and what the sessions tell is compared as text.
//   "[+SECONDS] [@HOST] IDENT PID ROLE [ADDR|user=NAME|if=NAME|inner=TEXT|key=TEXT|kind=K|IDENT:PID|order=K|last|cmdline=ADDR|class=NAME]..."
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "session/session.h"

static const char *const role_words[ROLE_MAX] = {
    [ROLE_OTHER] = "other",     [ROLE_BEGIN] = "begin",     [ROLE_CALL] = "call",       [ROLE_NEXT] = "next",
    [ROLE_ADDRESS] = "address", [ROLE_LINK] = "link",       [ROLE_FAULT] = "fault",     [ROLE_ATTEMPT] = "attempt",
    [ROLE_FAILURE] = "failure", [ROLE_SUCCESS] = "success", [ROLE_END] = "end",         [ROLE_CLEAR] = "clear",
    [ROLE_DISTRUST] = "distrust", [ROLE_TELLS] = "tells",
};

struct told {
    char text[65536];
    size_t n;
};

static void tell(void *userdata, const struct outcome *o)
{
    static const char *const kinds[] = {"failure", "success", "unattributed"};
    struct told *t = userdata;
    char addr[ADDR_STRLEN] = "-";

    if (o->has_addr)
        addr_format(&o->addr, addr);
    assert_true(o->kind != OUTCOME_FAILURE || o->has_addr);
    assert_true(t->n + 200 < sizeof(t->text));
    t->n += (size_t)sprintf(t->text + t->n, "%s %s %.*s", kinds[o->kind], addr, STR_FMT(o->user));
    if (o->kind == OUTCOME_FAILURE && o->class != CLASS_AUTH)
        t->n += (size_t)sprintf(t->text + t->n, " class=%d", o->class);
    if (o->has_addr && o->kind == OUTCOME_FAILURE)
        t->n += (size_t)sprintf(t->text + t->n, " by %s", origin_names[o->origin]);
    t->n += (size_t)sprintf(t->text + t->n, "; ");
}

static bool proc_address(void *userdata, const struct record *r, struct addr *ret)
{
    (void)userdata;
    return r->pid == 777 && addr_parse(STR("198.51.100.77"), ret) == 0;
}

static struct sessions *new_sessions(struct told *t, unsigned max)
{
    struct session_options o = {
        .max_lives = max, .wait = 120 * USEC_SEC, .outcome = tell, .proc = proc_address, .userdata = t};
    struct sessions *s;

    assert_int_equal(sessions_new(&o, &s), 0);
    return s;
}

static void play(struct sessions *s, usec_t *now, const char *script)
{
    while (*script) {
        struct str line = {script, strcspn(script, "\n")}, all = line, word;
        script += line.n + (script[line.n] == '\n');
        struct record r = {.host = STR("lab"), .line = all, .flags = 0};
        struct event e = {.last = false};
        struct addr cmdline;
        bool has_cmdline = false;
        unsigned long long v;

        word = str_word(&line);
        if (word.n == 0)
            continue;
        if (word.p[0] == '+') {
            assert_int_equal(str_number(str_skip(word, 1), 1000000, &v), 0);
            *now += (usec_t)v * USEC_SEC;
            word = str_word(&line);
        }
        if (word.p[0] == '@') {
            r.host = str_skip(word, 1);
            word = str_word(&line);
        }
        *now += USEC_MSEC;
        r.time = *now;
        r.ident = word;
        assert_int_equal(str_number(str_word(&line), UINT32_MAX, &v), 0);
        r.pid = (uint32_t)v;
        word = str_word(&line);
        if (word.p[word.n - 1] == '!') { // a local, live record
            r.flags |= RECORD_LOCAL;
            word.n--;
        }
        while (e.role < ROLE_MAX && !str_eq(word, str_of(role_words[e.role])))
            e.role++;
        assert_true(e.role < ROLE_MAX);
        while ((word = str_word(&line)).n > 0) {
            const char *colon = memchr(word.p, ':', word.n);
            if (str_starts(word, STR("user="))) {
                e.has_user = true;
                e.user = str_skip(word, 5);
            } else if (str_starts(word, STR("if="))) {
                e.interface = str_skip(word, 3);
            } else if (str_starts(word, STR("inner="))) {
                e.inner = str_skip(word, 6);
            } else if (str_starts(word, STR("key="))) {
                e.key = str_skip(word, 4);
            } else if (str_starts(word, STR("kind="))) {
                e.key_kind = (uint8_t)(word.p[5] - '0');
            } else if (str_starts(word, STR("cmdline="))) {
                has_cmdline = true;
                assert_int_equal(addr_parse(str_skip(word, 8), &cmdline), 0);
            } else if (str_starts(word, STR("order="))) {
                e.order = (uint8_t)(word.p[6] - '0');
            } else if (str_eq(word, STR("last"))) {
                e.last = true;
            } else if (str_eq(word, STR("begins"))) {
                e.begins = true;
            } else if (str_eq(word, STR("class=refused"))) {
                e.class = CLASS_REFUSED;
            } else if (str_eq(word, STR("class=fault"))) {
                e.class = CLASS_FAULT;
            } else if (str_eq(word, STR("class=probe"))) {
                e.class = CLASS_PROBE;
            } else if (colon && word.p[0] >= 'a') {
                e.link_ident = (struct str){word.p, (size_t)(colon - word.p)};
                assert_int_equal(str_number(str_skip(word, e.link_ident.n + 1), UINT32_MAX, &v), 0);
                e.link_pid = (uint32_t)v;
            } else {
                assert_int_equal(addr_parse(word, &e.addr), 0);
                e.has_addr = true;
            }
        }
        sessions_event(s, &r, &e, has_cmdline ? &cmdline : NULL);
    }
}

static const struct {
    const char *name, *script, *told;
} cases[] = {
    {"the ordinary failure",
     "pptpd 10 begin 203.0.113.5 last\npptpd 10 call\npppd 11 begin\npppd 11 begin order=1 last\n"
     "pppd 11 failure user=alice\npppd 11 end\npptpd 10 link pppd:11\npptpd 10 end 203.0.113.5\n",
     "failure 203.0.113.5 alice by link; "},
    {"a log that clients can write charges nobody on that host, for an hour",
     "d 1 begin 203.0.113.1 last\nd 1 attempt user=a\nd 2 begin 203.0.113.2 last\nd 9 distrust\nd 1 end\n"
     "d 2 success user=b\n@other d 2 begin 203.0.113.3 last\n@other d 2 failure user=c\n+3500 d 3 begin 203.0.113.4 last\n"
     "d 3 failure user=d\n+101 d 4 begin 203.0.113.5 last\nd 4 failure user=e\n",
     "unattributed - a; failure 203.0.113.3 c by line; unattributed - d; failure 203.0.113.5 e by line; "},
    {"who tried it is who failed, unless the failure says another name; and its class counts",
     "pppd 1 begin 203.0.113.1 last\npppd 1 attempt user=a class=refused\npppd 1 failure\n"
     "pppd 2 begin 203.0.113.2 last\npppd 2 attempt user=b\npppd 2 failure user=c\n"
     "pppd 3 begin 203.0.113.3 last\npppd 3 attempt user=d class=refused\npppd 3 end\n",
     "failure 203.0.113.1 a by line; failure 203.0.113.2 c by line; failure 203.0.113.3 d class=1 by line; "},
    {"names in place of pids: each has a life of its own, and another sort of the same name another one",
     "accel 0 begin 203.0.113.1 last key=ppp0 kind=1\naccel 0 begin 203.0.113.2 last key=ppp1 kind=1\n"
     "accel 0 begin 203.0.113.3 last key=ppp0 kind=2\naccel 0 failure user=b key=ppp1 kind=1\n"
     "accel 0 failure user=a key=ppp0 kind=1\naccel 0 end key=ppp0 kind=1\n"
     "accel 0 begin 203.0.113.4 last key=ppp0 kind=1\naccel 0 failure user=d key=ppp0 kind=1\n"
     "accel 0 failure user=c key=ppp0 kind=2\n",
     "failure 203.0.113.2 b by line; failure 203.0.113.1 a by line; failure 203.0.113.4 d by line; "
     "failure 203.0.113.3 c by line; "},
    {"a name is used again before the older one's last line",
     "accel 0 begin 203.0.113.1 last key=ppp0 kind=1\naccel 0 attempt user=a key=ppp0 kind=1\n"
     "accel 0 begin 203.0.113.2 last key=ppp0 kind=1\naccel 0 end key=ppp0 kind=1\n"
     "accel 0 attempt user=b key=ppp0 kind=1\naccel 0 end key=ppp0 kind=1\n"
     "accel 0 begin 203.0.113.3 last key=ppp0 kind=1\naccel 0 attempt user=c key=ppp0 kind=1\n"
     "accel 0 end key=ppp0 kind=1\n",
     "failure 203.0.113.1 a by line; failure 203.0.113.2 b by line; failure 203.0.113.3 c by line; "},
    {"a name that only stood in somebody's text has no last line, and hides nothing of who gets it",
     "accel 0 attempt user=x key=ppp1 kind=1\naccel 0 begin 203.0.113.2 last key=ppp1 kind=1\n"
     "accel 0 attempt user=b key=ppp1 kind=1\naccel 0 end key=ppp1 kind=1\n",
     "failure 203.0.113.2 b by line; unattributed - x; "},
    {"the next to begin is the child of who said so, whoever else is open",
     "mpd 0 begin 203.0.113.1 last key=pptp0 kind=1\nmpd 0 begin 203.0.113.2 last key=pptp1 kind=1\n"
     "mpd 0 next key=pptp1 kind=1\nmpd 0 begin last key=L-1 kind=2\nmpd 0 next key=pptp0 kind=1\n"
     "mpd 0 begin last key=L-2 kind=2\nmpd 0 begin last key=L-3 kind=2\nmpd 0 failure user=a key=L-2 kind=2\n"
     "mpd 0 end key=pptp1 kind=1\nmpd 0 failure user=b key=L-1 kind=2\nmpd 0 failure user=c key=L-3 kind=2\n"
     "mpd 0 end key=L-3 kind=2\n",
     "failure 203.0.113.1 a by link; failure 203.0.113.2 b by link; unattributed - c; "},
    {"the next of a pid: every line of one program has another child and another address",
     "l2tp 9 next key=1 kind=1 203.0.113.1 pppd:11\nl2tp 9 next key=2 kind=1 203.0.113.2 pppd:12\npppd 12 begin last\n"
     "pppd 12 failure user=b\npppd 11 begin last\npppd 11 failure user=a\npppd 11 end\npppd 12 end\n"
     "pppd 13 begin last\npppd 13 failure user=c\nl2tp 9 next key=3 kind=1 203.0.113.3 pppd:13\n",
     "failure 203.0.113.2 b by link; failure 203.0.113.1 a by link; failure 203.0.113.3 c by link; "},
    {"the next of a pid is not who had it before",
     "pppd 11 begin last\npppd 11 failure user=old\npppd 11 end\n+5 l2tp 9 next key=1 kind=1 203.0.113.1 pppd:11\n"
     "pppd 11 begin last\npppd 11 failure user=new\npppd 11 end\n",
     "failure 203.0.113.1 new by link; unattributed - old; "},
    {"the next to begin: of the last who said so, on the same host, soon, and no caller itself",
     "mpd 0 begin 203.0.113.1 last key=pptp0 kind=1\nmpd 0 begin 203.0.113.2 last key=pptp1 kind=1\n"
     "mpd 0 next key=pptp0 kind=1\nmpd 0 next key=pptp1 kind=1\nmpd 0 begin 203.0.113.3 last key=pptp2 kind=1\n"
     "@other mpd 0 begin last key=L-1 kind=2\n@other mpd 0 failure user=x key=L-1 kind=2\n"
     "mpd 0 begin last key=L-1 kind=2\nmpd 0 failure user=a key=L-1 kind=2\nmpd 0 next key=pptp0 kind=1\n"
     "+5 mpd 0 begin last key=L-2 kind=2\nmpd 0 failure user=late key=L-2 kind=2\n",
     "failure 203.0.113.2 a by link; unattributed - late; unattributed - x; "},
    {"the next to begin, but somebody has named it by its pid: not who says next",
     "pptpd 1 begin last\npptpd 1 link pppd:5\nmpd 0 next key=pptp1 kind=1 203.0.113.66\npppd 5 begin last\n"
     "pppd 5 failure user=a\npppd 5 end\npptpd 1 address 203.0.113.1\n",
     "failure 203.0.113.1 a by link; "},
    {"one failure a life",
     "pppd 11 begin last cmdline=203.0.113.5\npppd 11 failure user=a cmdline=203.0.113.5\npppd 11 failure user=b\n",
     "failure 203.0.113.5 a by cmdline; "},
    {"lives named by a text: one failure each, whatever comes first",
     "radiusd 7 failure key=0 203.0.113.5 user=a\nradiusd 7 failure key=0 203.0.113.5 user=a\n"
     "radiusd 7 failure key=1 203.0.113.6 user=b class=refused\nradiusd 7 failure key=1 203.0.113.6 user=b\n"
     "radiusd 7 fault key=2\nradiusd 7 failure key=2 203.0.113.7 user=c\n"
     "radiusd 7 failure key=3 203.0.113.5 user=d\n",
     "failure 203.0.113.5 a by line; failure 203.0.113.6 b class=1 by line; failure 203.0.113.7 c class=3 by line; "
     "failure 203.0.113.5 d by line; "},
    {"a name is forgotten two minutes after its last line",
     "radiusd 7 failure key=0 203.0.113.5 user=a\n+100 radiusd 7 failure key=0 203.0.113.6 user=a\n"
     "+100 radiusd 7 failure key=0 203.0.113.6 user=b\n+121 radiusd 7 failure key=0 203.0.113.6 user=c\n",
     "failure 203.0.113.5 a by line; failure 203.0.113.6 c by line; "},
    {"names begin anew with their service",
     "radiusd 7 success key=0 203.0.113.5 user=a\nradiusd 7 clear\nradiusd 7 failure key=0 203.0.113.6 user=b\n",
     "success 203.0.113.5 a; failure 203.0.113.6 b by line; "},
    {"a name whose address nobody tells",
     "router 0 failure key=31292 user=bob\n+121 router 0 failure key=5 203.0.113.5 user=x\n",
     "unattributed - bob; failure 203.0.113.5 x by line; "},
    {"a name that begins and ends like a process",
     "acc 0 begin key=ppp0 203.0.113.5 last\nacc 0 begin key=ppp1 203.0.113.6 last\nacc 0 failure key=ppp0 user=a\n"
     "acc 0 end key=ppp0\n+400 acc 0 failure key=ppp1 user=b\nacc 0 begin key=ppp0 203.0.113.7 last\n"
     "acc 0 failure key=ppp0 user=c\n",
     "failure 203.0.113.5 a by line; failure 203.0.113.6 b by line; failure 203.0.113.7 c by line; "},
    {"four at once, pids crosswise",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\n"
     "pptpd 3 begin 203.0.113.3 last\npptpd 3 call\npppd 6 begin last\npppd 5 begin last\npppd 4 begin last\n"
     "pppd 4 failure user=u2\npppd 5 failure user=u1\npppd 6 failure user=u3\npppd 4 end\npppd 5 end\npppd 6 end\n"
     "pptpd 3 link pppd:6\npptpd 3 end\npptpd 1 link pppd:5\npptpd 1 end\npptpd 2 link pppd:4\npptpd 2 end\n",
     "failure 203.0.113.3 u3 by link; failure 203.0.113.1 u1 by link; failure 203.0.113.2 u2 by link; "},
    {"the link before the failure, even before the first line",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 2 begin last\npptpd 1 link pppd:2\n"
     "pppd 2 failure user=x\npppd 2 end\npptpd 1 end\n"
     "pptpd 3 begin 203.0.113.3 last\npptpd 3 call\npptpd 3 link pppd:4\npppd 4 begin last\n"
     "pppd 4 failure user=y\npppd 4 end\npptpd 3 end\n",
     "failure 203.0.113.1 x by link; failure 203.0.113.3 y by link; "},
    {"three calls in one connection, only the last is named",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 2 begin last\npppd 2 failure user=a\npptpd 1 call\n"
     "pppd 2 end\npppd 3 begin last\npppd 3 failure user=b\npptpd 1 call\npppd 3 end\npppd 4 begin last\n"
     "pppd 4 failure user=c\npppd 4 end\npptpd 1 link pppd:4\npptpd 1 end\n",
     "failure 203.0.113.1 a by elimination; failure 203.0.113.1 b by elimination; failure 203.0.113.1 c by link; "},
    {"two such connections crosswise: told as soon as only one is possible",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npppd 11 begin last\npptpd 2 call\n"
     "pppd 12 begin last\npppd 11 failure user=a1\npppd 12 failure user=b1\npptpd 1 call\npppd 11 end\n"
     "pppd 13 begin last\npptpd 2 call\npppd 12 end\npppd 14 begin last\npppd 14 failure user=b2\n"
     "pppd 13 failure user=a2\npppd 13 end\npppd 14 end\npptpd 1 link pppd:13\npptpd 1 end\n"
     "pptpd 2 link pppd:14\npptpd 2 end\n",
     "failure 203.0.113.1 a1 by elimination; failure 203.0.113.2 b1 by elimination; failure 203.0.113.1 a2 by link; "
     "failure 203.0.113.2 b2 by link; "},
    {"two possible callers, no link: nobody is charged",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\n"
     "pppd 3 begin last\npppd 3 failure user=x\npppd 3 end\npptpd 1 end\npptpd 2 end\n",
     "unattributed - x; "},
    {"a caller waits for its last child: who left earlier is not the caller",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\n"
     "pppd 3 begin last\npppd 4 begin last\npppd 3 failure user=x\npppd 4 failure user=y\npppd 3 end\npptpd 1 end\n"
     "pppd 4 end\npptpd 2 end\n",
     "failure 203.0.113.2 y by elimination; failure 203.0.113.1 x by elimination; "},
    {"a last line that is lost excludes nobody",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\n"
     "pppd 3 begin last\npppd 3 failure user=x\npptpd 1 end\npppd 3 begin last\npptpd 2 end\n",
     "unattributed - x; "},
    {"a caller whose last lines were lost is not charged with what others do later",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\n+60 pppd 3 begin last\npppd 3 failure user=x\npppd 3 end\n"
     "pptpd 1 end\n",
     "unattributed - x; "},
    {"two possible callers with one address: behind one NAT it is that address",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.1 last\npptpd 1 call\npptpd 2 call\n"
     "pppd 3 begin last\npppd 3 failure user=x\npppd 3 end\npptpd 1 end\npptpd 2 end\n",
     "failure 203.0.113.1 x by elimination; "},
    {"one slot, two nameless children: one of them is a stranger",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 3 begin last\npppd 4 begin last\n"
     "pppd 3 failure user=x\npppd 3 end\npptpd 1 end\n+200 pptpd 9 begin 203.0.113.9 last\n",
     "unattributed - x; "},
    {"a good user's own call is no candidate once his address is known",
     "pptpd 1 begin 198.51.100.1 last\npptpd 1 call\npppd 2 begin last\npppd 2 success 198.51.100.1\n"
     "pptpd 5 begin 203.0.113.5 last\npptpd 5 call\npppd 6 begin last\npppd 6 failure user=x\npptpd 5 call\n"
     "pppd 6 end\n",
     "success 198.51.100.1 ; failure 203.0.113.5 x by elimination; "},
    {"a reused pid: the failure of the first life is not charged to the second's address",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\n"
     "pppd 3 begin last\npppd 3 failure user=old\npppd 3 end\n"
     "pppd 3 begin last\npppd 3 failure user=new\npppd 3 end\npptpd 2 link pppd:3\npptpd 2 end\npptpd 1 end\n",
     "failure 203.0.113.2 new by link; failure 203.0.113.1 old by elimination; "},
    {"a pid reused without an end, seen by the second begin",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 3 begin order=0\npppd 3 begin order=0\n"
     "pppd 3 begin order=1 last\npppd 3 failure user=x\npppd 3 begin order=0\npppd 3 begin order=1 last\n"
     "pppd 3 failure user=y\npptpd 1 link pppd:3\n",
     "failure 203.0.113.1 y by link; unattributed - x; "},
    {"hosts are apart",
     "@a pptpd 1 begin 203.0.113.1 last\n@b pptpd 1 begin 203.0.113.2 last\n@a pptpd 1 call\n@b pptpd 1 call\n"
     "@a pppd 2 begin last\n@b pppd 2 begin last\n@a pppd 2 failure user=a\n@b pppd 2 failure user=b\n"
     "@b pptpd 1 link pppd:2\n@a pptpd 1 link pppd:2\n",
     "failure 203.0.113.2 b by link; failure 203.0.113.1 a by link; "},
    {"the server's own trouble",
     "pppd 2 begin last cmdline=203.0.113.1\npppd 2 fault\npppd 2 failure user=a\n"
     "pppd 3 begin last cmdline=203.0.113.1\npppd 3 failure user=a\n",
     "failure 203.0.113.1 a class=3 by cmdline; failure 203.0.113.1 a by cmdline; "},
    {"an attempt that ends in silence failed, one that succeeds did not",
     "pppd 2 begin last cmdline=203.0.113.1\npppd 2 attempt user=a\npppd 2 end\n"
     "pppd 3 begin last cmdline=203.0.113.2\npppd 3 attempt user=b\npppd 3 success 203.0.113.2\npppd 3 end\n"
     "pppd 4 begin last cmdline=203.0.113.3\npppd 4 attempt user=c\npppd 4 failure user=c\npppd 4 end\n",
     "failure 203.0.113.1 a by cmdline; success 203.0.113.2 b; failure 203.0.113.3 c by cmdline; "},
    {"refused and probe are classes of their own",
     "pppd 2 begin last cmdline=203.0.113.1\npppd 2 failure class=refused\n"
     "pptpd 5 begin 203.0.113.5 last\npptpd 5 failure class=probe\npptpd 5 end\n",
     "failure 203.0.113.1  class=1 by cmdline; failure 203.0.113.5  class=2 by line; "},
    {"another service's pppd",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 2 other begins\npppd 2 begin order=1 last\n"
     "pppd 2 failure user=l2tp\npppd 2 end\nxl2tpd 7 other pppd:8\npppd 8 begin last\npppd 8 failure user=x\n"
     "pppd 8 end\npptpd 1 end\n",
     ""},
    {"dump: the address under the child's own pid",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 2 begin\npppd 2 address 203.0.113.1\n"
     "pppd 2 begin order=2 last\npppd 2 failure user=x\n",
     "failure 203.0.113.1 x by line; "},
    {"/proc, for local live records only",
     "pppd 777 begin! last\npppd 777 failure user=x\n+500 @far pppd 777 begin last\n@far pppd 777 failure user=y\n",
     "failure 198.51.100.77 x by proc; unattributed - y; "},
    {"a failed re-challenge in a session that was let in is no guess",
     "pppd 2 begin last cmdline=203.0.113.1\npppd 2 success 203.0.113.1 user=a\npppd 2 failure user=a\n",
     "success 203.0.113.1 a; "},
    {"a success is told once, with the name when one was given",
     "pptpd 1 begin 203.0.113.1 last\npppd 2 begin last\npppd 2 success user=a\npppd 2 success 203.0.113.1\n",
     "success 203.0.113.1 a; "},
    {"the service starts anew: nothing is carried over",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 2 begin last\npptpd 9 clear\n"
     "pppd 2 failure user=x\npptpd 1 link pppd:2\n",
     "unattributed - x; "},
    {"what waits when the service starts anew is settled if it can be",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 2 begin last\npppd 2 failure user=x\npptpd 9 clear\n",
     "failure 203.0.113.1 x by elimination; "},
    {"the log begins in the middle: the last line of the connection has the address",
     "pptpd 1 call\npppd 2 begin last\npppd 2 failure user=x\npppd 2 end\npptpd 1 link pppd:2\n"
     "pptpd 1 end 203.0.113.1\n",
     "failure 203.0.113.1 x by link; "},
    {"waiting ends after two minutes of the host's own time, whatever other hosts' clocks say",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\npppd 3 begin last\n"
     "pppd 3 failure user=x\npppd 3 end\n+7200 @ahead pptpd 1 begin 203.0.113.9 last\n@ahead pptpd 1 end\n",
     "unattributed - x; "},
    {"those who were let in stay so when the service starts anew: what fails later is no guess",
     "pppd 2 begin last cmdline=203.0.113.1\npppd 2 success 203.0.113.1\npptpd 9 clear\n"
     "pppd 2 failure user=a cmdline=203.0.113.1\npppd 2 end\n"
     "pppd 2 begin last cmdline=203.0.113.2\npppd 2 failure user=b\n",
     "success 203.0.113.1 ; failure 203.0.113.2 b by cmdline; "},
    {"a second connection from one address is no child of the first",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npptpd 2 begin 203.0.113.1 last\npptpd 5 begin 203.0.113.5 last\n"
     "pptpd 5 call\npptpd 5 call\npppd 3 begin last\npppd 3 failure user=x\npppd 3 end\npptpd 1 end\npptpd 5 end\n",
     "unattributed - x; "},
    {"two connections from one address: whose call a child took that tells its address itself is not sure",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npptpd 2 begin 203.0.113.1 last\npptpd 2 call\n"
     "pppd 3 begin last cmdline=203.0.113.1\npppd 3 end\npptpd 1 end\npptpd 5 begin 203.0.113.5 last\npptpd 5 call\n"
     "pptpd 5 call\npppd 4 begin last\npppd 4 failure user=x\npppd 4 end\npptpd 2 end\npptpd 5 end\n",
     "unattributed - x; "},
    {"who has been forgotten is not replaced by somebody else",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\npppd 3 begin last\n"
     "pptpd 1 end\n+60 pppd 3 failure user=x\npppd 3 begin last\n+65 pptpd 9 begin 203.0.113.9 last\npptpd 2 end\n",
     "unattributed - x; "},
    {"the child of an earlier call may speak when its caller is gone",
     "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npptpd 1 call\npptpd 1 link pppd:12\npptpd 1 end\n"
     "pptpd 2 begin 203.0.113.2 last\npptpd 2 call\npptpd 2 call\npppd 11 begin last\npppd 11 failure user=x\npppd 11 end\n"
     "pptpd 2 end\n",
     "unattributed - x; "},
    {"two connections from one address: nor when it was found by elimination",
     "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.1 last\npptpd 1 call\npptpd 2 call\n"
     "pppd 3 begin last\npppd 3 end\npptpd 1 end\npptpd 5 begin 203.0.113.5 last\npptpd 5 call\npptpd 5 call\n"
     "pppd 4 begin last\npppd 4 failure user=x\npppd 4 end\npptpd 2 end\npptpd 5 end\n",
     "unattributed - x; "},
    {"an attempt of which the end is not seen is no failure; a new start of the service is not its end",
     "pppd 2 begin last cmdline=203.0.113.1\npppd 2 attempt user=a\n"
     "pppd 3 begin last cmdline=203.0.113.3\npppd 3 attempt user=c\npptpd 9 clear\npppd 3 end\n",
     "failure 203.0.113.3 c by cmdline; "},
    {"a pid that the journal shows with another address is another process",
     "pppd 3 begin last cmdline=203.0.113.1\npppd 3 failure user=a cmdline=203.0.113.2\n",
     "failure 203.0.113.2 a by cmdline; "},
};

// "USER ADDR PID INTERFACE INNER SECONDS; " of each who is logged in
static void list(const struct sessions *s, usec_t start, char *buf)
{
    struct session_view v;
    uint32_t place = 0;

    for (*buf = '\0'; sessions_next(s, &place, &v);) {
        char addr[ADDR_STRLEN] = "-", inner[ADDR_STRLEN] = "-";
        if (v.has_addr)
            addr_format(&v.addr, addr);
        if (v.has_inner)
            addr_format(&v.inner, inner);
        buf += sprintf(buf, "%.*s %s %u %s %s %lld; ", STR_FMT(v.user), addr, v.pid, *v.interface ? v.interface : "-", inner,
                       (long long)((v.login - start) / USEC_SEC));
    }
}

static void who_is_logged_in_is_listed(void **state)
{
    static const struct {
        const char *name, *script, *listed;
    } steps[] = {
        {"nobody who has not logged in",
         "pptpd 10 begin 203.0.113.5 last\npptpd 10 call\npppd 11 begin\npppd 11 begin order=1 last\npppd 11 tells if=ppp0\n", ""},
        {"what the lines tell, before and after the login",
         "+2 pppd 11 success user=alice\n+1 pppd 11 success inner=10.0.0.7\n", "alice - 11 ppp0 10.0.0.7 2; "},
        {"the address that a link tells", "pptpd 10 link pppd:11\n", "alice 203.0.113.5 11 ppp0 10.0.0.7 2; "},
        {"a name that comes after the address",
         "+7 pppd 12 begin 203.0.113.6 last\npppd 12 success inner=nonsense\npppd 12 success user=bob\n",
         "alice 203.0.113.5 11 ppp0 10.0.0.7 2; bob 203.0.113.6 12 - - 10; "},
        {"nothing of what is too long, of nobody, or of somebody who is gone",
         "pppd 12 tells if=0123456789abcdef\npppd 99 tells if=ppp9\npppd 11 end\npppd 11 tells if=ppp8\n",
         "bob 203.0.113.6 12 - - 10; "},
        {"names in place of pids have no pid", "d 1 begin key=ppp4 if=ppp4 203.0.113.9 last\nd 1 success key=ppp4 user=c\n",
         "bob 203.0.113.6 12 - - 10; c 203.0.113.9 0 ppp4 - 10; "},
        {"another service's are not ours", "pppd 12 other\n", "c 203.0.113.9 0 ppp4 - 10; "},
        {"of a log that clients can write, no address is believed", "d 1 distrust\n", "c - 0 ppp4 - 10; "},
        {"the server started anew: who is in stays", "d 1 clear\n", "c - 0 ppp4 - 10; "},
        {"the name is used again", "d 1 begin key=ppp4 203.0.113.10 last\n", ""},
    };
    struct told t = {.n = 0};
    const usec_t start = INT64_C(1795000000) * USEC_SEC;
    usec_t now = start;
    struct sessions *s = new_sessions(&t, 100);
    char got[1000];

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        play(s, &now, steps[i].script);
        list(s, start, got);
        if (strcmp(got, steps[i].listed) != 0)
            fail_msg("%s: wanted \"%s\", got \"%s\"", steps[i].name, steps[i].listed, got);
    }
    sessions_free(s);
}

static void scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct told t = {.n = 0};
        struct sessions *s = new_sessions(&t, 64);
        usec_t now = INT64_C(1795374835) * USEC_SEC;
        play(s, &now, cases[i].script);
        sessions_finish(s);
        if (strcmp(t.text, cases[i].told) != 0)
            print_error("%s:\n  told %s\n  want %s\n", cases[i].name, t.text, cases[i].told);
        assert_string_equal(t.text, cases[i].told);
        assert_int_equal(sessions_counters(s)->waiting, 0);
        sessions_free(s);
    }
}

static void hosts_with_other_clocks_do_not_cut_the_wait_short(void **state)
{
    struct told t = {.n = 0};
    struct sessions *s = new_sessions(&t, 64);
    usec_t now = INT64_C(1795374835) * USEC_SEC, ahead = now + 7200 * USEC_SEC;

    (void)state;
    play(s, &now, "pptpd 1 begin 203.0.113.1 last\npptpd 2 begin 203.0.113.2 last\npptpd 1 call\npptpd 2 call\n"
                  "pppd 3 begin last\npppd 3 failure user=x\npppd 3 end\n");
    play(s, &ahead, "@ahead pptpd 1 begin 203.0.113.9 last\n@ahead pptpd 1 end\n");
    play(s, &now, "pptpd 1 link pppd:3\n");
    assert_string_equal(t.text, "failure 203.0.113.1 x by link; ");
    sessions_free(s);
}

static void a_line_without_a_role_may_tell_the_address(void **state)
{
    struct told t = {.n = 0};
    struct sessions *s = new_sessions(&t, 64);
    usec_t now = INT64_C(1795374835) * USEC_SEC;
    struct record r = {.time = now, .host = STR("lab"), .ident = STR("pppd"), .pid = 3};
    struct addr a;

    (void)state;
    assert_int_equal(addr_parse(STR("203.0.113.3"), &a), 0);
    assert_false(sessions_lacks_address(s, &r)); // says nothing of a process that nobody has heard of
    sessions_address(s, &r, &a);
    play(s, &now, "pppd 3 begin last\npppd 3 failure user=x\n");
    assert_true(sessions_lacks_address(s, &r));
    sessions_address(s, &r, &a);
    assert_string_equal(t.text, "failure 203.0.113.3 x by cmdline; ");
    assert_false(sessions_lacks_address(s, &r));
    play(s, &now, "pppd 3 begin last\npppd 3 failure user=y\npppd 3 end\n");
    assert_false(sessions_lacks_address(s, &r)); // it is over: this is the next process with the pid
    sessions_address(s, &r, &a);
    sessions_finish(s);
    assert_string_equal(t.text, "failure 203.0.113.3 x by cmdline; unattributed - y; ");
    sessions_free(s);
}

static void the_live_clock_settles_what_no_line_settles(void **state)
{
    struct told t = {.n = 0};
    struct sessions *s = new_sessions(&t, 64);
    usec_t now = INT64_C(1795374835) * USEC_SEC;

    (void)state;
    assert_true(sessions_deadline(s) == USEC_FOREVER);
    play(s, &now, "pptpd 1 begin 203.0.113.1 last\npptpd 1 call\npppd 3 begin last\npppd 3 failure user=x\n"
                  "pppd 3 end\n");
    usec_t deadline = sessions_deadline(s);
    assert_true(deadline > now && deadline <= now + 120 * USEC_SEC);
    sessions_advance(s, now); // the clocks agree
    sessions_advance(s, deadline - 1);
    assert_string_equal(t.text, "");
    uint32_t before = sessions_counters(s)->active;
    sessions_advance(s, deadline);
    assert_string_equal(t.text, "failure 203.0.113.1 x by elimination; ");
    assert_true(sessions_counters(s)->active < before);
    assert_true(sessions_deadline(s) == USEC_FOREVER);
    sessions_free(s);
}

static void a_full_table_drops_the_longest_silent_and_counts(void **state)
{
    struct told t = {.n = 0};
    struct sessions *s = new_sessions(&t, 16);
    usec_t now = INT64_C(1795374835) * USEC_SEC;
    char line[64];

    (void)state;
    play(s, &now, "pppd 9000 begin last\npppd 9000 failure user=first\n");
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof(line), "pptpd %d begin 203.0.113.1 last\n", i + 1);
        play(s, &now, line);
    }
    assert_string_equal(t.text, "unattributed - first; ");
    assert_int_equal(sessions_counters(s)->active, 16);
    assert_int_equal(sessions_counters(s)->overflow, 25);
    sessions_free(s);
}

static void a_flood_does_not_make_us_forget_who_is_logged_in(void **state)
{
    struct told t = {.n = 0};
    struct sessions *s = new_sessions(&t, 16);
    usec_t now = INT64_C(1795374835) * USEC_SEC;
    char line[64];

    (void)state;
    play(s, &now, "pppd 9000 begin last cmdline=203.0.113.9\npppd 9000 success 203.0.113.9\n");
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof(line), "pptpd %d begin 203.0.113.1 last\npptpd %d end\n", i + 1, i + 1);
        play(s, &now, line);
    }
    play(s, &now, "pppd 9000 failure user=later cmdline=203.0.113.9\n");
    sessions_finish(s);
    assert_string_equal(t.text, "success 203.0.113.9 ; ");
    sessions_free(s);
}

// More hosts than are remembered one by one share what is known of them: no child is taken for that of another host.
static void hosts_that_share_an_entry_share_no_children(void **state)
{
    struct told t = {.n = 0};
    struct sessions *s = new_sessions(&t, 4096);
    usec_t now = INT64_C(1795374835) * USEC_SEC;
    char line[256];

    (void)state;
    for (int i = 0; i < 200; i++) {
        snprintf(line, sizeof(line), "@h%d d 1 begin 203.0.113.1 last key=a kind=1\n@h%d d 1 next key=a kind=1\n", i, i);
        play(s, &now, line);
        for (int k = 0; k < 10; k++) {
            snprintf(line, sizeof(line), "@other%d d 1 begin last key=b kind=2\n", i * 10 + k);
            play(s, &now, line);
            snprintf(line, sizeof(line), "@other%d d 1 failure user=x key=b kind=2\n", i * 10 + k);
            play(s, &now, line);
        }
    }
    assert_null(strstr(t.text, "203.0.113.1"));
    sessions_free(s);
}

// Any order of any events: the table stays within its bound, every failure has an address that some line told,
// and nothing waits when all is over.
static void random_sequences_keep_the_invariants(void **state)
{
    uint64_t x = 88172645463325252u;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct told t = {.n = 0};
        struct sessions *s = new_sessions(&t, 24);
        usec_t now = INT64_C(1795374835) * USEC_SEC;
        for (int i = 0; i < 300; i++) {
            char line[128];
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            unsigned role = (unsigned)(x >> 8) % ROLE_MAX;
            bool pptpd = (x >> 20) & 1;
            int n = snprintf(line, sizeof(line), "+%u @h%u %s %u %s", (unsigned)(x >> 24) % 9,
                             (unsigned)(x >> 28) % 2, pptpd ? "pptpd" : "pppd", (unsigned)(x >> 32) % 12 + 1,
                             role_words[role]);
            if (role == ROLE_LINK || (role == ROLE_OTHER && x & 1))
                n += snprintf(line + n, sizeof(line) - (size_t)n, " pppd:%u", (unsigned)(x >> 40) % 12 + 1);
            if (pptpd && (x >> 44) & 1)
                n += snprintf(line + n, sizeof(line) - (size_t)n, " 203.0.113.%u", (unsigned)(x >> 48) % 4);
            if (role == ROLE_BEGIN && x & 2)
                strcat(line, " last");
            if ((x >> 52) % 4 == 0)
                sprintf(line + strlen(line), " key=ppp%u kind=%u", (unsigned)(x >> 54) % 4, (unsigned)(x >> 56) % 3);
            if (t.n > sizeof(t.text) - 4096)
                t.n = 0;
            play(s, &now, line);
            assert_true(sessions_counters(s)->active <= 24);
        }
        sessions_finish(s);
        assert_int_equal(sessions_counters(s)->waiting, 0);
        assert_null(strstr(t.text, "192.0.2."));
        sessions_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_logged_in_is_listed),
        cmocka_unit_test(scripts),
        cmocka_unit_test(hosts_with_other_clocks_do_not_cut_the_wait_short),
        cmocka_unit_test(a_line_without_a_role_may_tell_the_address),
        cmocka_unit_test(the_live_clock_settles_what_no_line_settles),
        cmocka_unit_test(a_full_table_drops_the_longest_silent_and_counts),
        cmocka_unit_test(a_flood_does_not_make_us_forget_who_is_logged_in),
        cmocka_unit_test(hosts_that_share_an_entry_share_no_children),
        cmocka_unit_test(random_sequences_keep_the_invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
