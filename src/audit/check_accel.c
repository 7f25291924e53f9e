// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of accel-ppp.conf, where accel-ppp serves PPTP.
#include <stdlib.h>

#include "audit/checks.h"

static bool not_here(const struct facts *f, struct findings *out)
{
    if (f->accel.error == -ENOENT)
        say(out, AUDIT_NONE, "there is no accel-ppp here");
    else if (f->accel.error < 0)
        say_unreadable(out, AUDIT_UNKNOWN, ACCEL_CONF, f->accel.error);
    else if (!accel_find(&f->accel, "modules", "pptp"))
        say(out, AUDIT_NONE, "accel-ppp does not serve PPTP");
    else
        return false;
    return true;
}

static const char *value(const struct facts *f, const char *section, const char *key, const char *otherwise)
{
    const struct accel_entry *e = accel_find(&f->accel, section, key);

    return e ? e->value : otherwise;
}

void check_accel_auth(const struct facts *f, struct findings *out)
{
    static const struct {
        const char *module, *what;
    } weak[] = {{"auth_pap", "PAP: the password travels in the clear"},
                {"auth_chap_md5", "CHAP-MD5: the connection cannot be encrypted"},
                {"auth_mschap_v1", "MS-CHAPv1: two halves of a password are cracked in minutes"}};
    static const char *const open[] = {"noauth", "any-login"};
    unsigned bad = 0;

    if (not_here(f, out))
        return;
    for (size_t i = 0; i < 3; i++) {
        const struct accel_entry *e = accel_find(&f->accel, "modules", weak[i].module);
        if (!e)
            continue;
        bad++;
        say(out, AUDIT_FAIL, "clients may log in by %s", weak[i].what);
        mend(out, "%s:%u: take %s away", ACCEL_CONF, e->line, weak[i].module);
    }
    if (!accel_find(&f->accel, "modules", "auth_mschap_v2")) {
        bad++;
        say(out, AUDIT_FAIL,
            "clients are not asked for MS-CHAPv2, the only login of PPTP that can be encrypted at all");
        mend(out, "%s, in [modules]: auth_mschap_v2", ACCEL_CONF);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct accel_entry *e = accel_find(&f->accel, "auth", open[i]);
        if (!e || atoi(e->value) == 0)
            continue;
        bad++;
        say(out, AUDIT_FAIL, "%s=1: everybody is let in", open[i]);
        mend(out, "%s:%u: %s=0", ACCEL_CONF, e->line, open[i]);
    }
    const char *mppe = value(f, "pptp", "mppe", value(f, "ppp", "mppe", ""));
    if (strcmp(mppe, "require") != 0) {
        bad++;
        say(out, AUDIT_FAIL, "encryption is not required");
        mend(out, "%s, in [pptp]: mppe=require", ACCEL_CONF);
    }
    if (!bad)
        say(out, AUDIT_PASS, "accel-ppp asks for MS-CHAPv2 and MPPE, and nothing else");
}

void check_accel_log(const struct facts *f, struct findings *out)
{
    unsigned bad = 0;

    if (not_here(f, out))
        return;
    if (!accel_find(&f->accel, "modules", "log_syslog")) {
        bad++;
        say(out, AUDIT_FAIL,
            "accel-ppp does not log to syslog; its own file must not be read, for clients can write lines of their own "
            "there");
        mend(out, "%s, in [modules]: log_syslog; in [log]: syslog=accel-pppd,daemon", ACCEL_CONF);
    }
    int level = atoi(value(f, "log", "level", "3"));
    if (level < 3) {
        bad++;
        say(out, AUDIT_FAIL, "at level=%d failed logins are not logged", level);
        mend(out, "%s, in [log]: level=3", ACCEL_CONF);
    } else if (level > 3) {
        bad++;
        say(out, AUDIT_FAIL, "at level=%d packets are logged, text of clients with them: such sessions count nothing",
            level);
        mend(out, "%s, in [log]: level=3", ACCEL_CONF);
    }
    if (atoi(value(f, "ppp", "unit-preallocate", "0")) != 1) {
        bad++;
        say(out, AUDIT_FAIL,
            "without unit-preallocate=1 a failed login carries no interface, and nobody can say from where it came");
        mend(out, "%s, in [ppp]: unit-preallocate=1", ACCEL_CONF);
    }
    if (!bad)
        say(out, AUDIT_PASS, "accel-ppp names each session and logs to syslog");
}

void check_accel_cli(const struct facts *f, struct findings *out)
{
    static const char *const ways[] = {"telnet", "tcp"};
    unsigned bad = 0;

    if (not_here(f, out))
        return;
    for (size_t i = 0; i < 2; i++) {
        const struct accel_entry *e = accel_find(&f->accel, "cli", ways[i]);
        if (!e || strncmp(e->value, "127.", 4) == 0 || strncmp(e->value, "[::1]", 5) == 0)
            continue;
        bad++;
        say(out, AUDIT_FAIL,
            "the command line (%s) listens at %s: whoever gets there ends sessions and reads along, unencrypted",
            ways[i], e->value);
        mend(out, "%s:%u: %s=127.0.0.1:%s", ACCEL_CONF, e->line, ways[i], i ? "2001" : "2000");
    }
    if (!bad)
        say(out, AUDIT_PASS, "the command line is this machine's alone");
}
