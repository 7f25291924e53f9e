// SPDX-License-Identifier: GPL-2.0-or-later
// The simple types of values: flags, numbers, words, times, names, paths. Knows no keyword by name.
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "config/kind.h"

int kind_refuse(struct fault *fault, size_t offset, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
    va_end(ap);
    fault->offset = offset;
    return -EINVAL;
}

// Fields of numbers and words come in the sizes of bool, uint8_t, unsigned and enums.
static void store(const struct keyword *k, void *field, unsigned v)
{
    uint8_t byte = (uint8_t)v;

    memcpy(field, k->size == 1 ? (void *)&byte : (void *)&v, k->size == 1 ? 1 : sizeof(v));
}

static unsigned load(const struct keyword *k, const void *field)
{
    unsigned v = 0;

    if (k->size == 1)
        return *(const uint8_t *)field;
    memcpy(&v, field, sizeof(v));
    return v;
}

static bool is_word(struct str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static int flag_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    (void)k;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!is_word(value, words[i]))
            continue;
        *(bool *)field = i % 2 == 1;
        return 0;
    }
    return kind_refuse(fault, 0, "neither yes nor no");
}

static void flag_print(const struct keyword *k, const void *field, FILE *out)
{
    (void)k;
    fputs(*(const bool *)field ? "yes" : "no", out);
}

static void flag_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    strcpy(buf, "yes or no");
}

const struct kind kind_flag = {flag_parse, flag_print, flag_accepted, NULL, false};

static int number_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    unsigned long long v = 0;
    int r = str_number(value, UINT32_MAX, &v);

    if (r == -EINVAL)
        return kind_refuse(fault, 0, "not a whole number");
    if (r < 0 || v > (unsigned long long)k->max)
        return kind_refuse(fault, 0, "too large");
    if (v < (unsigned long long)k->min)
        return kind_refuse(fault, 0, "too small");
    store(k, field, (unsigned)v);
    return 0;
}

static void number_print(const struct keyword *k, const void *field, FILE *out)
{
    fprintf(out, "%u", load(k, field));
}

static void number_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "a whole number from %lld to %lld", k->min, k->max);
}

const struct kind kind_number = {number_parse, number_print, number_accepted, NULL, false};

// A number, or 0 for none.
static int limit_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    if (str_eq(value, STR("0"))) {
        store(k, field, 0);
        return 0;
    }
    return number_parse(k, value, field, fault);
}

static void limit_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "a whole number from %lld to %lld, or 0 for no such rule", k->min, k->max);
}

const struct kind kind_limit = {limit_parse, number_print, limit_accepted, NULL, false};

static int word_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    for (long long i = k->min; i <= k->max; i++) {
        if (!is_word(value, k->words[i - k->min]))
            continue;
        store(k, field, (unsigned)i);
        return 0;
    }
    return kind_refuse(fault, 0, "unknown");
}

static void word_print(const struct keyword *k, const void *field, FILE *out)
{
    fputs(k->words[load(k, field) - (unsigned)k->min], out);
}

static void word_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    size_t n = 0;

    for (long long i = k->min; i <= k->max && n < ACCEPTED_MAX; i++)
        n += (size_t)snprintf(buf + n, ACCEPTED_MAX - n, "%s%s", i == k->min ? "" : i == k->max ? " or " : ", ",
                              k->words[i - k->min]);
}

const struct kind kind_word = {word_parse, word_print, word_accepted, NULL, false};

// Any of k->words, or "none": a bit for each.
static int words_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct str rest = value, word;
    unsigned bits = 0;

    if (is_word(str_trim(value), "none"))
        rest.n = 0;
    while ((word = str_word(&rest)).n > 0) {
        long long i = 0;
        while (i <= k->max && !is_word(word, k->words[i]))
            i++;
        if (i > k->max)
            return kind_refuse(fault, (size_t)(word.p - value.p), "%.*s is unknown", (int)(word.n < 60 ? word.n : 60), word.p);
        bits |= 1u << i;
    }
    store(k, field, bits);
    return 0;
}

static void words_print(const struct keyword *k, const void *field, FILE *out)
{
    unsigned bits = load(k, field);

    if (bits == 0)
        fputs("none", out);
    for (long long i = 0; i <= k->max; i++)
        if (bits >> i & 1)
            fprintf(out, "%s%s", bits & ((1u << i) - 1) ? " " : "", k->words[i]);
}

static void words_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    size_t n = (size_t)snprintf(buf, ACCEPTED_MAX, "none, or any of");

    for (long long i = 0; i <= k->max && n < ACCEPTED_MAX; i++)
        n += (size_t)snprintf(buf + n, ACCEPTED_MAX - n, "%s %s", i ? "," : "", k->words[i]);
}

const struct kind kind_words = {words_parse, words_print, words_accepted, NULL, true};

static int time_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    usec_t d;
    int r = duration_parse(value, &d);

    if (r == -EINVAL)
        return kind_refuse(fault, 0, "not a time");
    if (r == 0 && d == USEC_FOREVER) {
        if (!k->forever)
            return kind_refuse(fault, 0, "forever is not possible here");
    } else if (r < 0 || d > k->max * USEC_SEC) {
        return kind_refuse(fault, 0, "too long");
    } else if (d < k->min * USEC_SEC) {
        return kind_refuse(fault, 0, "too short");
    } else if (d % USEC_SEC != 0) {
        return kind_refuse(fault, 0, "not in whole seconds");
    }
    memcpy(field, &d, sizeof(d));
    return 0;
}

static void time_print(const struct keyword *k, const void *field, FILE *out)
{
    char buf[DURATION_STRLEN];
    usec_t d;

    (void)k;
    memcpy(&d, field, sizeof(d));
    fputs(duration_format(d, buf), out);
}

static void time_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    char min[DURATION_STRLEN], max[DURATION_STRLEN];

    snprintf(buf, ACCEPTED_MAX, "a time such as 600, 10m, 1h 30m or 2d, from %s to %s%s",
             duration_format(k->min * USEC_SEC, min), duration_format(k->max * USEC_SEC, max),
             k->forever ? ", or forever" : "");
}

const struct kind kind_time = {time_parse, time_print, time_accepted, NULL, false};

static int factor_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    char z[32], *end;

    // digits and one point only: strtod() would take "nan", "0x2" and "1e3" too
    for (size_t i = 0; i < value.n; i++)
        if (!isdigit((unsigned char)value.p[i]) && value.p[i] != '.')
            return kind_refuse(fault, 0, "not a number");
    if (value.n == 0 || value.n >= sizeof(z))
        return kind_refuse(fault, 0, "not a number");
    memcpy(z, value.p, value.n);
    z[value.n] = '\0';
    double v = strtod(z, &end);
    if (*end != '\0' || end == z || !isfinite(v))
        return kind_refuse(fault, 0, "not a number");
    if (v < (double)k->min || v > (double)k->max)
        return kind_refuse(fault, 0, v < (double)k->min ? "too small" : "too large");
    memcpy(field, &v, sizeof(v));
    return 0;
}

static void factor_print(const struct keyword *k, const void *field, FILE *out)
{
    char z[32];
    double v;

    (void)k;
    memcpy(&v, field, sizeof(v));
    // the shortest text that gives the same number back; %f, as exponents are not read
    for (int digits = 0; digits <= 17; digits++) {
        snprintf(z, sizeof(z), "%.*f", digits, v);
        if (strtod(z, NULL) == v)
            break;
    }
    fputs(z, out);
}

static void factor_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "a number from %lld to %lld such as 1.5", k->min, k->max);
}

const struct kind kind_factor = {factor_parse, factor_print, factor_accepted, NULL, false};

void kind_text_clear(void *field)
{
    free(*(char **)field);
    *(char **)field = NULL;
}

int kind_text_store(void *field, struct str value)
{
    char *z = str_dup(value);

    if (!z)
        return -ENOMEM;
    kind_text_clear(field);
    *(char **)field = z;
    return 0;
}

void kind_text_print(const struct keyword *k, const void *field, FILE *out)
{
    (void)k;
    fputs(*(char *const *)field, out);
}

static int path_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    (void)k;
    if (value.n == 0)
        return kind_refuse(fault, 0, "empty");
    if (value.p[0] != '/')
        return kind_refuse(fault, 0, "does not begin with /");
    if (value.n >= KIND_PATH_MAX)
        return kind_refuse(fault, 0, "longer than %d bytes", KIND_PATH_MAX - 1);
    if (memchr(value.p, '\n', value.n))
        return kind_refuse(fault, 0, "more than one path");
    return kind_text_store(field, value);
}

static void path_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    strcpy(buf, "one path that begins with /");
}

const struct kind kind_path = {path_parse, kind_text_print, path_accepted, kind_text_clear, false};

static int group_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    (void)k;
    if (value.n == 0)
        return kind_refuse(fault, 0, "empty");
    if (value.n > 31)
        return kind_refuse(fault, 0, "longer than 31 bytes");
    for (size_t i = 0; i < value.n; i++)
        if (!isalnum((unsigned char)value.p[i]) && !(i > 0 && value.p[i] == '-') && value.p[i] != '_')
            return kind_refuse(fault, i, "not the name of a group");
    return kind_text_store(field, value);
}

static void group_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    strcpy(buf, "a group's name of letters, digits, _ and -");
}

const struct kind kind_group = {group_parse, kind_text_print, group_accepted, kind_text_clear, false};
