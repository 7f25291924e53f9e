// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: what pptpban-notify hears, a packet a line, between steps of time and deliveries that arrive or fail. What is
// taken is fit to be shown and is read again as it was; each message says all there is to say, in lines of its own, and
// makes no word of a command an option; no event is lost without being counted, and what waits is sent, not too often.
#include "action/deliver.c"
#include "action/deliver_curl.c"
#include "action/queue.h"
#include "base/text.h"
#include "fuzz.h"

static void check_text(const char *text, size_t max)
{
    struct str s = str_of(text);
    uint32_t code;
    bool harmless;

    HOLDS(s.n <= max, "%zu bytes", s.n);
    while (s.n > 0) {
        s = str_skip(s, text_step(s, &code, &harmless));
        HOLDS(harmless, "U+%04x in '%s'", code, text);
    }
}

static void check_event(const struct action_event *e)
{
    struct action_event again;
    json_t *o = action_event_json(e);
    char *text = json_dumps(o, JSON_COMPACT);

    HOLDS(e->kind < NEWS_KINDS && e->time >= 0 && e->until >= 0, "kind %u, time %lld", e->kind, (long long)e->time);
    if (e->has_net) {
        struct prefix clean = prefix_of(&e->net.addr, e->net.len);
        HOLDS(e->net.len <= 128 && prefix_eq(&clean, &e->net), "a network of length %u", e->net.len);
    }
    check_text(e->jail, EVENT_NAME_MAX);
    check_text(e->user, EVENT_USER_MAX);
    check_text(e->text, EVENT_TEXT_MAX);
    HOLDS(action_event_parse(text, strlen(text), &again) == 0, "not read again: %s", text);
    HOLDS(again.kind == e->kind && again.time == e->time && again.has_net == e->has_net && again.until == e->until &&
              again.count == e->count && (!e->has_net || prefix_eq(&again.net, &e->net)) && strcmp(again.jail, e->jail) == 0 &&
              strcmp(again.user, e->user) == 0 && strcmp(again.text, e->text) == 0,
          "another one: %s", text);
    free(text);
    json_decref(o);
}

static size_t count_of(const char *s, char c)
{
    size_t n = 0;

    for (; *s; s++)
        n += *s == c;
    return n;
}

// The headers are those that we write and no other, and every line ends as a mail's does.
static void check_mail(const struct message *m)
{
    static const char *const headers[] = {"From: ", "To: ", "Subject: [pptpban] ", "Auto-Submitted: ", "MIME-Version: ", "Content-Type: ",
                                          "Content-Transfer-Encoding: ", "\r\n"};
    char *mail = write_mail(m, "pptpban@vpn"), *p = mail;

    HOLDS(mail, "no mail");
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        HOLDS(strncmp(p, headers[i], strlen(headers[i])) == 0, "no '%s' at '%s'", headers[i], p);
        do
            p = strchr(p, '\n') + 1;
        while (*p == ' '); // folded
    }
    for (p = mail; *p;) {
        char *end = strchr(p, '\n');
        HOLDS(end && end > p && end[-1] == '\r' && !memchr(p, '\r', (size_t)(end - p - 1)), "a line without its end");
        HOLDS(end - p < 1000, "%td bytes in a line", end - p);
        p = end + 1;
    }
    free(mail);
}

static void check_message(const struct message *m)
{
    static const char *const command[] = {"/bin/true", "<user>", "--user=<user>", "<jail>", "<text>", "<addr>", "<event> <time> <until>",
                                          "<action><n>", "<host", "<what>", "<count>", "<user><text><user><text><user><text><user><text>"};
    char title[MESSAGE_TITLE_MAX], *json = message_json(m), *text = NULL;
    size_t length = 0;
    json_t *o = json ? json_loads(json, 0, NULL) : NULL;
    FILE *out = open_memstream(&text, &length);

    HOLDS(json_array_size(json_object_get(o, "events")) == m->n && (uint64_t)json_integer_value(json_object_get(o, "more")) == m->more,
          "not all of it: %s", json);
    json_decref(o);
    free(json);
    message_print_text(m, out);
    fclose(out);
    HOLDS(count_of(text, '\n') == m->n + (m->more > 0), "%zu events, and %llu more: %s", m->n, (unsigned long long)m->more, text);
    free(text);
    check_text(message_title(m, title), MESSAGE_TITLE_MAX - 1);
    for (size_t i = 0; i < sizeof(command) / sizeof(command[0]); i++) {
        char *word = fill_word(m, command[i]);
        HOLDS(strlen(word) < WORD_MAX, "%zu bytes", strlen(word));
        HOLDS(word[0] != '-' || command[i][0] == '-', "%s became an option: %s", command[i], word);
        for (const char *p = word; *p; p++)
            HOLDS((unsigned char)*p >= 0x20 && *p != 0x7f, "a control character in '%s'", word);
        free(word);
    }
    check_mail(m);
}

// --- when a message goes out

struct tally {
    uint64_t added, arrived, messages;
    usec_t waits_since; // nothing under way, and something waits
};

static void check_queue(struct queue *q, const struct tally *t, usec_t began, usec_t now)
{
    HOLDS(q->n + q->more + q->dropped + t->arrived == t->added, "%llu events came; %zu wait and %llu more, %llu dropped, %llu arrived",
          (unsigned long long)t->added, q->n, (unsigned long long)q->more, (unsigned long long)q->dropped, (unsigned long long)t->arrived);
    HOLDS(!q->under_way || (q->n_sending > 0 && q->n_sending <= q->n && q->n_sending <= QUEUE_EVENTS_MAX && q->more_sending <= q->more),
          "%zu of %zu are being sent", q->n_sending, q->n);
    double allowed = q->action->rate * (1 + (double)(now - began) / (double)q->action->rate_time);
    HOLDS((double)t->messages <= allowed + 0.001, "%llu messages", (unsigned long long)t->messages);
    usec_t due = queue_due(q, now);
    HOLDS(q->under_way ? due == USEC_FOREVER : (due == USEC_FOREVER) == (q->n + q->more == 0), "due %lld", (long long)due);
}

static void begin_if_due(struct queue *q, struct tally *t, usec_t now)
{
    if (queue_due(q, now) > now)
        return;
    queue_begin(q, now);
    t->messages++;
    struct message m = {.action = q->action, .host = "vpn", .v = q->v, .n = q->n_sending, .more = q->more_sending};
    HOLDS(m.n > 0, "an empty message");
    if (m.n > 16) { // which would take its time
        m.more += m.n - 16;
        m.n = 16;
    }
    check_message(&m);
}

static void end(struct queue *q, struct tally *t, bool good, usec_t now)
{
    uint64_t sending = q->n_sending + q->more_sending;

    if (!q->under_way)
        return;
    bool given_up = queue_end(q, good, now);
    HOLDS(!good || !given_up, "arrived, and given up");
    t->arrived += good ? sending : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const usec_t steps[] = {1, USEC_MSEC, USEC_SEC, 10 * USEC_SEC, 600 * USEC_SEC, 86400 * USEC_SEC};
    static char address[] = "admin@example.org", *to[] = {address, address};
    struct fuzz_in in = {data, size};
    uint8_t form = (uint8_t)fuzz_take(&in, 1);
    struct action a = {.name = "mine", .enabled = true, .type = ACTION_EXEC, .events = ~0u, .rate = form & 1 ? 1 : 20,
                       .rate_time = form & 2 ? USEC_SEC : 3600 * USEC_SEC, .digest = form & 4 ? 0 : 10 * USEC_SEC,
                       .retries = form >> 4 & 3, .to = {.v = to, .n = 2}};
    const usec_t began = 1000 * USEC_SEC;
    struct action_event e, last = {.kind = NEWS_BAN, .text = "ban"};
    struct tally t = {0};
    struct queue q;
    struct str line;
    usec_t now = began;

    HOLDS(queue_init(&q, &a, now) == 0, "no memory");
    while (fuzz_take_line(&in, &line)) {
        char c = line.n > 0 ? line.p[0] : 0;
        if (c == 't')
            now += steps[(unsigned char)(line.n > 1 ? line.p[1] : 0) % (sizeof(steps) / sizeof(steps[0]))];
        else if (c == 'g' || c == 'b')
            end(&q, &t, c == 'g', now);
        else if (c == 'f') // a flood
            for (unsigned i = 0; i < 300; i++, t.added++)
                queue_add(&q, &last, now);
        else if (action_event_parse(line.p, line.n, &e) == 0) {
            check_event(&e);
            if (action_wants(&a, &e)) {
                queue_add(&q, &e, now);
                t.added++;
                last = e;
            }
        }
        check_queue(&q, &t, began, now);
        begin_if_due(&q, &t, now);
        check_queue(&q, &t, began, now);
    }
    queue_clear(&q);
    return 0;
}
