// SPDX-License-Identifier: GPL-2.0-or-later
// A growing list of findings.
#include "audit/findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/facts.h"

// Whatever came out of a file may hold anything: bytes that are no printable ASCII become \xNN.
static char *printable(const char *fmt, va_list ap)
{
    char *text, *clean = NULL;

    if (vasprintf(&text, fmt, ap) < 0)
        return NULL;
    clean = malloc(strlen(text) * 4 + 1);
    char *to = clean;
    for (const char *p = text; clean && *p; p++) {
        if (*p >= ' ' && *p < 0x7f)
            *to++ = *p;
        else
            to += sprintf(to, "\\x%02x", (unsigned char)*p);
    }
    if (clean)
        *to = '\0';
    free(text);
    return clean;
}

void say(struct findings *f, enum audit_verdict verdict, const char *reason, ...)
{
    struct audit_report *r = f->report;
    va_list ap;

    if (f->error)
        return;
    if (r->n == AUDIT_FINDINGS_MAX) {
        r->dropped++;
        r->counts[verdict]++;
        return;
    }
    va_start(ap, reason);
    char *text = printable(reason, ap), *none = strdup("");
    va_end(ap);
    struct audit_finding *grown = reallocarray(r->v, r->n + 1, sizeof(*grown));
    if (grown)
        r->v = grown;
    if (!grown || !text || !none) {
        free(text);
        free(none);
        f->error = -ENOMEM;
        return;
    }
    r->v[r->n++] = (struct audit_finding){f->check, verdict, text, none};
    r->counts[verdict]++;
}

void mend(struct findings *f, const char *remedy, ...)
{
    struct audit_report *r = f->report;
    va_list ap;

    if (f->error || r->dropped || r->n == 0)
        return;
    va_start(ap, remedy);
    char *text = printable(remedy, ap);
    va_end(ap);
    if (!text) {
        f->error = -ENOMEM;
        return;
    }
    free(r->v[r->n - 1].remedy);
    r->v[r->n - 1].remedy = text;
}

void say_unreadable(struct findings *f, enum audit_verdict verdict, const char *path, int error)
{
    if (error == -EACCES || error == -EPERM)
        verdict = AUDIT_UNKNOWN;
    say(f, verdict, "%s %s", path, view_error(error));
    if (verdict == AUDIT_UNKNOWN && (error == -EACCES || error == -EPERM))
        mend(f, "sudo pptpban audit");
}

enum { SOME = 4 };

void some_add(struct some *s, const char *name)
{
    size_t n = strlen(s->text);

    if (s->n++ < SOME)
        snprintf(s->text + n, sizeof(s->text) - n, "%s%.80s", n ? ", " : "", name);
}

const char *some_text(struct some *s)
{
    size_t n = strlen(s->text);

    if (s->n > SOME)
        snprintf(s->text + n, sizeof(s->text) - n, " and %zu more", s->n - SOME);
    return s->text;
}

void audit_report_free(struct audit_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->v[i].reason);
        free(r->v[i].remedy);
    }
    free(r->v);
    *r = (struct audit_report){0};
}
