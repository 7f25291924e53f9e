// SPDX-License-Identifier: GPL-2.0-or-later
// list, unban, ban, status, why and reload, as the service answers them.
#include "daemon/answers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config-build.h"
#include "daemon/announce.h"
#include "daemon/channel.h"
#include "daemon/enact.h"
#include "daemon/inputs.h"
#include "daemon/limits_compile.h"
#include "daemon/spare.h"
#include "daemon/state.h"
#include "daemon/tell.h"
#include "daemon/text.h"
#include "daemon/users.h"
#include "enforce/connstats.h"

// Exit codes for the client, as in pptpban(8).
enum { CODE_FAILED = 1, CODE_NOTHING = 3 };

enum { SPARE_SHOWN_MAX = 16 }; // addresses a kind, in the status

#define BY_HAND "manual" // the jail of a ban that was made by hand for none

static json_t *seconds_or_null(usec_t t)
{
    return t == USEC_FOREVER ? json_null() : json_integer(t / USEC_SEC);
}

static const struct jail_config *jail_named(const struct config *c, const char *name)
{
    for (size_t k = 0; k < c->n_jails; k++)
        if (strcmp(c->jails[k].name, name) == 0 && c->jails[k].enabled)
            return &c->jails[k];
    return NULL;
}

// --- list ----------------------------------------------------------------------------------------------------

struct listing {
    char jail[JAIL_NAME_MAX + 1];
    usec_t now;
    struct ban *v;
    size_t n, room, next;
    bool begun, ended;
};

static int list_take(void *userdata, const struct ban *ban)
{
    struct listing *l = userdata;

    if (l->n < l->room && ban->until > l->now && (!l->jail[0] || strcmp(l->jail, ban->jail) == 0))
        l->v[l->n++] = *ban;
    return 0;
}

// The names of jails and addresses need no escapes.
static size_t list_next(void *userdata, char buf[static CONTROL_LINE_MAX])
{
    struct listing *l = userdata;
    char net[PREFIX_STRLEN], until[24] = "null";

    if (!l->begun) {
        l->begun = true;
        return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"ok\":true}\n");
    }
    if (l->next == l->n) {
        if (l->ended)
            return 0;
        l->ended = true;
        return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"end\":true}\n");
    }
    const struct ban *b = &l->v[l->next++];
    if (b->until != USEC_FOREVER)
        snprintf(until, sizeof(until), "%lld", (long long)(b->until / USEC_SEC));
    return (size_t)snprintf(buf, CONTROL_LINE_MAX,
                            "{\"addr\":\"%s\",\"jail\":\"%s\",\"since\":%lld,\"until\":%s,\"count\":%u}\n",
                            prefix_format(&b->net, net), b->jail, (long long)(b->since / USEC_SEC), until, b->count);
}

static void list_done(void *userdata)
{
    struct listing *l = userdata;

    free(l->v);
    free(l);
}

static void answer_list(struct service *s, struct control_client client, const struct request *q)
{
    struct listing *l = calloc(1, sizeof(*l));

    if (l) {
        l->room = bans_count(engine_bans(s->engine));
        l->now = clock_realtime();
        memcpy(l->jail, q->jail, sizeof(l->jail));
        l->v = calloc(l->room ? l->room : 1, sizeof(*l->v));
    }
    if (!l || !l->v) {
        free(l);
        control_fail(s->control, client, CODE_FAILED, "out of memory");
        return;
    }
    bans_each(engine_bans(s->engine), list_take, l);
    control_stream(s->control, client, list_next, list_done, l);
}

// --- unban, ban ----------------------------------------------------------------------------------------------

static void answer_unban(struct service *s, struct control_client client, const struct control_peer *peer,
                         const struct request *q)
{
    char net[PREFIX_STRLEN], error[128];
    size_t n = *q->user ? users_unban(s, q->user) : enact_unban(s->enact, q->all ? NULL : &q->net);

    if (n > 0)
        log_notice("%zu ban%s ended by hand of user %u", n, n == 1 ? "" : "s", (unsigned)peer->uid);
    if (n == 0 && *q->user) {
        control_fail(s->control, client, CODE_NOTHING, "nobody who failed as that account is banned; pptpban users shows the accounts");
        return;
    }
    if (n == 0 && !q->all) {
        const struct ban *wider = bans_covering(engine_bans(s->engine), &q->net.addr);
        char other[PREFIX_STRLEN];
        if (wider && wider->net.len < q->net.len)
            snprintf(error, sizeof(error), "%s is banned with its network: unban %s", prefix_format(&q->net, net),
                     prefix_format(&wider->net, other));
        else
            snprintf(error, sizeof(error), "%s is not banned", prefix_format(&q->net, net));
        control_fail(s->control, client, CODE_NOTHING, error);
        return;
    }
    control_reply(s->control, client, json_pack("{s:b,s:I}", "ok", 1, "unbanned", (json_int_t)n));
}

// A ban that is taken over shortens none that is there: answers with that one.
static bool keeps_longer(struct service *s, struct control_client client, const struct request *q, usec_t duration)
{
    const struct ban *there = bans_find(engine_bans(s->engine), &q->net);
    usec_t now = clock_realtime();
    char net[PREFIX_STRLEN];

    // times are asked for in whole seconds: the same one again may seem a little longer
    if (!there || (there->until != USEC_FOREVER &&
                   (duration == USEC_FOREVER || there->until < now + duration - 2 * USEC_SEC)))
        return false;
    usec_t left = there->until == USEC_FOREVER ? USEC_FOREVER : there->until - now;
    control_reply(s->control, client,
                  json_pack("{s:b,s:s,s:s,s:o,s:o,s:b}", "ok", 1, "addr", prefix_format(&there->net, net), "jail", there->jail,
                            "until", seconds_or_null(there->until), "for", seconds_or_null(left), "kept", 1));
    return true;
}

// Why net must not be banned, or NULL.
static const char *objection(const struct service *s, const struct request *q, const char *jail, char *buf, size_t size)
{
    struct engine_window windows[CONFIG_JAILS_MAX];
    unsigned widest = addr_is_v4(&q->net.addr) ? s->config->widest4 : s->config->widest6;
    size_t n = engine_why(s->engine, &q->net.addr, clock_realtime(), windows, CONFIG_JAILS_MAX);
    bool named = strcmp(jail, BY_HAND) != 0;

    if (addr_is_unbannable(&q->net.addr))
        return "loopback, multicast and unspecified addresses are never banned";
    if (prefix_family_len(&q->net) < widest) {
        snprintf(buf, size, "the network is too wide: /%u is the widest that the configuration allows", widest);
        return buf;
    }
    for (size_t i = 0; i < n && i < CONFIG_JAILS_MAX; i++) {
        if (!windows[i].ignored || (named && strcmp(windows[i].jail, jail) != 0))
            continue;
        snprintf(buf, size, "it is on the allowlist of jail %s (ignoreip or this machine's own)", windows[i].jail);
        return buf;
    }
    enum spare_kind why = spare_find(s->spare, &q->net);
    if (why == SPARE_MAX)
        return NULL;
    snprintf(buf, size, "%s (spare = %s)", spare_reason(why), spare_names[why]);
    return buf;
}

static void answer_ban(struct service *s, struct control_client client, const struct control_peer *peer,
                       const struct request *q)
{
    const struct jail_config *jail = q->jail[0] ? jail_named(s->config, q->jail) : NULL;
    char net[PREFIX_STRLEN], why[160], error[256];
    const char *name = jail ? jail->name : BY_HAND;
    usec_t duration = q->duration;
    struct ban ban;

    prefix_format(&q->net, net);
    if (q->jail[0] && !jail) {
        snprintf(error, sizeof(error), "there is no jail %s that is enabled", q->jail);
        control_fail(s->control, client, CODE_FAILED, error);
        return;
    }
    const char *no = objection(s, q, name, why, sizeof(why));
    if (!no && s->observe)
        no = "the service only observes";
    if (!no && q->reason[0] && !peer->master)
        no = "only root may take bans over from elsewhere";
    if (no) {
        snprintf(error, sizeof(error), "%s is not banned: %s", net, no);
        control_fail(s->control, client, CODE_FAILED, error);
        return;
    }
    for (size_t k = 0; !jail && k < s->config->n_jails; k++)
        if (s->config->jails[k].enabled)
            jail = &s->config->jails[k];
    if (!q->has_for)
        duration = jail ? jail->bantime : 3600 * USEC_SEC;
    if (q->reason[0] && keeps_longer(s, client, q, duration))
        return;
    int r = enact_ban(s->enact, &q->net, duration, name, q->reason, &ban);
    if (r < 0) {
        snprintf(error, sizeof(error), "%s is not banned: %s", net,
                 r == -ENOSPC ? "the ban list is full (max_bans)" : strerror(-r));
        control_fail(s->control, client, CODE_FAILED, error);
        return;
    }
    log_notice("%s banned by hand of user %u%s%s", net, (unsigned)peer->uid, q->reason[0] ? ": " : "", q->reason);
    control_reply(s->control, client,
                  json_pack("{s:b,s:s,s:s,s:o,s:o}", "ok", 1, "addr", net, "jail", ban.jail, "until",
                            seconds_or_null(ban.until), "for", seconds_or_null(duration)));
}

// --- why -----------------------------------------------------------------------------------------------------

struct why {
    struct service *s;
    struct control_client client;
    json_t *answer;
};

static json_t *shown(struct str text)
{
    char buf[SESSION_EVIDENCE_MAX * 4 + 1];

    text_show(text, 0, buf, sizeof(buf));
    return json_string(buf);
}

static json_t *evidence_object(usec_t time, struct str jail, const char *class, const char *origin, struct str user,
                               struct str line)
{
    return json_pack("{s:I,s:o,s:s,s:s,s:o,s:o}", "time", (json_int_t)(time / USEC_SEC), "jail", shown(jail), "class",
                     class, "origin", origin, "user", shown(user), "line", shown(line));
}

static json_t *stored_line(struct str line)
{
    char class[16], origin[16];
    unsigned long long time = 0;

    str_number(str_cut(&line, '\t'), INT64_MAX, &time);
    struct str jail = str_cut(&line, '\t'), c = str_cut(&line, '\t'), o = str_cut(&line, '\t'), user = str_cut(&line, '\t');
    text_show(c, 0, class, sizeof(class));
    text_show(o, 0, origin, sizeof(origin));
    return evidence_object((usec_t)time, jail, class, origin, user, line);
}

// What the memory still has; else what was kept with the ban.
static json_t *evidence_of(struct service *s, const struct addr *a, const struct ban *ban)
{
    struct evidence_item items[ANNOUNCE_EVIDENCE_MAX * 2];
    size_t n = evidence_find(engine_evidence(s->engine), a, items, sizeof(items) / sizeof(items[0]));
    json_t *array = json_array();
    char *stored = NULL;

    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, evidence_object(items[i].time, items[i].jail, class_names[items[i].class],
                                                     origin_names[items[i].origin], items[i].user, items[i].line));
    bool by_hand = ban && ban->count == 0; // then what is kept is the reason
    if ((n == 0 || by_hand) && ban && state_evidence(s->state, &ban->net, &stored) == 0)
        for (struct str rest = str_of(stored); rest.n > 0;)
            json_array_append_new(array, stored_line(str_cut(&rest, '\n')));
    free(stored);
    return array;
}

static json_t *windows_of(struct service *s, const struct addr *a)
{
    struct engine_window windows[CONFIG_JAILS_MAX];
    size_t n = engine_why(s->engine, a, clock_realtime(), windows, CONFIG_JAILS_MAX);
    json_t *array = json_array();

    for (size_t i = 0; i < n && i < CONFIG_JAILS_MAX; i++)
        json_array_append_new(array, json_pack("{s:s,s:i,s:i,s:I,s:o,s:b}", "jail", windows[i].jail, "count",
                                               (int)windows[i].count, "maxretry", (int)windows[i].maxretry, "findtime",
                                               (json_int_t)(windows[i].findtime / USEC_SEC), "oldest",
                                               windows[i].oldest ? json_integer(windows[i].oldest / USEC_SEC) : json_null(),
                                               "ignored", windows[i].ignored));
    return array;
}

static json_t *ban_object(const struct service *s, const struct ban *ban)
{
    const struct jail_config *jail = jail_named(s->config, ban->jail);
    char net[PREFIX_STRLEN];
    bool by_hand = ban->count == 0;

    return json_pack("{s:s,s:s,s:I,s:o,s:I,s:I,s:i,s:I}", "addr", prefix_format(&ban->net, net), "jail", ban->jail,
                     "since", (json_int_t)(ban->since / USEC_SEC), "until", seconds_or_null(ban->until), "count",
                     (json_int_t)ban->count, "times", (json_int_t)ban->times, "maxretry",
                     jail && !by_hand ? (int)jail->maxretry : 0, "findtime",
                     (json_int_t)(jail && !by_hand ? jail->findtime / USEC_SEC : 0));
}

// {"fault": 12, ...}: what no jail gives weight to.
static json_t *uncounted_of(struct service *s, const struct addr *a)
{
    const struct tally_entry *t = engine_uncounted(s->engine, a);
    json_t *object = json_object();

    for (unsigned i = 0; t && i < CLASS_MAX; i++)
        if (t->count[i])
            json_object_set_new(object, class_names[i], json_integer(t->count[i]));
    return object;
}

static json_t *spared_object(const struct service *s, const struct prefix *net)
{
    enum spare_kind why = spare_find(s->spare, net);

    return why == SPARE_MAX ? json_null() : json_pack("{s:s,s:s}", "by", spare_names[why], "reason", spare_reason(why));
}

static void why_kernel(void *userdata, int error, const struct enforce_kernel_state *state)
{
    struct why *w = userdata;
    json_t *kernel;

    if (error < 0)
        kernel = json_pack("{s:s}", "error", strerror(-error));
    else
        kernel = json_pack("{s:b,s:o,s:I,s:I}", "present", state->present, "left", seconds_or_null(state->left),
                           "packets", (json_int_t)state->packets, "bytes", (json_int_t)state->bytes);
    json_object_set_new(w->answer, "kernel", kernel);
    control_reply(w->s->control, w->client, w->answer);
    free(w);
}

static void answer_why(struct service *s, struct control_client client, const struct request *q)
{
    const struct ban *ban = q->net.len == 128 ? bans_covering(engine_bans(s->engine), &q->net.addr)
                                              : bans_find(engine_bans(s->engine), &q->net);
    struct why *w = calloc(1, sizeof(*w));
    char net[PREFIX_STRLEN];

    if (!w) {
        control_fail(s->control, client, CODE_FAILED, "out of memory");
        return;
    }
    *w = (struct why){.s = s, .client = client};
    w->answer = json_pack("{s:b,s:i,s:s,s:o,s:o,s:o,s:o,s:o}", "ok", 1, "version", 1, "addr", prefix_format(&q->net, net),
                          "ban", ban ? ban_object(s, ban) : json_null(), "windows", windows_of(s, &q->net.addr),
                          "uncounted", uncounted_of(s, &q->net.addr), "spared", spared_object(s, &q->net), "evidence",
                          evidence_of(s, &q->net.addr, ban));
    int r = s->link ? enforce_link_query(s->link, ban ? &ban->net : &q->net, why_kernel, w) : -EOPNOTSUPP;
    if (r < 0)
        why_kernel(w, s->link ? r : -EOPNOTSUPP, NULL);
}

// --- status --------------------------------------------------------------------------------------------------

static json_t *enforcer_object(const struct service *s)
{
    static const char elsewhere[] = "the enforcer runs in another network namespace than netns says: bans count for nothing there";
    const struct enforce_status *e = s->link ? enforce_link_status(s->link) : NULL;

    if (!e)
        return json_pack("{s:b,s:s,s:s}", "connected", 0, "backend", "none", "problem", s->observe_why);
    const char *problem = e->connected && e->netns && s->netns && e->netns != s->netns ? elsewhere : e->problem;
    json_t *repair = json_null();
    if (e->repair_time)
        repair = json_pack("{s:I,s:s,s:s,s:f}", "time", (json_int_t)(e->repair_time / USEC_SEC), "what",
                           e->repair_hook ? "hook" : "entries", "culprit", e->repair_culprit, "missing",
                           (double)e->repair_missing / (double)USEC_SEC);
    return json_pack("{s:b,s:s,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:s,s:s,s:o}", "connected", e->connected, "backend",
                     e->backend, "hooked", e->hooked, "entries", (json_int_t)e->entries, "bans", (json_int_t)e->bans,
                     "unbans", (json_int_t)e->unbans, "refused", (json_int_t)e->refused, "failed",
                     (json_int_t)e->failed, "repairs", (json_int_t)e->repairs, "put_off", (json_int_t)e->put_off,
                     "ruleset_lost", (json_int_t)e->ruleset_lost, "hook_missing",
                     (double)e->hook_missing / (double)USEC_SEC, "last_culprit", e->last_culprit, "problem", problem,
                     "last_repair", repair);
}

// From the file that it keeps; it answers nobody.
static json_t *connguard_object(const struct service *s)
{
    static const char *const modes[CONNSTATS_MODES] = {
        [CONNSTATS_OFF] = "off", [CONNSTATS_ENDS] = "ends", [CONNSTATS_REPORTS] = "reports", [CONNSTATS_OBSERVES] = "observes"};
    char dir[PATH_MAX], path[PATH_MAX + 16];
    struct connstats c;
    pid_t pid = 0;
    int r = limits_directory(s->config->runtime_dir, dir, sizeof(dir));

    snprintf(path, sizeof(path), "%s/%s", dir, CONNSTATS_NAME);
    if (r < 0 || connstats_read(path, &c, &pid) < 0)
        return json_pack("{s:b}", "running", 0);
    return json_pack("{s:b,s:s,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s}", "running", pid != 0, "mode", modes[c.mode], "timeout",
                     c.silent_ms / 1000.0, "unfinished", (json_int_t)c.unfinished, "ended", (json_int_t)c.ended, "told",
                     (json_int_t)c.told, "unsaid", (json_int_t)c.unsaid, "overflow", (json_int_t)c.overflow, "looks",
                     (json_int_t)c.looks, "mended", (json_int_t)c.mended, "problem",
                     c.woken_error ? strerror(c.woken_error) : "");
}

static json_t *sources_array(const struct service *s)
{
    json_t *array = json_array();

    for (size_t i = 0; i < inputs_count(s->inputs); i++) {
        struct source_status t = {.problem = "cannot be opened"};
        inputs_status(s->inputs, i, &t);
        json_array_append_new(
            array, json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:I,s:o}", "name", shown(str_of(inputs_names(s->inputs)[i])),
                             "lines", (json_int_t)t.lines, "records", (json_int_t)t.records, "bytes",
                             (json_int_t)t.bytes, "truncated", (json_int_t)t.truncated, "no_header",
                             (json_int_t)t.no_header, "skipped", (json_int_t)t.skipped, "rotations",
                             (json_int_t)t.rotations, "behind", (json_int_t)t.behind, "behind_seconds", (double)t.lag / (double)USEC_SEC, "last",
                             (json_int_t)(t.last > 0 ? t.last / USEC_SEC : 0), "problem", shown(str_of(t.problem))));
    }
    return array;
}

static json_t *jails_array(const struct service *s)
{
    json_t *array = json_array();

    for (size_t k = 0; k < s->config->n_jails; k++) {
        const struct jail_config *j = &s->config->jails[k];
        const char *problem = engine_left_out(s->engine, k);
        if (j->enabled)
            json_array_append_new(array, json_pack("{s:s,s:o,s:i,s:I,s:o,s:b,s:o}", "name", j->name, "filter",
                                                   shown(str_of(j->filter)), "maxretry", (int)j->maxretry, "findtime",
                                                   (json_int_t)(j->findtime / USEC_SEC), "bantime",
                                                   seconds_or_null(j->bantime), "observe", j->observe, "problem",
                                                   shown(str_of(problem ? problem : ""))));
    }
    return array;
}

static json_t *filters_array(const struct service *s)
{
    struct engine_filter f;
    json_t *array = json_array();

    for (unsigned i = 0; engine_filter(s->engine, i, &f); i++)
        json_array_append_new(
            array, json_pack("{s:o,s:s,s:I,s:o,s:I,s:I,s:I}", "filter", shown(str_of(f.spec)), "source",
                             f.journal ? "journal" : "file", "texts", (json_int_t)f.literals, "sees_every_line",
                             shown(str_of(f.ungated ? f.ungated : "")), "interpreted", (json_int_t)f.interpreted,
                             "limit_hits", (json_int_t)f.counters->limit_hits, "sessions_dropped",
                             (json_int_t)f.counters->sessions_dropped));
    return array;
}

// {"own": {"spared": true, "known": 3, "addresses": [...]}, ...}: the first of them, and how many there are.
static json_t *spare_object(const struct service *s)
{
    json_t *object = json_object();

    for (enum spare_kind why = 0; why < SPARE_MAX; why++) {
        struct addr v[SPARE_SHOWN_MAX];
        char text[ADDR_STRLEN];
        bool wanted = spare_wants(s->spare, why);
        size_t n = wanted ? spare_list(s->spare, why, v, SPARE_SHOWN_MAX) : 0;
        json_t *addresses = json_array();
        for (size_t i = 0; i < n && i < SPARE_SHOWN_MAX; i++)
            json_array_append_new(addresses, json_string(addr_format(&v[i], text)));
        json_object_set_new(object, spare_names[why], json_pack("{s:b,s:I,s:o}", "spared", wanted, "known", (json_int_t)n,
                                                                "addresses", addresses));
    }
    json_object_set_new(object, "unsaid", json_integer((json_int_t)spare_unsaid(s->spare)));
    return object;
}

static json_t *counters_object(const struct service *s)
{
    struct engine_counters c;
    json_t *o = json_object();

    engine_read_counters(s->engine, &c);
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {
        {"records", c.records}, {"matches", c.matches}, {"failures", c.failures}, {"successes", c.successes},
        {"unattributed", c.unattributed}, {"faulted", c.faulted}, {"ignored", c.ignored}, {"spared", c.spared}, {"bans", c.bans},
        {"muted", c.muted}, {"limit_hits", c.limit_hits}, {"sessions_dropped", c.sessions_dropped}, {"session_overflow", c.session_overflow},
        {"window_overflow", c.window_overflow}, {"bans_refused", c.bans_refused}, {"lives", c.lives},
        {"waiting", c.waiting}, {"addresses", c.addresses},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        json_object_set_new(o, all[i].name, json_integer((json_int_t)all[i].value));
    for (unsigned i = 0; i < ORIGIN_MAX; i++) {
        char name[32];
        snprintf(name, sizeof(name), "by_%s", origin_names[i]);
        json_object_set_new(o, name, json_integer((json_int_t)c.by_origin[i]));
    }
    return o;
}

static json_t *clients_object(const struct service *s)
{
    struct control_counters c = control_counters(s->control);

    return json_pack("{s:i,s:I,s:I}", "now", (int)c.clients, "dropped", (json_int_t)c.dropped, "strangers",
                     (json_int_t)c.strangers);
}

static void answer_status(struct service *s, struct control_client client)
{
    json_t *locks = json_pack("{s:s,s:s,s:s,s:b}", "landlock", s->locks.landlock, "seccomp", s->locks.seccomp, "mdwe",
                              s->locks.mdwe, "complete", s->locks.complete);
    struct tell_counters t = tell_counters(s->tell);
    json_t *notify = json_pack("{s:I,s:I}", "told", (json_int_t)t.told, "lost", (json_int_t)t.lost);

    json_t *status =
        json_pack("{s:b,s:i,s:s,s:i,s:I,s:s,s:b,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:o}", "ok", 1, "version", 1, "program",
                  PACKAGE_VERSION, "pid", (int)getpid(), "since", (json_int_t)(s->started / USEC_SEC), "mode",
                  s->observe ? "observe" : "ban", "caught_up", enact_is_caught_up(s->enact), "bans",
                  (json_int_t)bans_count(engine_bans(s->engine)), "enforcer", enforcer_object(s), "connguard",
                  connguard_object(s), "jails", jails_array(s), "filters", filters_array(s), "sources",
                  sources_array(s), "spare", spare_object(s), "engine", counters_object(s), "state",
                  enact_state_problem(s->enact), "notify", notify, "locks", locks);
    json_object_set_new(status, "clients", clients_object(s));
    control_reply(s->control, client, status);
}

const char *answers_status_line(const struct service *s, char buf[static ANSWERS_STATUS_MAX])
{
    char left_out[40] = "";
    size_t n = 0;

    for (size_t k = 0; k < s->config->n_jails; k++)
        n += engine_left_out(s->engine, k) != NULL;
    if (n)
        snprintf(left_out, sizeof(left_out), "; %zu jail%s left out", n, n == 1 ? "" : "s");
    snprintf(buf, ANSWERS_STATUS_MAX, "%zu banned, reading %zu source%s%s%s%s", bans_count(engine_bans(s->engine)),
             inputs_count(s->inputs), inputs_count(s->inputs) == 1 ? "" : "s", left_out, s->observe ? "; only observing: " : "",
             s->observe ? s->observe_why : "");
    return buf;
}

// --- reload --------------------------------------------------------------------------------------------------

static void answer_reload(struct service *s, struct control_client client, const struct control_peer *peer)
{
    if (!peer->master) {
        control_fail(s->control, client, CODE_FAILED, "only root may let the service reload");
        return;
    }
    if (s->n_reloading == SERVICE_RELOADING_MAX || channel_send(s->channel, CHANNEL_RELOAD, NULL) < 0) {
        control_fail(s->control, client, CODE_FAILED, "the service is busy reloading");
        return;
    }
    s->reloading[s->n_reloading++] = client;
}

void answers_reloaded(struct service *s, const char *error)
{
    for (size_t i = 0; i < s->n_reloading; i++) {
        if (error)
            control_fail(s->control, s->reloading[i], CODE_FAILED, error);
        else
            control_reply(s->control, s->reloading[i], json_pack("{s:b}", "ok", 1));
    }
    s->n_reloading = 0;
    control_drain(s->control);
}

void answers_request(void *userdata, struct control_client client, const struct control_peer *peer,
                     const struct request *q)
{
    struct service *s = userdata;

    switch (q->verb) {
    case REQUEST_LIST:
        answer_list(s, client, q);
        break;
    case REQUEST_UNBAN:
        answer_unban(s, client, peer, q);
        break;
    case REQUEST_BAN:
        answer_ban(s, client, peer, q);
        break;
    case REQUEST_STATUS:
        answer_status(s, client);
        break;
    case REQUEST_WHY:
        answer_why(s, client, q);
        break;
    case REQUEST_USERS:
        users_answer(s, client);
        break;
    case REQUEST_RELOAD:
        answer_reload(s, client, peer);
        break;
    case REQUEST_MAX_VERB:
        break;
    }
}
