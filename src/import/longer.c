// SPDX-License-Identifier: GPL-2.0-or-later
// bantime.* of fail2ban's jails: which factor and which end make the same series of bans. Evaluates no Python.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "import/options.h"
#include "import/value.h"

// Without blanks; false when it is too long to be one of those that are known.
static bool squeeze(const char *z, char *buf, size_t size)
{
    size_t n = 0;

    for (; *z; z++)
        if (!strchr(" \t\n", *z)) {
            if (n + 1 == size)
                return false;
            buf[n++] = *z;
        }
    buf[n] = '\0';
    return true;
}

static double factor_of(const struct conversion *c)
{
    struct filter_error error;
    struct f2b_value v;
    double factor = 1;

    if (f2b_option(c->im->f2b, c->j->name, "bantime.factor", &v, &error) == 0) {
        if (f2b_number(str_of(v.text), false, &factor) < 0 || factor <= 0)
            factor = 1;
        free(v.text);
    }
    return factor;
}

static char *factor_text(struct conversion *c, double factor)
{
    factor = factor < 1 ? 1 : factor > 1000 ? 1000 : factor;
    char *text = import_text(c->im, "%.4f", factor);

    for (char *end = text ? text + strlen(text) - 1 : NULL; end && (*end == '0' || *end == '.'); end--) {
        bool dot = *end == '.';
        *end = '\0';
        if (dot)
            break;
    }
    return text;
}

static bool says(const struct conversion *c, const char *option)
{
    struct filter_error error;
    struct f2b_value v;

    if (f2b_option(c->im->f2b, c->j->name, option, &v, &error) < 0)
        return false;
    bool said = *v.text != '\0';
    free(v.text);
    return said;
}

void convert_unused(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    SAY(c, o, v, IMPORT_SAME, NULL, NULL, "without effect there and here: bantime.increment is no");
}

// Which series of bans the formula makes.
void convert_formula(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    static const char doubling[] = "ban.Time*(1<<(ban.Countifban.Count<20else20))*banFactor",
                      powers[] = "ban.Time*math.exp(float(ban.Count+1)*banFactor)/math.exp(1*banFactor)";
    double factor = factor_of(c);
    char text[128];

    if (!c->increment) {
        if (v)
            convert_unused(c, o, v);
        return;
    }
    if (says(c, "bantime.multipliers")) {
        if (v)
            SAY(c, o, v, IMPORT_SAME, NULL, NULL, "without effect there and here: bantime.multipliers stand above it");
        return;
    }
    bool known = squeeze(text_of(o, v), text, sizeof(text));
    if (known && strcmp(text, doubling) == 0 && factor == 1)
        SAY(c, o, v, IMPORT_SAME, "bantime.factor", COPY(c, "2"), "each ban is twice as long as the one before");
    else if (known && strcmp(text, doubling) == 0)
        SAY(c, o, v, IMPORT_DIFFERENT, "bantime.factor", COPY(c, "2"),
            "each ban is twice as long as the one before; that every ban from the second on is multiplied by %g is not "
            "possible here",
            factor);
    else if (known && strcmp(text, powers) == 0 && exp(factor) <= 1000)
        SAY(c, o, v, IMPORT_SAME, "bantime.factor", factor_text(c, exp(factor)), "the same series, e to the power of %g",
            factor);
    else
        SAY(c, o, v, IMPORT_UNSUPPORTED, "bantime.factor", COPY(c, "2"),
            "Python is not run here: each ban is bantime.factor times as long as the one before");
}

void convert_factor(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    if (!v)
        return;
    if (c->increment)
        SAY(c, o, v, IMPORT_SAME, NULL, NULL,
            "went into bantime.factor above or below: there it is part of the formula, here it is how much longer each "
            "ban is than the one before");
    else
        convert_unused(c, o, v);
}

// A series such as 1 2 4 8 is a factor and an end.
void convert_multipliers(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    double m[64], most = 0;
    char text[DURATION_STRLEN];
    size_t n = 0;

    if (!v || *v->text == '\0')
        return;
    if (!c->increment) {
        convert_unused(c, o, v);
        return;
    }
    struct str rest = str_of(v->text), word;
    while (n < 64 && (word = f2b_word(&rest)).n > 0)
        if (f2b_number(word, false, &m[n++]) < 0 || m[n - 1] <= 0) {
            SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "not a list of numbers above 0");
            return;
        }
    double by = factor_of(c), ratio = n > 1 ? pow(m[n - 1] * by, 1 / (double)(n - 1)) : m[0] * by; // the first ban has 1
    bool even = n > 1;
    for (size_t i = 1; i < n; i++) {
        even = even && fabs(m[i] * by - pow(ratio, (double)i)) < 0.001 * m[i] * by;
        most = fmax(most, m[i] * by);
    }
    if (n < 2)
        most = m[0] * by;
    if (ratio < 1)
        ratio = 1;
    SAY(c, o, v, even ? IMPORT_SAME : IMPORT_DIFFERENT, "bantime.factor", factor_text(c, ratio),
        even ? "each ban is as many times as long as the one before"
             : "here each ban is the same number of times as long as the one before; this one ends at the same length");
    if (c->bantime == USEC_FOREVER || says(c, "bantime.maxtime"))
        return;
    double longest = fmax((double)c->bantime / 1e6 * most, (double)c->bantime / 1e6);
    duration_format((usec_t)fmin(longest, 3640.0 * 86400) * USEC_SEC, text);
    SAY(c, o, v, IMPORT_SAME, "bantime.maximum", COPY(c, text), "the last multiplier of bantime");
    c->has_maximum = true;
}

void convert_maxtime(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    char text[DURATION_STRLEN];
    double s;

    if (!c->increment) {
        if (v && *v->text)
            convert_unused(c, o, v);
        return;
    }
    if (!v || *v->text == '\0') {
        if (!c->has_maximum)
            SAY(c, o, NULL, IMPORT_SAME, "bantime.maximum", COPY(c, "forever"), "without an end there (20 doublings)");
        return;
    }
    if (f2b_number(str_of(v->text), true, &s) < 0 || s < 1) {
        SAY(c, o, v, IMPORT_UNSUPPORTED, NULL, NULL, "not a time such as 600, 10m or 1d 12h: pptpban's default is used");
        return;
    }
    if (c->bantime == USEC_FOREVER) {
        SAY(c, o, v, IMPORT_SAME, "bantime.maximum", COPY(c, "forever"), "as long as bantime");
        return;
    }
    double least = (double)c->bantime / 1e6;
    bool more = s > 3640.0 * 86400, less = s < least;
    s = more ? 3640.0 * 86400 : less ? least : round(s);
    duration_format((usec_t)s * USEC_SEC, text);
    if (more || less)
        SAY(c, o, v, IMPORT_DIFFERENT, "bantime.maximum", COPY(c, text), "from bantime to 520 weeks is possible here");
    else
        SAY_SAME(c, o, v, "bantime.maximum", COPY(c, text));
}

void convert_overall(struct conversion *c, const struct option *o, const struct f2b_value *v)
{
    bool yes = false;

    if (!c->increment)
        return;
    (void)f2b_flag(str_of(text_of(o, v)), &yes);
    if (yes)
        SAY(c, o, v, IMPORT_SAME, NULL, NULL, "earlier bans count over all jails, always");
    else
        SAY(c, o, v, IMPORT_DIFFERENT, NULL, NULL,
            "earlier bans count over all jails, always, and one is forgotten each bantime.decay");
}
