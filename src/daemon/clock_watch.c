// SPDX-License-Identifier: GPL-2.0-or-later
// A timer of the wall clock that never comes, but is cancelled when that clock is set, and when the machine wakes up.
#include "daemon/clock_watch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SMALLEST (2 * USEC_SEC)

struct clock_watch {
    int fd;
    sd_event_source *source;
    usec_t offset; // wall clock less the time since the machine was started, sleep included
    usec_t sleep;  // that time less the time in which it was awake
    struct clock_callbacks callbacks;
};

static usec_t boottime(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * USEC_SEC + t.tv_nsec / 1000;
}

static int arm(const struct clock_watch *w)
{
    const struct itimerspec never = {.it_value.tv_sec = INT64_MAX};

    return timerfd_settime(w->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ? -errno : 0;
}

void clock_watch_look(struct clock_watch *w)
{
    if (!w)
        return;
    usec_t boot = boottime(), offset = clock_realtime() - boot, sleep = boot - clock_monotonic();
    usec_t delta = offset - w->offset, slept = sleep - w->sleep;
    if (delta > SMALLEST || delta < -SMALLEST) { // slower corrections add up until they count
        w->offset = offset;
        w->callbacks.jumped(w->callbacks.userdata, delta);
    }
    if (slept > SMALLEST) {
        w->sleep = sleep;
        w->callbacks.slept(w->callbacks.userdata, slept);
    }
}

static int on_set(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct clock_watch *w = userdata;
    uint64_t expired;

    (void)source, (void)revents;
    (void)!read(fd, &expired, sizeof(expired)); // ECANCELED, which is what we wait for
    int r = arm(w);
    clock_watch_look(w);
    return r;
}

int clock_watch_new(sd_event *event, const struct clock_callbacks *callbacks, struct clock_watch **ret)
{
    struct clock_watch *w = calloc(1, sizeof(*w));
    int r;

    if (!w)
        return -ENOMEM;
    w->callbacks = *callbacks;
    w->sleep = boottime() - clock_monotonic();
    w->offset = clock_realtime() - boottime();
    w->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    r = w->fd < 0 ? -errno : arm(w);
    if (r == 0)
        r = sd_event_add_io(event, &w->source, w->fd, EPOLLIN, on_set, w);
    if (r >= 0) // lines that were written after it come after it
        r = sd_event_source_set_priority(w->source, SD_EVENT_PRIORITY_IMPORTANT);
    if (r < 0) {
        clock_watch_free(w);
        return r;
    }
    *ret = w;
    return 0;
}

void clock_watch_free(struct clock_watch *w)
{
    if (!w)
        return;
    sd_event_source_disable_unref(w->source);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}
