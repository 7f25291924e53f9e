// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any fields as journal entries, one after the other, in place of libsystemd's journal. A record is views of
// what was given, within its bounds, for a filter that wanted it, at a time that a clock can show; an address on a command
// line stands there.
#include <errno.h>

#include "filter/filter.h"
#include "fuzz.h"
#include "source/entry.h"

static struct {
    struct fuzz_in in;
    char field[ENTRY_MESSAGE + 32]; // as libsystemd: good until the next call only
    uint64_t realtime;
    bool bad;
} journal;

// --- a journal of our own ------------------------------------------------------------------------------------

int sd_journal_open_files(sd_journal **ret, const char **paths, int flags)
{
    (void)paths, (void)flags;
    *ret = (sd_journal *)&journal;
    return 0;
}

int sd_journal_open_directory(sd_journal **ret, const char *path, int flags)
{
    (void)path, (void)flags;
    *ret = (sd_journal *)&journal;
    return 0;
}

int sd_journal_open(sd_journal **ret, int flags)
{
    return sd_journal_open_directory(ret, NULL, flags);
}

void sd_journal_close(sd_journal *j)
{
    (void)j;
}

int sd_journal_get_fd(sd_journal *j)
{
    (void)j;
    return -EINVAL;
}

int sd_journal_set_data_threshold(sd_journal *j, size_t size)
{
    (void)j, (void)size;
    return 0;
}

int sd_journal_add_match(sd_journal *j, const void *data, size_t size)
{
    (void)j, (void)data;
    return size > 1 ? 0 : -EINVAL;
}

int sd_journal_add_disjunction(sd_journal *j)
{
    (void)j;
    return 0;
}

int sd_journal_get_realtime_usec(sd_journal *j, uint64_t *ret)
{
    (void)j;
    *ret = journal.realtime;
    return journal.bad ? -EBADMSG : 0;
}

int sd_journal_get_cursor(sd_journal *j, char **ret)
{
    static const char *const cursors[] = {
        "s=0123456789abcdef0123456789abcdef;i=ff;b=0123456789abcdef0123456789abcdef;m=1;t=2;x=3", "s=0123;i=1", "nonsense", "s=;i="};

    (void)j;
    *ret = strdup(cursors[journal.realtime % 8 > 4 ? journal.realtime % 8 - 4 : 0]);
    return *ret ? 0 : -ENOMEM;
}

void sd_journal_restart_data(sd_journal *j)
{
    (void)j;
}

// A field is a length and its bytes; length 0 ends the entry, 255 is an error, 254 stands for a long one.
int sd_journal_enumerate_available_data(sd_journal *j, const void **ret, size_t *ret_n)
{
    static const char *const names[] = {"MESSAGE=", "_PID=", "SYSLOG_PID=", "SYSLOG_IDENTIFIER=", "_HOSTNAME=", "_CMDLINE=",
                                        "_SOURCE_REALTIME_TIMESTAMP=", "_UID=0", "_COMM=pppd", ""};
    size_t length = fuzz_take(&journal.in, 1);

    (void)j;
    memset(journal.field, '?', 64); // what was given before is gone
    if (length == 0 || length == 255)
        return length ? -EBADMSG : 0;
    size_t n = (size_t)snprintf(journal.field, 64, "%s", names[fuzz_take(&journal.in, 1) % (sizeof(names) / sizeof(names[0]))]);
    struct str value = fuzz_take_text(&journal.in, length == 254 ? 16384 : length);
    if (value.n)
        memcpy(journal.field + n, value.p, value.n);
    n += value.n;
    while (length == 254 && value.n > 0 && n + value.n < sizeof(journal.field)) {
        memcpy(journal.field + n, value.p, value.n);
        n += value.n;
    }
    *ret = journal.field;
    *ret_n = n;
    return 1;
}

// --- what must hold ------------------------------------------------------------------------------------------

static bool contains(struct str whole, struct str part)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check(const struct entry *e, struct filter *filter, const struct record *r)
{
    static const usec_t last = INT64_C(253402387200) * USEC_SEC; // of year 9999, and a zone
    struct addr a;

    HOLDS(r->message.n <= ENTRY_MESSAGE && r->cmdline.n <= ENTRY_CMDLINE && r->host.n <= 256 && r->ident.n <= 256, "too long");
    HOLDS(contains((struct str){e->message.p, e->message.max}, r->message) && contains((struct str){e->line.p, e->line.max}, r->line),
          "not in its own memory");
    HOLDS(r->filters && !(r->filters & ~e->all), "for filters that nobody asked for");
    HOLDS(r->flags & RECORD_TRUSTED, "a journal's record that is not trusted");
    HOLDS(r->time >= 0 && r->time <= last, "time %lld", (long long)r->time);
    if (filter_cmdline_address(filter, r->ident, r->cmdline, &a))
        HOLDS(fuzz_names_address(r->cmdline, &a), "an address from nowhere in '%.*s'", STR_FMT(r->cmdline));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const matches[] = {"SYSLOG_IDENTIFIER=pppd _UID=0 + SYSLOG_IDENTIFIER=pptpd _UID=0", "", "_COMM=pppd"};
    static struct filter *filter;
    struct fuzz_in in = {data, size};
    struct filter_error error = {""};
    struct source_journal_match wanted[] = {{1, ""}, {2, ""}, {4, ""}};
    struct entry e;
    struct record r;
    char own[64];

    if (!filter) {
        static const char *const dirs[] = {SRCDIR "/filters", NULL};
        HOLDS(filter_load("pptpd", &(struct filter_options){.dirs = dirs, .journal = true}, &filter, &error) == 0, "%s", error.text);
    }
    uint8_t form = (uint8_t)fuzz_take(&in, 1);
    struct str text = fuzz_take_text(&in, form & 0x40 ? fuzz_take(&in, 1) % sizeof(own) : 0);
    snprintf(own, sizeof(own), "%.*s", STR_FMT(text));
    for (size_t i = 0; i < 3; i++)
        wanted[i].match = text.n && i == 0 ? own : matches[(form >> 2 * i & 3) % 3];
    if (entry_open(&e, "/", wanted, 1 + form % 3) < 0)
        return 0;
    journal.in = in;
    while (journal.in.n > 0) {
        int problem;
        journal.realtime = fuzz_take(&journal.in, 1);
        journal.bad = journal.realtime == 255;
        journal.realtime += UINT64_C(1795000000000000);
        if (entry_read(&e, &r, &problem))
            check(&e, filter, &r);
        HOLDS(problem <= 0, "error %d", problem);
    }
    entry_close(&e);
    return 0;
}
