// SPDX-License-Identifier: GPL-2.0-or-later
// config: reading, defaults, drop-ins, every message, bounds, and that the dump reads back.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/config.h"
#include "base/inifile.h"
#include "config/keyword.h"

// A directory for each test, with p.conf and p.conf.d/.
struct place {
    char dir[64], conf[96], dropins[96];
};

static int place_new(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    strcpy(p->dir, "/tmp/pptpban-config-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->conf, sizeof(p->conf), "%s/p.conf", p->dir);
    snprintf(p->dropins, sizeof(p->dropins), "%s/p.conf.d", p->dir);
    *state = p;
    return mkdir(p->dropins, 0700);
}

static int place_free(void **state)
{
    static const char *const files[] = {"p.conf", "p.conf.d/a.conf", "p.conf.d/b.conf", "p.conf.d/b.conf~", "p.conf.d"};
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", p->dir, files[i]);
        remove(path);
    }
    int r = rmdir(p->dir);
    free(p);
    return r;
}

static void put(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void put_dropin(const struct place *p, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", p->dropins, name);
    put(path, text, strlen(text));
}

static struct config *load(const struct place *p, const char *text)
{
    struct config *c = NULL;
    struct config_report report = {0};

    put(p->conf, text, strlen(text));
    int r = config_load(p->conf, &c, &report);
    for (size_t i = 0; i < report.n && r < 0; i++)
        print_error("%s\n", report.v[i].text);
    assert_int_equal(r, 0);
    assert_int_equal(report.errors, 0);
    config_report_free(&report);
    return c;
}

static const struct jail_config *jail(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_jails; i++)
        if (strcmp(c->jails[i].name, name) == 0)
            return &c->jails[i];
    fail_msg("there is no jail %s", name);
    return NULL;
}

static void shipped_defaults(void **state)
{
    struct config *c = load(*state, "");
    const struct jail_config *j = jail(c, "pptpd");

    assert_int_equal(c->backend, BACKEND_AUTO);
    assert_string_equal(c->state_dir, PKGSTATEDIR);
    assert_string_equal(c->runtime_dir, RUNDIR);
    assert_in_range(c->filter_dirs.n, 2, 3); // a third in a tree that is built in place: its own
    assert_string_equal(c->filter_dirs.v[0], PKGDATADIR "/filters");
    assert_string_equal(c->filter_dirs.v[1], PKGSYSCONFDIR "/filters.d");
    assert_string_equal(c->group, "pptpban");
    assert_int_equal(c->log_level, LOG_INFO);
    assert_int_equal(c->max_lives, 16384);
    assert_int_equal(c->max_bans, 262144);
    assert_int_equal(c->widest4, 24);
    assert_int_equal(c->widest6, 48);
    assert_int_equal(c->n_jails, 3);

    assert_true(j->enabled && !j->observe && j->increment && j->ignoreself);
    assert_string_equal(j->filter, "pptpd");
    assert_int_equal(j->source.n, 1);
    assert_string_equal(j->source.v[0], "auto");
    assert_int_equal(j->maxretry, 5);
    assert_true(j->findtime == 600 * USEC_SEC && j->bantime == 3600 * USEC_SEC);
    assert_true(j->maximum == 7 * 86400 * USEC_SEC && j->decay == 28 * 86400 * USEC_SEC && j->factor == 2.0);
    assert_memory_equal(j->weight, ((uint8_t[]){1, 0, 0, 0}), CLASS_MAX);
    assert_int_equal(j->ignoreip.n, 0);

    j = jail(c, "probe");
    assert_false(j->enabled);
    assert_string_equal(j->filter, "pptpd");
    assert_int_equal(j->maxretry, 20);
    assert_memory_equal(j->weight, ((uint8_t[]){0, 0, 1, 1}), CLASS_MAX);
    assert_false(j->by_account);

    j = jail(c, "spray");
    assert_true(!j->enabled && j->by_account && j->maxretry == 10 && j->tries == 2 && j->findtime == 3600 * USEC_SEC);
    assert_string_equal(j->filter, "pptpd");
    config_free(c);
}

static void values_arrive(void **state)
{
    struct config *c = load(*state, "\xef\xbb\xbf# comment\n"
                                    "[DEFAULT]\n"
                                    "  MaxRetry: 7\n"
                                    "  ; comment\n"
                                    "  bantime = 2h ; longer\r\n"
                                    "[x] ; comment\n"
                                    "enabled=on\n"
                                    "filter = sshd[mode=aggressive,\n"
                                    "              port=\"a, b]\"]\n"
                                    "source =\n"
                                    "    /var/log/a*.log\n"
                                    "# comment at the margin\n"
                                    "\n"
                                    "    /var/log/b journal\n"
                                    "ignoreip : 2001:db8::/32 192.0.2.77/24\n"
                                    "count = refused=2\n"
                                    "bantime.maxtime = forever\n"
                                    "bantime.factor = 1.25\n"
                                    "mode = OBSERVE\n"
                                    "maxretry = 3\n"
                                    "[pptpban]\n"
                                    "backend = nftables\n"
                                    "loglevel = debug\n"
                                    "group = wheel");
    const struct jail_config *x = jail(c, "x");
    char buf[PREFIX_STRLEN];

    assert_int_equal(c->backend, BACKEND_NFTABLES);
    assert_int_equal(c->log_level, LOG_DEBUG);
    assert_string_equal(c->group, "wheel");
    assert_int_equal(jail(c, "pptpd")->maxretry, 7);
    assert_int_equal(jail(c, "probe")->maxretry, 20); // the shipped section speaks louder than [DEFAULT]
    assert_int_equal(x->maxretry, 3);
    assert_true(x->bantime == 7200 * USEC_SEC && x->maximum == USEC_FOREVER && x->factor == 1.25);
    assert_true(x->enabled && x->observe);
    assert_string_equal(x->filter, "sshd[mode=aggressive, port=\"a, b]\"]");
    assert_int_equal(x->source.n, 3);
    assert_string_equal(x->source.v[0], "/var/log/a*.log");
    assert_string_equal(x->source.v[1], "/var/log/b");
    assert_string_equal(x->source.v[2], "journal");
    assert_int_equal(x->ignoreip.n, 2);
    assert_string_equal(prefix_format(&x->ignoreip.v[1], buf), "192.0.2.0/24");
    assert_memory_equal(x->weight, ((uint8_t[]){1, 2, 0, 0}), CLASS_MAX);
    assert_string_equal(x->file, ((struct place *)*state)->conf);
    assert_int_equal(x->line, 6);
    config_free(c);
}

static void later_files_override(void **state)
{
    struct place *p = *state;

    put_dropin(p, "b.conf", "[pptpd]\nmaxretry = 3\n");
    put_dropin(p, "a.conf", "[pptpd]\nmaxretry = 4\nfindtime = 1h\n[DEFAULT]\nbantime = 3h\n");
    put_dropin(p, "b.conf~", "not read");
    struct config *c = load(p, "[pptpd]\nmaxretry = 6\nbantime = 2h\n");
    const struct jail_config *j = jail(c, "pptpd");

    assert_int_equal(j->maxretry, 3);
    assert_true(j->findtime == 3600 * USEC_SEC);
    assert_true(j->bantime == 7200 * USEC_SEC); // a jail's own key, whatever a later [DEFAULT] says
    assert_true(jail(c, "probe")->bantime == 3 * 3600 * USEC_SEC);
    config_free(c);
}

// A maximum that nobody wrote follows the bantime; one that somebody wrote must fit (see messages below).
static void unwritten_maximum_follows(void **state)
{
    struct config *c = load(*state, "[pptpd]\nbantime = 5w\n[probe]\nbantime.increment = no\nbantime = 2h\n"
                                    "bantime.maximum = 1h\n");

    assert_true(jail(c, "pptpd")->maximum == 35 * 86400 * USEC_SEC);
    assert_true(jail(c, "probe")->maximum == 7200 * USEC_SEC);
    config_free(c);
}

#define NUMBER(min, max) "a whole number from " min " to " max " would be accepted"
#define TIME(max, more) "a time such as 600, 10m, 1h 30m or 2d, from 1s to " max more " would be accepted"
#define NETWORKS                                                                                                       \
    "up to 4096 such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32, separated by blanks or line ends (no names: they "    \
    "are not resolved) would be accepted"
#define SOURCES                                                                                                        \
    "auto, or up to 64 of journal, files and globs that begin with /, separated by blanks or line ends would be "      \
    "accepted"
#define WEIGHTS                                                                                                        \
    "CLASS=WEIGHT words with a class of auth, refused, probe or fault and a weight from 0 to 100 would be accepted"
#define FILTER "NAME or NAME[PARAMETER=VALUE, ...], NAME being a file NAME.conf of a filter directory would be accepted"

static const struct {
    const char *text, *message; // the message behind the file's name
} errors[] = {
    {"[pptpban]\nbackend = nft\n", ":2: backend = nft: unknown; auto, ipset, nftables or none would be accepted"},
    {"[pptpban]\nbackend =\n", ":2: backend = : unknown; auto, ipset, nftables or none would be accepted"},
    {"[pptpban]\nlog_level = LOUD\n",
     ":2: log_level = LOUD: unknown; error, warning, notice, info or debug would be accepted"},
    {"[pptpban]\nstate_dir = var\n",
     ":2: state_dir = var: does not begin with /; one path that begins with / would be accepted"},
    {"[pptpban]\nstate_dir =\n", ":2: state_dir = : empty; one path that begins with / would be accepted"},
    {"[pptpban]\nruntime_dir = /a\n  /b\n", ":2: runtime_dir = /a /b: more than one path (the value goes on in the "
                                            "next line, which is indented); one path that begins with / would be accepted"},
    {"[pptpban]\nfilter_dirs =\n", ":2: filter_dirs = : empty; up to 16 directories that begin with /, separated by "
                                   "blanks or line ends would be accepted"},
    {"[pptpban]\nfilter_dirs = /a\n  /b\n  c\n", ":4: filter_dirs = /a /b c: c does not begin with /; up to 16 directories "
                                                "that begin with /, separated by blanks or line ends would be accepted"},
    {"[pptpban]\ngroup = a b\n",
     ":2: group = a b: not the name of a group; a group's name of letters, digits, _ and - would be accepted"},
    {"[pptpban]\nwidest4 = 7\n", ":2: widest4 = 7: too small; " NUMBER("8", "32")},
    {"[pptpban]\nwidest4 = 33\n", ":2: widest4 = 33: too large; " NUMBER("8", "32")},
    {"[pptpban]\nwidest6 = /48\n", ":2: widest6 = /48: not a whole number; " NUMBER("19", "128")},
    {"[pptpban]\nmax_lives = 99999999999999999999\n",
     ":2: max_lives = 99999999999999999999: too large; " NUMBER("16", "1048576")},
    {"[pptpban]\nmax_bans = 0\n", ":2: max_bans = 0: too small; " NUMBER("1", "4194304")},
    {"[pptpban]\nevidence_kib = 1\n", ":2: evidence_kib = 1: too small; " NUMBER("64", "1048576")},
    {"[pptpban]\nsilent_timeout = 2m\n", ":2: silent_timeout = 2m: too long; a time such as 600, 10m, 1h 30m or 2d, from 0s "
                                         "to 1m would be accepted"},
    {"[pptpban]\nhistory = forever\n", ":2: history = forever: forever is not possible here; a time such as 600, 10m, 1h "
                                       "30m or 2d, from 1h to 520w would be accepted"},
    {"[pptpban]\nmaxretry = 5\n",
     ":2: maxretry = 5: does not belong into [pptpban]; it would be accepted in [DEFAULT] or a jail"},
    {"[pptpd]\nbackend = ipset\n", ":2: backend = ipset: does not belong into [pptpd]; it would be accepted in [pptpban]"},
    {"[pptpban]\ngroop = x\n", ":2: groop = x: unknown key; group would be accepted"},
    {"[pptpd]\nmaxrety = 5\n", ":2: maxrety = 5: unknown key; maxretry would be accepted"},
    {"[pptpd]\nbantime.incremnet = yes\n", ":2: bantime.incremnet = yes: unknown key; bantime.increment would be accepted"},
    {"[pptpd]\nbanaction = iptables\n",
     ":2: banaction = iptables: unknown key; pptpban.conf(5) lists what would be accepted"},
    {"[spray]\nenabled = yes\nmaxretry = 33\n", ":3: maxretry = 33: with key = account of [spray] these are different addresses; 2 to 32 "
                                                "would be accepted"},
    {"[spray]\nenabled = yes\ncount = auth=0 probe=1\n",
     ":3: count = auth=0 probe=1: with key = account of [spray] failures as an account count, which are of the class auth; "
     "auth=1 would be accepted"},
    {"[pptpd]\ntries = 1\n", ":2: tries = 1: too small; " NUMBER("2", "8")},
    {"[pptpd]\nkey = user\n", ":2: key = user: unknown; address or account would be accepted"},
    {"[pptpd]\naggregate = 1\n", ":2: aggregate = 1: in [pptpd] each ban would meet a whole network; 0, or 2 to 64, would be accepted"},
    {"[pptpd]\naggregate = 65\n", ":2: aggregate = 65: too large; " NUMBER("0", "64")},
    {"[pptpd]\naggregate = 4\naggregate.ipv4 = 23\n",
     ":3: aggregate.ipv4 = 23: aggregate.ipv4 = 23 of [pptpd] is wider than widest4 = 24 of [pptpban], which the enforcer "
     "holds to; 24 to 32 would be accepted"},
    {"[pptpban]\nwidest6 = 80\n[DEFAULT]\naggregate = 4\n",
     ":4: aggregate = 4: aggregate.ipv6 = 64 of [pptpd] is wider than widest6 = 80 of [pptpban], which the enforcer holds to; "
     "80 to 128 would be accepted"},
    {"[pptpd]\naggregate.ipv4 = 33\n", ":2: aggregate.ipv4 = 33: too large; " NUMBER("8", "32")},
    {"[pptpd]\nmaxretry = 0\n", ":2: maxretry = 0: too small; " NUMBER("1", "1000")},
    {"[pptpd]\nmaxretry = 1001\n", ":2: maxretry = 1001: too large; " NUMBER("1", "1000")},
    {"[pptpd]\nmaxretry = -1\n", ":2: maxretry = -1: not a whole number; " NUMBER("1", "1000")},
    {"[pptpd]\nmaxretry = 5 # five\n", ":2: maxretry = 5 # five: not a whole number (a comment behind a value begins with "
                                       ";); " NUMBER("1", "1000")},
    {"[pptpd]\nmaxretry = 5\n findtime = 5\n", ":2: maxretry = 5 findtime = 5: not a whole number (the value goes on in "
                                               "the next line, which is indented); " NUMBER("1", "1000")},
    {"[pptpd]\nfindtime = 1x\n", ":2: findtime = 1x: not a time; " TIME("52w", "")},
    {"[pptpd]\nfindtime = 0\n", ":2: findtime = 0: too short; " TIME("52w", "")},
    {"[pptpd]\nfindtime = 1s 250ms\n", ":2: findtime = 1s 250ms: not in whole seconds; " TIME("52w", "")},
    {"[pptpd]\nfindtime = 53w\n", ":2: findtime = 53w: too long; " TIME("52w", "")},
    {"[pptpd]\nbantime = 200y\n", ":2: bantime = 200y: too long; " TIME("520w", ", or forever")},
    {"[pptpd]\nbantime = -2\n", ":2: bantime = -2: not a time; " TIME("520w", ", or forever")},
    {"[pptpd]\nbantime.factor = 1e3\n",
     ":2: bantime.factor = 1e3: not a number; a number from 1 to 1000 such as 1.5 would be accepted"},
    {"[pptpd]\nbantime.factor = nan\n",
     ":2: bantime.factor = nan: not a number; a number from 1 to 1000 such as 1.5 would be accepted"},
    {"[pptpd]\nbantime.factor = 0.5\n",
     ":2: bantime.factor = 0.5: too small; a number from 1 to 1000 such as 1.5 would be accepted"},
    {"[pptpd]\nbantime.factor = 1000.1\n",
     ":2: bantime.factor = 1000.1: too large; a number from 1 to 1000 such as 1.5 would be accepted"},
    {"[DEFAULT]\nbantime.maximum = 10m\n", ":2: bantime.maximum = 10m: shorter than bantime = 1h of [pptpd]; at least that "
                                           "would be accepted"},
    {"[pptpd]\nbantime = 2h\nbantime.maxtime = 1h\n",
     ":3: bantime.maxtime = 1h: shorter than bantime = 2h of [pptpd]; at least that would be accepted"},
    {"[pptpd]\nenabled = maybe\n", ":2: enabled = maybe: neither yes nor no; yes or no would be accepted"},
    {"[pptpd]\nmode = audit\n", ":2: mode = audit: unknown; ban or observe would be accepted"},
    {"[pptpd]\nignoreip = 10.0.0.0/8\n   # home\n   fe80::/10\n\n   server.example\n",
     ":6: ignoreip = 10.0.0.0/8 fe80::/10 server.example: server.example is neither an address nor a network; " NETWORKS},
    {"[pptpd]\nignoreip = 192.0.2.1,192.0.2.2\n",
     ":2: ignoreip = 192.0.2.1,192.0.2.2: 192.0.2.1,192.0.2.2 is neither an address nor a network; " NETWORKS},
    {"[pptpd]\nsource =\n", ":2: source = : empty; " SOURCES},
    {"[pptpd]\nsource = auto /var/log/x\n", ":2: source = auto /var/log/x: auto stands alone; " SOURCES},
    {"[pptpd]\nlogpath = log/x\n", ":2: logpath = log/x: log/x does not begin with /; " SOURCES},
    {"[pptpd]\nsource = /a\n /b\n /a\n", ":4: source = /a /b /a: /a stands there twice; " SOURCES},
    {"[pptpd]\ncount = auth\n", ":2: count = auth: auth is no class with a weight; " WEIGHTS},
    {"[pptpd]\ncount = auth=1 login=2\n", ":2: count = auth=1 login=2: login=2 is no class with a weight; " WEIGHTS},
    {"[pptpd]\ncount = auth=1 auth=2\n", ":2: count = auth=1 auth=2: auth stands there twice; " WEIGHTS},
    {"[pptpd]\ncount = auth=101\n",
     ":2: count = auth=101: the weight of auth is no whole number from 0 to 100; " WEIGHTS},
    {"[pptpd]\ncount = auth=0\n", ":2: count = auth=0: [pptpd] would count nothing; a weight above 0 would be accepted"},
    {"[pptpd]\nfilter = ../x\n", ":2: filter = ../x: not a filter; " FILTER},
    {"[pptpd]\nfilter = x[a]\n", ":2: filter = x[a]: not a filter; " FILTER},
    {"[pptpd]\nfilter = x[a=\"b]\n", ":2: filter = x[a=\"b]: not a filter; " FILTER},
    {"[pptpd]\nfilter = %(__name__)s\n", ":2: filter = %(__name__)s: not a filter; " FILTER},
    {"[pptpd]\nfilter =\n", ":2: filter = : empty; " FILTER},
    {"[pptpd]\nmax_addresses = 10000001\n", ":2: max_addresses = 10000001: too large; " NUMBER("1", "10000000")},
    {"[default]\n", ":1: [default]: not a jail; [DEFAULT] would be accepted"},
    {"[PPTPBAN]\n", ":1: [PPTPBAN]: not a jail; [pptpban] would be accepted"},
    {"\n[a b]\n", ":2: [a b]: not the name of a jail; up to 31 letters, digits, _, - and . would be accepted"},
    {"[a2345678901234567890123456789012]\n", ":1: [a2345678901234567890123456789012]: not the name of a jail; up to 31 "
                                             "letters, digits, _, - and . would be accepted"},
    {"x = 1\n", ":1: x stands before any [SECTION]"},
    {"[x\n", ":1: [x is no section; [NAME] would be accepted"},
    {"[x] y\n", ":1: [x] y is no section; [NAME] would be accepted"},
    {"[x]\nhello\n", ":2: hello is neither a section nor a key; [NAME] or KEY = VALUE would be accepted"},
    {"[x]\n= 5\n", ":2: = 5 is neither a section nor a key; [NAME] or KEY = VALUE would be accepted"},
    {"[x]\nmaxretry = 1\nfindtime = 1\nMAXRETRY = 2\n 3\n",
     ":4: maxretry stands in [x] already, in line 2; once would be accepted"},
    {"[pptpd]\nmaxretry.unknown = 1\n", ":2: maxretry.unknown = 1: too small; a whole number from 2 to 1000, or 0 for no such rule "
     "would be accepted"},
    {"[pptpd]\nmaxretry.unknown = 5\n", ":2: maxretry.unknown = 5: in [pptpd] maxretry = 5 is reached first; less, or 0 for no such "
     "rule, would be accepted"},
    {"[pptpd]\ntrust = 30d\n", ":2: trust = 30d: in [pptpd] it would help nobody, as maxretry is 5; trust.maxretry with more would be "
     "accepted"},
    {"[pptpd]\ntrust = 30d\ntrust.maxretry = 5\n", ":3: trust.maxretry = 5: in [pptpd] it would help nobody, as maxretry is 5; "
     "trust.maxretry with more would be accepted"},
    {"[pptpd]\ntrust.maxretry = 9\n", ":2: trust.maxretry = 9: in [pptpd] nobody is trusted; trust with a time such as 30d as well "
     "would be accepted"},
    {"[pptpd]\ntrust = forever\n", ":2: trust = forever: forever is not possible here; a time such as 600, 10m, 1h 30m or 2d, from 0s "
     "to 52w would be accepted"},
#define COUNTRIES "COUNTRY:NUMBER words such as CN:2 DE:8 other:4, with codes of ISO 3166 in capitals and numbers from 1 to 1000 " \
    "would be accepted"
    {"[pptpd]\nmaxretry.country = CN\n", ":2: maxretry.country = CN: CN has no number; " COUNTRIES},
    {"[pptpd]\nmaxretry.country = CN:2\n UK:3\n", ":3: maxretry.country = CN:2 UK:3: UK is no country; " COUNTRIES},
    {"[pptpd]\nmaxretry.country = XX:2\n", ":2: maxretry.country = XX:2: XX is no country; " COUNTRIES},
    {"[pptpd]\nmaxretry.country = CN:0\n", ":2: maxretry.country = CN:0: the number of CN is not from 1 to 1000; " COUNTRIES},
    {"[pptpd]\nmaxretry.country = other:1001\n",
     ":2: maxretry.country = other:1001: the number of other is not from 1 to 1000; " COUNTRIES},
    {"[pptpd]\nmaxretry.country = CN:2 DE:3 CN:4\n", ":2: maxretry.country = CN:2 DE:3 CN:4: CN stands there twice; " COUNTRIES},
    {"[pptpd]\n[pptpd@night]\nmaxretry = 3\n", ":2: [pptpd@night]: it is never that time; when = Mon-Fri 22:00-06:00 or the like would "
     "be accepted"},
    {"[pptpd@night]\nwhen = daily 01:00-02:00\nfindtime = 3\n", ":3: findtime = 3: does not belong into [pptpd@night]; it would be "
     "accepted in [DEFAULT] or a jail"},
    {"[pptpd]\nwhen = daily 01:00-02:00\n", ":2: when = daily 01:00-02:00: does not belong into [pptpd]; it would be accepted in a "
     "schedule such as [pptpd@night]"},
    {"[nobody@night]\nwhen = daily 01:00-02:00\n", ":1: [nobody@night]: there is no jail [nobody]; JAIL@NAME with a jail that has a "
     "section would be accepted"},
    {"[pptpd@a@b]\nwhen = daily 01:00-02:00\n", ":1: [pptpd@a@b]: not the name of a schedule; up to 15 letters, digits, _, - and . "
     "behind the @ would be accepted"},
    {"[pptpd@abcdefghijklmnop]\nwhen = daily 01:00-02:00\n", ":1: [pptpd@abcdefghijklmnop]: not the name of a schedule; up to 15 "
     "letters, digits, _, - and . behind the @ would be accepted"},
    {"[pptpd@night]\nwhen = daily 01:00\n", ":2: when = daily 01:00: 01:00 is not from one time to another; up to 32 such as Mon-Fri "
     "08:00-18:00, Sat,Sun 10:00-12:00 or daily 22:00-06:00 (until the next morning) would be accepted"},
    {"[pptpd@1]\nwhen = daily 01:00-02:00\n[pptpd@2]\nwhen = daily 01:00-02:00\n[pptpd@3]\nwhen = daily 01:00-02:00\n"
     "[pptpd@4]\nwhen = daily 01:00-02:00\n[pptpd@5]\nwhen = daily 01:00-02:00\n[pptpd@6]\nwhen = daily 01:00-02:00\n"
     "[pptpd@7]\nwhen = daily 01:00-02:00\n[pptpd@8]\nwhen = daily 01:00-02:00\n[pptpd@9]\nwhen = daily 01:00-02:00\n",
     ":17: [pptpd@9]: one schedule too many; 8 of a jail would be accepted"},
    {"[x]\nmaxretry = \xc3\x28\n", ":2: there is a byte that is not UTF-8 in column 12"},
    {"[x]\nmaxretry = \xed\xa0\x80\n", ":2: there is a byte that is not UTF-8 in column 12"},
    {"[x]\nmaxretry = \xc3", ":2: there is a byte that is not UTF-8 in column 12"},
};

// Each of these files has exactly one error, with exactly this message, and gives no configuration.
static void messages(void **state)
{
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct config *c = (struct config *)1;
        struct config_report report = {0};
        char expected[512];
        put(p->conf, errors[i].text, strlen(errors[i].text));
        int r = config_load(p->conf, &c, &report);
        snprintf(expected, sizeof(expected), "%s%s", p->conf, errors[i].message);
        const char *first = "no error";
        for (size_t k = report.n; k-- > 0;)
            if (report.v[k].fatal)
                first = report.v[k].text;
        assert_string_equal(first, expected);
        assert_int_equal(report.errors, 1);
        assert_int_equal(r, -EINVAL);
        assert_ptr_equal(c, (struct config *)1);
        config_report_free(&report);
    }
}

static void warnings(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[x]\nfilter = sshd\n", ":1: [x]: not enabled; enabled = yes would start it"},
        {"[pptpd]\nenabled = no\n", ": no jail is enabled; nothing will be watched"},
        {"[pptpban]\nhistory = 1w\n[pptpd]\n", ":3: [pptpd]: bantime.decay is longer than history in [pptpban], which "
                                               "forgets earlier"},
        {"[pptpd]\nmaxretry.unknown = 2\ncount = auth=2\n",
         ":2: maxretry.unknown = 2: in [pptpd] one failure as an unknown account bans, and a mistyped name is one; 3 or more would not"},
        {"[pptpd]\nmaxretry.country = CN:1 DE:2\n",
         ":2: maxretry.country = CN:1 DE:2: in [pptpd] one failure from CN bans, and a mistyped password is one; CN:2 or more would not"},
        {"[pptpd]\n[pptpd@n]\nwhen = daily 08:00-09:00\nmaxretry = 1\n",
         ":4: maxretry = 1: in [pptpd@n] one failure bans, and a mistyped password is one; 2 or more would not"},
        {"[pptpd]\nmaxretry.country = CN:2\n[pptpd@n]\nwhen = daily 08:00-09:00\nmaxretry = 3\n",
         ":5: maxretry = 3: not for the countries that maxretry.country of [pptpd] names; maxretry.country in [pptpd@n] would change "
         "it for them"},
        {"[pptpd]\nmaxretry = 1\n", ":2: maxretry = 1: in [pptpd] one failure bans, and a mistyped password is one; "
                                     "maxretry = 2 or more would not"},
        {"[pptpd]\ncount = auth=5\n", ":2: count = auth=5: in [pptpd] one failure bans, and a mistyped password is one; "
                                       "maxretry = 6 or more would not"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config *c = NULL;
        struct config_report report = {0};
        char expected[256];
        put(p->conf, cases[i].text, strlen(cases[i].text));
        assert_int_equal(config_load(p->conf, &c, &report), 0);
        snprintf(expected, sizeof(expected), "%s%s", p->conf, cases[i].message);
        assert_int_equal(report.n, 1);
        assert_string_equal(report.v[0].text, expected);
        assert_false(report.v[0].fatal);
        config_report_free(&report);
        config_free(c);
    }
}

static void all_problems_of_all_files_are_told(void **state)
{
    struct place *p = *state;
    struct config *c = NULL;
    struct config_report report = {0};
    char expected[256];

    put_dropin(p, "a.conf", "[pptpd]\nmaxretry = 5\nmode = x\n");
    put(p->conf, "[pptpd]\nmaxretry = x\nfindtime = y\n", 34);
    assert_int_equal(config_load(p->conf, &c, &report), -EINVAL);
    assert_int_equal(report.n, 3);
    snprintf(expected, sizeof(expected), "%s:2: maxretry = x: not a whole number; " NUMBER("1", "1000"), p->conf);
    assert_string_equal(report.v[0].text, expected); // although a.conf overrides it
    snprintf(expected, sizeof(expected), "%s/a.conf:3: mode = x: unknown; ban or observe would be accepted", p->dropins);
    assert_string_equal(report.v[2].text, expected);
    assert_null(c);
    config_report_free(&report);
}

static int load_error(const struct place *p, const char *expected)
{
    struct config *c = NULL;
    struct config_report report = {0};
    char text[256];

    int r = config_load(p->conf, &c, &report);
    assert_null(c);
    assert_true(report.n >= 1);
    snprintf(text, sizeof(text), "%s%s", p->conf, expected);
    assert_string_equal(report.v[0].text, text);
    config_report_free(&report);
    return r;
}

static void files_that_cannot_be_read(void **state)
{
    struct place *p = *state;

    assert_int_equal(load_error(p, ": No such file or directory; a readable file would be accepted"), -ENOENT);
    assert_int_equal(mkdir(p->conf, 0700), 0);
    assert_int_equal(load_error(p, ": not a regular file"), -EINVAL);
    assert_int_equal(rmdir(p->conf), 0);
    assert_int_equal(mkfifo(p->conf, 0600), 0); // must not hang
    assert_int_equal(load_error(p, ": not a regular file"), -EINVAL);
    assert_int_equal(unlink(p->conf), 0);
    put(p->conf, "", 0);
    assert_int_equal(rmdir(p->dropins), 0);
    put(p->dropins, "", 0);
    assert_int_equal(load_error(p, ".d: Not a directory; a readable directory would be accepted"), -ENOTDIR);
}

static void a_nul_byte_is_told(void **state)
{
    struct place *p = *state;

    put(p->conf, "[pptpd]\nmaxretry = 5\0\n", 22);
    assert_int_equal(load_error(p, ":2: there is a NUL byte in column 13"), -EINVAL);
}

static struct config *load_there(const struct place *p)
{
    struct config *c = NULL;
    struct config_report report = {0};

    assert_int_equal(config_load(p->conf, &c, &report), 0);
    config_report_free(&report);
    return c;
}

// over: the file is one beyond a bound, and the first message begins so behind the file's name.
static void check_bound(const struct place *p, int over, const char *begin)
{
    struct config *c = NULL;
    struct config_report report = {0};
    char text[256];

    if (!over) {
        config_free(load_there(p));
        return;
    }
    assert_int_equal(config_load(p->conf, &c, &report), -EINVAL);
    int n = snprintf(text, sizeof(text), "%s%s", p->conf, begin);
    assert_memory_equal(report.v[0].text, text, n);
    config_report_free(&report);
}

// Each bound holds exactly: n is read, n + 1 is told.
static void bounds(void **state)
{
    struct place *p = *state;
    char *text = malloc(INIFILE_FILE_MAX + 64);
    size_t n;

    for (int over = 0; over <= 1; over++) {
        memset(text, '#', INIFILE_FILE_MAX + 1);
        for (size_t i = 100; i <= INIFILE_FILE_MAX; i += 101)
            text[i] = '\n';
        put(p->conf, text, INIFILE_FILE_MAX + (size_t)over);
        if (over)
            assert_int_equal(load_error(p, ": the file is longer than 16777216 bytes"), -EINVAL);
        else
            config_free(load_there(p));

        memset(text, '#', INIFILE_LINE_MAX + 1);
        put(p->conf, text, INIFILE_LINE_MAX + (size_t)over);
        if (over)
            assert_int_equal(load_error(p, ":1: the line is longer than 32768 bytes"), -EINVAL);
        else
            config_free(load_there(p));

        n = (size_t)sprintf(text, "[pptpd]\nenabled = no\nsource =\n");
        for (int i = 0; i < CONFIG_SOURCES_MAX + over; i++)
            n += (size_t)sprintf(text + n, " /%d\n", i);
        put(p->conf, text, n);
        check_bound(p, over, ":68: source = ");

        n = (size_t)sprintf(text, "[pptpd]\nignoreip =\n");
        for (int i = 0; i < CONFIG_NETWORKS_MAX + over; i++)
            n += (size_t)sprintf(text + n, " 10.0.%d.%d\n", i / 256, i % 256);
        put(p->conf, text, n);
        check_bound(p, over, ":2: ignoreip = ");

        n = 0;
        for (int i = 0; i < CONFIG_JAILS_MAX - 3 + over; i++)
            n += (size_t)sprintf(text + n, "[j%d]\nenabled = no\n", i);
        put(p->conf, text, n);
        check_bound(p, over, ":123: [j61]: too many jails; up to 64 would be accepted");

        n = (size_t)sprintf(text, "[pptpd]\nfilter = pptpd[");
        for (int i = 0; i < CONFIG_FILTER_PARAMS_MAX + over; i++)
            n += (size_t)sprintf(text + n, "%sp%d=x", i ? "," : "", i);
        n += (size_t)sprintf(text + n, "]\n");
        put(p->conf, text, n);
        check_bound(p, over, ":2: filter = ");
    }
    n = (size_t)sprintf(text, "[pptpd]\n");
    for (int i = 0; i < CONFIG_MESSAGES_MAX + 5; i++)
        n += (size_t)sprintf(text + n, "unknown%d = x\n", i);
    put(p->conf, text, n);
    struct config *c = NULL;
    struct config_report report = {0};
    assert_int_equal(config_load(p->conf, &c, &report), -EINVAL);
    assert_int_equal(report.errors, CONFIG_MESSAGES_MAX + 5);
    assert_int_equal(report.n, CONFIG_MESSAGES_MAX + 1);
    assert_string_equal(report.v[CONFIG_MESSAGES_MAX].text, "5 more problems");
    config_report_free(&report);
    free(text);
}

static void filters_with_parameters(void **state)
{
    static const struct {
        const char *text, *name, *params; // params joined as name=value|, NULL: refused
    } cases[] = {
        {"pptpd", "pptpd", ""},
        {" sshd [ mode = aggressive , x=\"a, b]\" ] ", "sshd", "mode=aggressive|x=a, b]|"},
        {"a[b='\"'][c=]", "a", "b=\"|c=|"},
        {"a[b=c d]", "a", "b=c d|"},
        {"", NULL, NULL}, {"a b", NULL, NULL}, {"a[", NULL, NULL}, {"a[]", NULL, NULL}, {"a[b=1", NULL, NULL},
        {"a[b=1]c", NULL, NULL}, {"a[b=1,]", NULL, NULL}, {".a", NULL, NULL}, {"a/b", NULL, NULL},
        {"a[=1]", NULL, NULL}, {"a[b=\"x\"y]", NULL, NULL},
    };
    struct config_param params[4];
    struct str name;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char joined[128] = "";
        int r = config_filter_parse(str_of(cases[i].text), &name, params, 4, &n);
        if (!cases[i].name) {
            assert_int_equal(r, -EINVAL);
            continue;
        }
        assert_int_equal(r, 0);
        for (size_t k = 0; k < n; k++)
            sprintf(joined + strlen(joined), "%.*s=%.*s|", STR_FMT(params[k].name), STR_FMT(params[k].value));
        assert_true(str_eq(name, str_of(cases[i].name)));
        assert_string_equal(joined, cases[i].params);
    }
    assert_int_equal(config_filter_parse(STR("a[b=1,c=2,d=3,e=4,f=5]"), &name, params, 4, &n), -E2BIG);
}

static void dump(const struct config *c, char buf[static 16384])
{
    FILE *f = fmemopen(buf, 16384, "w");

    assert_non_null(f);
    config_dump(c, f);
    assert_int_equal(fclose(f), 0);
}

// Every keyword with a value of its own, so that one that is not dumped or not read would show.
static const char everything[] =
    "[pptpban]\n"
    "backend = ipset\nstate_dir = /s\nruntime_dir = /r\nfilter_dirs = /f /g\ngroup = g\n"
    "log_level = error\nnetns = vpn\nmax_lives = 17\nmax_bans = 2\nevidence_kib = 65\nwidest4 = 9\n"
    "widest6 = 20\nspare = admins own\nsilent_timeout = 3s\nhistory = 1h 1s\n"
    "surge = 4\nsurge.connections = 61\nsurge.failures = 62\nsurge.mib = 301\n"
    "[firewall]\n"
    "enabled = yes\nbackend = iptables-legacy\ninterface = eth0\n ens3+\naddress = 192.0.2.9\n"
    "port = 1724\ngre = peers\nallow_from = 192.0.2.0/24\n 2001:db8::/32\n"
    "deny_from = 198.51.100.7\nallow_countries = DE AT\ndeny_countries =\n"
    "database = /d\nrate = 3/second burst 9\nconnections = 4\nspoofed = 10.0.0.0/8\n"
    "reverse_path = no\nopen = Mon-Wed,Sat 08:00-18:30, fri-mon 22:00-06:00\n"
    "timezone = UTC\noutside = end\nban_scope = new\nmanagement = 22/tcp 6000-6100/udp\n"
    "admin_from = 192.0.2.1\nlog = no\nlog_rate = off\nmss = no\ntunnels = vpn+ l2tp0\n"
    "pool = 10.9.0.0/24\nforward_to = 10.8.0.0/16\nclient_to_client = yes\n"
    "masquerade = yes\ndefault = drop\noutbound = drop\noutbound_ports = 443/tcp\n"
    "confirm = 1m\n"
    "[x]\n"
    "enabled = yes\nmode = observe\nfilter = f[a=\"b, c\"]\nsource = journal\n /var/log/x\n"
    "count = auth=4 refused=3 probe=2 fault=100\nmaxretry = 6\nfindtime = 61\n"
    "maxretry.unknown = 4\nknown_for = 91d\nlearn_for = 8d\ntrust = 2d\n"
    "trust.maxretry = 40\nmaxretry.country = CN:2 other:7\n"
    "bantime = 1w 2d 3h 4m 5s\nbantime.increment = no\nbantime.factor = 1.1\n"
    "bantime.maximum = forever\nbantime.decay = 1m\nkey = account\ntries = 5\naggregate = 7\n"
    "aggregate.findtime = 2h\naggregate.bantime = forever\naggregate.ipv4 = 28\n"
    "aggregate.ipv6 = 96\nignoreip = ::/0\n 192.0.2.1\n"
    "ignoreself = no\nmax_addresses = 3\n"
    "[x@n]\nwhen = Sat 10:00-11:00\nmode = ban\nmaxretry = 9\nmaxretry.unknown = 5\n"
    "maxretry.country = DE:3\ntrust.maxretry = 41\nbantime = 5s\n"
    "[pptpd@n]\nwhen = daily 10:00-11:00\n";

static void the_dump_reads_back(void **state)
{
    struct place *p = *state;
    struct config *c = load(p, everything);
    char first[16384], second[16384], defaults[16384];
    dump(c, first);
    config_free(c);
    c = load(p, first);
    dump(c, second);
    const struct jail_config *x = jail(c, "x");

    assert_string_equal(first, second);
    assert_true(x->factor == 1.1 && x->observe && !x->ignoreself && !x->increment && x->weight[CLASS_FAULT] == 100);
    assert_true(x->by_account && x->tries == 5 && x->aggregate == 7 && x->aggregate4 == 28 && x->aggregate6 == 96 && x->aggregate_bantime == USEC_FOREVER);
    assert_int_equal(c->spare, 1 << SPARE_OWN | 1 << SPARE_ADMINS);
    assert_true(x->bantime == 788645 * USEC_SEC && x->maximum == USEC_FOREVER);
    const struct firewall_config *w = &c->firewall;
    assert_true(w->rate.n == 3 && w->rate.seconds == 1 && w->rate.burst == 9 && w->log_rate.n == 0);
    assert_true(w->management.n == 2 && w->management.v[1].first == 6000 && w->management.v[1].protocol == 17);
    assert_true(w->open.n == 2 && w->open.v[0].days == 0x27 && w->open.v[0].from == 480 && w->open.v[0].to == 1110);
    assert_true(w->open.v[1].days == 0x71 && w->open.v[1].from == 1320 && w->open.v[1].to == 360);
    assert_true(w->ban_new && w->outside_end && w->default_drop && w->outbound_drop && w->gre == FW_GRE_PEERS);
    config_free(c);
    c = load(p, "[pptpd@n]\nwhen = daily 10:00-11:00\n"); // the rest of it is that of [pptpd]
    dump(c, defaults);
    config_free(c);
    const struct keyword *k;
    for (enum scope scope = 0; scope < SCOPE_MAX; scope++)
        for (size_t i = 0; (k = keyword_at(scope, i)); i++) {
            char line[512], *in_first, *in_defaults;
            snprintf(line, sizeof(line), "\n%s = ", k->name);
            const char *section = scope == SCOPE_GLOBAL ? "[pptpban]" : scope == SCOPE_FIREWALL ? "[firewall]" : scope == SCOPE_JAIL ? "[x]" : "[x@n]";
            in_first = strstr(strstr(first, section), line);
            in_defaults = strstr(strstr(defaults, scope == SCOPE_JAIL ? "[pptpd]" : scope == SCOPE_SCHEDULE ? "[pptpd@n]" : section), line);
            assert_non_null(in_first);
            assert_non_null(in_defaults);
            size_t n = strcspn(in_first + 1, "\n");
            if (n == strcspn(in_defaults + 1, "\n") && !(scope == SCOPE_SCHEDULE && strcmp(k->name, "mode") == 0) && strcmp(k->name, "enabled") != 0 && strcmp(k->name, "deny_countries") != 0)
                assert_memory_not_equal(in_first + 1, in_defaults + 1, n);
        }
}

// What a schedule does not say is as its jail has it, whatever that is.
static void a_schedule_has_the_rest_from_its_jail(void **state)
{
    struct place *p = *state;
    char text[sizeof(everything)], dumped[16384], line[512];
    const struct keyword *k;
    char *of_jail, *of_schedule;

    snprintf(text, sizeof(text), "%.*s[x@n]\nwhen = daily 10:00-11:00\n", (int)(strstr(everything, "[x@n]") - everything), everything);
    struct config *c = load(p, text);
    dump(c, dumped);
    config_free(c);
    for (size_t i = 1; (k = keyword_at(SCOPE_SCHEDULE, i)); i++) { // the first is when
        snprintf(line, sizeof(line), "\n%s = ", k->name);
        of_jail = strstr(strstr(dumped, "\n[x]\n"), line);
        of_schedule = strstr(strstr(dumped, "\n[x@n]\n"), line);
        assert_non_null(of_jail);
        assert_non_null(of_schedule);
        size_t n = strcspn(of_jail + 1, "\n");
        if (strcspn(of_schedule + 1, "\n") != n || memcmp(of_jail + 1, of_schedule + 1, n) != 0)
            fail_msg("[x]: %.*s, [x@n]: %.40s", (int)n, of_jail + 1, of_schedule + 1);
    }
}

static void who_is_spared_can_be_said(void **state)
{
    static const struct {
        const char *line;
        unsigned spare;
    } cases[] = {
        {"", 0xf}, {"spare =\n", 0}, {"spare = none\n", 0}, {"spare = dns\n gateway dns\n", 1 << SPARE_DNS | 1 << SPARE_GATEWAY},
    };
    struct place *p = *state;
    struct config_report report = {0};
    struct config *c = NULL;
    char text[64];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "[pptpban]\n%s", cases[i].line);
        c = load(p, text);
        assert_int_equal(c->spare, cases[i].spare);
        config_free(c);
    }
    strcpy(text, "[pptpban]\nspare = own\n admin\n");
    put(p->conf, text, strlen(text));
    assert_int_equal(config_load(p->conf, &c, &report), -EINVAL);
    assert_non_null(strstr(report.v[0].text, ":3: spare = own admin: admin is unknown; none, or any of own, gateway, dns, "
                                             "admins would be accepted"));
    config_report_free(&report);
}

// What [firewall] does not take, and what is said about it.
static void the_firewall_refuses(void **state)
{
    static const struct {
        const char *line, *message;
    } wrong[] = {
        {"allow_from = 192.0.2.1/24", "has bits behind its length; 192.0.2.0/24 is meant, or 192.0.2.1"},
        {"timezone = Mars/Olympus", "not in /usr/share/zoneinfo"},
        {"timezone = ../passwd", "no time zone"},
        {"allow_countries = DE UK", "UK is no country"},
        {"interface = eth0;drop", "eth0;drop is no interface"},
        {"interface = a234567890123456", "longer than 15 bytes"},
        {"tunnels =", "empty"},
        {"management = 22", "22 is no port with its protocol"},
        {"management = 9-8/tcp", "9-8/tcp is no port"},
        {"management = 22/tcp", "nobody could reach them"},
        {"rate = 0/minute", "not a rate"},
        {"rate = 5/fortnight", "not a rate"},
        {"rate = 5/minute burst", "not a rate"},
        {"open = Mon-Fri", "is not from one time to another"},
        {"open = Mon-Fri 08:00-08:00", "is not from one time to another"},
        {"open = Mon-Fri 08:00-25:00", "is not from one time to another"},
        {"open = Caturday 08:00-09:00", "Caturday are no days of the week"},
        {"allow_countries = DE\ndeny_countries = US", "one of the two"},
        {"outside = end", "there is no outside"},
        {"masquerade = yes", "of whom?"},
        {"maxretry = 3", "does not belong into [firewall]; it would be accepted in [DEFAULT] or a jail"},
        {"alow_from = 192.0.2.1", "unknown key; allow_from would be accepted"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[256];
        struct config *c = NULL;
        struct config_report report = {0};
        snprintf(text, sizeof(text), "[firewall]\n%s\n", wrong[i].line);
        put(p->conf, text, strlen(text));
        assert_int_equal(config_load(p->conf, &c, &report), -EINVAL);
        assert_int_equal(report.errors, 1);
        bool told = false;
        for (size_t m = 0; m < report.n; m++)
            told = told || (strstr(report.v[m].text, wrong[i].message) && strstr(report.v[m].text, ".conf:"));
        if (!told)
            print_message("%s: %s\n", wrong[i].line, report.v[0].text);
        assert_true(told);
        config_report_free(&report);
    }
}

// etc/pptpban.conf shows the defaults: it changes nothing as it is, and nothing when its examples are uncommented
// (but for ignoreip, which has none to show).
static void the_shipped_file_shows_the_defaults(void **state)
{
    struct place *p = *state;
    const char *srcdir = getenv("srcdir");
    char path[512], line[512], defaults[16384], shipped[16384], uncommented[16384], text[16384] = "";

    snprintf(path, sizeof(path), "%s/etc/pptpban.conf", srcdir ? srcdir : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    struct config *c = load(p, "");
    dump(c, defaults);
    config_free(c);
    struct config_report report = {0};
    assert_int_equal(config_load(path, &c, &report), 0);
    assert_int_equal(report.n, 0);
    dump(c, shipped);
    config_free(c);
    assert_string_equal(shipped, defaults);
    int examples = 0;
    while (fgets(line, sizeof(line), f)) {
        bool example = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z' && strncmp(line, "#ignoreip", 9) != 0;
        examples += example;
        strcat(text, line + example);
    }
    fclose(f);
    assert_true(examples >= 8);
    c = load(p, text);
    dump(c, uncommented);
    config_free(c);
    assert_string_equal(uncommented, defaults);
}

// The manual has an item ".It Cm KEY No = DEFAULT" for each key, in the order of the table, and no other; and it names
// fail2ban's name of each key that has one.
static void the_manual_lists_every_keyword(void **state)
{
    const char *srcdir = getenv("srcdir");
    char path[512], line[512], name[64], expected[256];
    enum scope scope = SCOPE_MAX;
    size_t i = 0, aliases = 0, wanted_aliases = 0;
    const struct keyword *k = NULL;

    (void)state;
    snprintf(path, sizeof(path), "%s/man/pptpban.conf.5", srcdir ? srcdir : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, ".Sh ", 4) == 0) {
            if (scope != SCOPE_MAX)
                assert_null(keyword_at(scope, i)); // all of them were there
            scope = strcmp(line, ".Sh THE SERVICE") == 0 ? SCOPE_GLOBAL : strcmp(line, ".Sh THE FIREWALL") == 0 ? SCOPE_FIREWALL
                    : strcmp(line, ".Sh JAILS") == 0      ? SCOPE_JAIL
                    : strcmp(line, ".Sh SCHEDULES") == 0  ? SCOPE_SCHEDULE
                                                          : SCOPE_MAX;
            i = 0;
        }
        if (scope == SCOPE_MAX)
            continue;
        if (sscanf(line, ".It Cm %63s", name) == 1) {
            k = keyword_at(scope, i++);
            assert_non_null(k);
            assert_string_equal(name, k->name);
            snprintf(expected, sizeof(expected), ".It Cm %s%s%s", k->name, k->fallback && *k->fallback ? " No = " : "",
                     k->fallback ? k->fallback : "");
            // paths depend on where it is installed; the list of spoofed networks is told in words
            if (k->kind != &kind_path && k->kind != &kind_paths && strcmp(k->name, "spoofed") != 0)
                assert_string_equal(line, expected);
        } else if (k && k->alias && sscanf(line, ".Cm %63s", name) == 1 && strcmp(name, k->alias) == 0) {
            aliases++;
        }
    }
    fclose(f);
    for (scope = 0; scope < SCOPE_MAX; scope++)
        for (i = 0; (k = keyword_at(scope, i)); i++)
            wanted_aliases += k->alias != NULL;
    assert_int_equal(aliases, wanted_aliases);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(shipped_defaults),
        IN_PLACE(values_arrive),
        IN_PLACE(later_files_override),
        IN_PLACE(unwritten_maximum_follows),
        IN_PLACE(messages),
        IN_PLACE(warnings),
        IN_PLACE(all_problems_of_all_files_are_told),
        IN_PLACE(files_that_cannot_be_read),
        IN_PLACE(a_nul_byte_is_told),
        IN_PLACE(bounds),
        cmocka_unit_test(filters_with_parameters),
        IN_PLACE(the_dump_reads_back),
        IN_PLACE(a_schedule_has_the_rest_from_its_jail),
        IN_PLACE(who_is_spared_can_be_said),
        IN_PLACE(the_firewall_refuses),
        cmocka_unit_test(the_manual_lists_every_keyword),
        IN_PLACE(the_shipped_file_shows_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
