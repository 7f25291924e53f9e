// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of what pppd is told.
#include <stdio.h>

#include "audit/checks.h"

static bool not_here(const struct facts *f, struct findings *out)
{
    if (!facts_pptpd(f))
        say(out, AUDIT_NONE, "there is no pptpd here");
    return !facts_pptpd(f);
}

// True: some file could not be read, so what is not there may well be there; said as unknown.
static bool incomplete(const struct facts *f, struct findings *out)
{
    if (f->pptpd.error < 0) {
        say_unreadable(out, AUDIT_UNKNOWN, PPTPD_CONF, f->pptpd.error);
        return true;
    }
    for (size_t i = 0; i < f->pppd->n_files; i++) {
        const struct pppd_file *file = &f->pppd->files[i];
        if (file->error == 0 || (file->optional && file->error == -ENOENT))
            continue;
        if (file->optional && file->error == -EACCES && strcmp(file->path, "/root/.ppprc") == 0)
            continue; // nobody but root can look, and hardly anybody has one
        say_unreadable(out, AUDIT_UNKNOWN, file->path, file->error);
        return true;
    }
    return false;
}

void check_ppp_files(const struct facts *f, struct findings *out)
{
    const struct pppd *p = f->pppd;
    unsigned bad = 0;

    if (not_here(f, out))
        return;
    for (size_t i = 0; i < p->n_files; i++) {
        const struct pppd_file *file = &p->files[i];
        if (file->error == 0 || (file->optional && (file->error == -ENOENT || file->error == -EACCES)))
            continue;
        bad++;
        say_unreadable(out, AUDIT_FAIL, file->path, file->error);
        if (file->from >= 0 && file->error == -ENOENT)
            mend(out, "%s:%u: take the line away, or make the file: pppd refuses to start", p->files[file->from].path,
                 file->from_line);
    }
    if (p->circle >= 0) {
        bad++;
        say(out, AUDIT_FAIL, "%s includes itself: pppd cannot start", p->files[p->circle].path);
        mend(out, "%s: take the line \"file ...\" away that leads back", p->files[p->circle].path);
    }
    if (p->too_much) {
        bad++;
        say(out, AUDIT_UNKNOWN, "there are more files or options than are read (%d, %d): the rest was not looked at",
            PPPD_FILES_MAX, PPPD_OPTIONS_MAX);
    }
    if (p->broken) {
        bad++;
        say(out, AUDIT_FAIL, "a quote in the options never ends: what follows it is taken for part of one word");
        mend(out, "%s: look for a lone \" or '", pppd_main_file(p));
    }
    if (!bad)
        say(out, AUDIT_PASS, "%zu options from %zu files", p->n_options, p->n_files);
}

// "require-pap" or "+pap", whichever is there.
static const struct pppd_option *asked(const struct pppd *p, const char *what)
{
    char name[40];

    snprintf(name, sizeof(name), "require-%s", what);
    const struct pppd_option *o = pppd_last(p, name);
    if (o)
        return o;
    snprintf(name, sizeof(name), "+%s", what);
    return pppd_last(p, name);
}

void check_ppp_auth(const struct facts *f, struct findings *out)
{
    const struct pppd *p = f->pppd;
    const struct {
        const char *option, *name, *why;
        bool on;
    } weak[] = {
        {"pap", "PAP", "the password travels in the clear", p->pap},
        {"chap", "CHAP-MD5", "the connection cannot be encrypted", p->chap & CHAP_MD5},
        {"mschap", "MS-CHAPv1", "two halves of a password are cracked in minutes", p->chap & CHAP_MS1},
        {"eap", "EAP", "a wrong EAP-MD5 password is not even logged", p->eap},
    };
    unsigned bad = 0;

    if (not_here(f, out) || incomplete(f, out))
        return;
    if (!p->auth) {
        const struct pppd_option *o = pppd_last(p, "noauth");
        if (o)
            say(out, AUDIT_FAIL, "%s:%u says noauth: everybody is let in without a password", p->files[o->file].path,
                o->line);
        else
            say(out, AUDIT_FAIL, "nothing asks clients for a password: everybody is let in");
        mend(out, "%s: %srequire-mschap-v2", pppd_main_file(p), o ? "take noauth away and add " : "");
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        if (!weak[i].on)
            continue;
        const struct pppd_option *o = asked(p, weak[i].option);
        bad++;
        say(out, AUDIT_FAIL, "clients may log in by %s: %s", weak[i].name, weak[i].why);
        if (o)
            mend(out, "%s:%u: take %s away", p->files[o->file].path, o->line, o->name);
        else
            mend(out, "%s: require-mschap-v2", pppd_main_file(p));
    }
    if (!(p->chap & CHAP_MS2)) {
        bad++;
        say(out, AUDIT_FAIL,
            "clients are not asked for MS-CHAPv2, the only login of PPTP that can be encrypted at all");
        mend(out, "%s: require-mschap-v2", pppd_main_file(p));
    }
    if (!bad)
        say(out, AUDIT_PASS, "clients are asked for MS-CHAPv2 and nothing else");
}

void check_ppp_refuse(const struct facts *f, struct findings *out)
{
    static const char *const wanted[][2] = {
        {"refuse-pap", "-pap"}, {"refuse-chap", "-chap"}, {"refuse-mschap", "-mschap"}};
    struct some missing = {0};

    if (not_here(f, out) || incomplete(f, out))
        return;
    for (size_t i = 0; i < 3; i++)
        if (!pppd_last(f->pppd, wanted[i][0]) && !pppd_last(f->pppd, wanted[i][1]))
            some_add(&missing, wanted[i][0]);
    if (!missing.n) {
        say(out, AUDIT_PASS, "this server shows nobody its own secrets by PAP, CHAP-MD5 or MS-CHAPv1");
        return;
    }
    say(out, AUDIT_WARN,
        "%s missing: a client that asks this server to log in, in turn, gets an answer that can be cracked",
        some_text(&missing));
    mend(out, "%s: %s, a line each", pppd_main_file(f->pppd), missing.text);
}

void check_ppp_mppe(const struct facts *f, struct findings *out)
{
    const struct pppd *p = f->pppd;

    if (not_here(f, out) || incomplete(f, out))
        return;
    if (pppd_flag(p, "noccp", NULL) || pppd_flag(p, "-ccp", NULL)) {
        say(out, AUDIT_FAIL, "noccp: nothing is encrypted");
        mend(out, "%s: take noccp away and add require-mppe-128", pppd_main_file(p));
        return;
    }
    if (!(p->mppe & MPPE_128)) {
        say(out, AUDIT_FAIL,
            p->mppe ? "40 bits of encryption are enough here: they are cracked at once"
                    : "encryption is not asked for: whoever wants, or whoever stands between, has none");
        mend(out, "%s: require-mppe-128", pppd_main_file(p));
    } else if (p->mppe & MPPE_40) {
        say(out, AUDIT_FAIL, "a client may choose 40 bits of encryption, which are cracked at once");
        mend(out, "%s: require-mppe-128 instead of require-mppe", pppd_main_file(p));
    } else {
        say(out, AUDIT_PASS, "128 bits of MPPE are required");
    }
    if (p->mppe_stateful) {
        say(out, AUDIT_WARN,
            "mppe-stateful: one key for 256 packets, and each lost packet costs all until the next key");
        mend(out, "%s: take mppe-stateful away", pppd_main_file(p));
    }
}

void check_ppp_routes(const struct facts *f, struct findings *out)
{
    const struct pppd *p = f->pppd;
    unsigned bad = 0;

    if (not_here(f, out) || incomplete(f, out))
        return;
    if (pppd_flag(p, "defaultroute", "nodefaultroute")) {
        bad++;
        say(out, AUDIT_FAIL, "defaultroute: the next client that logs in becomes this server's way into the Internet");
        mend(out, "%s: nodefaultroute instead of defaultroute", pppd_main_file(p));
    } else if (!pppd_last(p, "nodefaultroute")) {
        bad++;
        say(out, AUDIT_WARN, "nodefaultroute is missing: a user with his own options could ask for the default route");
        mend(out, "%s: nodefaultroute", pppd_main_file(p));
    }
    if (pppd_flag(p, "ipcp-accept-remote", NULL) && !pppd_flag(p, "proxyarp", "noproxyarp")) {
        bad++;
        say(out, AUDIT_WARN,
            "ipcp-accept-remote lets a client choose its own address, as far as its line of secrets allows");
        mend(out, "%s: take ipcp-accept-remote away", pppd_main_file(p));
    } else if (pppd_flag(p, "ipcp-accept-remote", NULL)) {
        bad++;
        say(out, AUDIT_FAIL,
            "ipcp-accept-remote with proxyarp: a client can take over the address of a machine in the inner network");
        mend(out, "%s: take ipcp-accept-remote away", pppd_main_file(p));
    }
    if (!bad)
        say(out, AUDIT_PASS, "%s",
            pppd_flag(p, "proxyarp", "noproxyarp") ? "no default route through clients; proxyarp answers for them in "
                                                     "the inner network, which their addresses must be part of"
                                                   : "no default route through clients");
}

void check_ppp_log(const struct facts *f, struct findings *out)
{
    const struct pppd *p = f->pppd;
    unsigned bad = 0;

    if (not_here(f, out) || incomplete(f, out))
        return;
    if (pppd_flag(p, "show-password", "hide-password")) {
        bad++;
        say(out, AUDIT_FAIL, "show-password writes the passwords of PAP logins into the log");
        mend(out, "%s: take show-password away", pppd_main_file(p));
    }
    if (pppd_last(p, "debug") || pppd_last(p, "-d")) {
        bad++;
        say(out, AUDIT_WARN, "debug makes pppd log every packet of a login, with text that clients choose");
        mend(out, "%s: take debug away", pppd_main_file(p));
    }
    const struct pppd_option *file = pppd_last(p, "logfile");
    if (file) {
        bad++;
        say(out, AUDIT_WARN,
            "pppd writes into %s as well: it grows without end unless logrotate knows it, and pptpban does not read it",
            file->value);
        mend(out, "%s:%u: nologfd instead of logfile", p->files[file->file].path, file->line);
    } else if (!pppd_last(p, "nologfd") && !pppd_last(p, "nolog")) {
        bad++;
        say(out, AUDIT_WARN, "nologfd is missing: pppd may send its messages down the line to the client as well");
        mend(out, "%s: nologfd", pppd_main_file(p));
    }
    if (!bad)
        say(out, AUDIT_PASS, "pppd logs to syslog alone, without passwords");
}

void check_second_factor(const struct facts *f, struct findings *out)
{
    if (not_here(f, out) || incomplete(f, out))
        return;
    if (pppd_has_plugin(f->pppd, "radius")) {
        say(out, AUDIT_PASS, "logins are decided by RADIUS; whether it asks for a second factor is seen there alone");
        return;
    }
    say(out, AUDIT_WARN, "a password is all that is asked: who has recorded one login and cracked it gets in");
    mend(out, "%s: plugin radius.so, with a RADIUS server that asks for a second factor", pppd_main_file(f->pppd));
}
