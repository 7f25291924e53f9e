// SPDX-License-Identifier: GPL-2.0-or-later
// The types of values that have parts: lists of paths, sources, networks, weights, and filters with parameters.
// Opens nothing and resolves no names.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/kind.h"

void kind_words_clear(void *field)
{
    struct strlist *l = field;

    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
    *l = (struct strlist){NULL, 0};
}

void kind_words_print(const struct keyword *k, const void *field, FILE *out)
{
    const struct strlist *l = field;

    (void)k;
    for (size_t i = 0; i < l->n; i++)
        fprintf(out, "%s%s", i ? "\n    " : "", l->v[i]);
}

int kind_words_parse(const struct keyword *k, struct str value, void *field, struct fault *fault, word_check *check)
{
    struct strlist l = {calloc((size_t)k->max, sizeof(char *)), 0};
    struct str rest = value;
    int r = l.v ? 0 : -ENOMEM;

    while (r == 0) {
        struct str word = str_word(&rest);
        size_t offset = (size_t)(word.p - value.p);
        if (word.n == 0)
            break;
        r = l.n == (size_t)k->max ? kind_refuse(fault, offset, "more than %lld", k->max)
                                  : check(word, &l, offset, fault);
        for (size_t i = 0; r == 0 && i < l.n; i++)
            if (str_eq(str_of(l.v[i]), word))
                r = kind_refuse(fault, offset, "%.*s stands there twice", STR_FMT(word));
        if (r == 0 && !(l.v[l.n++] = str_dup(word)))
            r = -ENOMEM;
    }
    if (r == 0 && l.n < (size_t)k->min)
        r = kind_refuse(fault, 0, "empty");
    if (r < 0) {
        kind_words_clear(&l);
        return r;
    }
    kind_words_clear(field);
    *(struct strlist *)field = l;
    return 0;
}

static int check_path(struct str word, const struct strlist *before, size_t offset, struct fault *fault)
{
    (void)before;
    if (word.p[0] != '/')
        return kind_refuse(fault, offset, "%.*s does not begin with /", STR_FMT(word));
    if (word.n >= KIND_PATH_MAX)
        return kind_refuse(fault, offset, "a path is longer than %d bytes", KIND_PATH_MAX - 1);
    return 0;
}

static int check_source(struct str word, const struct strlist *before, size_t offset, struct fault *fault)
{
    if (before->n > 0 && (str_eq(word, STR("auto")) || strcmp(before->v[0], "auto") == 0))
        return kind_refuse(fault, offset, "auto stands alone");
    if (str_eq(word, STR("auto")) || str_eq(word, STR("journal")))
        return 0;
    return check_path(word, before, offset, fault);
}

static int paths_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    return kind_words_parse(k, value, field, fault, check_path);
}

static void paths_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "up to %lld directories that begin with /, separated by blanks or line ends", k->max);
}

const struct kind kind_paths = {paths_parse, kind_words_print, paths_accepted, kind_words_clear, true};

static int sources_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    return kind_words_parse(k, value, field, fault, check_source);
}

static void sources_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "auto, or up to %lld of journal, files and globs that begin with /, separated by blanks or "
             "line ends", k->max);
}

const struct kind kind_sources = {sources_parse, kind_words_print, sources_accepted, kind_words_clear, true};

static void networks_clear(void *field)
{
    struct prefix_list *l = field;

    free(l->v);
    *l = (struct prefix_list){NULL, 0};
}

static int networks_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct prefix_list l = {NULL, 0};
    struct str rest = value, word;
    int r = 0;

    size_t words = 0;
    while (str_word(&rest).n > 0)
        words++;
    if (words > (size_t)k->max)
        return kind_refuse(fault, 0, "more than %lld", k->max);
    if (words > 0 && !(l.v = calloc(words, sizeof(*l.v))))
        return -ENOMEM;
    for (rest = value; r == 0 && (word = str_word(&rest)).n > 0; l.n++)
        if (prefix_parse(word, &l.v[l.n]) < 0)
            r = kind_refuse(fault, (size_t)(word.p - value.p), "%.*s is neither an address nor a network",
                            (int)(word.n < 100 ? word.n : 100), word.p);
    if (r < 0) {
        networks_clear(&l);
        return r;
    }
    networks_clear(field);
    *(struct prefix_list *)field = l;
    return 0;
}

static void networks_print(const struct keyword *k, const void *field, FILE *out)
{
    const struct prefix_list *l = field;
    char buf[PREFIX_STRLEN];

    (void)k;
    for (size_t i = 0; i < l->n; i++)
        fprintf(out, "%s%s", i ? "\n    " : "", prefix_format(&l->v[i], buf));
}

static void networks_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "up to %lld such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32, separated by blanks or line "
             "ends (no names: they are not resolved)", k->max);
}

const struct kind kind_networks = {networks_parse, networks_print, networks_accepted, networks_clear, true};

// CLASS=WEIGHT words; a class that is not named keeps the weight it has, so [DEFAULT] can be refined.
static int weights_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    uint8_t weight[CLASS_MAX];
    struct str rest = value, word;
    bool seen[CLASS_MAX] = {false};

    memcpy(weight, field, sizeof(weight));
    if (str_trim(value).n == 0)
        return kind_refuse(fault, 0, "empty");
    while ((word = str_word(&rest)).n > 0) {
        size_t offset = (size_t)(word.p - value.p);
        const char *eq = memchr(word.p, '=', word.n);
        struct str name = {word.p, eq ? (size_t)(eq - word.p) : word.n};
        unsigned long long v;
        size_t class = 0;
        while (class < CLASS_MAX && !str_eq(name, str_of(class_names[class])))
            class++;
        if (!eq || class == CLASS_MAX)
            return kind_refuse(fault, offset, "%.*s is no class with a weight", (int)(word.n < 60 ? word.n : 60), word.p);
        if (seen[class])
            return kind_refuse(fault, offset, "%s stands there twice", class_names[class]);
        if (str_number(str_skip(word, name.n + 1), (unsigned long long)k->max, &v) < 0)
            return kind_refuse(fault, offset, "the weight of %s is no whole number from 0 to %lld", class_names[class],
                               k->max);
        seen[class] = true;
        weight[class] = (uint8_t)v;
    }
    memcpy(field, weight, sizeof(weight));
    return 0;
}

static void weights_print(const struct keyword *k, const void *field, FILE *out)
{
    const uint8_t *weight = field;

    (void)k;
    for (size_t i = 0; i < CLASS_MAX; i++)
        fprintf(out, "%s%s=%u", i ? " " : "", class_names[i], weight[i]);
}

static void weights_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    size_t n = (size_t)snprintf(buf, ACCEPTED_MAX, "CLASS=WEIGHT words with a class of ");

    for (size_t i = 0; i < CLASS_MAX && n < ACCEPTED_MAX; i++)
        n += (size_t)snprintf(buf + n, ACCEPTED_MAX - n, "%s%s", i == 0 ? "" : i == CLASS_MAX - 1 ? " or " : ", ",
                              class_names[i]);
    if (n < ACCEPTED_MAX)
        snprintf(buf + n, ACCEPTED_MAX - n, " and a weight from 0 to %lld", k->max);
}

const struct kind kind_weights = {weights_parse, weights_print, weights_accepted, NULL, true};

static size_t name_length(struct str s)
{
    size_t n = 0;

    while (n < s.n && (isalnum((unsigned char)s.p[n]) || strchr("_-.", s.p[n])))
        n++;
    return n;
}

// One value behind "=": quoted, or up to the next comma or closing bracket.
static int param_value(struct str *rest, struct str *ret)
{
    char quote = rest->n > 0 && (rest->p[0] == '"' || rest->p[0] == '\'') ? rest->p[0] : '\0';
    size_t n = 0;

    if (quote) {
        *rest = str_skip(*rest, 1);
        const char *end = memchr(rest->p, quote, rest->n);
        if (!end)
            return -EINVAL;
        *ret = (struct str){rest->p, (size_t)(end - rest->p)};
        *rest = str_trim(str_skip(*rest, ret->n + 1));
        return 0;
    }
    while (n < rest->n && rest->p[n] != ',' && rest->p[n] != ']')
        n++;
    *ret = str_trim((struct str){rest->p, n});
    *rest = str_skip(*rest, n);
    return 0;
}

int config_filter_parse(struct str written, struct str *ret_name, struct config_param *ret_params, size_t max,
                        size_t *ret_n)
{
    struct str rest = str_trim(written);
    struct str name = {rest.p, name_length(rest)};
    size_t n = 0;

    if (name.n == 0 || name.n > 64 || name.p[0] == '.')
        return -EINVAL;
    rest = str_trim(str_skip(rest, name.n));
    while (rest.n > 0) {
        if (rest.p[0] != '[')
            return -EINVAL;
        do {
            rest = str_trim(str_skip(rest, 1));
            struct config_param p = {.name = {rest.p, name_length(rest)}};
            rest = str_trim(str_skip(rest, p.name.n));
            if (p.name.n == 0 || rest.n == 0 || rest.p[0] != '=')
                return -EINVAL;
            rest = str_trim(str_skip(rest, 1));
            int r = param_value(&rest, &p.value);
            if (r < 0)
                return r;
            if (n == max)
                return -E2BIG;
            ret_params[n++] = p;
        } while (rest.n > 0 && rest.p[0] == ',');
        if (rest.n == 0 || rest.p[0] != ']')
            return -EINVAL;
        rest = str_trim(str_skip(rest, 1));
    }
    *ret_name = name;
    *ret_n = n;
    return 0;
}

static int filter_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct config_param params[CONFIG_FILTER_PARAMS_MAX];
    struct str name;
    size_t n;

    (void)k;
    if (value.n == 0)
        return kind_refuse(fault, 0, "empty");
    if (value.n > 1024)
        return kind_refuse(fault, 0, "longer than 1024 bytes");
    int r = config_filter_parse(value, &name, params, CONFIG_FILTER_PARAMS_MAX, &n);
    if (r == -E2BIG)
        return kind_refuse(fault, 0, "more than %d parameters", CONFIG_FILTER_PARAMS_MAX);
    if (r < 0)
        return kind_refuse(fault, 0, "not a filter");
    r = kind_text_store(field, value);
    for (char *p = r == 0 ? *(char **)field : NULL; p && *p; p++)
        if (*p == '\n') // it went over several lines
            *p = ' ';
    return r;
}

static void filter_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    (void)k;
    strcpy(buf, "NAME or NAME[PARAMETER=VALUE, ...], NAME being a file NAME.conf of a filter directory");
}

const struct kind kind_filter = {filter_parse, kind_text_print, filter_accepted, kind_text_clear, true};
