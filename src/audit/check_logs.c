// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of whether the lines of pptpd and pppd reach pptpban: its sources, syslog's rules, journald's limits.
#include <stdio.h>
#include <syslog.h>

#include "audit/checks.h"
#include "audit/reach.h"

void check_watch(const struct facts *f, struct findings *out)
{
    struct reach s;

    if (!f->config) {
        say(out, AUDIT_FAIL, "pptpban.conf cannot be read, or is wrong");
        mend(out, "pptpban check");
        return;
    }
    reach_find(f, &s);
    if (!s.jails) {
        say(out, AUDIT_FAIL, "no jail is enabled: nobody is watched");
        mend(out, "pptpban.conf: \"enabled = yes\" in [pptpd]");
        return;
    }
    for (size_t k = 0; k < f->config->n_jails; k++)
        if (f->config->jails[k].enabled && f->config->jails[k].observe) {
            say(out, AUDIT_WARN, "jail %s only observes: nobody is banned by it", f->config->jails[k].name);
            mend(out, "pptpban.conf: \"mode = ban\" in [%s]", f->config->jails[k].name);
            return;
        }
    say(out, AUDIT_PASS, "%u jail%s, reading %s%s%s", s.jails, s.jails == 1 ? "" : "s", s.journal ? "the journal" : "",
        s.journal && s.n ? " and " : "", s.n ? s.files[0] : "");
}

enum { WANTED = 1 << LOG_ERR | 1 << LOG_WARNING | 1 << LOG_NOTICE | 1 << LOG_INFO };

// True: no file of syslog's is read, or nothing can be said of them; that was said.
static bool no_files(const struct facts *f, const struct reach *s, struct findings *out)
{
    if (s->n == 0)
        say(out, AUDIT_NONE, s->jails ? "pptpban reads the journal, no files" : "no jail is enabled");
    else if (f->syslogd.kind == SYSLOGD_NONE)
        say(out, AUDIT_UNKNOWN, "pptpban reads %s, but there is no rsyslog.conf that would tell who writes it",
            s->files[0]);
    else if (f->syslogd.kind == SYSLOGD_OTHER)
        say(out, AUDIT_UNKNOWN,
            "syslog-ng's configuration is not understood: look yourself whether daemon and local2 get into %s",
            s->files[0]);
    else if (f->syslogd.error < 0)
        say_unreadable(out, AUDIT_UNKNOWN, "/etc/rsyslog.conf", f->syslogd.error);
    else
        return false;
    return true;
}

void check_syslog_route(const struct facts *f, struct findings *out)
{
    struct reach s;

    reach_find_pppd(f, &s);
    if (no_files(f, &s, out))
        return;
    enum syslogd_facility facility = reach_pppd_facility(f);
    const char *name = facility == SYSLOGD_LOCAL2 ? "local2" : "daemon";
    unsigned pppd = reach_got(f, &s, facility), pptpd = reach_got(f, &s, SYSLOGD_DAEMON), bad = 0;
    if ((pppd & WANTED) != WANTED) {
        bad++;
        say(out, AUDIT_FAIL, "pppd logs as %s, %s of which gets into %s: failed logins are not seen", name,
            pppd & WANTED ? "only a part" : "nothing", s.files[0]);
        mend(out, "/etc/rsyslog.d/10-pptp.conf: daemon.*;local2.* -%s; then: systemctl restart rsyslog", s.files[0]);
    }
    if (!(pptpd & 1 << LOG_INFO)) {
        bad++;
        say(out, AUDIT_FAIL, "pptpd logs as daemon, which does not get into %s: nobody knows from where a login came",
            s.files[0]);
        mend(out, "/etc/rsyslog.d/10-pptp.conf: daemon.*;local2.* -%s; then: systemctl restart rsyslog", s.files[0]);
    }
    if (*f->syslogd.dropped) {
        bad++;
        say(out, AUDIT_WARN, "%s throws lines of pptpd or pppd away, which ones was not worked out",
            f->syslogd.dropped);
        mend(out, "%s: take the rule away, or let it write to a file that pptpban reads", f->syslogd.dropped);
    }
    if (f->syslogd.raw) {
        bad++;
        say(out, AUDIT_FAIL,
            "rsyslog writes control characters as they come: a user name with a newline in it writes lines of its own");
        mend(out, "/etc/rsyslog.conf: $EscapeControlCharactersOnReceive on");
    }
    if (f->journald.here && f->journald.forward == 0 && !f->syslogd.imjournal) {
        bad++;
        say(out, AUDIT_FAIL, "journald hands nothing on to syslog (ForwardToSyslog=no): %s stays empty", s.files[0]);
        mend(out, "/etc/systemd/journald.conf: ForwardToSyslog=yes, or pptpban.conf: source = journal");
    }
    if (!bad)
        say(out, AUDIT_PASS, "what pptpd (daemon) and pppd (%s) log gets into %s", name, s.files[0]);
}

// "Reaping child PPP[pid]" is all that ties pppd to pptpd in a file, unless pppd's option "dump" is on.
void check_syslog_debug(const struct facts *f, struct findings *out)
{
    const bool dump = pppd_flag(f->pppd, "dump", NULL);
    struct reach s;
    unsigned bad = 0;

    reach_find_pppd(f, &s);
    if (!s.jails) {
        say(out, AUDIT_NONE, "no jail is enabled");
        return;
    }
    if (s.n && f->syslogd.kind == SYSLOGD_RSYSLOG && f->syslogd.error == 0 &&
        !(reach_got(f, &s, SYSLOGD_DAEMON) & 1 << LOG_DEBUG)) {
        bad++;
        say(out, dump ? AUDIT_WARN : AUDIT_FAIL,
            "lines of daemon.debug do not get into %s, and pptpd's \"Reaping child\" is one: %s", s.files[0],
            dump ? "only pppd's dump tells addresses" : "failures stay unattributed");
        mend(out, "/etc/rsyslog.d/10-pptp.conf: daemon.*;local2.* -%s; then: systemctl restart rsyslog", s.files[0]);
    }
    if (s.n && f->journald.here && !f->syslogd.imjournal && f->journald.forward_level < LOG_DEBUG) {
        bad++;
        say(out, dump ? AUDIT_WARN : AUDIT_FAIL,
            "MaxLevelSyslog keeps debug lines from syslog, and pptpd's \"Reaping child\" is one");
        mend(out, "/etc/systemd/journald.conf: MaxLevelSyslog=debug; then: systemctl restart systemd-journald");
    }
    if (s.journal && f->journald.store < LOG_DEBUG) {
        bad++;
        say(out, f->journald.store < LOG_INFO ? AUDIT_FAIL : AUDIT_WARN,
            "MaxLevelStore keeps lines of lesser priority out of the journal, pptpd's \"Reaping child\" among them");
        mend(out, "/etc/systemd/journald.conf: MaxLevelStore=debug; then: systemctl restart systemd-journald");
    }
    if (!dump && s.n && facts_pptpd(f)) {
        bad++;
        say(out, AUDIT_WARN,
            "without pppd's option dump, failures of several calls in one connection stay unattributed in files");
        mend(out, "%s: dump", pppd_main_file(f->pppd));
    }
    if (!bad)
        say(out, AUDIT_PASS, "the lines that tie pppd to an address get through");
}

static bool unit_unlimited(const struct facts *f)
{
    char value[64];

    return facts_service_key(f, "pptpd", "LogRateLimitIntervalSec", value, sizeof(value)) && strcmp(value, "0") == 0;
}

void check_journald_rate(const struct facts *f, struct findings *out)
{
    const struct journald *j = &f->journald;

    if (!j->here) {
        say(out, AUDIT_NONE, "there is no journald here");
        return;
    }
    if (j->error < 0) {
        say_unreadable(out, AUDIT_UNKNOWN, "/etc/systemd/journald.conf", j->error);
        return;
    }
    if (j->burst == 0 || j->interval <= 0 || unit_unlimited(f)) {
        say(out, AUDIT_PASS, "journald drops none of pptpd's lines");
        return;
    }
    // 13 lines a failed login; 10000 in 30 s are journald's own default
    if ((double)j->burst / j->interval >= 10000.0 / 30 - 1) {
        say(out, AUDIT_PASS, "journald keeps %lu lines of a service in %.0f s, some %lu failed logins", j->burst,
            j->interval, j->burst / 13);
        return;
    }
    say(out, AUDIT_WARN,
        "journald drops what a service logs beyond %lu lines in %.0f s: after some %lu failed logins an attacker is "
        "out of sight",
        j->burst, j->interval, j->burst / 13);
    mend(out, "systemctl edit pptpd, with the lines \"[Service]\" and \"LogRateLimitIntervalSec=0\"");
}

void check_journald_store(const struct facts *f, struct findings *out)
{
    struct reach s;

    reach_find(f, &s);
    if (!f->journald.here || !s.journal) {
        say(out, AUDIT_NONE, s.journal ? "there is no journald here" : "pptpban does not read the journal");
    } else if (strcmp(f->journald.storage, "none") == 0) {
        say(out, AUDIT_FAIL, "Storage=none: the journal keeps nothing, and pptpban reads the journal");
        mend(out, "/etc/systemd/journald.conf: Storage=persistent; then: systemctl restart systemd-journald");
    } else if (strcmp(f->journald.storage, "persistent") != 0 && !view_exists(f->root, "/var/log/journal")) {
        say(out, AUDIT_WARN, "the journal is kept in memory: what led to a ban is gone after a reboot");
        mend(out,
             "mkdir -p /var/log/journal && journalctl --flush; and Storage=persistent in /etc/systemd/journald.conf");
    } else if (strcmp(f->journald.storage, "volatile") == 0) {
        say(out, AUDIT_WARN, "Storage=volatile: what led to a ban is gone after a reboot");
        mend(out, "/etc/systemd/journald.conf: Storage=persistent; then: systemctl restart systemd-journald");
    } else {
        say(out, AUDIT_PASS, "the journal is kept on disk");
    }
}
