// SPDX-License-Identifier: GPL-2.0-or-later
// Linked into programs by tools/sanitize alone: opens the file for what the sanitizers report while that can still be
// done, since a process that has locked itself in opens no file, and what it writes to standard error a test may throw
// away. A program that dies of a report and is started anew, as the watcher is, would pass unseen otherwise.
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

enum { HIGH = 48 }; // above what programs count on, below the enforcer's limit of 64

// At its end the sanitizer would put its signal stack away, which the sandbox refuses; environments are not passed on.
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "use_sigaltstack=0:detect_leaks=0"; // for leaks it would need a process of its own
}

// Nor is there one to be asked for, as the sanitizer does wherever a program calls exit(); a refusal it takes for a defect of
// its own.
int sigaltstack(const stack_t *restrict new, stack_t *restrict old)
{
    (void)new;
    if (old)
        *old = (stack_t){.ss_flags = SS_DISABLE};
    return 0;
}

__attribute__((constructor)) static void open_reports(void)
{
    int fd = open(SANITIZER_REPORTS, O_WRONLY | O_APPEND | O_CLOEXEC), high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

    if (high >= 0)
        __sanitizer_set_report_fd((void *)(intptr_t)high);
    if (fd >= 0)
        close(fd);
}
