// SPDX-License-Identifier: GPL-2.0-or-later
// For tests, by LD_PRELOAD: a wall clock that can be set for the processes of one service alone. PB_CLOCK names a file
// that holds the microseconds to add, and those for which the machine slept, which count for CLOCK_BOOTTIME too. Timers of that clock are moved when it is set, as the kernel does it, but only
// once the process looks at the clock.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 1024 };

static const volatile int64_t *offset;
static int64_t known;
static struct {
    int used, flags, armed;
    struct timespec at;
} timers[FDS];

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_create)(int, int);
static int (*real_settime)(int, int, const struct itimerspec *, struct itimerspec *);

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("PB_CLOCK");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    if (p != MAP_FAILED)
        offset = p;
    known = offset ? offset[0] + offset[1] : 0;
    real_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real_create = (int (*)(int, int))dlsym(RTLD_NEXT, "timerfd_create");
    real_settime = (int (*)(int, int, const struct itimerspec *, struct itimerspec *))dlsym(RTLD_NEXT, "timerfd_settime");
}

static void add(struct timespec *t, int64_t usec)
{
    int64_t n = t->tv_nsec + usec % 1000000 * 1000;

    t->tv_sec += usec / 1000000 + n / 1000000000;
    t->tv_nsec = n % 1000000000;
    if (t->tv_nsec < 0) {
        t->tv_nsec += 1000000000;
        t->tv_sec--;
    }
}

static int arm(int fd)
{
    struct itimerspec its = {.it_value = timers[fd].at};

    if (its.it_value.tv_sec < INT64_C(1) << 40)
        add(&its.it_value, -known);
    if (its.it_value.tv_sec < 0)
        its.it_value = (struct timespec){.tv_nsec = 1};
    return real_settime(fd, timers[fd].flags, &its, NULL);
}

static void look(void)
{
    if (!offset || offset[0] + offset[1] == known)
        return;
    known = offset[0] + offset[1];
    for (int fd = 0; fd < FDS; fd++) {
        if (timers[fd].used && timers[fd].armed && (timers[fd].flags & TFD_TIMER_CANCEL_ON_SET)) {
            const struct itimerspec now = {.it_value.tv_nsec = 1}; // it is cancelled: the descriptor becomes readable
            real_settime(fd, 0, &now, NULL);
        } else if (timers[fd].used && timers[fd].armed) {
            arm(fd);
        }
    }
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    int r = real_gettime(id, t);

    look();
    if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        add(t, known);
    if (r == 0 && id == CLOCK_BOOTTIME && offset)
        add(t, offset[1]);
    return r;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (ret)
        *ret = t.tv_sec;
    return t.tv_sec;
}

int timerfd_create(int id, int flags)
{
    int fd = real_create(id, flags);

    if (fd >= 0 && fd < FDS) {
        timers[fd].used = id == CLOCK_REALTIME;
        timers[fd].armed = 0;
    }
    return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *its, struct itimerspec *old)
{
    if (fd < 0 || fd >= FDS || !timers[fd].used || !(flags & TFD_TIMER_ABSTIME))
        return real_settime(fd, flags, its, old);
    timers[fd].flags = flags;
    timers[fd].at = its->it_value;
    timers[fd].armed = its->it_value.tv_sec || its->it_value.tv_nsec;
    return timers[fd].armed ? arm(fd) : real_settime(fd, flags, its, old);
}
