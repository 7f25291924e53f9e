// SPDX-License-Identifier: GPL-2.0-or-later
// The plan of an import for people and programs: as configuration with its reasons, as a table, as JSON.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import/import.h"
#include "cli/output.h"

enum { VALUE_SHOWN = 200 };

// A value in one line, cut, fit to be shown.
static const char *shown(const char *value, char buf[static VALUE_SHOWN])
{
    text_show(str_of(value), 0, buf, VALUE_SHOWN);
    for (char *p; (p = strstr(buf, "\\x0a"));) { // the end of a line
        p[0] = ' ';
        memmove(p + 1, p + 4, strlen(p + 4) + 1);
    }
    return buf;
}

// Text of any length in one line that ends no comment.
static void print_text(const char *text, FILE *out)
{
    char part[VALUE_SHOWN];

    while (*text) {
        size_t n = strnlen(text, 40);
        while (n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80) // no half characters
            n--;
        text_show((struct str){text, n}, 0, part, sizeof(part));
        fputs(part, out);
        text += n;
    }
}

// --- as configuration ----------------------------------------------------------------------------------------

static void print_value(const char *key, const char *value, const char *mark, FILE *out)
{
    fprintf(out, "%s%s = ", mark, key);
    for (; *value; value++) {
        fputc(*value, out);
        if (*value == '\n')
            fprintf(out, "%s    ", mark);
    }
}

static void print_row(const struct import_row *r, const char *mark, FILE *out)
{
    char value[VALUE_SHOWN];
    bool short_one = r->verdict == IMPORT_SAME && !r->why && r->key && strcmp(r->key, r->option) == 0 && !strchr(r->here, '\n');

    if (!short_one) {
        fprintf(out, "# %s: %s = %s%s", import_verdict_names[r->verdict], r->option,
                *r->value ? shown(r->value, value) : "(not said)", r->why ? ": " : "");
        print_text(r->why ? r->why : "", out);
        fputc('\n', out);
    }
    if (!r->key)
        return;
    print_value(r->key, r->here, mark, out);
    fputs(short_one ? " ; same\n" : "\n", out);
}

static bool uses_their_folder(const struct import *im)
{
    for (size_t i = 0; i < im->n; i++)
        if (!im->jails[i].broken && !im->jails[i].advice)
            return true;
    return false;
}

static void print_dirs(const struct import *im, FILE *out)
{
    char *added = NULL;
    bool there = false;

    if (!uses_their_folder(im))
        return;
    if (asprintf(&added, "%s%s", im->write ? im->write : im->filter_dir, im->write ? "/filters.d" : "") < 0)
        return;
    for (size_t i = 0; i < im->dirs.n; i++)
        there = there || strcmp(im->dirs.v[i], added) == 0;
    if (!there) {
        fprintf(out, "\n[pptpban]\n# %s\nfilter_dirs = ",
                im->write ? "where the filters were copied to"
                          : "fail2ban's filters stay where they are; to do without fail2ban, copy them to " PKGSYSCONFDIR
                            "/filters.d (--write does)");
        for (size_t i = 0; i < im->dirs.n; i++)
            fprintf(out, "%s\n    ", im->dirs.v[i]);
        fprintf(out, "%s\n", added);
    }
    free(added);
}

void import_print_config(const struct import *im, FILE *out)
{
    char buf[VALUE_SHOWN];

    fprintf(out,
            "# fail2ban's jails in %s, as pptpban would keep them; made by pptpban import-fail2ban.\n"
            "# Each option says whether it is the same here, different or unsupported, and why; \"pptpban check\" judges the file.\n",
            im->dir);
    for (size_t i = 0; i < im->n_problems; i++) {
        fputs("# problem: ", out);
        print_text(im->problems[i], out);
        fputc('\n', out);
    }
    print_dirs(im, out);
    for (size_t i = 0; i < im->n; i++) {
        const struct import_jail *j = &im->jails[i];
        const char *mark = j->left_out ? "#" : "";
        fprintf(out, "\n%s[%s]\n", mark, j->section);
        fprintf(out, "# %s of fail2ban", shown(j->name, buf));
        if (j->at.file)
            fprintf(out, ", %s:%u", j->at.file, j->at.line);
        fprintf(out, "%s\n", j->left_out ? ": left out" : "");
        for (size_t k = 0; k < j->n; k++)
            print_row(&j->rows[k], mark, out);
    }
}

// --- as a table ----------------------------------------------------------------------------------------------

int import_print_report(const struct import *im, FILE *out)
{
    static const char *const headers[] = {"JAIL", "OPTION", "IN FAIL2BAN", "VERDICT", "HERE", "WHY"};
    size_t counts[IMPORT_VERDICTS] = {0};
    struct table *t;

    if (table_new(6, headers, 0, &t) < 0)
        return -1;
    for (size_t i = 0; i < im->n; i++)
        for (size_t k = 0; k < im->jails[i].n; k++) {
            const struct import_row *r = &im->jails[i].rows[k];
            char name[VALUE_SHOWN], value[VALUE_SHOWN], here[VALUE_SHOWN], cut[44], cell[VALUE_SHOWN + 64];
            counts[r->verdict]++;
            snprintf(cut, sizeof(cut), "%.43s", shown(*r->value ? r->value : "(not said)", value));
            if (strlen(value) > 40)
                text_show((struct str){value, 40}, 0, cut, 41);
            snprintf(cell, sizeof(cell), "%s%s%.60s", r->key ? r->key : "-", r->key ? " = " : "", r->key ? shown(r->here, here) : "");
            const char *cells[] = {k == 0 ? shown(im->jails[i].name, name) : "", r->option, cut,
                                   import_verdict_names[r->verdict], cell, r->why ? r->why : ""};
            if (table_add(t, cells) < 0)
                break;
        }
    table_print(t, out);
    table_free(t);
    fprintf(out, "\n%zu jail%s: %zu options the same, %zu different, %zu unsupported\n", im->n, im->n == 1 ? "" : "s",
            counts[IMPORT_SAME], counts[IMPORT_DIFFERENT], counts[IMPORT_UNSUPPORTED]);
    for (size_t i = 0; i < im->n; i++)
        if (im->jails[i].broken && im->jails[i].enabled)
            fprintf(out, "[%s] does not work here: %s\n", im->jails[i].name, im->jails[i].broken);
    return 0;
}

// --- as JSON -------------------------------------------------------------------------------------------------

static json_t *text_or_null(const char *text)
{
    char *safe;

    if (!text)
        return json_null();
    json_t *v = json_string(text);
    if (v)
        return v;
    safe = malloc(strlen(text) * 4 + 1); // not UTF-8
    if (!safe)
        return NULL;
    text_show(str_of(text), 0, safe, strlen(text) * 4 + 1);
    v = json_string(safe);
    free(safe);
    return v;
}

static json_t *place(struct origin at)
{
    return at.file ? json_pack("{s:o,s:i}", "file", text_or_null(at.file), "line", (int)at.line) : json_null();
}

static json_t *filter_json(const struct import_filter *f)
{
    json_t *files = json_array();

    for (size_t i = 0; i < f->n_files; i++)
        json_array_append_new(files, text_or_null(f->files[i]));
    return json_pack("{s:o,s:o,s:b,s:o,s:o,s:o}", "name", text_or_null(f->name), "here", text_or_null(f->here), "loads",
                     f->name && !f->error, "error", text_or_null(f->error), "files", files, "made", text_or_null(f->text));
}

json_t *import_json(const struct import *im)
{
    json_t *jails = json_array(), *problems = json_array();

    for (size_t i = 0; i < im->n_problems; i++)
        json_array_append_new(problems, text_or_null(im->problems[i]));
    for (size_t i = 0; i < im->n; i++) {
        const struct import_jail *j = &im->jails[i];
        json_t *rows = json_array();
        for (size_t k = 0; k < j->n; k++) {
            const struct import_row *r = &j->rows[k];
            json_array_append_new(rows, json_pack("{s:o,s:o,s:s,s:o,s:o,s:o,s:o}", "option", text_or_null(r->option), "value",
                                                  text_or_null(r->value), "verdict", import_verdict_names[r->verdict], "key",
                                                  text_or_null(r->key), "here", text_or_null(r->key ? r->here : NULL), "why",
                                                  text_or_null(r->why), "at", place(r->at)));
        }
        json_array_append_new(jails, json_pack("{s:o,s:s,s:b,s:o,s:o,s:o,s:o,s:o}", "name", text_or_null(j->name), "section",
                                               j->section, "enabled", j->enabled, "at", place(j->at), "broken",
                                               text_or_null(j->broken), "instead", text_or_null(j->advice), "filter",
                                               filter_json(&j->filter), "options", rows));
    }
    return json_pack("{s:i,s:s,s:o,s:o}", "version", 1, "dir", im->dir, "jails", jails, "problems", problems);
}
