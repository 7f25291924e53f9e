// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the kernel's packet filter: what is ours, what is others', and what becomes of packets in both.
#include <limits.h>
#include <stdio.h>

#include "audit/checks.h"

enum { PPTP = 1723 };

// True: nothing can be said of the kernel's rules, and that was said.
static bool unseen(const struct facts *f, struct findings *out)
{
    int error = f->rules.error;

    if (error == 0)
        return false;
    if (error == -EOPNOTSUPP)
        say(out, AUDIT_UNKNOWN, "this is a directory, no running system: its kernel cannot be asked");
    else if (error == -EPERM || error == -EACCES)
        say(out, AUDIT_UNKNOWN, "only root may look at the kernel's rules");
    else
        say(out, AUDIT_UNKNOWN, "the kernel's rules could not be listed: %s", view_error(error));
    if (error == -EPERM || error == -EACCES)
        mend(out, "sudo pptpban audit");
    return true;
}

static bool is_base(const struct rs_chain *c)
{
    return rs_is_ours(c) && strcmp(c->table, "pptpban") != 0;
}

static const struct rs_chain *find_base(const struct facts *f)
{
    for (size_t i = 0; i < f->rules.rs->n_chains; i++)
        if (is_base(&f->rules.rs->chains[i]))
            return &f->rules.rs->chains[i];
    return NULL;
}

// A file of "pptpban firewall", whose directories stand beside the service's own.
static bool has_file(const struct facts *f, const char *dir, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%.1000s-firewall/%s", dir, name);
    return view_exists(f->root, path);
}

void check_ruleset(const struct facts *f, struct findings *out)
{
    const char *state = f->config ? f->config->state_dir : PKGSTATEDIR,
               *run = f->config ? f->config->runtime_dir : RUNDIR;

    if (unseen(f, out))
        return;
    if (!find_base(f)) {
        say(out, AUDIT_FAIL,
            "pptpban's base ruleset is not in the kernel: nothing limits floods, unsolicited GRE and forged sources");
        if (f->config && f->config->firewall.enabled)
            mend(out, "pptpban firewall apply");
        else
            mend(out, "pptpban.conf: \"enabled = yes\" in [firewall], then: pptpban firewall apply");
        return;
    }
    if (has_file(f, run, "pending")) {
        say(out, AUDIT_WARN, "the base ruleset waits to be confirmed, and is rolled back when nobody does");
        mend(out, "pptpban firewall confirm, from a NEW session");
    } else if (!has_file(f, state, "last-good")) {
        say(out, AUDIT_WARN, "the base ruleset was never confirmed: it will be gone after a reboot");
        mend(out, "pptpban firewall apply, then from a NEW session: pptpban firewall confirm");
    } else {
        say(out, AUDIT_PASS, "the base ruleset is there and confirmed");
    }
    if (f->rules.iptables_legacy && (f->rules.native || f->rules.iptables_nft)) {
        say(out, AUDIT_WARN,
            "rules of iptables-legacy stand beside those of nftables: a packet has to pass both, and each tool shows "
            "only its own");
        mend(out, "iptables-legacy-save >/root/legacy-rules && iptables-legacy -F; keep what is still wanted as "
                  "nftables rules");
    }
    if (f->rules.half)
        say(out, AUDIT_UNKNOWN,
            "iptables has rules, but the program that lists them cannot be run: they were judged as far as they can be "
            "seen");
    if (f->rules.rs->too_much)
        say(out, AUDIT_UNKNOWN, "there are more rules than are read (%d): the rest was not looked at", RS_RULES_MAX);
}

// The hook of the bans: its own table at prerouting -310, or iptables-legacy's rule that asks the set.
void check_ban_hook(const struct facts *f, struct findings *out)
{
    const struct ruleset *rs = f->rules.rs;

    if (f->config && f->config->backend == BACKEND_NONE) {
        say(out, AUDIT_WARN, "backend = none: whoever guesses passwords is counted, but not blocked");
        mend(out, "pptpban.conf: backend = auto");
        return;
    }
    if (unseen(f, out))
        return;
    for (size_t i = 0; i < rs->n_chains; i++) {
        const struct rs_chain *c = &rs->chains[i];
        bool own = c->origin == RS_NFT && strcmp(c->table, "pptpban") == 0 && c->priority <= -310;
        bool raw = c->origin != RS_NFT && strcmp(c->table, "raw") == 0;
        if (c->hook != RS_PREROUTING || c->n == 0 || !(own || raw))
            continue;
        for (size_t k = c->first; k < c->first + c->n; k++)
            if (rs->rules[k].verdict == RS_DROP && (own || rs->rules[k].does & RS_LOOKUP)) {
                say(out, AUDIT_PASS, "bans are looked up before everything else");
                return;
            }
    }
    say(out, AUDIT_FAIL, "no ban is in force: the hook that looks them up is not in the kernel");
    mend(out, "systemctl restart pptpban-enforcer pptpban");
}

static const char *tool_of(const struct rs_chain *c)
{
    bool six = c->family == 6;

    if (c->origin == RS_IPTABLES_LEGACY)
        return six ? "ip6tables-legacy" : "iptables-legacy";
    return six ? "ip6tables" : "iptables";
}

static const char *jump_of(const struct ruleset *rs, const struct rs_chain *base, unsigned long *ret_number)
{
    for (size_t i = base->first; i < base->first + base->n; i++)
        if (strncmp(rs->rules[i].target, "PPTPBAN-", 8) == 0) {
            *ret_number = rs->rules[i].handle;
            return rs->rules[i].target;
        }
    return NULL;
}

// In nftables our chain is asked whatever others accept; in iptables an earlier ACCEPT ends the way.
void check_ruleset_order(const struct facts *f, struct findings *out)
{
    static const struct rs_packet packets[] = {{4, RS_TCP, PPTP, RS_NEW}, {4, RS_GRE, 0, RS_NEW}};
    unsigned bad = 0;

    if (unseen(f, out))
        return;
    if (!find_base(f)) {
        say(out, AUDIT_NONE, "there is no base ruleset of pptpban's");
        return;
    }
    for (size_t i = 0; i < f->rules.rs->n_chains; i++) {
        const struct rs_chain *c = &f->rules.rs->chains[i];
        unsigned long number = 0;
        const char *ours = c->hook == RS_INPUT && c->family == 4 ? jump_of(f->rules.rs, c, &number) : NULL;
        for (size_t k = 0; ours && k < 2; k++) {
            struct rs_fate fate = ruleset_judge_until(f->rules.rs, c, ours, &packets[k]);
            if (fate.verdict != RS_ACCEPT || !fate.sure)
                continue;
            bad++;
            say(out, AUDIT_FAIL, "%s -t %s: a rule of %s lets %s in before %s is asked: no limit and no list holds",
                tool_of(c), c->table, c->name, k ? "any GRE" : "tcp/1723", ours);
            mend(out, "%s -t %s -D %s %lu && %s -t %s -I %s 1 -j %s", tool_of(c), c->table, c->name, number, tool_of(c),
                 c->table, c->name, ours);
            break;
        }
    }
    if (!bad)
        say(out, AUDIT_PASS, "nothing lets packets in before pptpban's rules are asked");
}

static bool has_chain(const struct ruleset *rs, const char *prefix, const char *table)
{
    for (size_t i = 0; i < rs->n_chains; i++) {
        if (prefix && strncmp(rs->chains[i].name, prefix, strlen(prefix)) == 0)
            return true;
        if (table && rs->chains[i].origin == RS_NFT && strcmp(rs->chains[i].table, table) == 0)
            return true;
    }
    return false;
}

// The command by which this packet gets past a foreign chain.
static void mend_foreign(const struct facts *f, const struct rs_fate *fate, const struct rs_packet *p,
                         struct findings *out)
{
    const struct rs_chain *c = fate->base;
    const struct ruleset *rs = f->rules.rs;

    if (c->origin == RS_NFT && strcmp(c->table, "firewalld") == 0) {
        if (p->protocol == RS_TCP)
            mend(out, "firewall-cmd --permanent --add-port=1723/tcp && firewall-cmd --reload");
        else
            mend(out, "firewall-cmd --permanent --add-rich-rule='rule protocol value=\"gre\" accept' && firewall-cmd "
                      "--reload");
    } else if (c->origin != RS_NFT && has_chain(rs, "ufw-", NULL)) {
        if (p->protocol == RS_TCP)
            mend(out, "ufw allow 1723/tcp");
        else
            mend(out, "/etc/ufw/before.rules, above COMMIT: -A ufw-before-input -p 47 -m conntrack --ctstate "
                      "RELATED,ESTABLISHED "
                      "-j ACCEPT; then: ufw reload");
    } else if (c->origin == RS_NFT) {
        mend(out, "nft 'insert rule %s %s %s %s accept'; and the same line in /etc/nftables.conf, for the next boot",
             c->family_name, c->table, c->name,
             p->protocol == RS_TCP ? "tcp dport 1723" : "meta l4proto gre ct state established,related");
    } else {
        mend(out, "%s -t %s -I %s 1 %s -j ACCEPT; and save it, for the next boot: netfilter-persistent save",
             tool_of(c), c->table, c->name,
             p->protocol == RS_TCP ? "-p tcp --dport 1723" : "-p 47 -m conntrack --ctstate RELATED,ESTABLISHED");
    }
}

static const char *where(const struct rs_fate *fate, const struct ruleset *rs, char buf[static 512])
{
    const struct rs_chain *c = fate->base;
    const char *name = fate->rule ? rs->chains[fate->rule->chain].name : c->name;
    char rule[64] = "by its policy";

    if (fate->rule)
        snprintf(rule, sizeof(rule), c->origin == RS_NFT ? "by the rule with handle %lu" : "by rule %lu",
                 fate->rule->handle);
    if (c->origin == RS_NFT)
        snprintf(buf, 512, "nftables, table %s %s, chain %s, %s", c->family_name, c->table, name, rule);
    else
        snprintf(buf, 512, "%s -t %s, chain %s, %s", tool_of(c), c->table, name, rule);
    return buf;
}

// A DROP of others wins over any accept of ours.
void check_foreign(const struct facts *f, struct findings *out)
{
    static const struct {
        struct rs_packet packet;
        const char *what;
    } probes[] = {
        {{4, RS_TCP, PPTP, RS_NEW}, "new connections to tcp/1723"},
        {{4, RS_TCP, PPTP, RS_ESTABLISHED}, "packets of open connections to tcp/1723"},
        {{4, RS_GRE, 0, RS_RELATED}, "the first GRE packets of a tunnel"},
        {{4, RS_GRE, 0, RS_ESTABLISHED}, "GRE of open tunnels"},
    };
    unsigned bad = 0;
    char place[512];

    if (unseen(f, out))
        return;
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        struct rs_fate fate = ruleset_judge(f->rules.rs, &probes[i].packet, true);
        if (fate.verdict != RS_DROP || !fate.base)
            continue;
        if (fate.rule ? rs_is_ours(&f->rules.rs->chains[fate.rule->chain]) : rs_is_ours(fate.base))
            continue;
        bad++;
        say(out, fate.sure ? AUDIT_FAIL : AUDIT_WARN, "%s are dropped (%s)%s", probes[i].what,
            where(&fate, f->rules.rs, place), fate.sure ? "" : ", unless a rule before it lets some of them in");
        mend_foreign(f, &fate, &probes[i].packet, out);
    }
    if (!bad)
        say(out, AUDIT_PASS, "no other ruleset keeps clients out");
}

void check_gre(const struct facts *f, struct findings *out)
{
    const struct rs_packet packet = {4, RS_GRE, 0, RS_NEW};

    if (unseen(f, out))
        return;
    struct rs_fate fate = ruleset_judge(f->rules.rs, &packet, false);
    if (fate.verdict == RS_DROP && fate.sure) {
        say(out, AUDIT_PASS, "GRE that belongs to no control connection is dropped");
        return;
    }
    say(out, AUDIT_FAIL, "GRE that belongs to no control connection gets in%s: anybody may send into the tunnels",
        fate.verdict == RS_DROP ? " from some" : "");
    mend(out, "pptpban firewall apply");
}

static bool is_builtin(const struct facts *f, const char *module)
{
    char release[128], path[256];
    struct text t = {0};
    bool found = false;

    if (view_line(f->root, "/proc/sys/kernel/osrelease", release, sizeof(release)) < 0)
        return false;
    snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", release);
    if (view_read(f->root, path, VIEW_FILE_MAX, &t) == 0)
        found = strstr(t.p, module) != NULL;
    view_free(&t);
    return found;
}

static bool is_loaded(const struct facts *f, const char *module)
{
    char path[256];
    struct text t = {0};
    struct str left, line;
    bool found = false;

    snprintf(path, sizeof(path), "/sys/module/%s", module);
    if (view_exists(f->root, path))
        return true;
    if (view_read(f->root, "/proc/modules", VIEW_FILE_MAX, &t) == 0) {
        left = (struct str){t.p, t.n};
        while (!found && view_cut_line(&left, &line))
            found = str_eq(str_word(&line), str_of(module));
    }
    view_free(&t);
    return found;
}

static unsigned all_do(const struct ruleset *rs)
{
    unsigned does = 0;

    for (size_t i = 0; i < rs->n_rules; i++)
        does |= rs->rules[i].does;
    return does;
}

void check_helper(const struct facts *f, struct findings *out)
{
    long long automatic = 0;

    if (unseen(f, out))
        return;
    unsigned does = all_do(f->rules.rs);
    (void)view_number(f->root, "/proc/sys/net/netfilter/nf_conntrack_helper", &automatic);
    bool there = does & RS_HELPER || is_loaded(f, "nf_conntrack_pptp") || is_builtin(f, "nf_conntrack_pptp.ko");
    if (!(does & RS_HELPER) && does & RS_PEERS) {
        say(out, AUDIT_WARN,
            "the kernel's PPTP helper is not used: GRE is let in from whoever has a control connection open");
        mend(out,
             "modprobe nf_conntrack_pptp && pptpban firewall apply, with \"gre = auto\" in [firewall] of pptpban.conf");
        return;
    }
    if (!there && !view_exists(f->root, "/proc/modules")) {
        say(out, AUDIT_UNKNOWN,
            "this kernel has no modules, and no rule that shows whether the PPTP helper is built in");
    } else if (!there) {
        say(out, AUDIT_FAIL,
            "the kernel's PPTP helper is not loaded: GRE never counts as related to a control connection");
        mend(out, "echo nf_conntrack_pptp >/etc/modules-load.d/pptp.conf && modprobe nf_conntrack_pptp");
    }
    if (does & RS_HELPER) {
        say(out, AUDIT_PASS, "a rule assigns the PPTP helper");
    } else if (automatic > 0) {
        say(out, AUDIT_WARN,
            "the helper is assigned by nf_conntrack_helper=1, to whatever looks like PPTP; kernels from 6.0 on have no "
            "such switch");
        mend(out, "pptpban firewall apply, then: sysctl -w net.netfilter.nf_conntrack_helper=0");
    } else {
        say(out, AUDIT_FAIL,
            "no rule assigns the PPTP helper to tcp/1723: GRE never counts as related to a control connection");
        mend(out, "pptpban firewall apply");
    }
    if (does & RS_TRANSLATE && !(is_loaded(f, "nf_nat_pptp") || is_builtin(f, "nf_nat_pptp.ko"))) {
        say(out, AUDIT_PASS,
            "nf_nat_pptp is not seen: it is needed only where PPTP clients stand behind this machine's own "
            "translation");
    }
}

void check_mss(const struct facts *f, struct findings *out)
{
    if (unseen(f, out))
        return;
    if (all_do(f->rules.rs) & RS_CLAMP) {
        say(out, AUDIT_PASS, "TCP segments are cut to what the tunnel carries");
        return;
    }
    say(out, AUDIT_WARN,
        "no rule clamps the MSS: where a router drops ICMP, connections through the tunnel hang at the first full "
        "packet");
    mend(out, "pptpban.conf: \"mss = yes\" in [firewall], then: pptpban firewall apply");
}

void check_limits(const struct facts *f, struct findings *out)
{
    const struct ruleset *rs = f->rules.rs;
    unsigned does = 0;

    if (unseen(f, out))
        return;
    for (size_t i = 0; i < rs->n_rules; i++) {
        const struct rs_rule *r = &rs->rules[i];
        const struct rs_packet syn = {4, RS_TCP, PPTP, RS_NEW};
        bool meant = false;
        for (unsigned k = 0; k < r->n_ports; k++)
            meant |= r->ports[k].first <= syn.port && syn.port <= r->ports[k].last;
        if (meant || is_base(&rs->chains[r->chain]))
            does |= r->does;
    }
    if (!(does & RS_LIMIT)) {
        say(out, AUDIT_WARN,
            "nothing limits how often, or how many at once, one address may connect: three silent connections stop all "
            "logins");
        mend(out, "pptpban.conf: \"rate = 10/minute burst 5\" and \"connections = 10\" in [firewall], then: pptpban "
                  "firewall apply");
    }
    if (!(does & RS_COUNT)) {
        say(out, AUDIT_WARN,
            "connections to tcp/1723 are not counted: nobody sees how many come, nor how much they move");
        mend(out, "pptpban firewall apply");
    }
    if (does & RS_LIMIT && does & RS_COUNT)
        say(out, AUDIT_PASS, "connections to tcp/1723 are limited for each address, and counted");
}

static const char *service_of(const struct listener *l)
{
    static const struct {
        uint16_t port;
        const char *name;
    } known[] = {{22, "ssh"},
                 {23, "telnet"},
                 {53, "dns"},
                 {80, "http"},
                 {111, "rpcbind"},
                 {123, "ntp"},
                 {139, "smb"},
                 {161, "snmp"},
                 {443, "https"},
                 {445, "smb"},
                 {631, "ipp"},
                 {2000, "accel-ppp's telnet"},
                 {2001, "accel-ppp's command line"},
                 {3128, "proxy"},
                 {3306, "mysql"},
                 {3389, "rdp"},
                 {5432, "postgresql"},
                 {5900, "vnc"},
                 {8006, "proxmox"},
                 {8080, "http"},
                 {8443, "https"},
                 {9090, "cockpit"},
                 {10000, "webmin"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].port == l->port)
            return known[i].name;
    return NULL;
}

void check_open_ports(const struct facts *f, struct findings *out)
{
    struct listener v[LISTENERS_MAX];
    struct some open = {0};
    char first[64] = "";

    if (unseen(f, out))
        return;
    int n = listeners_read(f->root, v);
    if (n < 0) {
        say_unreadable(out, AUDIT_UNKNOWN, "/proc/net/tcp", n);
        return;
    }
    for (int i = 0; i < n; i++) {
        const struct rs_packet four = {4, v[i].protocol, v[i].port, RS_NEW},
                               six = {6, v[i].protocol, v[i].port, RS_NEW};
        bool reached = (v[i].v4 && ruleset_judge(f->rules.rs, &four, false).verdict != RS_DROP) ||
                       (v[i].v6 && ruleset_judge(f->rules.rs, &six, false).verdict != RS_DROP);
        if (!reached || (v[i].protocol == RS_TCP && v[i].port == PPTP))
            continue;
        const char *service = service_of(&v[i]);
        char text[64];
        snprintf(text, sizeof(text), "%s/%u%s%s%s", v[i].protocol == RS_TCP ? "tcp" : "udp", v[i].port,
                 service ? " (" : "", service ? service : "", service ? ")" : "");
        some_add(&open, text);
        if (!*first)
            snprintf(first, sizeof(first), "%u/%s", v[i].port, v[i].protocol == RS_TCP ? "tcp" : "udp");
    }
    if (!open.n) {
        say(out, AUDIT_PASS, "tcp/1723 and its GRE are all that everybody can reach");
        return;
    }
    say(out, AUDIT_WARN, "everybody can reach %s", some_text(&open));
    mend(out,
         "pptpban.conf: \"management = %s ...\" and \"admin_from = YOUR NETWORK\" in [firewall], then: pptpban "
         "firewall apply",
         first);
}
