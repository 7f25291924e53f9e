// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of pptpd.conf.
#include <stdlib.h>

#include "audit/checks.h"

static bool has(const struct facts *f, enum pptpd_key key)
{
    return f->pptpd.keys[key].line > 0;
}

// True: there is nothing to check, and that was said.
static bool not_here(const struct facts *f, struct findings *out)
{
    if (!facts_pptpd(f))
        say(out, AUDIT_NONE, "there is no pptpd here");
    else if (f->pptpd.error < 0)
        say_unreadable(out, AUDIT_FAIL, PPTPD_CONF, f->pptpd.error);
    return f->pptpd.error < 0;
}

void check_pptpd_conf(const struct facts *f, struct findings *out)
{
    const char *option = f->pptpd.keys[PPTPD_OPTION].value;

    if (not_here(f, out))
        return;
    if (!has(f, PPTPD_OPTION)) {
        say(out, AUDIT_WARN,
            "pptpd.conf names no file of options: clients get /etc/ppp/options, as every other ppp does");
        mend(out, PPTPD_CONF ": option /etc/ppp/pptpd-options");
    } else if (!view_exists(f->root, option)) {
        say(out, AUDIT_FAIL, "%s:%u names %s, which is not there: no client can log in", PPTPD_CONF,
            f->pptpd.keys[PPTPD_OPTION].line, option);
        mend(out, PPTPD_CONF ": option /etc/ppp/pptpd-options");
    } else {
        say(out, AUDIT_PASS, "clients get the options of %s", option);
    }
    if (has(f, PPTPD_NOIPPARAM)) {
        say(out, AUDIT_WARN, "noipparam keeps the client's address from ip-up and ip-down");
        mend(out, "%s:%u: take noipparam away", PPTPD_CONF, f->pptpd.keys[PPTPD_NOIPPARAM].line);
    }
    if (has(f, PPTPD_BCRELAY)) {
        say(out, AUDIT_WARN,
            "bcrelay copies broadcasts of the inner network to every client, by a program that runs as root");
        mend(out, "%s:%u: take bcrelay away", PPTPD_CONF, f->pptpd.keys[PPTPD_BCRELAY].line);
    }
}

static unsigned long count(const struct address_range *v, size_t n)
{
    unsigned long sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += v[i].last - v[i].first + 1ul;
    return sum;
}

static bool overlap(const struct address_range *a, size_t n, const struct address_range *b, size_t m)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            if (a[i].first <= b[j].last && b[j].first <= a[i].last)
                return true;
    return false;
}

static void check_slots(const struct facts *f, unsigned long addresses, struct findings *out)
{
    const char *text = f->pptpd.keys[PPTPD_CONNECTIONS].value;
    unsigned long long connections = 100; // pptpd's own

    if (has(f, PPTPD_CONNECTIONS) && (str_number(str_of(text), 65535, &connections) < 0 || connections == 0)) {
        say(out, AUDIT_FAIL, "%s:%u: connections is no number from 1 on", PPTPD_CONF,
            f->pptpd.keys[PPTPD_CONNECTIONS].line);
        mend(out, PPTPD_CONF ": connections %lu", addresses ? addresses : 100);
        return;
    }
    if (!has(f, PPTPD_CONNECTIONS)) {
        say(out, AUDIT_WARN,
            "connections is not set: 100 may be open at once, the silent ones of an attacker among them");
        mend(out, PPTPD_CONF ": connections %lu", addresses ? addresses + 1 : 50);
        return;
    }
    if (addresses && connections > addresses + 1) {
        say(out, AUDIT_WARN,
            "connections is %llu, but remoteip has %lu addresses: the rest is turned away without a word in the log",
            connections, addresses);
        mend(out, PPTPD_CONF ": connections %lu", addresses);
        return;
    }
    say(out, AUDIT_PASS, "at most %llu connections at once", connections);
}

void check_pptpd_pool(const struct facts *f, struct findings *out)
{
    struct address_range local[PPTPD_RANGES_MAX], remote[PPTPD_RANGES_MAX];
    size_t n = 0, m = 0;

    if (not_here(f, out))
        return;
    if (has(f, PPTPD_DELEGATE)) {
        say(out, AUDIT_PASS, "pppd gives out the addresses (delegate)");
        check_slots(f, 0, out);
        return;
    }
    if (!has(f, PPTPD_REMOTEIP)) {
        say(out, AUDIT_WARN, "remoteip is not set: clients get addresses of 192.168.1.234-238, whatever that is here");
        mend(out, PPTPD_CONF ": remoteip 10.99.0.2-100");
    } else if (pptpd_ranges(f->pptpd.keys[PPTPD_REMOTEIP].value, remote, &m) < 0) {
        say(out, AUDIT_FAIL, "%s:%u: remoteip cannot be understood", PPTPD_CONF, f->pptpd.keys[PPTPD_REMOTEIP].line);
        mend(out, PPTPD_CONF ": remoteip 10.99.0.2-100, without blanks");
    }
    if (has(f, PPTPD_LOCALIP) && pptpd_ranges(f->pptpd.keys[PPTPD_LOCALIP].value, local, &n) < 0) {
        say(out, AUDIT_FAIL, "%s:%u: localip cannot be understood", PPTPD_CONF, f->pptpd.keys[PPTPD_LOCALIP].line);
        mend(out, PPTPD_CONF ": localip 10.99.0.1");
    }
    if (n && m && overlap(local, n, remote, m)) {
        say(out, AUDIT_FAIL, "localip is among the addresses of remoteip: some client gets the server's own address");
        mend(out, PPTPD_CONF ": localip and remoteip that have no address in common");
    } else if (n && m) {
        say(out, AUDIT_PASS, "%lu addresses for clients, apart from the server's", count(remote, m));
    } else if (m) {
        say(out, AUDIT_PASS, "%lu addresses for clients", count(remote, m));
    }
    check_slots(f, m ? count(remote, m) : 0, out);
}

void check_pptpd_listen(const struct facts *f, struct findings *out)
{
    if (not_here(f, out))
        return;
    if (has(f, PPTPD_LISTEN) && strcmp(f->pptpd.keys[PPTPD_LISTEN].value, "0.0.0.0") != 0) {
        say(out, AUDIT_PASS, "pptpd listens at %s alone", f->pptpd.keys[PPTPD_LISTEN].value);
        return;
    }
    say(out, AUDIT_WARN, "pptpd listens at every address of this machine, the inner ones and the tunnels' included");
    mend(out, PPTPD_CONF ": listen ADDRESS, the public one");
}

void check_pptpd_trace(const struct facts *f, struct findings *out)
{
    if (not_here(f, out))
        return;
    if (has(f, PPTPD_DEBUG)) {
        say(out, AUDIT_WARN,
            "debug makes pptpd log every packet of the control channel: whoever connects fills the log, and journald "
            "begins to drop lines, those of attackers too");
        mend(out, "%s:%u: take debug away, then: systemctl restart pptpd", PPTPD_CONF, f->pptpd.keys[PPTPD_DEBUG].line);
    }
    if (has(f, PPTPD_LOGWTMP)) {
        say(out, AUDIT_PASS, "logins are kept in wtmp: \"last\" tells who was connected when, and from where");
    } else {
        say(out, AUDIT_WARN, "logwtmp is not set: once the log is gone, nothing tells who was connected from where");
        mend(out, PPTPD_CONF ": logwtmp");
    }
}
