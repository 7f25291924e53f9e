// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the kernel's settings, the clock, how the service is kept apart, and of the protocol itself.
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "audit/checks.h"

void check_forwarding(const struct facts *f, struct findings *out)
{
    static const char path[] = "/proc/sys/net/ipv4/ip_forward";
    long long on;
    int r = view_number(f->root, path, &on);

    if (r < 0) {
        say_unreadable(out, AUDIT_UNKNOWN, path, r);
    } else if (on) {
        say(out, AUDIT_PASS, "packets of clients are forwarded");
    } else {
        say(out, AUDIT_FAIL, "IPv4 forwarding is off: clients reach this machine and nothing behind it");
        mend(out, "echo net.ipv4.ip_forward=1 >/etc/sysctl.d/60-pptp.conf && sysctl --system");
    }
}

static int rp_filter_of(const struct facts *f, const char *interface, long long *ret)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
    return view_number(f->root, path, ret);
}

// What holds is the larger of the interface's own value and that of "all"; interfaces that pppd makes begin with
// "default".
void check_rp_filter(const struct facts *f, struct findings *out)
{
    struct names names = {0};
    struct some off = {0};
    long long all, value, fresh = 0;
    int r = rp_filter_of(f, "all", &all);

    if (r == 0)
        r = rp_filter_of(f, "default", &fresh);
    if (r == 0)
        r = view_list(f->root, "/proc/sys/net/ipv4/conf", "*", &names);
    if (r < 0) {
        say_unreadable(out, AUDIT_UNKNOWN, "/proc/sys/net/ipv4/conf", r);
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.v[i];
        bool real = strcmp(name, "all") != 0 && strcmp(name, "default") != 0 && strcmp(name, "lo") != 0;
        if (real && rp_filter_of(f, name, &value) == 0 && value <= 0 && all <= 0)
            some_add(&off, name);
    }
    names_free(&names);
    if (all <= 0 && fresh <= 0) {
        say(out, AUDIT_WARN,
            "rp_filter is off for new interfaces: a client may send with any source address through its tunnel");
        mend(out, "echo net.ipv4.conf.default.rp_filter=1 >>/etc/sysctl.d/60-pptp.conf && sysctl --system");
    }
    if (off.n) {
        say(out, AUDIT_WARN, "rp_filter is off on %s: packets with forged inner addresses come in", some_text(&off));
        mend(out,
             "echo net.ipv4.conf.all.rp_filter=2 >>/etc/sysctl.d/60-pptp.conf && sysctl --system; 1 instead of 2 where "
             "packets come and go by the same interface");
    } else if (all > 0 || fresh > 0) {
        say(out, AUDIT_PASS,
            "%s; where answers leave by another interface than questions came in by, only 2 (loose) lets them through",
            all == 2 || fresh == 2 ? "loose" : "strict");
    }
}

void check_conntrack(const struct facts *f, struct findings *out)
{
    static const char max_path[] = "/proc/sys/net/netfilter/nf_conntrack_max";
    long long max, count, acct;
    int r = view_number(f->root, max_path, &max);

    if (r < 0) {
        say_unreadable(out, AUDIT_UNKNOWN, max_path, r);
        mend(out, "modprobe nf_conntrack");
        return;
    }
    if (view_number(f->root, "/proc/sys/net/netfilter/nf_conntrack_count", &count) < 0)
        count = 0;
    if (max < 16384 || count > max - max / 5) {
        say(out, count > max - max / 20 ? AUDIT_FAIL : AUDIT_WARN,
            "%lld of %lld entries of the connection table are in use: when it is full, new clients are dropped", count,
            max);
        mend(out, "echo net.netfilter.nf_conntrack_max=%lld >>/etc/sysctl.d/60-pptp.conf && sysctl --system",
             max < 65536 ? 131072 : max * 2);
    } else {
        say(out, AUDIT_PASS, "room for %lld connections, %lld in use", max, count);
    }
    if (view_number(f->root, "/proc/sys/net/netfilter/nf_conntrack_acct", &acct) < 0)
        return;
    if (acct) {
        say(out, AUDIT_PASS, "bytes and packets of each connection are counted");
        return;
    }
    say(out, AUDIT_WARN, "nf_conntrack_acct is off: nothing tells how much a connection moved");
    mend(out, "echo net.netfilter.nf_conntrack_acct=1 >>/etc/sysctl.d/60-pptp.conf && sysctl --system");
}

void check_clock(const struct facts *f, struct findings *out)
{
    bool follows = false;
    int r = f->root->clock ? f->root->clock(f->root->userdata, &follows) : -EOPNOTSUPP;

    if (r < 0) {
        say(out, AUDIT_UNKNOWN, "the kernel's clock cannot be asked from here");
    } else if (follows) {
        say(out, AUDIT_PASS, "the clock is kept by another one");
    } else {
        say(out, AUDIT_WARN, "the clock follows no other: times in logs, of bans and of opening hours drift");
        mend(out, "apt-get install chrony, or: systemctl enable --now systemd-timesyncd; in a container, on its host");
    }
}

void check_isolation(const struct facts *f, struct findings *out)
{
    static const char *const marks[] = {"/run/systemd/container", "/run/.containerenv", "/.dockerenv",
                                        "/run/host/container-manager"};
    static const char *const services[] = {"pptpd", "accel-ppp"};
    char value[256];

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (view_exists(f->root, marks[i])) {
            say(out, AUDIT_PASS, "this is a container (%s is there)", marks[i]);
            return;
        }
    for (size_t i = 0; i < 2; i++)
        if (facts_service_key(f, services[i], "NetworkNamespacePath", value, sizeof(value))) {
            say(out, AUDIT_PASS, "%s runs in the network namespace %s", services[i], value);
            return;
        }
    say(out, AUDIT_WARN,
        "the PPTP server shares this machine's network: a hole in pppd, which runs as root, opens all of it");
    mend(out, "systemctl edit pptpd, with the lines \"[Service]\" and \"NetworkNamespacePath=/run/netns/pptp\"; or run "
              "it in a container or machine of its own");
}

void check_protocol(const struct facts *f, struct findings *out)
{
    (void)f;
    say(out, AUDIT_WARN,
        "MS-CHAPv2 and MPPE are broken: whoever records one login finds the key to all that user ever sends, in a day "
        "and for little money; no setting here mends that");
    mend(out, "run WireGuard or OpenVPN beside it and move the users, one by one: moving-away.md in pptpban's "
              "documentation (/usr/share/doc/pptpban) tells every step");
}
