// SPDX-License-Identifier: GPL-2.0-or-later
// The keyword table, and finding in it. Reads no values.
#include "config/keyword.h"

#include <syslog.h>

#include "base/nearest.h"
#include "config/config.h"

const char *const backend_names[BACKEND_MAX] = {
    [BACKEND_AUTO] = "auto",
    [BACKEND_IPSET] = "ipset",
    [BACKEND_NFTABLES] = "nftables",
    [BACKEND_NONE] = "none",
};

const char *const spare_names[SPARE_MAX] = {
    [SPARE_OWN] = "own",
    [SPARE_GATEWAY] = "gateway",
    [SPARE_DNS] = "dns",
    [SPARE_ADMINS] = "admins",
};

static const char *const level_words[] = {"error", "warning", "notice", "info", "debug"}; // LOG_ERR..LOG_DEBUG
const char *const fw_backend_names[FW_BACKENDS] = {"auto", "nftables", "iptables", "iptables-nft",
                                                     "iptables-legacy"};
static const char *const gre_words[FW_GRE_WAYS] = {"auto", "helper", "peers"};
static const char *const outside_words[] = {"keep", "end"};
static const char *const scope_words[] = {"all", "new"};
static const char *const policy_words[] = {"accept", "drop"};
static const char *const key_words[] = {"address", "account"};
static const char *const mode_words[] = {"ban", "observe"};

#define IN(type, field) .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)
#define HOUR 3600
#define DAY (24 * HOUR)

static const struct keyword globals[] = {
    {"backend", NULL, &kind_word, IN(config, backend), "auto", .max = BACKEND_MAX - 1,
     .words = backend_names},
    {"state_dir", NULL, &kind_path, IN(config, state_dir), PKGSTATEDIR},
    {"runtime_dir", NULL, &kind_path, IN(config, runtime_dir), RUNDIR},
    {"filter_dirs", NULL, &kind_paths, IN(config, filter_dirs), PKGDATADIR "/filters " PKGSYSCONFDIR "/filters.d",
     .min = 1, .max = CONFIG_FILTER_DIRS_MAX},
    {"group", NULL, &kind_group, IN(config, group), "pptpban"},
    {"netns", NULL, &kind_netns, IN(config, netns), ""},
    {"log_level", "loglevel", &kind_word, IN(config, log_level), "info", .min = LOG_ERR, .max = LOG_DEBUG,
     .words = level_words},
    {"max_lives", NULL, &kind_number, IN(config, max_lives), "16384", .min = 16, .max = 1048576},
    {"max_bans", NULL, &kind_number, IN(config, max_bans), "262144", .min = 1, .max = 4194304},
    {"evidence_kib", NULL, &kind_number, IN(config, evidence_kib), "4096", .min = 64, .max = 1048576},
    {"spare", NULL, &kind_words, IN(config, spare), "own gateway dns admins", .max = SPARE_MAX - 1, .words = spare_names},
    {"widest4", NULL, &kind_number, IN(config, widest4), "24", .min = 8, .max = 32},
    {"widest6", NULL, &kind_number, IN(config, widest6), "48", .min = 19, .max = 128},
    {"silent_timeout", NULL, &kind_time, IN(config, silent_timeout), "1s", .min = 0, .max = 60},
    {"surge", NULL, &kind_number, IN(config, surge), "3", .max = 1000},
    {"surge.connections", NULL, &kind_number, IN(config, surge_connections), "60", .min = 1, .max = 1000000000},
    {"surge.failures", NULL, &kind_number, IN(config, surge_failures), "60", .min = 1, .max = 1000000000},
    {"surge.mib", NULL, &kind_number, IN(config, surge_mib), "300", .min = 1, .max = 1000000000},
    {"history", "dbpurgeage", &kind_time, IN(config, history), "13w", .min = HOUR, .max = 3640LL * DAY},
};

// What the Internet never sends: IANA's special-purpose registries (RFC 6890 and its successors) and multicast.
#define SPOOFED \
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 " \
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 " \
    "::1/128 64:ff9b:1::/48 100::/64 2001:db8::/32 fc00::/7 ff00::/8"

static const struct keyword firewall_keys[] = {
    {"enabled", NULL, &kind_flag, IN(firewall_config, enabled), "no"},
    {"backend", NULL, &kind_word, IN(firewall_config, backend), "auto", .max = FW_BACKENDS - 1, .words = fw_backend_names},
    {"interface", NULL, &kind_interfaces, IN(firewall_config, interface), "", .max = FIREWALL_INTERFACES_MAX},
    {"address", NULL, &kind_prefixes, IN(firewall_config, address), "", .max = 256},
    {"port", NULL, &kind_number, IN(firewall_config, port), "1723", .min = 1, .max = 65535},
    {"gre", NULL, &kind_word, IN(firewall_config, gre), "auto", .max = FW_GRE_WAYS - 1, .words = gre_words},
    {"allow_from", NULL, &kind_prefixes, IN(firewall_config, allow_from), "", .max = FIREWALL_ALLOW_MAX},
    {"deny_from", NULL, &kind_prefixes, IN(firewall_config, deny_from), "", .max = FIREWALL_ALLOW_MAX},
    {"allow_countries", NULL, &kind_countries, IN(firewall_config, allow_countries), "", .max = FIREWALL_COUNTRIES_MAX},
    {"deny_countries", NULL, &kind_countries, IN(firewall_config, deny_countries), "", .max = FIREWALL_COUNTRIES_MAX},
    {"database", NULL, &kind_path, IN(firewall_config, database), "/var/lib/GeoIP/GeoLite2-Country.mmdb"},
    {"rate", NULL, &kind_rate, IN(firewall_config, rate), "10/minute burst 5"},
    {"connections", NULL, &kind_number, IN(firewall_config, connections), "10", .max = 65535},
    {"spoofed", NULL, &kind_prefixes, IN(firewall_config, spoofed), SPOOFED, .max = 256},
    {"reverse_path", NULL, &kind_flag, IN(firewall_config, reverse_path), "yes"},
    {"open", NULL, &kind_open, IN(firewall_config, open), "", .max = FIREWALL_WINDOWS_MAX},
    {"timezone", NULL, &kind_zone, IN(firewall_config, timezone), ""},
    {"outside", NULL, &kind_word, IN(firewall_config, outside_end), "keep", .max = 1, .words = outside_words},
    {"ban_scope", NULL, &kind_word, IN(firewall_config, ban_new), "all", .max = 1, .words = scope_words},
    {"management", NULL, &kind_ports, IN(firewall_config, management), "", .max = FIREWALL_PORTS_MAX},
    {"admin_from", NULL, &kind_prefixes, IN(firewall_config, admin_from), "", .max = CONFIG_NETWORKS_MAX},
    {"log", NULL, &kind_flag, IN(firewall_config, log), "yes"},
    {"log_rate", NULL, &kind_rate, IN(firewall_config, log_rate), "10/minute burst 20"},
    {"mss", NULL, &kind_flag, IN(firewall_config, mss), "yes"},
    {"tunnels", NULL, &kind_interfaces, IN(firewall_config, tunnels), "ppp+", .min = 1, .max = FIREWALL_INTERFACES_MAX},
    {"pool", NULL, &kind_prefixes, IN(firewall_config, pool), "", .max = 256},
    {"forward_to", NULL, &kind_prefixes, IN(firewall_config, forward_to), "", .max = CONFIG_NETWORKS_MAX},
    {"client_to_client", NULL, &kind_flag, IN(firewall_config, client_to_client), "no"},
    {"masquerade", NULL, &kind_flag, IN(firewall_config, masquerade), "no"},
    {"default", NULL, &kind_word, IN(firewall_config, default_drop), "accept", .max = 1, .words = policy_words},
    {"outbound", NULL, &kind_word, IN(firewall_config, outbound_drop), "accept", .max = 1, .words = policy_words},
    {"outbound_ports", NULL, &kind_ports, IN(firewall_config, outbound), "", .max = FIREWALL_PORTS_MAX},
    {"confirm", NULL, &kind_time, IN(firewall_config, confirm), "120s", .min = 10, .max = DAY},
};

static const struct keyword jail_keys[] = {
    {"enabled", NULL, &kind_flag, IN(jail_config, enabled), "no"},
    {"mode", NULL, &kind_word, IN(jail_config, observe), "ban", .max = 1, .words = mode_words},
    {"filter", NULL, &kind_filter, IN(jail_config, filter), NULL}, // the jail's own name
    {"source", "logpath", &kind_sources, IN(jail_config, source), "auto", .min = 1, .max = CONFIG_SOURCES_MAX},
    {"count", NULL, &kind_weights, IN(jail_config, weight), "auth=1 refused=0 probe=0 fault=0", .max = 100},
    {"maxretry", NULL, &kind_number, IN(jail_config, maxretry), "5", .min = 1, .max = 1000},
    {"maxretry.unknown", NULL, &kind_limit, IN(jail_config, unknown), "0", .min = 2, .max = 1000},
    {"known_for", NULL, &kind_time, IN(jail_config, known_for), "90d", .min = DAY, .max = 3640LL * DAY},
    {"learn_for", NULL, &kind_time, IN(jail_config, learn_for), "1w", .min = 0, .max = 364LL * DAY},
    {"maxretry.country", NULL, &kind_country_max, IN(jail_config, countries), "", .min = 1, .max = 1000},
    {"trust", NULL, &kind_time, IN(jail_config, trust), "0", .min = 0, .max = 364LL * DAY},
    {"trust.maxretry", NULL, &kind_limit, IN(jail_config, trusted), "0", .min = 2, .max = 1000},
    {"findtime", NULL, &kind_time, IN(jail_config, findtime), "10m", .min = 1, .max = 364LL * DAY},
    {"bantime", NULL, &kind_time, IN(jail_config, bantime), "1h", .min = 1, .max = 3640LL * DAY, .forever = true},
    {"bantime.increment", NULL, &kind_flag, IN(jail_config, increment), "yes"},
    {"bantime.factor", NULL, &kind_factor, IN(jail_config, factor), "2", .min = 1, .max = 1000},
    {"bantime.maximum", "bantime.maxtime", &kind_time, IN(jail_config, maximum), "1w", .min = 1, .max = 3640LL * DAY,
     .forever = true},
    {"bantime.decay", NULL, &kind_time, IN(jail_config, decay), "4w", .min = 60, .max = 3640LL * DAY, .forever = true},
    {"key", NULL, &kind_word, IN(jail_config, by_account), "address", .max = 1, .words = key_words},
    {"tries", NULL, &kind_number, IN(jail_config, tries), "2", .min = 2, .max = 8},
    {"aggregate", NULL, &kind_number, IN(jail_config, aggregate), "0", .max = 64},
    {"aggregate.findtime", NULL, &kind_time, IN(jail_config, aggregate_findtime), "1d", .min = 60, .max = 30 * DAY},
    {"aggregate.bantime", NULL, &kind_time, IN(jail_config, aggregate_bantime), "1d", .min = 1, .max = 3640LL * DAY, .forever = true},
    {"aggregate.ipv4", NULL, &kind_number, IN(jail_config, aggregate4), "24", .min = 8, .max = 32},
    {"aggregate.ipv6", NULL, &kind_number, IN(jail_config, aggregate6), "64", .min = 19, .max = 128},
    {"ignoreip", NULL, &kind_networks, IN(jail_config, ignoreip), "", .max = CONFIG_NETWORKS_MAX},
    {"ignoreself", NULL, &kind_flag, IN(jail_config, ignoreself), "yes"},
    {"max_addresses", NULL, &kind_number, IN(jail_config, max_addresses), "131072", .min = 1, .max = 10000000},
};

static const struct keyword schedule_keys[] = {
    {"when", NULL, &kind_open, IN(jail_schedule, when), "", .max = FIREWALL_WINDOWS_MAX},
    {"mode", NULL, &kind_word, IN(jail_schedule, observe), NULL, .max = 1, .words = mode_words},
    {"maxretry", NULL, &kind_number, IN(jail_schedule, maxretry), NULL, .min = 1, .max = 1000},
    {"maxretry.unknown", NULL, &kind_limit, IN(jail_schedule, unknown), NULL, .min = 2, .max = 1000},
    {"maxretry.country", NULL, &kind_country_max, IN(jail_schedule, countries), NULL, .min = 1, .max = 1000},
    {"trust.maxretry", NULL, &kind_limit, IN(jail_schedule, trusted), NULL, .min = 2, .max = 1000},
    {"bantime", NULL, &kind_time, IN(jail_schedule, bantime), NULL, .min = 1, .max = 3640LL * DAY, .forever = true},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const struct keyword *v;
    size_t n;
} tables[SCOPE_MAX] = {
    [SCOPE_GLOBAL] = {globals, COUNT(globals)},
    [SCOPE_FIREWALL] = {firewall_keys, COUNT(firewall_keys)},
    [SCOPE_JAIL] = {jail_keys, COUNT(jail_keys)},
    [SCOPE_SCHEDULE] = {schedule_keys, COUNT(schedule_keys)},
};

const struct keyword *keyword_at(enum scope scope, size_t i)
{
    return i < tables[scope].n ? &tables[scope].v[i] : NULL;
}

const struct keyword *keyword_find(enum scope scope, const char *name)
{
    const struct keyword *k;

    for (size_t i = 0; (k = keyword_at(scope, i)); i++)
        if (strcmp(k->name, name) == 0 || (k->alias && strcmp(k->alias, name) == 0))
            return k;
    return NULL;
}

const char *keyword_nearest(enum scope scope, const char *name)
{
    struct nearest n = nearest_to(name);
    const struct keyword *k;

    for (size_t i = 0; (k = keyword_at(scope, i)); i++)
        nearest_try(&n, k->name);
    return n.best;
}
