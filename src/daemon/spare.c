// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps what it read until stat() shows that it is another one.
#include "daemon/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/nameservers.h"
#include "host/sessions.h"
#include "host/tunnels.h"

// What was changed so shortly before it was read may have been changed again within the same tick of its time stamp.
#define SETTLES_AFTER (2 * USEC_SEC)
// A tunnel may come anew from elsewhere while the session inside lives on.
#define TUNNELS_AGE USEC_SEC
#define SAID_EVERY (3600 * USEC_SEC)

enum { RESOLV_CONF_MAX = 16384, PATHS_MAX = 5 };

struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
    bool settled;
};

struct said {
    struct addr addr;
    enum spare_kind why; // SPARE_MAX: the allowlist
    usec_t at;      // monotonic; 0: free
};

struct spare {
    const struct config *config;
    const struct own *own;
    const char *paths[PATHS_MAX];
    struct stamp resolv[2], sessions[2];
    struct addr dns[HOST_NAMESERVERS_MAX], admins[SPARE_ADMINS_MAX];
    size_t n_dns, n_admins, n_direct; // admins: n_direct peers of sessions, then the outer ends of their tunnels
    bool inside;                      // some come through a tunnel
    usec_t tunnels_read;              // monotonic
    bool blind;
    struct said said[SPARE_SAID_MAX];
    uint64_t unsaid;
};

// True when path is not what it was at the last time, or perhaps not.
static bool has_changed(struct stamp *s, const char *path)
{
    struct stat st;
    struct stamp now = {.settled = true};

    if (stat(path, &st) == 0) {
        usec_t age = clock_realtime() - ((usec_t)st.st_mtim.tv_sec * USEC_SEC + st.st_mtim.tv_nsec / 1000);
        now = (struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim, age > SETTLES_AFTER || age < -SETTLES_AFTER};
    }
    bool changed = !s->settled || s->device != now.device || s->inode != now.inode || s->size != now.size ||
                   s->changed.tv_sec != now.changed.tv_sec || s->changed.tv_nsec != now.changed.tv_nsec;
    *s = now;
    return changed;
}

// --- DNS servers ---------------------------------------------------------------------------------------------

static const char *const resolv_confs[] = {HOST_RESOLV_CONF, HOST_RESOLVED_CONF};

static void read_nameservers(struct spare *s)
{
    struct addr found[HOST_NAMESERVERS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < 2; i++) {
        char text[RESOLV_CONF_MAX];
        int fd = open(resolv_confs[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 && errno == EACCES) {
            s->blind = true; // Landlock holds on to the file that was there: what was read of it stays
            return;
        }
        ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof(text));
        if (fd >= 0)
            close(fd);
        n = host_nameservers((struct str){text, size > 0 ? (size_t)size : 0}, found, n);
    }
    memcpy(s->dns, found, n * sizeof(*found));
    s->n_dns = n;
}

static void refresh_nameservers(struct spare *s)
{
    bool first = has_changed(&s->resolv[0], resolv_confs[0]), second = has_changed(&s->resolv[1], resolv_confs[1]);

    if (first || second)
        read_nameservers(s);
}

// --- administrators ------------------------------------------------------------------------------------------

static int add_admin(void *userdata, const struct addr *a)
{
    struct spare *s = userdata;

    for (size_t i = 0; i < s->n_admins; i++)
        if (addr_eq(&s->admins[i], a))
            return 0;
    if (s->n_admins < SPARE_ADMINS_MAX && !addr_is_unbannable(a))
        s->admins[s->n_admins++] = *a;
    return 0;
}

static bool is_direct(const struct spare *s, const struct addr *a)
{
    for (size_t i = 0; i < s->n_direct; i++)
        if (addr_eq(&s->admins[i], a))
            return true;
    return false;
}

static int add_outer(void *userdata, const struct host_tunnel *t)
{
    struct spare *s = userdata;

    return t->has_inner && is_direct(s, &t->inner) ? add_admin(s, &t->outer) : 0;
}

static bool comes_through_a_tunnel(const struct spare *s)
{
    size_t n = 0;
    const struct prefix *far = s->own ? own_far_ends(s->own, &n) : NULL;

    for (size_t i = 0; i < n; i++)
        if (is_direct(s, &far[i].addr))
            return true;
    return false;
}

static void refresh_admins(struct spare *s)
{
    bool logind = has_changed(&s->sessions[0], HOST_SESSIONS_DIR), utmp = has_changed(&s->sessions[1], HOST_UTMP);
    usec_t now = clock_monotonic();

    if (logind || utmp) {
        s->n_admins = 0;
        (void)host_each_session(add_admin, s);
        s->n_direct = s->n_admins;
    } else if (s->n_direct == 0 || now - s->tunnels_read < TUNNELS_AGE) {
        return;
    }
    s->n_admins = s->n_direct;
    s->tunnels_read = now;
    if (comes_through_a_tunnel(s)) // /proc is read for their sake alone
        (void)host_each_tunnel(NULL, add_outer, s);
}

// --- asked ---------------------------------------------------------------------------------------------------

bool spare_wants(const struct spare *s, enum spare_kind why)
{
    return s->config->spare >> why & 1;
}

static bool any_prefix(const struct prefix *v, size_t n, const struct prefix *net, struct addr *ret)
{
    for (size_t i = 0; i < n; i++)
        if (prefix_contains(net, &v[i].addr)) {
            *ret = v[i].addr;
            return true;
        }
    return false;
}

static bool any_addr(const struct addr *v, size_t n, const struct prefix *net, struct addr *ret)
{
    for (size_t i = 0; i < n; i++)
        if (prefix_contains(net, &v[i])) {
            *ret = v[i];
            return true;
        }
    return false;
}

static bool holds(struct spare *s, enum spare_kind why, const struct prefix *net, struct addr *ret)
{
    const struct prefix *v;
    size_t n;

    switch (why) {
    case SPARE_OWN:
        v = s->own ? own_list(s->own, &n) : NULL;
        return v && any_prefix(v, n, net, ret);
    case SPARE_GATEWAY:
        v = s->own ? own_gateways(s->own, &n) : NULL;
        return v && any_prefix(v, n, net, ret);
    case SPARE_DNS:
        refresh_nameservers(s);
        return any_addr(s->dns, s->n_dns, net, ret);
    case SPARE_ADMINS:
        refresh_admins(s);
        return any_addr(s->admins, s->n_admins, net, ret);
    case SPARE_MAX:
        break;
    }
    return false;
}

enum spare_kind spare_find_within(struct spare *s, const struct prefix *net, struct addr *ret)
{
    for (enum spare_kind why = 0; why < SPARE_MAX; why++)
        if (spare_wants(s, why) && holds(s, why, net, ret))
            return why;
    return SPARE_MAX;
}

enum spare_kind spare_find(struct spare *s, const struct prefix *net)
{
    struct addr which;

    return spare_find_within(s, net, &which);
}

const char *spare_reason(enum spare_kind why)
{
    static const char *const reasons[SPARE_MAX] = {
        [SPARE_OWN] = "it is this machine's own",
        [SPARE_GATEWAY] = "it is a default gateway of this machine",
        [SPARE_DNS] = "it is a DNS server of this machine",
        [SPARE_ADMINS] = "somebody is logged in on this machine from there",
    };

    return reasons[why];
}

bool spare_is_blind(const struct spare *s)
{
    return s->blind;
}

size_t spare_list(struct spare *s, enum spare_kind why, struct addr *ret, size_t max)
{
    const struct prefix *v = NULL;
    const struct addr *a = NULL;
    size_t n = 0;

    if (why == SPARE_OWN || why == SPARE_GATEWAY) {
        v = !s->own ? NULL : why == SPARE_OWN ? own_list(s->own, &n) : own_gateways(s->own, &n);
    } else if (why == SPARE_DNS) {
        refresh_nameservers(s);
        a = s->dns;
        n = s->n_dns;
    } else {
        refresh_admins(s);
        a = s->admins;
        n = s->n_admins;
    }
    for (size_t i = 0; i < n && i < max; i++)
        ret[i] = v ? v[i].addr : a[i];
    return n;
}

// --- said ----------------------------------------------------------------------------------------------------

static bool is_time_to_say(struct spare *s, const struct addr *a, enum spare_kind why)
{
    usec_t now = clock_monotonic();
    struct said *room = NULL;

    for (size_t i = 0; i < SPARE_SAID_MAX; i++) {
        struct said *t = &s->said[i];
        bool over = t->at == 0 || now - t->at >= SAID_EVERY;
        if (t->at && t->why == why && addr_eq(&t->addr, a)) {
            if (over)
                t->at = now;
            return over;
        }
        if (over && !room)
            room = t;
    }
    if (!room) {
        s->unsaid++;
        return false;
    }
    *room = (struct said){.addr = *a, .why = why, .at = now};
    return true;
}

void spare_say(struct spare *s, const struct ban *would, enum spare_kind why)
{
    char net[PREFIX_STRLEN];

    if (is_time_to_say(s, &would->net.addr, why))
        log_notice("%s is spared: %s (spare = %s); it has %u failure%s in %s, which go on counting",
                   prefix_format(&would->net, net), spare_reason(why), spare_names[why], would->count,
                   would->count == 1 ? "" : "s", would->jail);
}

void spare_say_ignored(struct spare *s, const struct addr *a, const char *jail)
{
    char text[ADDR_STRLEN];

    if (is_time_to_say(s, a, SPARE_MAX))
        log_info("%s is spared: it is on the allowlist of %s (ignoreip or ignoreself); its failures count for nothing",
                 addr_format(a, text), jail);
}

uint64_t spare_unsaid(const struct spare *s)
{
    return s->unsaid;
}

// --- life ----------------------------------------------------------------------------------------------------

const char *const *spare_paths(const struct spare *s)
{
    return s->paths;
}

int spare_new(const struct config *config, const struct own *own, struct spare **ret)
{
    struct spare *s = calloc(1, sizeof(*s));
    size_t n = 0;

    if (!s)
        return -ENOMEM;
    s->config = config;
    s->own = own;
    if (spare_wants(s, SPARE_DNS)) {
        s->paths[n++] = HOST_RESOLV_CONF;
        s->paths[n++] = HOST_RESOLVED_DIR;
        refresh_nameservers(s);
    }
    if (spare_wants(s, SPARE_ADMINS)) {
        s->paths[n++] = HOST_SESSIONS_DIR;
        s->paths[n++] = HOST_UTMP;
        refresh_admins(s);
    }
    *ret = s;
    return 0;
}

void spare_free(struct spare *s)
{
    free(s);
}
