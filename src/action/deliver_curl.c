// SPDX-License-Identifier: GPL-2.0-or-later
// Messages by libcurl: a webhook gets the whole as JSON, AbuseIPDB a report for each ban, a mail server a mail.
#include "action/deliver.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 512, HEADER_MAX = SECRET_MAX + 64 };

// One line; whoever may read it could speak for us, so it must be ours alone.
static int read_secret(const char *path, char buf[static SECRET_MAX])
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 && fstat(fd, &st) == 0 ? read(fd, buf, SECRET_MAX - 1) : -1;

    if (n < 0)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    else if (st.st_mode & 07)
        fprintf(stderr, "%s: everybody may read it; chmod 0640 is wanted\n", path);
    if (fd >= 0)
        close(fd);
    if (n < 0 || (st.st_mode & 07))
        return 1;
    buf[n] = '\0';
    buf[strcspn(buf, "\r\n")] = '\0';
    return 0;
}

static size_t ignore_answer(char *p, size_t size, size_t n, void *userdata)
{
    (void)p, (void)userdata;
    return size * n;
}

static void set_common(CURL *c, const struct message *m, const char *protocols, char error[static CURL_ERROR_SIZE])
{
    *error = '\0';
    curl_easy_setopt(c, CURLOPT_URL, m->action->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(m->action->timeout / USEC_MSEC));
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore_answer);
}

static int post(const struct message *m, const char *body, struct curl_slist *headers)
{
    char error[CURL_ERROR_SIZE];
    CURL *c = curl_easy_init();
    long code = 0;

    if (!c || !headers) {
        fputs("out of memory\n", stderr);
        return 1;
    }
    set_common(c, m, "http,https", error);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "pptpban-notify");
    CURLcode r = curl_easy_perform(c); // follows no redirect: a secret goes to nobody else
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_cleanup(c);
    curl_slist_free_all(headers);
    if (r != CURLE_OK)
        fprintf(stderr, "%s: %s\n", m->action->url, *error ? error : curl_easy_strerror(r));
    else if (code < 200 || code > 299)
        fprintf(stderr, "%s: answered %ld; 200 to 299 were wanted\n", m->action->url, code);
    return r != CURLE_OK || code < 200 || code > 299;
}

static struct curl_slist *add_secret(struct curl_slist *headers, const char *name, const char *before, const char *secret)
{
    char line[HEADER_MAX];

    snprintf(line, sizeof(line), "%s: %s%s", name, before, secret);
    return curl_slist_append(headers, line);
}

static int webhook(const struct message *m)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char secret[SECRET_MAX], *body = message_json(m);

    if (*m->action->secret_file) {
        if (read_secret(m->action->secret_file, secret) != 0)
            return 1;
        headers = add_secret(headers, "Authorization", "Bearer ", secret);
    }
    int r = body ? post(m, body, headers) : 1;
    free(body);
    return r;
}

// https://docs.abuseipdb.com/#report-endpoint. No account's name leaves the house.
static int report(const struct message *m, const struct action_event *e, const char *secret)
{
    struct curl_slist *headers = add_secret(curl_slist_append(NULL, "Accept: application/json"), "Key", "", secret);
    char net[PREFIX_STRLEN], when[32], comment[128], body[1024];
    time_t t = (time_t)(e->time / USEC_SEC);
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(comment, sizeof(comment), "PPTP VPN: %u failed logins", e->count);
    char *a = curl_easy_escape(NULL, prefix_format(&e->net, net), 0), *c = curl_easy_escape(NULL, m->action->categories, 0),
         *text = curl_easy_escape(NULL, comment, 0), *time = curl_easy_escape(NULL, when, 0);
    int r = 1;
    if (a && c && text && time) {
        snprintf(body, sizeof(body), "ip=%s&categories=%s&timestamp=%s&comment=%s", a, c, time, text);
        r = post(m, body, headers);
    }
    curl_free(a);
    curl_free(c);
    curl_free(text);
    curl_free(time);
    return r;
}

static int abuseipdb(const struct message *m)
{
    char secret[SECRET_MAX];
    int failed = 0;

    if (read_secret(m->action->secret_file, secret) != 0)
        return 1;
    for (size_t i = 0; i < m->n; i++) // one host each; networks cannot be reported there
        if (m->v[i].kind == NEWS_BAN && m->v[i].has_net && m->v[i].net.len == 128)
            failed |= report(m, &m->v[i], secret);
    return failed;
}

int deliver_http(const struct message *m)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return 1;
    return m->action->type == ACTION_WEBHOOK ? webhook(m) : abuseipdb(m);
}

struct body {
    const char *p;
    size_t left;
};

static size_t give_body(char *to, size_t size, size_t n, void *userdata)
{
    struct body *b = userdata;
    size_t k = size * n < b->left ? size * n : b->left;

    memcpy(to, b->p, k);
    b->p += k;
    b->left -= k;
    return k;
}

// With the line ends of a mail. libcurl doubles the dots.
static char *write_mail(const struct message *m, const char *from)
{
    char title[MESSAGE_TITLE_MAX], *lines = NULL, *text = NULL;
    size_t n_lines = 0, n = 0;
    FILE *body = open_memstream(&lines, &n_lines);

    if (!body)
        return NULL;
    fprintf(body, "From: %s\nTo: ", from);
    for (size_t i = 0; i < m->action->to.n; i++)
        fprintf(body, "%s%s", i ? ",\n " : "", m->action->to.v[i]);
    fprintf(body,
            "\nSubject: [pptpban] %s\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
            message_title(m, title)); // up to 700 bytes: a line may have 998
    message_print_text(m, body);
    fputs("\n-- \npptpban why ADDRESS tells more; pptpban unban ADDRESS ends a ban.\n", body);
    FILE *out = fclose(body) == 0 ? open_memstream(&text, &n) : NULL;
    for (const char *p = lines; out && *p; p++)
        fputs(*p == '\n' ? "\r\n" : (char[]){*p, '\0'}, out);
    free(lines);
    return out && fclose(out) == 0 ? text : NULL;
}

int deliver_mail(const struct message *m)
{
    char error[CURL_ERROR_SIZE], from[256], secret[SECRET_MAX];
    struct curl_slist *to = NULL;
    struct body body = {0};

    if (*m->action->secret_file && read_secret(m->action->secret_file, secret) != 0)
        return 1;
    if (*m->action->from)
        snprintf(from, sizeof(from), "%s", m->action->from);
    else
        snprintf(from, sizeof(from), "pptpban@%s", m->host);
    char *text = write_mail(m, from);
    CURL *c = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
    for (size_t i = 0; i < m->action->to.n; i++)
        to = curl_slist_append(to, m->action->to.v[i]);
    if (!text || !c || !to) {
        fputs("out of memory\n", stderr);
        return 1;
    }
    body = (struct body){text, strlen(text)};
    set_common(c, m, "smtp,smtps", error);
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(c, CURLOPT_READDATA, &body);
    if (*m->action->user) { // never in the clear
        curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        curl_easy_setopt(c, CURLOPT_USERNAME, m->action->user);
        curl_easy_setopt(c, CURLOPT_PASSWORD, *m->action->secret_file ? secret : "");
    }
    CURLcode r = curl_easy_perform(c);
    if (r != CURLE_OK)
        fprintf(stderr, "%s: %s\n", m->action->url, *error ? error : curl_easy_strerror(r));
    curl_slist_free_all(to);
    curl_easy_cleanup(c);
    free(text);
    return r != CURLE_OK;
}
