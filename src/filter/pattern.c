// SPDX-License-Identifier: GPL-2.0-or-later
// One pattern: PCRE2 with JIT under limits.
#include "filter/pattern.h"

#include <errno.h>
#include <stdlib.h>

static const char *const group_names[GROUP_MAX] = {
    [GROUP_IP4] = "ip4",
    [GROUP_IP6] = "ip6",
    [GROUP_DNS] = "dns",
    [GROUP_ID] = "fid",
    [GROUP_CIDR] = "cidr",
    [GROUP_USER] = "user",
    [GROUP_INTERFACE] = "interface",
    [GROUP_INNER] = "inner",
    [GROUP_LINK] = "link",
    [GROUP_CONTENT] = "content",
    [GROUP_NOFAIL] = "nofail",
    [GROUP_MLFID] = "mlfid",
    [GROUP_MLFGAINED] = "mlfgained",
    [GROUP_MLFFORGET] = "mlfforget",
};

int matcher_init(struct matcher *m)
{
    *m = (struct matcher){
        .compile = pcre2_compile_context_create(NULL),
        .match = pcre2_match_context_create(NULL),
        .data = pcre2_match_data_create(PATTERN_GROUPS + 1, NULL),
    };
    if (!m->compile || !m->match || !m->data) {
        matcher_destroy(m);
        return -ENOMEM;
    }
    pcre2_set_newline(m->compile, PCRE2_NEWLINE_LF);
    pcre2_set_max_pattern_length(m->compile, PATTERN_MAX);
    pcre2_set_parens_nest_limit(m->compile, 50);
    pcre2_set_match_limit(m->match, PATTERN_MATCH_LIMIT);
    pcre2_set_depth_limit(m->match, PATTERN_DEPTH_LIMIT);
    pcre2_set_heap_limit(m->match, PATTERN_HEAP_LIMIT);
    // NULL where PCRE2 has no JIT: then nobody asks for it
    m->stack = pcre2_jit_stack_create((size_t)32 << 10, (size_t)PATTERN_JIT_STACK << 10, NULL);
    if (m->stack)
        pcre2_jit_stack_assign(m->match, NULL, m->stack);
    return 0;
}

void matcher_destroy(struct matcher *m)
{
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->match);
    pcre2_jit_stack_free(m->stack);
    pcre2_compile_context_free(m->compile);
    *m = (struct matcher){0};
}

void pattern_clear(struct pattern *p)
{
    pcre2_code_free(p->code);
    free(p->text);
    free(p->regex);
    free(p->ident);
    free(p->link_ident);
    *p = (struct pattern){0};
}

static int bad_regex(struct filter_error *error, struct origin at, struct str text, int code, size_t offset,
                     const struct translated *t)
{
    PCRE2_UCHAR why[160];
    struct str rest = str_skip((struct str){t->regex, t->n}, offset);

    if (pcre2_get_error_message(code, why, sizeof(why)) < 0)
        snprintf((char *)why, sizeof(why), "error %d", code);
    if (rest.n > 0)
        return filter_fail(error, at, "'%.*s' is no regular expression: %s before '%.*s'; pcre2pattern(3) says what is",
                           (int)(text.n < 200 ? text.n : 200), text.p, (char *)why, (int)(rest.n < 40 ? rest.n : 40),
                           rest.p);
    return filter_fail(error, at, "'%.*s' is no regular expression: %s at its end; pcre2pattern(3) says what is",
                       (int)(text.n < 200 ? text.n : 200), text.p, (char *)why);
}

// "alt_user" and "alt_user_1" stand in for "user".
static bool is_alternative(const char *name, const char *of)
{
    size_t n = strlen(of);

    if (strncmp(name, "alt_", 4) != 0 || strncmp(name + 4, of, n) != 0)
        return false;
    name += 4 + n;
    return *name == '\0' || (*name == '_' && name[1] != '\0' && strspn(name + 1, "0123456789") == strlen(name + 1));
}

static void find_groups(struct pattern *p)
{
    uint32_t count, size;
    PCRE2_SPTR table;

    pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
    for (unsigned g = 0; g < GROUP_MAX; g++) {
        unsigned alternatives = 0;
        for (uint32_t i = 0; i < count; i++) { // sorted by name
            const uint8_t *entry = table + (size_t)i * size;
            const char *name = (const char *)entry + 2;
            if (strcmp(name, group_names[g]) == 0)
                p->group[g] = entry[1]; // entry[0] is 0, for there are at most PATTERN_GROUPS
            else if (alternatives < PATTERN_ALTERNATIVES && is_alternative(name, group_names[g]))
                p->alternative[g][alternatives++] = entry[1];
        }
    }
}

// By a match that wants more than there may be.
void pattern_warm_up(pcre2_match_data *data, pcre2_match_context *context)
{
    enum { GROUPS = 60, LENGTH = 4000 };
    char regex[2 * GROUPS + 16] = "(?:", text[LENGTH];
    size_t offset;
    int code;

    for (size_t i = 0; i < GROUPS; i++)
        strcat(regex, "()"); // which make frames large
    strcat(regex, "a)*b");
    memset(text, 'a', LENGTH);
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PCRE2_NO_START_OPTIMIZE, &code, &offset, NULL);
    if (re)
        pcre2_match(re, (PCRE2_SPTR)text, LENGTH, 0, 0, data, context);
    pcre2_code_free(re);
}

static int compile(struct pattern *p, struct matcher *m, struct str text, const struct translated *t, unsigned flags,
                   struct filter_error *error)
{
    // Bytes, not characters: names in any encoding, valid or not. $ is the very end, . is any byte. A pattern may
    // not turn this round by itself.
    const uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
                             (flags & PATTERN_LINES ? PCRE2_MULTILINE : PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY);
    uint32_t captures;
    size_t offset;
    int code;

    p->code = pcre2_compile((PCRE2_SPTR)t->regex, t->n, options, &code, &offset, m->compile);
    if (!p->code)
        return bad_regex(error, p->at, text, code, offset, t);
    pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &captures);
    if (captures > PATTERN_GROUPS)
        return filter_fail(error, p->at, "the pattern has %u groups; at most %d are allowed, (?:...) does not count",
                           captures, PATTERN_GROUPS);
    find_groups(p);
    p->jit = m->stack && pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0;
    if (!p->jit && !m->warm) {
        pattern_warm_up(m->data, m->match);
        m->warm = true;
    }
    gate_derive((struct str){t->regex, t->n}, t->ident.n == 0, &p->gate);
    // The name of the program stands in every line of its own, so it serves, if badly.
    if (p->gate.n == 0 && t->ident.n > 0 && t->ident.n <= GATE_STRING_MAX) {
        p->gate.n = 1;
        p->gate.length[0] = (unsigned char)t->ident.n;
        memcpy(p->gate.string[0], t->ident.p, t->ident.n);
    }
    return 0;
}

int pattern_compile(struct pattern *p, struct matcher *m, struct str text, struct origin at, unsigned flags,
                    struct filter_error *error)
{
    struct translated t;

    *p = (struct pattern){.at = at, .flags = flags};
    int r = translate(text, at, flags, &t, error);
    if (r < 0)
        return r;
    if (t.n > PATTERN_MAX)
        r = filter_fail(error, at, "the pattern has %zu bytes with all its tags filled in; at most %d are allowed", t.n,
                        PATTERN_MAX);
    else if (!(p->text = str_dup(text)) || (t.ident.n && !(p->ident = str_dup(t.ident))) ||
             (t.link_ident.n && !(p->link_ident = str_dup(t.link_ident))))
        r = -ENOMEM;
    else
        r = compile(p, m, text, &t, flags, error);
    p->regex = t.regex;
    if (r < 0)
        pattern_clear(p);
    return r;
}

bool pattern_match(const struct pattern *p, struct matcher *m, struct str subject)
{
    PCRE2_SPTR s = (PCRE2_SPTR)(subject.p ? subject.p : "");

    if (m->probe)
        m->probe->before(m->probe->userdata, p);
    int r = p->jit ? pcre2_jit_match(p->code, s, subject.n, 0, 0, m->data, m->match)
                   : pcre2_match(p->code, s, subject.n, 0, 0, m->data, m->match);

    if (r < 0 && r != PCRE2_ERROR_NOMATCH)
        m->limit_hits++; // matching bytes under these options fails at a limit only
    if (m->probe)
        m->probe->after(m->probe->userdata, p, subject, r);
    return r > 0;
}

static bool captured(const struct matcher *m, struct str subject, unsigned g, struct str *ret)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);

    // \K and lookbehinds can turn offsets around
    if (g == 0 || at[2 * g] == PCRE2_UNSET || at[2 * g + 1] > subject.n || at[2 * g] > at[2 * g + 1])
        return false;
    *ret = (struct str){subject.p + at[2 * g], at[2 * g + 1] - at[2 * g]};
    return true;
}

bool pattern_capture(const struct pattern *p, const struct matcher *m, struct str subject, enum group group,
                     struct str *ret)
{
    bool found = captured(m, subject, p->group[group], ret);

    for (size_t i = 0; i < PATTERN_ALTERNATIVES && p->alternative[group][i] && !(found && ret->n > 0); i++)
        found |= captured(m, subject, p->alternative[group][i], ret);
    return found;
}

bool pattern_address(const struct pattern *p, const struct matcher *m, struct str subject, struct addr *ret)
{
    static const enum group order[] = {GROUP_ID, GROUP_IP4, GROUP_IP6, GROUP_DNS};
    struct str s;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (pattern_capture(p, m, subject, order[i], &s))
            return addr_parse(s, ret) == 0;
    return false;
}
