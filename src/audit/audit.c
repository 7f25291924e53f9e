// SPDX-License-Identifier: GPL-2.0-or-later
// The table of checks, and running it.
#include "audit/audit.h"

#include "audit/checks.h"

const char *const audit_verdict_names[AUDIT_VERDICTS] = {
    [AUDIT_NONE] = "n/a",  [AUDIT_PASS] = "pass", [AUDIT_UNKNOWN] = "unknown",
    [AUDIT_WARN] = "warn", [AUDIT_FAIL] = "fail",
};

const struct audit_check audit_checks[] = {
    {"ruleset", "the base ruleset", check_ruleset, false},
    {"ruleset-order", "rules before ours", check_ruleset_order, false},
    {"ban-hook", "bans in the kernel", check_ban_hook, false},
    {"foreign", "rules of others", check_foreign, false},
    {"gre", "unsolicited GRE", check_gre, false},
    {"helper", "the kernel's PPTP helper", check_helper, false},
    {"limits", "floods and counters", check_limits, false},
    {"mss", "TCP segments in the tunnel", check_mss, false},
    {"open-ports", "what everybody can reach", check_open_ports, false},
    {"pptpd-conf", "pptpd.conf", check_pptpd_conf, false},
    {"pptpd-pool", "addresses and connections", check_pptpd_pool, false},
    {"pptpd-listen", "where pptpd listens", check_pptpd_listen, false},
    {"pptpd-trace", "what pptpd keeps of logins", check_pptpd_trace, false},
    {"ppp-files", "files of options", check_ppp_files, false},
    {"ppp-auth", "how clients log in", check_ppp_auth, false},
    {"ppp-refuse", "how this server shows itself", check_ppp_refuse, false},
    {"ppp-mppe", "encryption", check_ppp_mppe, false},
    {"ppp-routes", "routes and addresses", check_ppp_routes, false},
    {"ppp-log", "what pppd logs", check_ppp_log, false},
    {"accel-auth", "how clients of accel-ppp log in", check_accel_auth, false},
    {"accel-log", "what accel-ppp logs", check_accel_log, false},
    {"accel-cli", "accel-ppp's command line", check_accel_cli, false},
    {"second-factor", "a second factor", check_second_factor, false},
    {"secrets-mode", "who can read the passwords", check_secrets_mode, false},
    {"secrets-passwords", "the passwords themselves", check_secrets_passwords, false},
    {"secrets-clients", "the lines of the secrets", check_secrets_clients, false},
    {"secrets-addresses", "addresses of the users", check_secrets_addresses, false},
    {"watch", "what pptpban reads", check_watch, false},
    {"syslog-route", "lines through syslog", check_syslog_route, false},
    {"syslog-debug", "lines that name the address", check_syslog_debug, false},
    {"journald-rate", "lines that journald drops", check_journald_rate, false},
    {"journald-store", "what the journal keeps", check_journald_store, false},
    {"forwarding", "IPv4 forwarding", check_forwarding, false},
    {"rp-filter", "forged source addresses", check_rp_filter, false},
    {"conntrack", "the connection table", check_conntrack, false},
    {"clock", "the clock", check_clock, false},
    {"versions", "known holes", check_versions, false},
    {"isolation", "how the server is kept apart", check_isolation, false},
    {"protocol", "PPTP itself", check_protocol, true},
    {NULL, NULL, NULL, false},
};

const char audit_advice[] =
    "PPTP cannot be made safe: MS-CHAPv2 is cracked from one recorded login, and MPPE's key comes from the same\n"
    "password. WireGuard (or OpenVPN, where TCP 443 is all that gets through) runs beside it without disturbing it:\n"
    "set it up, open udp/51820, move the users one by one, deny each one PPTP when he has moved, and close tcp/1723\n"
    "after the last. moving-away.md in pptpban's documentation tells every step, with commands.\n";

int audit_run(const struct audit_root *root, const struct config *config, struct audit_report *ret)
{
    struct audit_report report = {0};
    struct findings findings = {.report = &report};
    struct facts facts;
    int r = facts_read(root, config, &facts);

    if (r < 0)
        return r;
    for (const struct audit_check *c = audit_checks; c->id && !findings.error; c++) {
        findings.check = c;
        c->run(&facts, &findings);
    }
    facts_free(&facts);
    if (findings.error) {
        audit_report_free(&report);
        return findings.error;
    }
    *ret = report;
    return 0;
}
