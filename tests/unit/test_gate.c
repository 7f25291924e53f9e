// SPDX-License-Identifier: GPL-2.0-or-later
// gate: whatever a pattern matches contains one of the strings that the gate names for it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ctype.h>
#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "filter/gate.h"

// The set as text, "a|b"; "" when there is none.
static const char *derive(const char *regex, bool split)
{
    static char buf[GATE_SET_MAX * (GATE_STRING_MAX + 1) + 1];
    struct gate_set g;
    size_t n = 0;

    gate_derive(str_of(regex), split, &g);
    for (unsigned i = 0; i < g.n; i++)
        n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%.*s", i ? "|" : "", STR_FMT(gate_string(&g, i)));
    buf[n] = '\0';
    return buf;
}

static void known_patterns(void **state)
{
    static const struct {
        const char *regex, *set;
    } cases[] = {
        {"^Peer (?P<user>.*) failed CHAP authentication$", " failed CHAP authentication"},
        {"^(?:Accepted|Refused) password$", "Accepted password|Refused password"},
        {"^(?:Accepted|Refused)? password$", " password"},
        {"from (?:one place|another place|elsewhere)$", "from one place|from another place|from elsewhere"},
        {"failed (?:now|.*)", "failed "},
        {"(?:failed now|.*)", ""},
        {"(?:alpha beta|gamma \\d+ delta)", "alpha beta|gamma "},
        {"fail(?:ed|ure)? of", "fail"},
        {"Fail(?:ed)? publickey", " publickey"},
        {"x[Ff]ailed", "xFailed|xfailed"},
        {"x[a-f]ailed", "ailed"},
        {"[^a]bcdefg", "bcdefg"},
        {"(?i)failed", ""},
        {"(?i:failed) again", " again"},
        {"(?i)failed (?-i:again)", " again"},
        {"(a(?i)b|failed)", ""},
        {"(?x) f a i l e d", ""},
        {"failed{2} logins", "d logins"},
        {"failed{0} logins", " logins"},
        {"(?:failed){2,3} logins", "failed logins"},
        {"failed+ logins", "d logins"},
        {"failed* logins", " logins"},
        {"failed\\.logins", "failed.logins"},
        {"failed\\dlogins", "logins"},
        {"failed\\x20logins", "logins"},
        {"failed\tlogins", "logins"},
        {"(failed) \\1 logins", " logins"},
        {"(?=failed)login", "login"},
        {"(?!failed)login", "login"},
        {"(?<!failed)login", "login"},
        {"fail(?#comment)ed", "failed"},
        {"failed(?#comment)? login", " login"},
        {"\\d{2}(?#possessive)+failed", "failed"},
        {"\\Qfailed\\E", ""},
        {"failed(*ACCEPT)logins", ""},
        {"(x)?failed(?(1)a|b) login", "failed"},
        {"(?P<c>x)?(?(c)failed) login", " login"},
        {"failed(?(?=a)a|b)", ""},
        {"failed(?R)?", ""},
        {"failed {logins}", "failed {logins}"},
        {"failed{ 0,1 }x", ""},
        {"a{,3}failed", "failed"},
        {"[[:alpha:]]failed", "failed"},
        {"[]x]failed", "]failed|xfailed"},
        {"(?:a|b|c|d)(?:e|f|g)failed", "failed"},
        {"e", ""},
        {"", ""},
        {"(unbalanced", ""},
        {"unbalanced)", ""},
        {"a|b|", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (strcmp(derive(cases[i].regex, false), cases[i].set) != 0)
            fail_msg("%s: got '%s', not '%s'", cases[i].regex, derive(cases[i].regex, false), cases[i].set);
}

// A date is cut out where neither side is a word's.
static void no_string_lies_across_a_cut(void **state)
{
    (void)state;
    assert_string_equal(derive("Failed password for", true), "Failed password for");
    assert_string_equal(derive("\\[\\] \\[error\\] client denied", true), " client denied");
    assert_string_equal(derive("sshd", true), "sshd");
    assert_string_equal(derive(": (?:wrong|bad password)", true), " wrong| bad password");
    assert_string_equal(derive("\\[\\] \\[", true), "");
}

static uint32_t next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

// A random regular expression over few letters.
static size_t grow(uint64_t *seed, char *out, unsigned depth)
{
    static const char *const pieces[] = {
        "a",  "b",    "abc",   "cab",   ".",      "\\w",   "\\d",   "[ab]", "[^a]",         "[a-c]", "x",     "\\.",
        "^",  "$",    "\\b",   "(?i)",  "(?-i)",  "(?#b)", "\\x61", "[]a]", "[[:alpha:]b]", "bca",   "abcab", "ab.-ca",
        "-.", "\\.-", "(?=a)", "(?!b)", "(?<=a)", "{",     "}",     "\\1",  "{,2}",         "]",
    };
    static const char *const quantifiers[] = {"?", "*", "+", "{0}", "{1}", "{2}", "{0,1}", "{1,2}", "{2,}", "*?", "++"};
    static const char *const opens[] = {"(", "(?:", "(?i:", "(?'n'", "(?>", "(?=", "(?|"};
    size_t n = 0;

    for (unsigned i = 0, pieces_n = 1 + next(seed) % 5; i < pieces_n; i++) {
        if (depth < 3 && next(seed) % 4 == 0) {
            n += (size_t)sprintf(out + n, "%s", opens[next(seed) % 7]);
            n += grow(seed, out + n, depth + 1);
            if (next(seed) % 2) {
                out[n++] = '|';
                n += grow(seed, out + n, depth + 1);
            }
            out[n++] = ')';
        } else {
            n += (size_t)sprintf(out + n, "%s", pieces[next(seed) % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        if (next(seed) % 4 == 0)
            n += (size_t)sprintf(out + n, "%s",
                                 quantifiers[next(seed) % (sizeof(quantifiers) / sizeof(quantifiers[0]))]);
    }
    out[n] = '\0';
    return n;
}

static bool has_one(const struct gate_set *g, struct str s)
{
    for (unsigned i = 0; i < g->n; i++)
        if (memmem(s.p, s.n, g->string[i], g->length[i]))
            return true;
    return g->n == 0;
}

// Whatever PCRE2 matches, with and without something cut out of it, the gate lets through.
static void promises_hold(void **state)
{
    static const char letters[] = "aabbcabcAx.-1";
    pcre2_match_data *data = pcre2_match_data_create(64, NULL);
    uint64_t seed = 7;
    unsigned compiled = 0, promised = 0, matched = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char regex[4096];
        struct gate_set whole, split;
        size_t offset;
        int code;
        grow(&seed, regex, 0);
        pcre2_code *re = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY,
                                       &code, &offset, NULL);
        if (!re)
            continue;
        compiled++;
        gate_derive(str_of(regex), false, &whole);
        gate_derive(str_of(regex), true, &split);
        promised += whole.n > 0;
        for (int t = 0; t < 40 && whole.n > 0; t++) {
            char text[40], cut[60];
            size_t n = next(&seed) % 24, at, hole;
            for (size_t i = 0; i < n; i++)
                text[i] = letters[next(&seed) % (sizeof(letters) - 1)];
            if (pcre2_match(re, (PCRE2_SPTR)text, n, 0, 0, data, NULL) < 0)
                continue;
            matched++;
            if (!has_one(&whole, (struct str){text, n}))
                fail_msg("%s matches %.*s, gate %s", regex, (int)n, text, derive(regex, false));
            at = next(&seed) % (n + 1);
            if ((at > 0 && isalnum((unsigned char)text[at - 1])) || (at < n && isalnum((unsigned char)text[at])))
                continue; // no date is cut out there
            hole = 1 + next(&seed) % 16;
            memcpy(cut, text, at);
            memset(cut + at, '-', hole);
            memcpy(cut + at + hole, text + at, n - at);
            if (!has_one(&split, (struct str){cut, n + hole}))
                fail_msg("%s matches %.*s, gate %s", regex, (int)n, text, derive(regex, true));
        }
        pcre2_code_free(re);
    }
    pcre2_match_data_free(data);
    if (getenv("SHOW_COUNTS"))
        fprintf(stderr, "compiled %u promised %u matched %u\n", compiled, promised, matched);
    assert_true(compiled > 2000 && promised > 200 && matched > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_patterns),
        cmocka_unit_test(no_string_lies_across_a_cut),
        cmocka_unit_test(promises_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
