// SPDX-License-Identifier: GPL-2.0-or-later
// fail2ban's manner of reading a log.
#include "filter/foreign.h"

#include <errno.h>
#include <stdlib.h>

struct kept_line { // of the buffer for patterns of several lines
    size_t at, n;  // without its newline
};

struct session {
    struct value id;
    usec_t since;
    struct finding finding;
    unsigned nofail_lines; // lines of a session that has not failed yet; they count when it does
    bool used;
};

struct foreign {
    struct foreign_parts parts;
    char *text; // FOREIGN_TEXT bytes: the lines of the buffer, each with its newline
    size_t n_text;
    struct kept_line line[FOREIGN_LINES];
    size_t n_lines;
    bool has_last_time;
    usec_t last_time;
    uint64_t sessions_dropped;
    struct session alone; // what a line says that belongs to no session
    struct session sessions[FOREIGN_SESSIONS];
};

int foreign_new(const struct foreign_parts *parts, struct foreign **ret)
{
    struct foreign *x = calloc(1, sizeof(*x));

    if (!x || !(x->text = calloc(1, FOREIGN_TEXT))) {
        free(x);
        return -ENOMEM;
    }
    x->parts = *parts;
    if (x->parts.max_lines < 1)
        x->parts.max_lines = 1;
    if (x->parts.max_lines > FOREIGN_LINES)
        x->parts.max_lines = FOREIGN_LINES;
    *ret = x;
    return 0;
}

void foreign_free(struct foreign *x)
{
    if (x)
        free(x->text);
    free(x);
}

uint64_t foreign_sessions_dropped(const struct foreign *x)
{
    return x->sessions_dropped;
}

static void set_value(struct value *v, struct str s)
{
    v->set = true;
    v->n = (uint16_t)(s.n < FOREIGN_VALUE ? s.n : FOREIGN_VALUE);
    memcpy(v->text, s.p, v->n);
}

struct str finding_id(const struct finding *f)
{
    static const enum group order[] = {GROUP_ID, GROUP_IP4, GROUP_IP6, GROUP_DNS};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (f->value[order[i]].set)
            return value_str(&f->value[order[i]]);
    return (struct str){"", 0};
}

static bool has_id(const struct finding *f)
{
    return f->value[GROUP_ID].set || f->value[GROUP_IP4].set || f->value[GROUP_IP6].set || f->value[GROUP_DNS].set;
}

// ---- the buffer of lines

static void drop_first_lines(struct foreign *x, size_t count)
{
    size_t bytes = count < x->n_lines ? x->line[count].at : x->n_text;

    memmove(x->text, x->text + bytes, x->n_text - bytes);
    memmove(x->line, x->line + count, (x->n_lines - count) * sizeof(x->line[0]));
    x->n_text -= bytes;
    x->n_lines -= count;
    for (size_t i = 0; i < x->n_lines; i++)
        x->line[i].at -= bytes;
}

// Appends the line less its date.
static void keep_line(struct foreign *x, struct str line, size_t cut_begin, size_t cut_end)
{
    struct str head = {line.p, cut_begin}, tail = str_skip(line, cut_end);

    if (head.n > FOREIGN_TEXT - 1)
        head.n = FOREIGN_TEXT - 1;
    if (tail.n > FOREIGN_TEXT - 1 - head.n)
        tail.n = FOREIGN_TEXT - 1 - head.n;
    while (x->n_lines > 0 && (x->n_lines >= x->parts.max_lines || x->n_text + head.n + tail.n + 1 > FOREIGN_TEXT))
        drop_first_lines(x, 1);
    struct kept_line *l = &x->line[x->n_lines++];
    *l = (struct kept_line){x->n_text, head.n + tail.n};
    memcpy(x->text + l->at, head.p, head.n);
    memcpy(x->text + l->at + head.n, tail.p, tail.n);
    x->text[l->at + l->n] = '\n';
    x->n_text += l->n + 1;
}

// True when line i is one that a <SKIPLINES> of the last match passed over.
static bool was_skipped(const struct foreign *x, const struct pattern *p, size_t i)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(x->parts.matcher->data);
    char name[24];

    for (unsigned k = 0;; k++) {
        snprintf(name, sizeof(name), "skiplines%u", k);
        int g = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)name);
        if (g <= 0)
            return false;
        if (at[2 * g] != PCRE2_UNSET && x->line[i].at >= at[2 * g] && x->line[i].at + x->line[i].n < at[2 * g + 1])
            return true;
    }
}

// Takes the lines of the last match out of the buffer, those skipped excepted; returns how many went.
static unsigned take_lines(struct foreign *x, const struct pattern *p)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(x->parts.matcher->data);
    size_t begin = at[0], end = at[1] > at[0] ? at[1] - 1 : at[0];
    bool gone[FOREIGN_LINES];
    unsigned taken = 0;
    size_t kept = 0, bytes = 0;

    for (size_t i = 0; i < x->n_lines; i++) { // the match's offsets count until the first byte moves
        size_t first = x->line[i].at, newline = first + x->line[i].n;
        gone[i] = newline >= begin && first <= end && !(newline == begin && end > begin) && !was_skipped(x, p, i);
        taken += gone[i];
    }
    for (size_t i = 0; i < x->n_lines; i++) {
        if (gone[i])
            continue;
        memmove(x->text + bytes, x->text + x->line[i].at, x->line[i].n + 1);
        x->line[kept++] = (struct kept_line){bytes, x->line[i].n};
        bytes += x->line[i].n + 1;
    }
    x->n_lines = kept;
    x->n_text = bytes;
    return taken;
}

// ---- sessions

static void add_user(struct finding *f, struct str user)
{
    if (user.n == 0)
        return;
    for (unsigned i = 0; i < f->n_users; i++)
        if (str_eq(value_str(&f->users[i]), (struct str){user.p, user.n < FOREIGN_VALUE ? user.n : FOREIGN_VALUE}))
            return;
    set_value(&f->users[f->n_users < FOREIGN_USERS ? f->n_users++ : FOREIGN_USERS - 1], user);
}

static struct session *find_session(struct foreign *x, struct str id, usec_t now)
{
    for (size_t i = 0; i < FOREIGN_SESSIONS; i++) {
        struct session *s = &x->sessions[i];
        if (s->used && now - s->since > FOREIGN_SESSION_AGE)
            s->used = false;
        if (s->used && str_eq(value_str(&s->id), (struct str){id.p, id.n < FOREIGN_VALUE ? id.n : FOREIGN_VALUE}))
            return s;
    }
    return NULL;
}

// A place for a new session: a free one, else that of the oldest.
static struct session *new_session(struct foreign *x)
{
    struct session *oldest = &x->sessions[0];

    for (size_t i = 0; i < FOREIGN_SESSIONS; i++) {
        if (!x->sessions[i].used)
            return &x->sessions[i];
        if (x->sessions[i].since < oldest->since)
            oldest = &x->sessions[i];
    }
    x->sessions_dropped++;
    return oldest;
}

// What one line said, before anything is known of its session.
struct said {
    struct value value[GROUP_MAX];
    bool nofail, gained, forget;
};

static void hear(const struct foreign *x, const struct pattern *p, struct str subject, struct said *said)
{
    static const enum group kept[] = {GROUP_IP4, GROUP_IP6, GROUP_DNS, GROUP_ID, GROUP_CIDR, GROUP_USER, GROUP_MLFID};
    const struct matcher *m = x->parts.matcher;
    struct str s;

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (pattern_capture(p, m, subject, kept[i], &s))
            set_value(&said->value[kept[i]], s);
    said->nofail |= pattern_capture(p, m, subject, GROUP_NOFAIL, &s) && s.n > 0;
    said->gained |= pattern_capture(p, m, subject, GROUP_MLFGAINED, &s) && s.n > 0;
    said->forget |= pattern_capture(p, m, subject, GROUP_MLFFORGET, &s);
}

static void take_over(struct finding *f, const struct said *said)
{
    for (unsigned g = 0; g < GROUP_MAX; g++)
        if (said->value[g].set)
            f->value[g] = said->value[g];
    f->nofail |= said->nofail | said->gained;
    f->gained |= said->gained;
}

// Adds what a line said to its session; the finding is then what the session as a whole has come to.
static struct finding *merge(struct foreign *x, const struct said *said, unsigned lines, usec_t now)
{
    struct str id = value_str(&said->value[GROUP_MLFID]);
    struct session *s = find_session(x, id, now);
    bool quiet = said->nofail || said->gained;
    bool known = s != NULL;

    if (known) {
        // what the session waited for has come, or its lines were reported: they are not reported again
        if (!s->finding.nofail && !s->finding.gained && !s->finding.pending)
            s->finding.lines = 0;
        s->finding.nofail = s->finding.gained = false;
    } else {
        s = said->forget ? &x->alone : new_session(x);
        *s = (struct session){.since = now, .used = !said->forget};
        set_value(&s->id, id);
    }
    struct finding *f = &s->finding;
    if (known || !said->forget)
        add_user(f, value_str(&said->value[GROUP_USER]));
    take_over(f, said);
    if (f->pending || f->n_users > 1) { // somebody failed before, or tries one name after the other
        f->nofail = f->gained = f->pending = false;
        quiet = false;
    }
    if (!quiet) {
        f->lines += s->nofail_lines + lines;
        s->nofail_lines = 0;
    } else if (!said->forget) {
        s->nofail_lines += lines;
    }
    if (known && said->forget)
        s->used = false;
    return f;
}

// ---- one line

static bool is_ignored(const struct foreign *x, const struct record *r, struct str subject)
{
    for (size_t i = 0; i < x->parts.n_ignore; i++) {
        const struct pattern *p = &x->parts.ignore[i];
        if (p->ident ? str_eq(str_of(p->ident), r->ident) && pattern_match(p, x->parts.matcher, r->message)
                     : pattern_match(p, x->parts.matcher, subject))
            return true;
    }
    return false;
}

static struct str matched_text(const struct foreign *x, struct str subject)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(x->parts.matcher->data);
    return at[1] <= subject.n && at[0] <= at[1] ? (struct str){subject.p + at[0], at[1] - at[0]} : subject;
}

// The time of the line and what is to be cut out of it. False when nobody knows the time.
static bool find_time(struct foreign *x, const struct record *r, struct str date, usec_t *time, size_t *ret_begin,
                      size_t *ret_end)
{
    struct date_match m;

    *ret_begin = *ret_end = 0;
    *time = r->time;
    if (date.n > 0 && date.p >= r->line.p && date.p + date.n <= r->line.p + r->line.n) {
        *ret_begin = (size_t)(date.p - r->line.p);
        *ret_end = *ret_begin + date.n;
        return true;
    }
    bool found = x->parts.dates && date_find(x->parts.dates, r->line, r->time, &m);
    if (found) {
        *ret_begin = m.begin;
        *ret_end = m.end;
    }
    if (found && m.has_time) {
        *time = x->last_time = m.time;
        x->has_last_time = true;
        return true;
    }
    // Where a gate lets lines go by unseen, the last date seen would depend on it; the source knows better.
    if (!x->parts.carry_dates)
        return true;
    if (x->has_last_time && x->last_time > r->time - FOREIGN_DATE_AGE) {
        *time = x->last_time;
        return true;
    }
    return found; // a format that may match nothing means: now
}

// What a pattern made of the line, with all that is known of its session.
static struct finding *conclude(struct foreign *x, size_t pattern, const struct said *said, unsigned lines, usec_t time,
                                usec_t now)
{
    struct finding *f;

    if (said->value[GROUP_MLFID].set) {
        f = merge(x, said, lines, now);
    } else {
        x->alone = (struct session){0};
        f = &x->alone.finding;
        take_over(f, said);
        add_user(f, value_str(&said->value[GROUP_USER]));
        f->lines = lines;
    }
    f->pattern = (unsigned)pattern;
    f->time = time;
    f->pending = !has_id(f);
    return f;
}

static bool may_match(const struct pattern *p, const struct record *r)
{
    if ((r->flags & RECORD_HAS_MASK) && p->bits && !(p->bits & r->mask))
        return false;
    return !p->ident || str_eq(str_of(p->ident), r->ident);
}

bool foreign_feed(struct foreign *x, const struct record *r, struct str date, const struct finding **ret)
{
    struct matcher *m = x->parts.matcher;
    struct said before = {0};
    struct str line, content;
    bool several = x->parts.max_lines > 1, prefixed = true;
    usec_t time;
    size_t begin, end;

    bool known_time = find_time(x, r, date, &time, &begin, &end);
    if (!several)
        x->n_lines = x->n_text = 0;
    keep_line(x, r->line, begin, end);
    line = (struct str){x->text, x->n_text - !several};
    if (x->parts.n_ignore && x->parts.n_ignore + 2 < x->parts.n_fail && is_ignored(x, r, line))
        return false;
    if (x->parts.prefix) {
        prefixed = pattern_match(x->parts.prefix, m, line);
        if (prefixed) {
            hear(x, x->parts.prefix, line, &before);
            if (pattern_capture(x->parts.prefix, m, line, GROUP_CONTENT, &content) && content.n > 0)
                line = content;
        }
    }
    for (size_t i = 0; i < x->parts.n_fail; i++) {
        const struct pattern *p = &x->parts.fail[i];
        struct str subject = p->ident ? r->message : line;
        if (!(p->ident || prefixed) || !may_match(p, r) || !pattern_match(p, m, subject))
            continue;
        struct said said = before;
        hear(x, p, subject, &said);
        bool ignored = x->parts.n_ignore && is_ignored(x, r, several ? matched_text(x, subject) : subject);
        // a match in a message or in the prefix's content has no lines of the buffer to take
        unsigned lines = 1;
        if (several && subject.p == x->text) {
            if (x->parts.n_ignore)
                pattern_match(p, m, subject); // once more: the others have overwritten where it was
            lines = take_lines(x, p);
        }
        if (ignored)
            return false;
        if (!known_time)
            continue;
        *ret = conclude(x, i, &said, lines, time, r->time);
        return true;
    }
    return false;
}
