// SPDX-License-Identifier: GPL-2.0-or-later
// The checks, by the file that holds them. Each takes what was read and says at least one thing.
#ifndef PB_AUDIT_CHECKS_H
#define PB_AUDIT_CHECKS_H

#include "audit/facts.h"
#include "audit/findings.h"

// check_accel.c
void check_accel_auth(const struct facts *f, struct findings *out);
void check_accel_log(const struct facts *f, struct findings *out);
void check_accel_cli(const struct facts *f, struct findings *out);

// check_firewall.c
void check_ruleset(const struct facts *f, struct findings *out);
void check_ruleset_order(const struct facts *f, struct findings *out);
void check_ban_hook(const struct facts *f, struct findings *out);
void check_foreign(const struct facts *f, struct findings *out);
void check_gre(const struct facts *f, struct findings *out);
void check_helper(const struct facts *f, struct findings *out);
void check_limits(const struct facts *f, struct findings *out);
void check_mss(const struct facts *f, struct findings *out);
void check_open_ports(const struct facts *f, struct findings *out);

// check_pptpd.c
void check_pptpd_conf(const struct facts *f, struct findings *out);
void check_pptpd_pool(const struct facts *f, struct findings *out);
void check_pptpd_listen(const struct facts *f, struct findings *out);
void check_pptpd_trace(const struct facts *f, struct findings *out);

// check_pppd.c
void check_ppp_files(const struct facts *f, struct findings *out);
void check_ppp_auth(const struct facts *f, struct findings *out);
void check_ppp_refuse(const struct facts *f, struct findings *out);
void check_ppp_mppe(const struct facts *f, struct findings *out);
void check_ppp_routes(const struct facts *f, struct findings *out);
void check_ppp_log(const struct facts *f, struct findings *out);
void check_second_factor(const struct facts *f, struct findings *out);

// check_secrets.c
void check_secrets_mode(const struct facts *f, struct findings *out);
void check_secrets_passwords(const struct facts *f, struct findings *out);
void check_secrets_clients(const struct facts *f, struct findings *out);
void check_secrets_addresses(const struct facts *f, struct findings *out);

// check_logs.c
void check_watch(const struct facts *f, struct findings *out);
void check_syslog_route(const struct facts *f, struct findings *out);
void check_syslog_debug(const struct facts *f, struct findings *out);
void check_journald_rate(const struct facts *f, struct findings *out);
void check_journald_store(const struct facts *f, struct findings *out);

// check_versions.c
void check_versions(const struct facts *f, struct findings *out);

// check_machine.c
void check_forwarding(const struct facts *f, struct findings *out);
void check_rp_filter(const struct facts *f, struct findings *out);
void check_conntrack(const struct facts *f, struct findings *out);
void check_clock(const struct facts *f, struct findings *out);
void check_isolation(const struct facts *f, struct findings *out);
void check_protocol(const struct facts *f, struct findings *out);

#endif
