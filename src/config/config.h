// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban.conf and pptpban.conf.d/*.conf, read into plain data. One keyword table makes the parser, the effective
// dump and the manual's list. Opens nothing but these files and decides nothing.
#ifndef PB_CONFIG_CONFIG_H
#define PB_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/class.h"
#include "base/clock.h"
#include "base/country.h"
#include "base/str.h"
#include "config/firewall.h"
#include "config/lists.h"

enum backend { BACKEND_AUTO, BACKEND_IPSET, BACKEND_NFTABLES, BACKEND_NONE, BACKEND_MAX };

enum {
    CONFIG_JAILS_MAX = 64,
    CONFIG_JAIL_NAME_MAX = 31,
    CONFIG_SOURCES_MAX = 64,    // a jail
    CONFIG_NETWORKS_MAX = 4096, // an ignoreip
    CONFIG_FILTER_DIRS_MAX = 16,
    CONFIG_FILTER_PARAMS_MAX = 32,
    CONFIG_ACCOUNT_ADDRESSES_MAX = 32, // maxretry of a jail by account
    CONFIG_DROPINS_MAX = 256,   // files in pptpban.conf.d
    CONFIG_SCHEDULES_MAX = 8,   // a jail
    CONFIG_SCHEDULE_NAME_MAX = 15,
    CONFIG_COUNTRIES_MAX = 260, // a maxretry.country
    CONFIG_MESSAGES_MAX = 200,  // told of one load; the rest are counted
};

extern const char *const backend_names[BACKEND_MAX];

// Who is spared besides the allowlist: bits of config.spare.
enum spare_kind { SPARE_OWN, SPARE_GATEWAY, SPARE_DNS, SPARE_ADMINS, SPARE_MAX };

extern const char *const spare_names[SPARE_MAX];

// One [JAIL@NAME] section: what holds instead of the jail's own while it is that time. What it does not say is there as
// the jail has it.
struct jail_schedule {
    char *name;
    struct fw_open_list when; // in the time zone of [firewall]
    unsigned maxretry;
    unsigned unknown;              // maxretry.unknown
    struct country_list countries; // maxretry.country
    unsigned trusted;              // trust.maxretry
    usec_t bantime;
    bool observe;
    char *file; // where the section begins
    unsigned line;
};

// One [JAIL] section, with [DEFAULT] already applied.
struct jail_config {
    char *name;
    bool enabled;
    char *filter;          // as written: NAME or NAME[param=value, ...]
    struct strlist source; // "auto", "journal", or paths and globs
    unsigned maxretry;     // 1..1000, in units of weight
    unsigned unknown;      // maxretry.unknown: of failures as accounts that nobody has logged in as; 0: no such rule
    usec_t known_for;      // an account is known for so long after a good login
    usec_t learn_for;      // and so long after the first of all, maxretry.unknown holds
    struct country_list countries; // maxretry.country: of these instead of maxretry
    usec_t trust;          // an address is trusted for so long after a good login; 0: never
    unsigned trusted;      // trust.maxretry: of such an address
    usec_t findtime;
    usec_t bantime;        // USEC_FOREVER: until unbanned
    bool increment;        // bantime.increment: each further ban of an address lasts longer
    double factor;         // bantime.factor: by this factor
    usec_t maximum;        // bantime.maximum: up to this
    usec_t decay;          // bantime.decay: one ban is forgotten for each such time without a new one
    bool by_account;           // key = account: maxretry is of different addresses that fail as one account
    unsigned tries;            // of an address as accounts that are tried so
    unsigned aggregate;        // so many different addresses of one network that were banned ban it as a whole; 0: never
    usec_t aggregate_findtime; // aggregate.findtime: within so long a time
    usec_t aggregate_bantime;  // aggregate.bantime: for this time, lengthened as bantime is
    uint8_t aggregate4, aggregate6; // aggregate.ipv4, aggregate.ipv6: how wide a network is, family bits
    struct prefix_list ignoreip;
    bool ignoreself;
    uint8_t weight[CLASS_MAX]; // count = auth=1 refused=0 ...
    bool observe;              // mode = observe: everything but the ban itself
    unsigned max_addresses;    // bound of the window table
    struct jail_schedule *schedules; // in the order in which they are written
    size_t n_schedules;
    char *file;                // where the section begins, for messages
    unsigned line;
};

struct config {
    enum backend backend;
    char *state_dir;      // /var/lib/pptpban
    char *runtime_dir;    // /run/pptpban
    struct strlist filter_dirs; // searched in order, later override
    char *group;          // who may ask the control socket
    char *netns;          // name of the network namespace that is protected; "" : the one it is started in
    int log_level;        // LOG_ERR..LOG_DEBUG
    unsigned max_lives;   // sessions
    unsigned max_bans;    // entries of the ban list and of each kernel set
    unsigned evidence_kib; // bound of the evidence arena
    unsigned spare;       // 1 << SPARE_...: never banned, though their failures count
    uint8_t widest4, widest6; // widest network that may be banned, family bits (24, 48)
    usec_t silent_timeout; // a control connection without a first packet is ended after this; 0: never
    unsigned surge;       // how many times what is usual is a surge; 0: nobody looks
    unsigned surge_connections, surge_failures, surge_mib; // a minute with no more than these is none
    usec_t history;       // how long ended bans are remembered
    struct firewall_config firewall;
    struct jail_config *jails; // [n_jails], enabled and not
    size_t n_jails;
};

struct config_message {
    char *text; // "FILE:LINE: KEY = VALUE: what is wrong; what would be accepted"
    bool fatal; // error, not warning
};

struct config_report {
    struct config_message *v;
    size_t n, errors;
};

// Reads path (NULL: the compiled-in /etc/pptpban/pptpban.conf, which need not exist) and its PATH.d/*.conf, sorted,
// over the shipped defaults. All messages are collected into *report, which is zero before (freed with
// config_report_free). Returns 0, or -EINVAL when any was an error, -ENOENT, -EACCES, ... when a file could not be
// read (that is in the report too), -ENOMEM. *ret is written only on success; freed with config_free.
int config_load(const char *path, struct config **ret, struct config_report *report);
void config_free(struct config *c);
void config_report_free(struct config_report *report);

struct config_param {
    struct str name, value;
};

// Takes jail_config.filter apart: NAME, and the params of NAME[a=b, c="d, e"] into ret_params, in order. Views into
// written. -EINVAL when it cannot be read, -E2BIG beyond max params.
int config_filter_parse(struct str written, struct str *ret_name, struct config_param *ret_params, size_t max,
                        size_t *ret_n);

// The effective configuration, as a file that config_load() reads back to the same values.
void config_dump(const struct config *c, FILE *out);

// A code of ISO 3166 in capitals, or XK.
bool config_is_country(struct str code);

#endif
