// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any sequence of events, six bytes each. Whatever order they come in, the table stays within its bound, a
// failing line is told of once at most, and an address that is charged was given by a line of the life that failed or
// of the one that called it, as sessions tell who looks on; nobody is charged while the host's log is not trusted.
#include "fuzz.h"
#include "session/session.h"

enum { LIVES = 24, EVENTS = 4096 };

static const char *const hosts[] = {"a", "b", "c", "d"}, *const idents[] = {"pptpd", "pppd", "x"};

struct seen { // one event
    enum role role;
    uint8_t host;
    usec_t time;
    bool told;
};

struct model {
    struct sessions *sessions;
    struct seen event[EVENTS];
    unsigned n_events;
    const struct event *now;      // at hand, with its record and command line
    const struct addr *cmdline;
    struct model_life {
        bool used, bound;
        unsigned generation, caller, caller_generation;
        bool given[256]; // by its last byte: addresses that its lines gave
        bool faulted, success;
        uint32_t pid;
        uint8_t host;
    } life[LIVES];
    unsigned active, settled;        // the life whose outcome is told next
    unsigned line, line_generation; // the life that the record at hand is a line of
    usec_t distrusted[4];
};

static struct addr address(uint8_t last)
{
    return (struct addr){{[10] = 0xff, [11] = 0xff, 203, 0, 113, last}};
}

static bool proc(void *userdata, const struct record *r, struct addr *ret)
{
    (void)userdata;
    *ret = address((uint8_t)(192 + r->pid));
    return r->pid % 2;
}

static bool has_given(const struct model *m, unsigned life, unsigned generation, uint8_t last)
{
    const struct model_life *l = &m->life[life];

    return l->used && l->generation == generation && l->given[last];
}

static void check_address(struct model *m, const struct session_trace *t, struct model_life *l)
{
    const uint8_t last = t->addr.b[15];

    switch (t->origin) {
    case ORIGIN_CMDLINE:
        HOLDS(m->cmdline && addr_eq(m->cmdline, &t->addr), "an address of no command line");
        break;
    case ORIGIN_LINE:
        HOLDS(m->now && m->now->has_addr && addr_eq(&m->now->addr, &t->addr), "an address that the line does not give");
        break;
    case ORIGIN_PROC:
        HOLDS(t->record && last == 192 + t->record->pid, "an address of another process");
        break;
    case ORIGIN_LINK:
    case ORIGIN_ELIMINATION:
        HOLDS(l->bound, "an address of no caller");
        // the caller's, or that of a life that names it in this very line, though elimination had found another
        HOLDS(has_given(m, l->caller, l->caller_generation, last) || (m->now && m->now->role == ROLE_LINK &&
              has_given(m, m->line, m->line_generation, last)), "an address that its caller never had");
        break;
    case ORIGIN_MAX:
        abort();
    }
    l->given[last] = true;
}

static void on_trace(void *userdata, const struct session_trace *t)
{
    struct model *m = userdata;

    HOLDS(t->life < LIVES, "life %u", t->life);
    struct model_life *l = &m->life[t->life];
    HOLDS(l->used != (t->step == STEP_LIFE), "step %d of life %u", t->step, t->life);
    switch (t->step) {
    case STEP_LIFE:
        *l = (struct model_life){.used = true, .generation = l->generation + 1, .host = m->event[m->n_events - 1].host};
        m->active++;
        break;
    case STEP_LINE:
        l->faulted = l->faulted || m->now->role == ROLE_FAULT;
        l->success = l->success || m->now->role == ROLE_SUCCESS;
        HOLDS(l->pid == 0 || l->pid == t->record->pid || m->now->key.n, "lines of pids %u and %u in one life", l->pid, t->record->pid);
        l->pid = t->record->pid;
        m->line = t->life;
        m->line_generation = l->generation;
        break;
    case STEP_BIND:
        HOLDS(t->other < LIVES && m->life[t->other].used && t->other != t->life, "bound to life %u", t->other);
        HOLDS(!l->bound, "bound twice");
        HOLDS(l->host == m->life[t->other].host, "bound to a life of another host");
        l->bound = true;
        l->caller = t->other;
        l->caller_generation = m->life[t->other].generation;
        break;
    case STEP_ADDRESS:
        check_address(m, t, l);
        break;
    case STEP_SETTLED:
    case STEP_SUCCESS:
        m->settled = t->life;
        break;
    case STEP_WAITS:
    case STEP_END:
        break;
    case STEP_FORGET:
        l->used = false;
        m->active--;
        break;
    }
}

static void on_outcome(void *userdata, const struct outcome *o)
{
    struct model *m = userdata;
    const struct model_life *l = &m->life[m->settled];
    unsigned long long number;

    HOLDS(o->kind != OUTCOME_FAILURE || o->has_addr, "a failure of nobody");
    HOLDS(o->kind != OUTCOME_UNATTRIBUTED || !o->has_addr, "unattributed, with an address");
    HOLDS(!o->has_addr || (l->used && l->given[o->addr.b[15]] && addr_eq(&o->addr, &(struct addr){{
        [10] = 0xff, [11] = 0xff, 203, 0, 113, o->addr.b[15]}})), "an address from nowhere");
    if (o->kind == OUTCOME_SUCCESS) {
        HOLDS(l->success, "a success of a life that had none");
        return;
    }
    HOLDS(str_number(o->evidence, EVENTS - 1, &number) == 0 && number < m->n_events, "evidence is no line");
    struct seen *s = &m->event[number];
    HOLDS(str_eq(o->host, str_of(hosts[s->host])) && o->time == s->time, "host or time of another line");
    HOLDS(s->role == ROLE_FAILURE || s->role == ROLE_ATTEMPT, "a line of role %d was told as failure", s->role);
    HOLDS(!s->told, "line %llu is told twice", number);
    s->told = true;
    HOLDS(!o->has_addr || o->settled - m->distrusted[s->host] > 3600 * USEC_SEC, "charged for a log that is not trusted");
}

static void check_counters(const struct model *m, unsigned max)
{
    const struct session_counters *c = sessions_counters(m->sessions);
    usec_t deadline = sessions_deadline(m->sessions);

    HOLDS(c->active <= max && c->active == m->active, "%u lives of %u, and %u seen", c->active, max, m->active);
    HOLDS(c->waiting <= c->active, "%u wait of %u", c->waiting, c->active);
    HOLDS(c->waiting > 0 || deadline == USEC_FOREVER, "a deadline for nobody");
    (void)sessions_oldest(m->sessions, 0);
}

// Who is listed as logged in is a life that logged in, with an address that it was given.
static void check_listed(const struct model *m)
{
    struct session_view v;
    unsigned n = 0;

    for (uint32_t place = 0; sessions_next(m->sessions, &place, &v); n++) {
        const struct model_life *l = &m->life[place - 1];
        HOLDS(place <= LIVES && l->used && l->success, "listed, and never let in");
        HOLDS(!v.has_addr || l->given[v.addr.b[15]], "listed with an address from nowhere");
        HOLDS(strlen(v.interface) <= 15, "an interface of %zu bytes", strlen(v.interface));
        HOLDS(v.pid == 0 || v.pid == l->pid, "listed under pid %u, of %u", v.pid, l->pid);
    }
    HOLDS(n <= m->active, "%u listed of %u", n, m->active);
}

static usec_t step_of(uint8_t b)
{
    static const usec_t steps[] = {0, USEC_MSEC, USEC_SEC, 3 * USEC_SEC, 31 * USEC_SEC, 121 * USEC_SEC, 3601 * USEC_SEC,
                                   -5 * USEC_SEC, -7200 * USEC_SEC, 400 * 86400 * USEC_SEC, 50 * USEC_MSEC};
    return steps[b % (sizeof(steps) / sizeof(steps[0]))];
}

static void one_event(struct model *m, const uint8_t b[static 6], usec_t now)
{
    static const char *const keys[] = {"", "ppp0", "ppp1", "42"};
    static const char *const interfaces[] = {"", "ppp0", "0123456789abcde", "0123456789abcdef"};
    char line[16];
    struct seen *s = &m->event[m->n_events];
    struct addr cmdline = address(b[3] ^ 1);
    struct event e = {
        .role = b[0] % 16,
        .class = b[4] % CLASS_MAX,
        .order = b[4] >> 6,
        .last = b[2] & 0x80,
        .begins = b[5] & 0x80,
        .time = now,
        .has_addr = b[0] & 0x10,
        .has_user = b[2] & 0x40,
        .key_kind = b[5] >> 4 & 3,
        .key = str_of(keys[b[5] & 3]),
        .link_pid = b[2] & 0x0f,
        .link_ident = str_of(idents[(b[2] >> 4 & 3) % 3]),
        .addr = address(b[3]),
        .user = STR("alice"),
        .interface = str_of(interfaces[b[3] >> 6]),
        .inner = str_of(b[3] & 0x20 ? "10.0.0.7" : "10.0.0.x"),
    };
    struct record r = {
        .time = now,
        .host = str_of(hosts[b[1] >> 6]),
        .ident = str_of(idents[(b[1] >> 4 & 3) % 3]),
        .pid = b[1] & 0x0f,
        .line = {line, (size_t)sprintf(line, "%u", m->n_events)},
        .flags = b[0] & 0x40 ? RECORD_LOCAL : 0,
    };

    m->cmdline = b[0] & 0x20 ? &cmdline : NULL;
    if (e.role >= ROLE_MAX) { // a line that says nothing
        if (m->cmdline && sessions_lacks_address(m->sessions, &r))
            sessions_address(m->sessions, &r, m->cmdline);
        return;
    }
    *s = (struct seen){.role = e.role, .host = b[1] >> 6, .time = now};
    m->n_events++;
    m->now = &e;
    sessions_event(m->sessions, &r, &e, m->cmdline);
    if (e.role == ROLE_DISTRUST) // what has waited for long enough is settled before the line is heard
        m->distrusted[s->host] = now;
    m->now = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct fuzz_in in = {data, size};
    unsigned max = 2 + (unsigned)fuzz_take(&in, 1) % (LIVES - 1);
    struct session_options options = {.max_lives = max, .wait = 120 * USEC_SEC, .outcome = on_outcome, .proc = proc,
                                      .trace = on_trace, .userdata = &m};
    usec_t now = INT64_C(1795000000) * USEC_SEC;

    m = (struct model){.active = 0};
    for (unsigned k = 0; k < 4; k++)
        m.distrusted[k] = INT64_MIN / 2;
    HOLDS(sessions_new(&options, &m.sessions) == 0, "no memory");
    for (uint8_t b[6]; in.n >= sizeof(b) && m.n_events < EVENTS; in.p += sizeof(b), in.n -= sizeof(b)) {
        memcpy(b, in.p, sizeof(b));
        now += step_of(b[4] >> 2);
        if (b[0] % 16 == 15)
            sessions_advance(m.sessions, now);
        else
            one_event(&m, b, now);
        check_counters(&m, max);
        check_listed(&m);
    }
    m.cmdline = NULL;
    sessions_finish(m.sessions);
    HOLDS(m.active == 0 && sessions_counters(m.sessions)->waiting == 0, "%u lives left", m.active);
    sessions_free(m.sessions);
    return 0;
}
