// SPDX-License-Identifier: GPL-2.0-or-later
// The types of values of [firewall]: interfaces, ports, rates, countries, parts of the week, time zones, networks that
// must be written without host bits. Looks for a zone's file, opens nothing.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "config/config.h"
#include "config/kind.h"

enum { SHOW = 60, IFNAME_MAX = 15 }; // IFNAMSIZ - 1 (linux/if.h)

static int shown(struct str s)
{
    return (int)(s.n < SHOW ? s.n : SHOW);
}

// --- lists of words

static int check_interface(struct str word, const struct strlist *before, size_t offset, struct fault *fault)
{
    (void)before;
    // What a kernel takes is more; what a ruleset's text takes without quoting is this.
    for (size_t i = 0; i < word.n; i++)
        if (!isalnum((unsigned char)word.p[i]) && !(i > 0 && strchr("_-.@", word.p[i])) &&
            !(i > 0 && i == word.n - 1 && word.p[i] == '+'))
            return kind_refuse(fault, offset, "%.*s is no interface", shown(word), word.p);
    if (word.n > IFNAME_MAX)
        return kind_refuse(fault, offset, "%.*s is longer than %d bytes", shown(word), word.p, IFNAME_MAX);
    return 0;
}

static int interfaces_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    return kind_words_parse(k, value, field, fault, check_interface);
}

static void interfaces_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "up to %lld interfaces such as eth0 or ppp+ (all that begin with ppp)", k->max);
}

const struct kind kind_interfaces = {interfaces_parse, kind_words_print, interfaces_accepted, kind_words_clear, true};

// ISO 3166-1 alpha-2, and XK, which databases use for Kosovo.
static const char countries[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW ";

bool config_is_country(struct str code)
{
    for (const char *p = countries; code.n == 2 && *p; p += 3)
        if (memcmp(p, code.p, 2) == 0)
            return true;
    return false;
}

static int check_country(struct str word, const struct strlist *before, size_t offset, struct fault *fault)
{
    (void)before;
    return config_is_country(word) ? 0 : kind_refuse(fault, offset, "%.*s is no country", shown(word), word.p);
}

static int countries_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    return kind_words_parse(k, value, field, fault, check_country);
}

static void countries_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    strcpy(buf, "codes of ISO 3166 in capitals such as DE or US (GB, not UK), separated by blanks or line ends");
}

const struct kind kind_countries = {countries_parse, kind_words_print, countries_accepted, kind_words_clear, true};

// --- networks

static int prefixes_check(struct str value, const struct prefix_list *l, struct fault *fault)
{
    struct str rest = value, word;
    char buf[PREFIX_STRLEN];

    for (size_t i = 0; i < l->n && (word = str_word(&rest)).n > 0; i++) {
        const char *slash = memchr(word.p, '/', word.n);
        struct addr written;
        struct str host = {word.p, slash ? (size_t)(slash - word.p) : word.n};
        if (addr_parse(host, &written) == 0 && !addr_eq(&written, &l->v[i].addr))
            return kind_refuse(fault, (size_t)(word.p - value.p), "%.*s has bits behind its length; %s is meant, or %.*s",
                               shown(word), word.p, prefix_format(&l->v[i], buf), shown(host), host.p);
    }
    return 0;
}

static int prefixes_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct prefix_list l = {NULL, 0};
    int r = kind_networks.parse(k, value, &l, fault);

    if (r == 0)
        r = prefixes_check(value, &l, fault);
    if (r < 0) {
        kind_networks.clear(&l);
        return r;
    }
    kind_networks.clear(field);
    *(struct prefix_list *)field = l;
    return 0;
}

static void prefixes_print(const struct keyword *k, const void *field, FILE *out)
{
    kind_networks.print(k, field, out);
}

static void prefixes_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    kind_networks.accepted(k, buf);
}

static void prefixes_clear(void *field)
{
    kind_networks.clear(field);
}

const struct kind kind_prefixes = {prefixes_parse, prefixes_print, prefixes_accepted, prefixes_clear, true};

// --- ports

static bool take_port(struct str s, uint16_t *ret)
{
    unsigned long long v;

    if (str_number(s, 65535, &v) < 0 || v == 0)
        return false;
    *ret = (uint16_t)v;
    return true;
}

// 22/tcp, 6000-6100/udp
static bool take_ports(struct str word, struct fw_port *ret)
{
    const char *slash = memchr(word.p, '/', word.n);
    if (!slash)
        return false;
    struct str number = {word.p, (size_t)(slash - word.p)};
    struct str protocol = str_skip(word, number.n + 1);
    const char *dash = memchr(number.p, '-', number.n);
    struct str first = {number.p, dash ? (size_t)(dash - number.p) : number.n};
    struct str last = dash ? str_skip(number, first.n + 1) : first;

    ret->protocol = str_eq(protocol, STR("tcp")) ? 6 : str_eq(protocol, STR("udp")) ? 17 : 0;
    return ret->protocol && take_port(first, &ret->first) && take_port(last, &ret->last) && ret->first <= ret->last;
}

static int ports_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct fw_port_list l = {calloc((size_t)k->max, sizeof(*l.v)), 0};
    struct str rest = value, word;
    int r = l.v ? 0 : -ENOMEM;

    for (; r == 0 && (word = str_word(&rest)).n > 0; l.n++)
        if (l.n == (size_t)k->max)
            r = kind_refuse(fault, (size_t)(word.p - value.p), "more than %lld", k->max);
        else if (!take_ports(word, &l.v[l.n]))
            r = kind_refuse(fault, (size_t)(word.p - value.p), "%.*s is no port with its protocol", shown(word), word.p);
    if (r < 0) {
        free(l.v);
        return r;
    }
    free(((struct fw_port_list *)field)->v);
    *(struct fw_port_list *)field = l;
    return 0;
}

static void ports_print(const struct keyword *k, const void *field, FILE *out)
{
    const struct fw_port_list *l = field;

    (void)k;
    for (size_t i = 0; i < l->n; i++) {
        fprintf(out, "%s%u", i ? " " : "", l->v[i].first);
        if (l->v[i].last != l->v[i].first)
            fprintf(out, "-%u", l->v[i].last);
        fputs(l->v[i].protocol == 6 ? "/tcp" : "/udp", out);
    }
}

static void ports_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "up to %lld such as 22/tcp, 1194/udp or 6000-6100/tcp, separated by blanks", k->max);
}

static void ports_clear(void *field)
{
    struct fw_port_list *l = field;

    free(l->v);
    *l = (struct fw_port_list){NULL, 0};
}

const struct kind kind_ports = {ports_parse, ports_print, ports_accepted, ports_clear, true};

// --- rates

static const struct {
    const char *name;
    uint32_t seconds;
} units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};

enum { UNITS = sizeof(units) / sizeof(units[0]), RATE_MAX = 10000, BURST_DEFAULT = 5 }; // xt_limit: 10000/second

// N/UNIT [burst B]
static bool take_rate(struct str value, struct fw_rate *ret)
{
    struct str rest = value, word = str_word(&rest), burst = str_word(&rest), size = str_word(&rest);
    const char *slash = memchr(word.p, '/', word.n);
    unsigned long long v;

    if (!slash || str_number((struct str){word.p, (size_t)(slash - word.p)}, RATE_MAX, &v) < 0 || v == 0)
        return false;
    *ret = (struct fw_rate){.n = (uint32_t)v, .burst = BURST_DEFAULT};
    struct str unit = str_skip(word, (size_t)(slash - word.p) + 1);
    for (size_t i = 0; i < UNITS; i++)
        if (str_eq(unit, str_of(units[i].name)))
            ret->seconds = units[i].seconds;
    if (burst.n > 0) {
        if (!str_eq(burst, STR("burst")) || str_number(size, RATE_MAX, &v) < 0 || v == 0 || str_word(&rest).n > 0)
            return false;
        ret->burst = (uint32_t)v;
    }
    return ret->seconds > 0;
}

static int rate_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct fw_rate rate = {0, 60, BURST_DEFAULT};

    (void)k;
    if (!str_eq(value, STR("off")) && !take_rate(value, &rate))
        return kind_refuse(fault, 0, "not a rate");
    *(struct fw_rate *)field = rate;
    return 0;
}

static void rate_print(const struct keyword *k, const void *field, FILE *out)
{
    const struct fw_rate *rate = field;

    (void)k;
    if (rate->n == 0)
        fputs("off", out);
    for (size_t i = 0; rate->n > 0 && i < UNITS; i++)
        if (units[i].seconds == rate->seconds)
            fprintf(out, "%u/%s burst %u", rate->n, units[i].name, rate->burst);
}

static void rate_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    snprintf(buf, ACCEPTED_MAX, "off, or a rate such as 10/minute or 3/second burst 10 (up to %d; second, minute, hour or "
             "day)", RATE_MAX);
}

const struct kind kind_rate = {rate_parse, rate_print, rate_accepted, NULL, false};

// --- parts of the week

static const char *const day_names[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static int take_day(struct str s)
{
    for (int i = 0; i < 7; i++)
        if (s.n == 3 && strncasecmp(s.p, day_names[i], 3) == 0)
            return i;
    return -1;
}

// Mon-Fri, Sat,Sun, daily
static bool take_days(struct str word, uint8_t *ret)
{
    uint8_t days = 0;

    if (str_eq(word, STR("daily"))) {
        *ret = 0x7f;
        return true;
    }
    while (word.n > 0) {
        const char *comma = memchr(word.p, ',', word.n);
        struct str part = {word.p, comma ? (size_t)(comma - word.p) : word.n};
        const char *dash = memchr(part.p, '-', part.n);
        struct str first = {part.p, dash ? (size_t)(dash - part.p) : part.n};
        int a = take_day(first), b = dash ? take_day(str_skip(part, first.n + 1)) : a;
        if (a < 0 || b < 0)
            return false;
        for (int d = a;; d = (d + 1) % 7) { // Fri-Mon goes over the weekend
            days |= (uint8_t)(1 << d);
            if (d == b)
                break;
        }
        word = str_skip(word, part.n + (comma ? 1 : 0));
    }
    *ret = days;
    return days != 0;
}

// HH:MM, 24:00 only where last
static bool take_minute(struct str s, bool last, uint16_t *ret)
{
    if (s.n != 5 || s.p[2] != ':')
        return false;
    for (size_t i = 0; i < 5; i++)
        if (i != 2 && !isdigit((unsigned char)s.p[i]))
            return false;
    unsigned hour = (unsigned)(s.p[0] - '0') * 10 + (unsigned)(s.p[1] - '0');
    unsigned minute = (unsigned)(s.p[3] - '0') * 10 + (unsigned)(s.p[4] - '0');
    *ret = (uint16_t)(hour * 60 + minute);
    return minute < 60 && (hour < 24 || (last && hour == 24 && minute == 0));
}

static bool take_times(struct str word, struct week_part *ret)
{
    if (word.n > 0 && word.p[word.n - 1] == ',')
        word.n--;
    return word.n == 11 && word.p[5] == '-' && take_minute((struct str){word.p, 5}, false, &ret->from) &&
           take_minute((struct str){word.p + 6, 5}, true, &ret->to) && ret->from != ret->to;
}

static int open_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct fw_open_list l = {calloc((size_t)k->max, sizeof(*l.v)), 0};
    struct str rest = value, days;
    int r = l.v ? 0 : -ENOMEM;

    for (; r == 0 && (days = str_word(&rest)).n > 0; l.n++) {
        size_t offset = (size_t)(days.p - value.p);
        struct str times = str_word(&rest);
        if (l.n == (size_t)k->max)
            r = kind_refuse(fault, offset, "more than %lld", k->max);
        else if (!take_days(days, &l.v[l.n].days))
            r = kind_refuse(fault, offset, "%.*s are no days of the week", shown(days), days.p);
        else if (!take_times(times, &l.v[l.n]))
            r = kind_refuse(fault, offset, "%.*s is not from one time to another", shown(times), times.p);
    }
    if (r < 0) {
        free(l.v);
        return r;
    }
    free(((struct fw_open_list *)field)->v);
    *(struct fw_open_list *)field = l;
    return 0;
}

static void open_print(const struct keyword *k, const void *field, FILE *out)
{
    const struct fw_open_list *l = field;

    (void)k;
    for (size_t i = 0; i < l->n; i++) {
        const struct week_part *o = &l->v[i];
        const char *comma = i ? ", " : "";
        for (int d = 0; d < 7; d++)
            if (o->days & (1 << d)) {
                fprintf(out, "%s%s", comma, day_names[d]);
                comma = ",";
            }
        fprintf(out, " %02u:%02u-%02u:%02u", o->from / 60, o->from % 60, o->to / 60, o->to % 60);
    }
}

static void open_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "up to %lld such as Mon-Fri 08:00-18:00, Sat,Sun 10:00-12:00 or daily 22:00-06:00 (until the "
             "next morning)", k->max);
}

static void open_clear(void *field)
{
    struct fw_open_list *l = field;

    free(l->v);
    *l = (struct fw_open_list){NULL, 0};
}

const struct kind kind_open = {open_parse, open_print, open_accepted, open_clear, true};

// --- time zones

static int zone_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    char path[128];

    (void)k;
    for (size_t i = 0; i < value.n; i++)
        if (!isalnum((unsigned char)value.p[i]) && !(i > 0 && strchr("/_+-", value.p[i])))
            return kind_refuse(fault, i, "no time zone");
    if (snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", STR_FMT(value)) >= (int)sizeof(path) ||
        (value.n > 0 && access(path, R_OK) < 0))
        return kind_refuse(fault, 0, "not in /usr/share/zoneinfo");
    return kind_text_store(field, value);
}

static void zone_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    strcpy(buf, "a zone such as Europe/Berlin or UTC (timedatectl list-timezones), or nothing for that of the machine");
}

const struct kind kind_zone = {zone_parse, kind_text_print, zone_accepted, kind_text_clear, false};

static int netns_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    (void)k;
    for (size_t i = 0; i < value.n; i++)
        if (!isalnum((unsigned char)value.p[i]) && !(i > 0 && strchr("_-.", value.p[i])))
            return kind_refuse(fault, i, "no name of a network namespace");
    if (value.n > 63)
        return kind_refuse(fault, 0, "longer than 63 bytes");
    return kind_text_store(field, value);
}

static void netns_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    strcpy(buf, "a name that ip netns list shows, or nothing");
}

const struct kind kind_netns = {netns_parse, kind_text_print, netns_accepted, kind_text_clear, false};
