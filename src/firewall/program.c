// SPDX-License-Identifier: GPL-2.0-or-later
// fork, exec, wait; input and output go through memory, so that nobody waits for anybody.
#include "firewall/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 256 << 20 };

static int memory_with(const char *text)
{
    int fd = memfd_create("pptpban", MFD_CLOEXEC);
    size_t left = text ? strlen(text) : 0;

    if (fd < 0)
        return -errno;
    while (left > 0) {
        ssize_t n = write(fd, text, left);
        if (n < 0) {
            int r = -errno;
            close(fd);
            return r;
        }
        text += n;
        left -= (size_t)n;
    }
    return lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd;
}

// All that fd's memory holds, NUL-terminated; NULL without memory.
static char *text_of(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = size < 0 || size > OUTPUT_MAX ? NULL : malloc((size_t)size + 1);
    ssize_t n = text ? pread(fd, text, (size_t)size, 0) : -1;

    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

__attribute__((noreturn)) static void become(const char *const *args, int in, int out, int err)
{
    static const char *const places[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};
    // TZ: what nft reads and prints are times of the kernel's clock
    static const char *const environment[] = {"PATH=/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", NULL};
    char path[128];

    if (dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2)
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            snprintf(path, sizeof(path), "%s/%s", places[i], args[0]);
            execve(path, (char *const *)(uintptr_t)args, (char *const *)(uintptr_t)environment);
        }
    _exit(127);
}

static int outcome(const char *name, int status, int err, struct fw_error *error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        snprintf(error->text, sizeof(error->text), "%s is not installed", name);
        return -ENOENT;
    }
    char *complaint = text_of(err);
    snprintf(error->text, sizeof(error->text), "%s: %.900s", name, complaint && *complaint ? complaint : "failed");
    free(complaint);
    for (size_t n = strlen(error->text); n > 0 && error->text[n - 1] == '\n'; n--)
        error->text[n - 1] = '\0';
    return -EPROTO;
}

int fw_program(const char *const *args, const char *input, char **ret_output, struct fw_error *error)
{
    int in = memory_with(input), out = memory_with(NULL), err = memory_with(NULL), status = 0, r = 0;
    pid_t pid = in < 0 || out < 0 || err < 0 ? -1 : fork();

    if (pid == 0)
        become(args, in, out, err);
    if (pid < 0)
        r = -errno;
    while (r == 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            r = -errno;
    if (r < 0)
        snprintf(error->text, sizeof(error->text), "%s: %s", args[0], strerror(-r));
    else
        r = outcome(args[0], status, err, error);
    if (r == 0 && ret_output && !(*ret_output = text_of(out)))
        r = -ENOMEM;
    for (int *fd = (int[]){in, out, err, -1}; *fd >= 0; fd++)
        close(*fd);
    return r;
}

int fw_detach(void)
{
    int tell[2], null;
    pid_t detached = 0;

    if (pipe2(tell, O_CLOEXEC) < 0)
        return -errno;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        detached = fork();
        if (detached != 0) {
            bool told = detached > 0 && write(tell[1], &detached, sizeof(detached)) == sizeof(detached);
            _exit(!told);
        }
        close(tell[0]);
        close(tell[1]);
        if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0)
            for (int fd = 0; fd < 3; fd++)
                dup2(null, fd);
        if (chdir("/") < 0)
            _exit(1);
        return 0;
    }
    int r = child < 0 ? -errno : 0;
    close(tell[1]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    if (r == 0 && read(tell[0], &detached, sizeof(detached)) != sizeof(detached))
        r = -ECHILD;
    close(tell[0]);
    return r < 0 ? r : detached;
}
