// SPDX-License-Identifier: GPL-2.0-or-later
// Talks to pptpband over its control socket.
#include "cli/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/clean.h"
#include "cli/exit.h"
#include "config/config.h"
#include "daemon/request.h"

enum {
    ANSWER_SECONDS = 90, // a reload may take a while
    ANSWER_MAX = 16 << 20, // bytes of one line
};

static const char not_understood[] = "pptpban: the service's answer is not understood; is it of another version?\n";

struct client {
    FILE *in;
    char *line;
    size_t room;
};

void client_free(struct client *c)
{
    if (!c)
        return;
    if (c->in)
        fclose(c->in);
    free(c->line);
    free(c);
}

int client_socket(const struct args *a, struct sockaddr_un *sun)
{
    struct config_report report = {0};
    struct config *config = NULL;
    const char *dir = a->runtime;

    *sun = (struct sockaddr_un){.sun_family = AF_UNIX};
    // a configuration that cannot be read is no reason not to find the service where it usually is
    if (!dir && config_load(a->config, &config, &report) == 0)
        dir = config->runtime_dir;
    int n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s", dir ? dir : RUNDIR, CONTROL_SOCKET_NAME);
    config_report_free(&report);
    config_free(config);
    return n < (int)sizeof(sun->sun_path) ? 0 : -ENAMETOOLONG;
}

static int say_unreachable(const char *path, int error)
{
    if (error == EACCES || error == EPERM)
        fprintf(stderr,
                "pptpban: you may not ask the service at %s; become root or a member of its group "
                "(sudo adduser %s pptpban, then log in anew)\n",
                path, getenv("USER") ? getenv("USER") : "USER");
    else if (error == ENOENT || error == ECONNREFUSED)
        fprintf(stderr, "pptpban: pptpband does not run (nobody listens at %s); %s\n", path,
                access("/run/systemd/system", F_OK) == 0 ? "sudo systemctl start pptpban" : "start pptpband as root");
    else
        fprintf(stderr, "pptpban: the service at %s cannot be reached: %s\n", path, strerror(error));
    return EXIT_UNREACHABLE;
}

static int connect_to(const struct args *a, int *ret)
{
    struct sockaddr_un sun;
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};

    if (client_socket(a, &sun) < 0) {
        fprintf(stderr, "pptpban: the runtime directory's name is too long for a socket (107 bytes)\n");
        return EXIT_FAILED;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return say_unreachable(sun.sun_path, error);
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    *ret = fd;
    return EXIT_DONE;
}

static int send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

int client_ask(const struct args *a, json_t *request, struct client **ret)
{
    char *text = json_dumps(request, JSON_COMPACT);
    struct client *c = calloc(1, sizeof(*c));
    int fd = -1, code = text && c ? EXIT_DONE : EXIT_FAILED;
    char error[REQUEST_ERROR_MAX];
    struct request q;

    json_decref(request);
    if (code == EXIT_DONE && request_parse(str_of(text), &q, error) < 0) { // as the service would, if it runs
        fprintf(stderr, "pptpban: %s\n", error);
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE)
        code = connect_to(a, &fd);
    if (code == EXIT_DONE) {
        c->in = fdopen(fd, "r");
        // an error here shows when the answer is read: the service may have said why before it hung up
        if (send_all(fd, text, strlen(text)) == 0)
            (void)send_all(fd, "\n", 1);
    }
    free(text);
    if (code == EXIT_DONE && c->in) {
        *ret = c;
        return EXIT_DONE;
    }
    client_free(c);
    return code == EXIT_DONE ? EXIT_FAILED : code;
}

int client_send(struct client *c, json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);

    json_decref(request);
    if (!text)
        return EXIT_FAILED;
    if (send_all(fileno(c->in), text, strlen(text)) == 0) // as in client_ask()
        (void)send_all(fileno(c->in), "\n", 1);
    free(text);
    return EXIT_DONE;
}

// One line into c->line; its length, 0 at the end, -errno. The service reads what attackers write and may be somebody
// else's by now: neither may use up our memory.
static ssize_t read_line(struct client *c)
{
    size_t n = 0;

    for (;;) {
        if (c->room - n < 2) {
            size_t room = c->room ? c->room * 2 : 4096;
            char *line = room <= ANSWER_MAX ? realloc(c->line, room) : NULL;
            if (!line)
                return room <= ANSWER_MAX ? -ENOMEM : -EMSGSIZE;
            c->line = line;
            c->room = room;
        }
        errno = 0;
        if (!fgets(c->line + n, (int)(c->room - n), c->in))
            return errno ? -errno : (ssize_t)n;
        size_t got = strlen(c->line + n);
        n += got;
        if (got == 0 || c->line[n - 1] == '\n' || n + 1 < c->room) // a NUL in it is no JSON
            return (ssize_t)n;
    }
}

int client_read_any(struct client *c, json_t **ret)
{
    ssize_t n = read_line(c);

    if (n <= 0) {
        fprintf(stderr, "pptpban: the service %s\n",
                n == -EAGAIN ? "does not answer" : n == -EMSGSIZE ? "answers without end"
                : n < 0 ? strerror((int)-n) : "hung up before it had answered");
        return EXIT_UNREACHABLE;
    }
    json_t *answer = json_loadb(c->line, (size_t)n, 0, NULL), *clean = json_is_object(answer) ? json_clean(answer) : NULL;
    json_decref(answer);
    if (!clean) {
        fputs(not_understood, stderr);
        return EXIT_FAILED;
    }
    *ret = clean;
    return EXIT_DONE;
}

int client_read(struct client *c, json_t **ret)
{
    json_t *answer;
    int code = client_read_any(c, &answer);

    if (code != EXIT_DONE)
        return code;
    if (json_is_false(json_object_get(answer, "ok"))) {
        const char *why = json_string_value(json_object_get(answer, "error"));
        json_int_t exit_code = json_integer_value(json_object_get(answer, "exit"));
        fprintf(stderr, "pptpban: %s\n", why ? why : "the service refused");
        json_decref(answer);
        return exit_code > 0 && exit_code < 128 ? (int)exit_code : EXIT_FAILED;
    }
    *ret = answer;
    return EXIT_DONE;
}

void client_free_lines(json_t **lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_decref(lines[i]);
    free(lines);
}

static bool has_texts(const json_t *line, const char *const *texts)
{
    for (; *texts; texts++)
        if (!json_is_string(json_object_get(line, *texts)))
            return false;
    return true;
}

int client_read_lines(struct client *c, const char *const *texts, json_t ***ret, size_t *ret_n)
{
    json_t **lines = NULL, *line;
    size_t n = 0, room = 0;
    int code = client_read(c, &line); // {"ok": true}

    while (code == EXIT_DONE) {
        json_decref(line);
        code = client_read(c, &line);
        if (code != EXIT_DONE)
            break;
        if (json_is_true(json_object_get(line, "end"))) {
            json_decref(line);
            *ret = lines;
            *ret_n = n;
            return EXIT_DONE;
        }
        if (!has_texts(line, texts)) {
            fputs(not_understood, stderr);
            json_decref(line);
            code = EXIT_FAILED;
            break;
        }
        if (n == room) {
            size_t more = room ? room * 2 : 256;
            json_t **grown = reallocarray(lines, more, sizeof(*grown));
            if (!grown) {
                json_decref(line);
                code = EXIT_FAILED;
                break;
            }
            lines = grown;
            room = more;
        }
        lines[n++] = json_incref(line);
    }
    client_free_lines(lines, n);
    return code;
}

int client_call(const struct args *a, json_t *request, json_t **ret)
{
    struct client *c;
    int code = client_ask(a, request, &c);

    if (code != EXIT_DONE)
        return code;
    code = client_read(c, ret);
    client_free(c);
    return code;
}
