// SPDX-License-Identifier: GPL-2.0-or-later
// status, as the service answers it: one object, each part of the service in a function of its own.
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config-build.h"
#include "daemon/answers.h"
#include "daemon/answers_room.h"
#include "daemon/enact.h"
#include "daemon/inputs.h"
#include "daemon/limits_compile.h"
#include "daemon/spare.h"
#include "daemon/surges.h"
#include "daemon/tell.h"
#include "enforce/connstats.h"

enum { SPARE_SHOWN_MAX = 16 }; // addresses a kind, in the status

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
            array, json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:I,s:o}", "name", answer_text(str_of(inputs_names(s->inputs)[i])),
                             "lines", (json_int_t)t.lines, "records", (json_int_t)t.records, "bytes",
                             (json_int_t)t.bytes, "truncated", (json_int_t)t.truncated, "no_header",
                             (json_int_t)t.no_header, "skipped", (json_int_t)t.skipped, "rotations",
                             (json_int_t)t.rotations, "behind", (json_int_t)t.behind, "behind_seconds", (double)t.lag / (double)USEC_SEC, "last",
                             (json_int_t)(t.last > 0 ? t.last / USEC_SEC : 0), "problem", answer_text(str_of(t.problem))));
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
                                                   answer_text(str_of(j->filter)), "maxretry", (int)j->maxretry, "findtime",
                                                   (json_int_t)(j->findtime / USEC_SEC), "bantime",
                                                   answer_seconds(j->bantime), "observe", j->observe, "problem",
                                                   answer_text(str_of(problem ? problem : ""))));
    }
    return array;
}

static json_t *filters_array(const struct service *s)
{
    struct engine_filter f;
    json_t *array = json_array();

    for (unsigned i = 0; engine_filter(s->engine, i, &f); i++)
        json_array_append_new(
            array, json_pack("{s:o,s:s,s:I,s:o,s:I,s:I,s:I}", "filter", answer_text(str_of(f.spec)), "source",
                             f.journal ? "journal" : "file", "texts", (json_int_t)f.literals, "sees_every_line",
                             answer_text(str_of(f.ungated ? f.ungated : "")), "interpreted", (json_int_t)f.interpreted,
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
        {"begun", c.begun}, {"unattributed", c.unattributed}, {"faulted", c.faulted}, {"ignored", c.ignored}, {"spared", c.spared}, {"bans", c.bans},
        {"muted", c.muted}, {"limit_hits", c.limit_hits}, {"sessions_dropped", c.sessions_dropped}, {"session_overflow", c.session_overflow},
        {"window_overflow", c.window_overflow}, {"bans_refused", c.bans_refused}, {"lives", c.lives},
        {"waiting", c.waiting}, {"addresses", c.addresses}, {"networks", c.networks}, {"networks_kept", c.networks_kept},
        {"network_overflow", c.network_overflow}, {"guest_overflow", c.guest_overflow}, {"known", c.known},
        {"known_overflow", c.known_overflow}, {"account_overflow", c.account_overflow}, {"spray_overflow", c.spray_overflow},
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

static int count_lasting(void *userdata, const struct ban *ban)
{
    *(size_t *)userdata += ban->until > clock_realtime();
    return 0;
}

// Would-be bans of jails that only observe.
static size_t count_observed(const struct service *s)
{
    size_t n = 0;

    bans_each(engine_observed(s->engine), count_lasting, &n);
    return n;
}

void answer_status(struct service *s, struct control_client client)
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
    json_object_set_new(status, "observed", json_integer((json_int_t)count_observed(s)));
    json_object_set_new(status, "surges", surges_array(s->surges));
    json_object_set_new(status, "countries", json_pack("{s:o}", "problem", answer_text(str_of(engine_country_problem(s->engine)))));
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
