// SPDX-License-Identifier: GPL-2.0-or-later
// Journal entries to records. Every field is copied: libsystemd's pointers are good until its next call only.
#include "source/entry.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { NAME_MAX_BYTES = 256 };

#define TIME_BOUND (INT64_C(1) << 55) // microseconds: year 3111, as far as journal files go themselves

char *source_journal_numbers(const char *match)
{
    struct str rest = str_of(match), word;
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    while (out && (word = str_word(&rest)).n > 0) {
        char name[64] = "";
        if (str_starts(word, STR("_UID=")) && word.n - 5 < sizeof(name) && !(word.p[5] >= '0' && word.p[5] <= '9'))
            memcpy(name, word.p + 5, word.n - 5);
        const struct passwd *pw = name[0] ? getpwnam(name) : NULL;
        if (pw)
            fprintf(out, "_UID=%u ", (unsigned)pw->pw_uid);
        else
            fprintf(out, "%.*s ", STR_FMT(word));
    }
    if (out && fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int parse_match(struct entry_match *m, uint64_t filter, const char *match)
{
    uint8_t group = 0;

    m->filter = filter;
    m->n = 0;
    m->text = source_journal_numbers(match);
    if (!m->text)
        return -ENOMEM;
    struct str rest = str_of(m->text), word;
    while ((word = str_word(&rest)).n > 0) {
        if (str_eq(word, STR("+"))) {
            if (m->n == 0 || m->terms[m->n - 1].group != group)
                return -EINVAL;
            group++;
            continue;
        }
        const char *eq = memchr(word.p, '=', word.n);
        if (!eq || eq == word.p || m->n == ENTRY_TERMS)
            return -EINVAL;
        m->terms[m->n++] = (struct entry_term){word.p, word.n, (size_t)(eq - word.p), group, false};
    }
    return m->n > 0 && m->terms[m->n - 1].group != group ? -EINVAL : 0;
}

// A filter without a match wants all: then nothing can be left to the journal's own matching.
static int add_matches(struct entry *e)
{
    for (size_t i = 0; i < e->n_matches; i++)
        if (e->matches[i].n == 0)
            return 0;
    for (size_t i = 0; i < e->n_matches; i++) {
        const struct entry_match *m = &e->matches[i];
        int r = i ? sd_journal_add_disjunction(e->journal) : 0;
        for (size_t k = 0; k < m->n && r >= 0; k++) {
            if (k > 0 && m->terms[k].group != m->terms[k - 1].group)
                r = sd_journal_add_disjunction(e->journal);
            if (r >= 0)
                r = sd_journal_add_match(e->journal, m->terms[k].text, m->terms[k].n);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static int allocate(struct entry *e)
{
    struct {
        struct entry_field *field;
        size_t max;
    } const parts[] = {
        {&e->message, ENTRY_MESSAGE},  {&e->cmdline, ENTRY_CMDLINE},
        {&e->host, NAME_MAX_BYTES},    {&e->ident, NAME_MAX_BYTES},
        {&e->line, ENTRY_MESSAGE + 2 * NAME_MAX_BYTES + 32},
    };
    size_t total = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        total += parts[i].max;
    e->memory = malloc(total);
    if (!e->memory)
        return -ENOMEM;
    total = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        *parts[i].field = (struct entry_field){e->memory + total, 0, parts[i].max};
        total += parts[i].max;
    }
    return 0;
}

static int open_journal(const char *path, sd_journal **ret)
{
    const char *files[] = {path, NULL};
    struct stat st;

    if (!path)
        return sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (stat(path, &st) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) ? sd_journal_open_directory(ret, path, 0) : sd_journal_open_files(ret, files, 0);
}

int entry_open(struct entry *e, const char *path, const struct source_journal_match *matches, size_t n)
{
    *e = (struct entry){.same = true};
    if (n > ENTRY_FILTERS)
        return -EINVAL;
    e->matches = calloc(n ? n : 1, sizeof(*e->matches));
    if (!e->matches)
        return -ENOMEM;
    int r = allocate(e);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = parse_match(&e->matches[i], matches[i].filter, matches[i].match);
        e->n_matches++;
        e->all |= matches[i].filter;
        e->same = e->same && strcmp(matches[i].match, matches[0].match) == 0;
    }
    if (r == 0)
        r = open_journal(path, &e->journal);
    if (r >= 0) {
        // descriptors of files that are deleted later are given up only when the change descriptor is there first
        if (!path)
            sd_journal_get_fd(e->journal);
        sd_journal_set_data_threshold(e->journal, ENTRY_MESSAGE + 16);
        r = add_matches(e);
    }
    if (r < 0)
        entry_close(e);
    return r < 0 ? r : 0;
}

int entry_reopen(struct entry *e, const char *path)
{
    sd_journal *fresh;
    int r = open_journal(path, &fresh);

    if (r < 0)
        return r;
    sd_journal_close(e->journal);
    e->journal = fresh;
    if (!path)
        sd_journal_get_fd(e->journal);
    sd_journal_set_data_threshold(e->journal, ENTRY_MESSAGE + 16);
    return add_matches(e);
}

void entry_close(struct entry *e)
{
    sd_journal_close(e->journal);
    for (size_t i = 0; i < e->n_matches; i++)
        free(e->matches[i].text);
    free(e->matches);
    free(e->memory);
    *e = (struct entry){0};
}

static void note_hits(struct entry *e, const char *data, size_t n)
{
    for (size_t i = 0; i < e->n_matches; i++)
        for (size_t k = 0; k < e->matches[i].n; k++) {
            struct entry_term *t = &e->matches[i].terms[k];
            if (t->n == n && memcmp(t->text, data, n) == 0)
                t->hit = true;
        }
}

static bool group_holds(const struct entry_match *m, size_t from, size_t to)
{
    for (size_t k = from; k < to; k++) {
        bool hit = false;
        for (size_t j = from; j < to; j++)
            hit |= m->terms[j].hit && m->terms[j].field == m->terms[k].field &&
                   memcmp(m->terms[j].text, m->terms[k].text, m->terms[k].field) == 0;
        if (!hit)
            return false;
    }
    return true;
}

static uint64_t wanted_by(const struct entry *e)
{
    uint64_t filters = 0;

    if (e->same)
        return e->all;
    for (size_t i = 0; i < e->n_matches; i++) {
        const struct entry_match *m = &e->matches[i];
        bool holds = m->n == 0;
        for (size_t from = 0, to; from < m->n && !holds; from = to) {
            for (to = from; to < m->n && m->terms[to].group == m->terms[from].group;)
                to++;
            holds = group_holds(m, from, to);
        }
        if (holds)
            filters |= m->filter;
    }
    return filters;
}

static bool take(struct str data, struct str name, struct str *ret)
{
    if (!str_starts(data, name))
        return false;
    *ret = str_skip(data, name.n);
    return true;
}

static void keep(struct entry_field *f, struct str value)
{
    f->n = value.n < f->max ? value.n : f->max;
    memcpy(f->p, value.p, f->n);
}

static void append(struct entry_field *f, struct str s)
{
    size_t n = s.n < f->max - f->n ? s.n : f->max - f->n;

    if (n)
        memcpy(f->p + f->n, s.p, n);
    f->n += n;
}

// "s=HEX32;i=HEX;..." into the number of the entry that no other has.
static int read_position(struct entry *e)
{
    char *cursor;
    sd_id128_t id;
    int r = sd_journal_get_cursor(e->journal, &cursor);

    if (r < 0)
        return r;
    char *i = strstr(cursor, ";i=");
    r = -EBADMSG;
    if (strncmp(cursor, "s=", 2) == 0 && i) {
        *i = '\0';
        r = sd_id128_from_string(cursor + 2, &id);
        e->seqnum = strtoull(i + 3, NULL, 16);
        memcpy(e->seqnum_id, id.bytes, sizeof(e->seqnum_id));
    }
    free(cursor);
    return r;
}

bool entry_read(struct entry *e, struct record *ret, int *ret_error)
{
    unsigned long long number, pid = 0, source_time = 0;
    bool has_message = false, has_pid = false, cut = false;
    const void *data;
    size_t n;
    int r;

    *ret_error = 0;
    e->message.n = e->cmdline.n = e->host.n = e->ident.n = e->line.n = 0;
    for (size_t i = 0; i < e->n_matches && !e->same; i++)
        for (size_t k = 0; k < e->matches[i].n; k++)
            e->matches[i].terms[k].hit = false;

    if ((r = sd_journal_get_realtime_usec(e->journal, &e->realtime)) < 0 || (r = read_position(e)) < 0) {
        *ret_error = r;
        return false;
    }
    sd_journal_restart_data(e->journal);
    while ((r = sd_journal_enumerate_available_data(e->journal, &data, &n)) > 0) {
        struct str field = {data, n}, value;
        if (!e->same)
            note_hits(e, data, n);
        if (take(field, STR("MESSAGE="), &value)) {
            cut = value.n > e->message.max;
            keep(&e->message, value);
            has_message = true;
        } else if (take(field, STR("_CMDLINE="), &value)) {
            keep(&e->cmdline, value);
        } else if (take(field, STR("_HOSTNAME="), &value)) {
            keep(&e->host, value);
        } else if (take(field, STR("SYSLOG_IDENTIFIER="), &value)) {
            keep(&e->ident, value);
        } else if (take(field, STR("_PID="), &value)) { // the kernel's word, better than the sender's
            if (str_number(value, UINT32_MAX, &number) == 0) {
                pid = number;
                has_pid = true;
            }
        } else if (!has_pid && take(field, STR("SYSLOG_PID="), &value)) {
            if (str_number(value, UINT32_MAX, &number) == 0)
                pid = number;
        } else if (take(field, STR("_SOURCE_REALTIME_TIMESTAMP="), &value)) {
            if (str_number(value, TIME_BOUND - 1, &number) == 0) // else when journald got it
                source_time = number;
        }
    }
    if (r < 0)
        *ret_error = r;
    uint64_t filters = wanted_by(e);
    if (r < 0 || !has_message || !filters)
        return false;

    char number_text[24];
    append(&e->line, (struct str){e->host.p, e->host.n});
    append(&e->line, STR(" "));
    append(&e->line, (struct str){e->ident.p, e->ident.n});
    if (pid)
        append(&e->line, (struct str){number_text, (size_t)sprintf(number_text, "[%llu]", pid)});
    append(&e->line, STR(": "));
    append(&e->line, (struct str){e->message.p, e->message.n});
    *ret = (struct record){
        .time = source_time ? (usec_t)source_time : (usec_t)e->realtime,
        .host = {e->host.p, e->host.n},
        .ident = {e->ident.p, e->ident.n},
        .pid = (uint32_t)pid,
        .message = {e->message.p, e->message.n},
        .line = {e->line.p, e->line.n},
        .cmdline = {e->cmdline.p, e->cmdline.n},
        .position = {.offset = e->seqnum},
        .filters = filters,
        .flags = RECORD_TRUSTED | (cut ? (unsigned)RECORD_TRUNCATED : 0),
    };
    memcpy(ret->position.file, e->seqnum_id, sizeof(ret->position.file));
    return true;
}

void entry_cursor(const uint8_t seqnum_id[static 16], uint64_t seqnum, uint64_t realtime, char ret[static ENTRY_CURSOR_MAX])
{
    int n = sprintf(ret, "s=");

    for (int i = 0; i < 16; i++)
        n += sprintf(ret + n, "%02x", seqnum_id[i]);
    sprintf(ret + n, ";i=%" PRIx64 ";t=%" PRIx64, seqnum, realtime);
}
