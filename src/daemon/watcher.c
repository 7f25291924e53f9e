// SPDX-License-Identifier: GPL-2.0-or-later
// The watcher's life: an ordered list of inits, the loop, and how it hands over to its successor.
#include "daemon/watcher.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/log.h"
#include "base/paths.h"
#include "daemon/aggregate.h"
#include "daemon/answers.h"
#include "daemon/channel.h"
#include "daemon/clock_watch.h"
#include "daemon/enact.h"
#include "daemon/health.h"
#include "daemon/inputs.h"
#include "daemon/limits_compile.h"
#include "daemon/own.h"
#include "daemon/privilege.h"
#include "daemon/spare.h"
#include "daemon/state.h"
#include "daemon/surges.h"
#include "daemon/tell.h"
#include "daemon/trim.h"
#include "daemon/users.h"

struct watcher {
    struct service s;
    struct config_report report;
    char enforcer_dir[PATH_MAX], enforcer_socket[PATH_MAX];
    char error[CHANNEL_TEXT_MAX];
    bool was_root, journal;
    uint64_t watchdog, lines;
    sd_event_source *channel_source, *watchdog_source;
};

static int fail(struct watcher *w, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// Notes in words what goes to the log and to whoever asked for a reload.
static int fail(struct watcher *w, int r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(w->error, sizeof(w->error), fmt, ap);
    va_end(ap);
    return r;
}

// --- prepare: nothing of this disturbs a predecessor that still runs -----------------------------------------

static int replace(char **where, const char *by)
{
    char *copy = by ? strdup(by) : NULL;

    if (!by)
        return 0;
    if (!copy)
        return -ENOMEM;
    free(*where);
    *where = copy;
    return 0;
}

static void log_report(const struct config_report *report, size_t from)
{
    for (size_t i = from; i < report->n; i++)
        log_line(report->v[i].fatal ? LOG_ERR : LOG_WARNING, "%s", report->v[i].text);
}

static int init_config(struct watcher *w)
{
    struct service *s = &w->s;
    struct stat there;
    char netns[128];
    int r = config_load(s->options->config, &s->config, &w->report);

    log_report(&w->report, 0);
    for (size_t i = 0; r < 0 && i < w->report.n; i++)
        if (w->report.v[i].fatal)
            return fail(w, r, "%s", w->report.v[i].text);
    if (r < 0)
        return fail(w, r, "configuration: %s", strerror(-r));
    log_setup("pptpband", s->config->log_level);
    if ((r = journal_open("pptpband", &s->journal)) < 0)
        log_warning("bans are logged without fields: no socket to the journal: %s", strerror(-r));
    r = replace(&s->config->state_dir, s->options->state);
    if (r == 0)
        r = replace(&s->config->runtime_dir, s->options->runtime);
    if (r == 0)
        r = limits_directory(s->config->runtime_dir, w->enforcer_dir, sizeof(w->enforcer_dir));
    if (r < 0)
        return fail(w, r, "configuration: %s", strerror(-r));
    snprintf(w->enforcer_socket, sizeof(w->enforcer_socket), "%.4000s/%s", w->enforcer_dir, ENFORCER_SOCKET_NAME);
    snprintf(netns, sizeof(netns), "/run/netns/%s", s->config->netns);
    if (stat(*s->config->netns ? netns : "/proc/self/ns/net", &there) == 0)
        s->netns = there.st_ino;
    else
        log_warning("netns = %s: %s: %s; no bans are made until it is there", s->config->netns, netns, strerror(errno));
    return 0;
}

// The name of its socket outlives an enforcer; only the kernel knows whether somebody is behind it. A socket of another type
// is told so, and disturbs nobody.
static bool enforcer_runs(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool runs = fd >= 0 && snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) < (int)sizeof(a.sun_path) &&
                connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 && errno == EPROTOTYPE;

    if (fd >= 0)
        close(fd);
    return runs;
}

// Who bans in the kernel, if anybody.
static void init_mode(struct watcher *w)
{
    struct service *s = &w->s;
    bool managed = getenv("NOTIFY_SOCKET") || getenv("INVOCATION_ID");

    if (s->options->observe)
        s->observe_why = "started with --observe";
    else if (s->config->backend == BACKEND_NONE)
        s->observe_why = "backend = none";
    else if (!w->was_root && !managed && !enforcer_runs(w->enforcer_socket))
        s->observe_why = "not started as root, and no enforcer runs";
    else
        s->observe_why = "";
    s->observe = s->observe_why[0] != '\0';
    if (s->observe && s->config->backend != BACKEND_NONE)
        for (size_t k = 0; k < s->config->n_jails; k++) {
            struct jail_config *j = &s->config->jails[k];
            j->observe = true;
            for (size_t i = 0; i < j->n_schedules; i++)
                j->schedules[i].observe = true;
        }
}

static int write_limits(struct watcher *w, const struct privilege_user *user)
{
    static const struct privilege_user root = {.name = "root"};
    struct limits *limits = malloc(sizeof(*limits));
    char path[PATH_MAX + 16], error[PRIVILEGE_ERROR_MAX] = "";
    int r = limits ? limits_compile(w->s.config, user->uid, limits) : -ENOMEM;

    if (r == 0)
        r = privilege_make_dir(w->enforcer_dir, 0755, &root, 0, error);
    snprintf(path, sizeof(path), "%s/%s", w->enforcer_dir, ENFORCER_LIMITS_NAME);
    if (r == 0)
        r = limits_write(path, limits);
    free(limits);
    return r < 0 ? fail(w, r, "the enforcer's limits: %s", *error ? error : strerror(-r)) : 0;
}

// Directories, the control socket and, as root, the limits; then never root again.
static int init_places(struct watcher *w)
{
    struct service *s = &w->s;
    struct privilege_user user = {.uid = geteuid(), .gid = getegid()};
    char error[PRIVILEGE_ERROR_MAX];
    gid_t group = (gid_t)-1;
    int r;

    if (w->was_root && (r = privilege_find(PB_WATCHER_USER, &user)) < 0)
        return fail(w, r, "there is neither a user %s nor nobody to run as", PB_WATCHER_USER);
    if (user.substitute)
        log_warning("there is no user %s: running as %s instead, who should own nothing", PB_WATCHER_USER, user.name);
    if (privilege_group(s->config->group, &group) < 0)
        log_warning("there is no group %s: only root and the service's own user may ask it", s->config->group);
    if (privilege_make_dir(s->config->state_dir, 0750, &user, user.gid, error) < 0)
        log_warning("%s", error); // the state then says what becomes of it
    // whoever may ask must get to the socket
    r = privilege_make_dir(s->config->runtime_dir, group == (gid_t)-1 || group == user.gid ? 0750 : 0755, &user,
                           group == (gid_t)-1 ? user.gid : group, error);
    if (r == 0)
        r = control_bind(s->config->runtime_dir, group, &s->control);
    if (r < 0 && w->was_root)
        return fail(w, r, "control socket in %s: %s", s->config->runtime_dir, strerror(-r));
    if (r < 0)
        log_warning("control socket in %s: %s; pptpban cannot ask this service", s->config->runtime_dir, strerror(-r));
    else if (control_group_error(s->control) < 0)
        log_warning("control socket in %s: it cannot be given to group %s: %s; only root may ask; see group in pptpban.conf(5)",
                    s->config->runtime_dir, s->config->group, strerror(-control_group_error(s->control)));
    if (!w->was_root)
        return 0;
    if (!s->observe && (r = write_limits(w, &user)) < 0)
        return r;
    r = privilege_drop(&user);
    return r < 0 ? fail(w, r, "cannot give up root for user %s: %s", user.name, strerror(-r)) : 0;
}

static int init_engine(struct watcher *w)
{
    struct service *s = &w->s;
    size_t n_own = 0, before = w->report.n;
    int r = own_new(&s->own);

    if (r < 0)
        log_warning("this machine's own addresses and gateways cannot be read: %s; ignoreself does nothing", strerror(-r));
    r = spare_new(s->config, s->own, &s->spare);
    if (r < 0)
        return fail(w, r, "who is to be spared: %s", strerror(-r));
    if ((r = tell_new(s->config->runtime_dir, &s->tell)) < 0)
        log_warning("nobody is told of bans by actions: %s", strerror(-r));
    w->journal = source_journal_available();
    struct engine_options options = {
        .config = s->config,
        .own = s->own ? own_list(s->own, &n_own) : NULL,
        .journal_available = w->journal,
        .mode = ENGINE_LIVE,
        .callbacks = {.event = enact_on_event,
                      .ban = enact_on_ban,
                      .decided = enact_decided,
                      .spare = enact_spare,
                      .guessed = users_guessed,
                      .login = enact_login,
                      .sprayed = users_sprayed,
                      .keep = aggregate_keep,
                      .kept = aggregate_kept,
                      .previous = enact_previous,
                      .userdata = s},
    };
    options.n_own = n_own;
    r = engine_new(&options, &w->report, &s->engine);
    log_report(&w->report, before);
    // A jail that cannot be watched is no reason to watch none; but where a predecessor watches them all, he goes on.
    for (size_t i = before; (r < 0 || s->options->reload) && i < w->report.n; i++)
        if (w->report.v[i].fatal)
            return fail(w, r < 0 ? r : -EINVAL, "%s", w->report.v[i].text);
    for (size_t k = 0; r == 0 && k < s->config->n_jails; k++)
        if (engine_left_out(s->engine, k))
            log_error("jail [%s] is left out until that is mended; the others are watched", s->config->jails[k].name);
    if (r < 0)
        return fail(w, r, "no jail can be watched: %s", r == -EINVAL ? "none is enabled" : strerror(-r));
    r = inputs_new(s, w->journal, &s->inputs);
    return r < 0 ? fail(w, r, "sources: %s", strerror(-r)) : 0;
}

static int prepare(struct watcher *w)
{
    int r;

    if ((r = init_config(w)) < 0)
        return r;
    init_mode(w);
    if ((r = init_places(w)) < 0 || (r = init_engine(w)) < 0)
        return r;
    return 0;
}

// --- begin: the predecessor has paused -----------------------------------------------------------------------

static int init_state(struct watcher *w)
{
    char note[STATE_NOTE_MAX];
    int r = state_open(w->s.config->state_dir, clock_realtime(), &w->s.state, note);

    if (r == -EBUSY)
        return fail(w, r, "another pptpband works on %s", w->s.config->state_dir);
    if (r < 0)
        return fail(w, r, "state: %s", strerror(-r));
    if (*note)
        log_warning("%s", note);
    return 0;
}

static int init_link(struct watcher *w)
{
    struct service *s = &w->s;
    const struct enforce_callbacks callbacks = {
        .need_sync = enact_need_sync, .refused = enact_refused, .lost = enact_lost, .event = enact_event, .userdata = s};
    int r = s->observe ? 0 : enforce_link_new(s->event, -1, w->enforcer_socket, &callbacks, &s->link);

    return r < 0 ? fail(w, r, "line to the enforcer: %s", strerror(-r)) : 0;
}

static void on_own(void *userdata, const struct prefix *own, size_t n)
{
    struct service *s = userdata;

    if (engine_set_own(s->engine, own, n) < 0)
        log_error("no memory for this machine's new addresses");
}

// What would be loaded on first use can no longer be loaded then.
static void preload(void)
{
    static const char *const libraries[] = {"libzstd.so.1", "liblz4.so.1", "liblzma.so.5"};

    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
        (void)dlopen(libraries[i], RTLD_NOW); // journald compresses with these; not there: not used
    tzset();
}

static int lock_in(struct watcher *w)
{
    struct service *s = &w->s;
    const char *read[INPUTS_MAX + 24];
    const char *write[] = {s->config->state_dir, s->config->runtime_dir, NULL};
    size_t n = 0;

    for (const char *const *d = inputs_directories(s->inputs); *d; d++)
        read[n++] = *d;
    for (const char *const *p = spare_paths(s->spare); *p; p++)
        read[n++] = *p;
    read[n++] = w->enforcer_dir; // what pptpban-connguard tells of itself
    read[n++] = "/proc";
    read[n++] = "/etc/localtime";
    read[n++] = "/usr/share/zoneinfo";
    read[n] = NULL;
    struct sandbox_options options = {
        .read = read, .write = write, .files = &sandbox_files, .calls = sandbox_watcher_calls, .families = sandbox_watcher_families};
    preload();
    int r = sandbox_apply(&options, &s->locks);
    log_info("locked in: Landlock %s, system calls %s, no writable code: %s", s->locks.landlock, s->locks.seccomp,
             s->locks.mdwe);
    return r < 0 ? fail(w, r, "cannot lock itself in: %s", strerror(-r)) : 0;
}

static int on_channel(sd_event_source *source, int fd, uint32_t revents, void *userdata);
static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata);

static int init_loop(struct watcher *w)
{
    static const int stops[] = {SIGTERM, SIGINT};
    struct service *s = &w->s;
    sigset_t mask;
    int r = sd_event_new(&s->event);

    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
        sigaddset(&mask, stops[i]);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    for (size_t i = 0; r >= 0 && i < sizeof(stops) / sizeof(stops[0]); i++)
        r = sd_event_add_signal(s->event, NULL, stops[i], NULL, NULL); // ends the loop
    if (r >= 0)
        r = sd_event_add_io(s->event, &w->channel_source, s->channel, EPOLLIN, on_channel, w);
    if (r >= 0 && w->watchdog)
        r = sd_event_add_time_relative(s->event, &w->watchdog_source, CLOCK_MONOTONIC, w->watchdog / 2,
                                       w->watchdog / 8, on_watchdog, w);
    return r < 0 ? fail(w, r, "event loop: %s", strerror(-r)) : 0;
}

static int begin(struct watcher *w)
{
    struct service *s = &w->s;
    const struct control_callbacks callbacks = {.request = answers_request, .userdata = s};
    char note[STATE_NOTE_MAX];
    int r;

    s->started = clock_realtime();
    if (state_make_way(s->config->state_dir, s->started, note) != 0)
        log_warning("%s", note);
    // From here on others have a say: a predecessor that was taken over has written the database, attackers the logs.
    if ((r = init_loop(w)) < 0 || (r = lock_in(w)) < 0 || (r = init_state(w)) < 0)
        return r;
    if ((r = enact_new(s, &s->enact)) < 0 || (r = enact_restore(s->enact)) < 0)
        return fail(w, r, "state: %s", strerror(-r));
    if ((r = inputs_open(s->inputs)) < 0 || (r = inputs_prepare(s->inputs)) < 0)
        return fail(w, r, "no source can be read");
    if ((r = init_link(w)) < 0)
        return r;
    if (s->own && (r = own_watch(s->own, s->event, on_own, s)) < 0)
        return fail(w, r, "own addresses: %s", strerror(-r));
    if ((r = health_new(s, &s->health)) < 0)
        return fail(w, r, "no timer: %s", strerror(-r));
    if ((r = surges_new(s, &s->surges)) < 0)
        return fail(w, r, "surges: %s", strerror(-r));
    const struct clock_callbacks clocks = {.jumped = enact_clock_jumped, .slept = enact_slept, .userdata = s};
    if ((r = clock_watch_new(s->event, &clocks, &s->clock)) < 0)
        return fail(w, r, "the clock cannot be watched: %s", strerror(-r));
    if (s->control && (r = control_start(s->control, s->event, &callbacks)) < 0)
        return fail(w, r, "control socket: %s", strerror(-r));
    // from here on clients come to us
    if (s->control && (r = control_publish(s->control)) < 0)
        return fail(w, r, "control socket: %s", strerror(-r));
    if (s->tell && (r = tell_start(s->tell, s->event, engine_bans(s->engine))) < 0)
        return fail(w, r, "events: %s", strerror(-r));
    return 0;
}

// --- serve ---------------------------------------------------------------------------------------------------

// All is on disk and read positions with it. Nothing may be read after this.
static void put_down(struct watcher *w)
{
    struct service *s = &w->s;

    if (!s->state)
        return;
    surges_save(s->surges);
    if (s->enact) {
        enact_flush(s->enact);
        enact_save_marks(s->enact);
    }
    state_close(s->state);
    s->state = NULL;
}

static int resume(struct watcher *w, const char *why)
{
    log_error("not reloaded, going on as before: %s", why);
    answers_reloaded(&w->s, why);
    int r = w->s.state ? 0 : init_state(w);
    if (r < 0)
        return r;
    if (w->s.link) { // the successor may have taken the line over
        enforce_link_free(w->s.link);
        w->s.link = NULL;
        r = init_link(w);
    }
    return r;
}

// A successor is prepared. Nothing happens here until it is known whether it runs.
static int hand_over(struct watcher *w)
{
    struct channel_message m;

    put_down(w);
    int r = channel_send(w->s.channel, CHANNEL_PAUSED, NULL);
    if (r == 0)
        r = channel_receive(w->s.channel, 1, &m);
    if (r == 0 && m.type == CHANNEL_RESUME)
        return resume(w, m.text);
    if (r == 0)
        answers_reloaded(&w->s, NULL);
    return sd_event_exit(w->s.event, 0);
}

static int on_channel(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct watcher *w = userdata;
    struct channel_message m;
    int r = channel_receive(fd, 0, &m);

    (void)source;
    (void)revents;
    if (r == -EAGAIN)
        return 0;
    if (r < 0) // the launcher is gone, and with it whoever would restart us
        return sd_event_exit(w->s.event, 0);
    if (m.type == CHANNEL_PAUSE)
        return hand_over(w);
    if (m.type == CHANNEL_RESUME) { // a successor failed before it came to that
        log_error("not reloaded, going on as before: %s", m.text);
        answers_reloaded(&w->s, m.text);
    }
    return m.type == CHANNEL_STOP ? sd_event_exit(w->s.event, 0) : 0;
}

// The only wake-up of an idle service. What was read meanwhile without a record moves the marks on.
static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct watcher *w = userdata;
    struct source_status status;
    uint64_t lines = 0;

    (void)usec;
    for (size_t i = 0; i < inputs_count(w->s.inputs); i++)
        if (inputs_status(w->s.inputs, i, &status))
            lines += status.lines;
    if (lines != w->lines)
        enact_soon(w->s.enact);
    w->lines = lines;
    (void)channel_send(w->s.channel, CHANNEL_ALIVE, NULL);
    sd_event_source_set_time_relative(source, w->watchdog / 2);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void tear_down(struct watcher *w)
{
    struct service *s = &w->s;

    put_down(w);
    control_free(s->control);
    enforce_link_free(s->link);
    clock_watch_free(s->clock);
    inputs_free(s->inputs);
    spare_free(s->spare);
    own_free(s->own);
    surges_free(s->surges);
    health_free(s->health);
    tell_free(s->tell);
    journal_close(s->journal);
    enact_free(s->enact);
    engine_free(s->engine);
    config_free(s->config);
    config_report_free(&w->report);
    sd_event_source_disable_unref(w->channel_source);
    sd_event_source_disable_unref(w->watchdog_source);
    sd_event_unref(s->event);
}

// The launcher, still root then, starts the enforcer on this directory, in the namespace that stands behind it.
static int tell_prepared(struct watcher *w)
{
    char text[CHANNEL_TEXT_MAX];

    snprintf(text, sizeof(text), "%.900s\n%.63s", w->enforcer_dir, w->s.config->netns);
    return channel_send(w->s.channel, CHANNEL_PREPARED, w->was_root && !w->s.observe ? text : "");
}

static int run(struct watcher *w)
{
    char status[ANSWERS_STATUS_MAX];
    struct channel_message m;
    int r = prepare(w);

    if (r == 0)
        r = tell_prepared(w);
    if (r == 0 && (channel_receive(w->s.channel, 1, &m) < 0 || m.type != CHANNEL_GO))
        return 0; // the launcher stops
    if (r == 0)
        r = begin(w);
    if (r < 0) {
        if (!w->error[0])
            snprintf(w->error, sizeof(w->error), "%s", strerror(-r));
        (void)channel_send(w->s.channel, CHANNEL_FAILED, w->error);
        return 1;
    }
    if (w->s.observe)
        log_warning("only observing, nobody is blocked: %s", w->s.observe_why);
    (void)channel_send(w->s.channel, CHANNEL_READY, answers_status_line(&w->s, status));
    trim_memory();
    r = sd_event_loop(w->s.event);
    return r < 0 ? 1 : 0;
}

int watcher_run(const struct daemon_options *options)
{
    struct watcher *w = calloc(1, sizeof(*w));

    if (!w)
        return 1;
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 64 * 1024); // fixed: the large tables stay apart, untouched until they are used
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    umask(0077);
    w->s.options = options;
    w->s.channel = options->channel;
    w->was_root = geteuid() == 0;
    w->watchdog = options->watchdog;
    int code = run(w);
    tear_down(w);
    free(w);
    return code;
}
