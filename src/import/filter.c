// SPDX-License-Identifier: GPL-2.0-or-later
// The filters of fail2ban's jails: whether they load here, what they consist of, and whether they are one of the
// recipes for PPTP servers that ban the wrong people. Opens no log.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "import/import.h"
#include "filter/expand.h"

// --- recipes for PPTP servers --------------------------------------------------------------------------------

static const char *const pptp_words[] = {"pptp", "pppd", "poptop"};

static bool speaks_of_pptp(const char *text)
{
    for (size_t i = 0; text && i < sizeof(pptp_words) / sizeof(pptp_words[0]); i++)
        if (strcasestr(text, pptp_words[i]))
            return true;
    return text && (strcasestr(text, "CTRL: Client") || strcasestr(text, "failed CHAP") || strcasestr(text, "CHAP authentication") ||
                    strcasestr(text, "PAP authentication"));
}

// Lines of a server where nothing is wrong, and one where something is: what a recipe makes of them is what it does.
static const struct {
    const char *ident, *message, *verdict;
} samples[] = {
    {"pptpd", "CTRL: Client 203.0.113.5 control connection started", "it counts everybody who connects, also those who log in"},
    {"pptpd", "CTRL: Client 203.0.113.5 control connection finished", "it counts everybody who hangs up, also after a good login"},
    {"pppd", "peer from calling number 203.0.113.5 authorized", "it counts good logins"},
    {"pppd", "remote IP address 203.0.113.5", "it takes the address that the server gave to the client for the client's own"},
    {"pppd", "Peer 203.0.113.5 failed CHAP authentication",
     "it takes the user name that the client sends for its address: anybody can have anybody banned"},
    {"pppd", "Peer x failed CHAP authentication from 203.0.113.5 failed CHAP authentication",
     "a user name with an address in it has that address banned"},
    {"pptpd", "GRE: read(fd=6,buffer=555,len=8196) from PTY failed: status = -1 error = Input/output error, usually caused by "
              "unexpected termination of pppd, check option syntax and pppd logs [203.0.113.5]",
     "it counts lost connections"},
};

// What the filter makes of these; a sentence that the caller frees.
static char *judge(struct import *im, struct filter *f, bool journal)
{
    const char *why = NULL;

    for (size_t i = 0; f && !why && i < sizeof(samples) / sizeof(samples[0]); i++) {
        char line[512];
        struct event e;
        struct record r = {.time = INT64_C(1700000000) * USEC_SEC, .host = STR("vpn"), .pid = 812};
        snprintf(line, sizeof(line), "Nov 14 22:13:20 vpn %s[812]: %s", samples[i].ident, samples[i].message);
        r.line = str_skip(str_of(line), journal ? 16 : 0);
        r.date = (struct str){line, journal ? 0 : 15};
        r.ident = str_of(samples[i].ident);
        r.message = str_of(samples[i].message);
        if (filter_match(f, &r, &e) && e.role == ROLE_FAILURE && e.has_addr)
            why = samples[i].verdict;
    }
    return import_text(im,
                       "pptpban's own filter pptpd is used instead: pptpd logs the address and pppd the failure, under different "
                       "process ids, which no single pattern can bring together%s%s",
                       why ? "; of this one: " : "", why ? why : "");
}

// --- files ---------------------------------------------------------------------------------------------------

static void forget_scratch(const char *dir, const char *file)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s.conf", dir, file);
    unlink(path);
    rmdir(dir);
}

static int write_text(const char *dir, const char *name, const char *text)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s.conf", dir, name);
    FILE *f = fopen(path, "wxe");
    if (!f)
        return -errno;
    fputs(text, f);
    return fclose(f) == 0 ? 0 : -EIO;
}

static void indented(FILE *out, const char *text)
{
    for (; *text; text++) {
        fputc(*text, out);
        if (*text == '\n')
            fputs("    ", out);
    }
}

// A filter file of what the jail itself says, over the filter it names. What stands in [Init] there is said there too.
static char *made_text(struct import *im, const struct import_jail *j, const struct ini *ini)
{
    char *text = NULL;
    size_t size;
    bool any = false;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fprintf(out, "# Jail %s of fail2ban (%s) says this over its filter %s. Made by pptpban import-fail2ban.\n", j->name,
            im->dir, j->filter.name);
    fprintf(out, "[INCLUDES]\nbefore = %s.conf\n", j->filter.here);
    for (int init = 0; init <= 1; init++) {
        bool begun = false;
        for (size_t i = 0; f2b_filter_options[i]; i++) {
            const char *key = f2b_filter_options[i];
            struct filter_error error;
            struct f2b_value v;
            bool in_init = ini_option(ini_find(ini, STR("Init")), str_of(key)) != NULL;
            if (in_init != (init == 1) || f2b_option(im->f2b, j->name, key, &v, &error) < 0)
                continue;
            if (*v.text) {
                fprintf(out, "%s", begun ? "" : init ? "\n[Init]\n" : "\n[Definition]\n");
                fprintf(out, "# %s:%u\n%s = ", v.at.file, v.at.line, key);
                indented(out, v.text);
                fputc('\n', out);
                any = begun = true;
            }
            free(v.text);
        }
    }
    fclose(out);
    if (!any) {
        free(text);
        return NULL;
    }
    return text;
}

static bool shipped_has(const struct import *im, const char *name)
{
    char path[4096];

    for (size_t i = 0; i < im->dirs.n; i++) {
        snprintf(path, sizeof(path), "%s/%s.conf", im->dirs.v[i], name);
        if (strcmp(im->dirs.v[i], im->filter_dir) != 0 && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static int keep_files(struct import_filter *f, const struct ini *ini)
{
    f->files = calloc(ini->n_files + 1, sizeof(char *));
    for (size_t i = 0; f->files && i < ini->n_files; i++, f->n_files++)
        if (!(f->files[i] = strdup(ini->files[i])))
            return -ENOMEM;
    return f->files ? 0 : -ENOMEM;
}

static bool patterns_are_pptp(const struct ini *ini)
{
    static const char *const sections[] = {"Definition", "Init", "DEFAULT"};

    for (size_t s = 0; s < 3; s++)
        for (const char *const *key = (const char *const[]){"failregex", "prefregex", "_daemon", NULL}; *key; key++) {
            const struct ini_option *o = ini_option(ini_find(ini, str_of(sections[s])), str_of(*key));
            if (o && speaks_of_pptp(o->value.p))
                return true;
        }
    return false;
}

static bool jail_is_pptp(const struct import *im, const struct import_jail *j)
{
    struct filter_error error;
    struct f2b_value v;

    if (f2b_option(im->f2b, j->name, "failregex", &v, &error) < 0)
        return false;
    bool yes = speaks_of_pptp(v.text);
    free(v.text);
    return yes;
}

// fail2ban ends each line with a newline, which \s at the end of a pattern may be meant for.
static bool wants_newline(struct str line)
{
    static const struct str ends[] = {{"\\s", 2}, {"\\s+", 3}, {"\\s$", 3}, {"\\s+$", 4}, {"\\n", 2}, {"\\n$", 3}};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (line.n > ends[i].n && memcmp(line.p + line.n - ends[i].n, ends[i].p, ends[i].n) == 0 &&
            line.p[line.n - ends[i].n - 1] != '\\')
            return true;
    return false;
}

static bool has_letters_beyond_ascii(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] >= 0x80)
            return true;
    return false;
}

// What is known to match there and not here: as the filter and the jail write it, before tags are filled in.
static void look_at_patterns(struct import *im, struct import_filter *f, const struct text *text)
{
    struct str line;
    struct origin at;

    for (size_t pos = 0; !f->note && text_line(text, &pos, &line, &at);) {
        line = str_trim(line);
        if (wants_newline(line))
            f->note = import_text(im,
                                  "%s:%u: a pattern that ends with \\s does not match here what stands at a line's end: there "
                                  "lines end with a newline, here without",
                                  at.file ? at.file : "the jail", at.line);
        else if (has_letters_beyond_ascii(line))
            f->note = import_text(im,
                                  "%s:%u: letters that are not ASCII are bytes here: in a set, behind ., \\w or (?i) they are not "
                                  "what they are there",
                                  at.file ? at.file : "the jail", at.line);
    }
}

static void note_patterns(struct import *im, const struct import_jail *j, struct import_filter *f, const struct ini *ini)
{
    struct filter_error error;
    struct f2b_value v;

    for (const char *const *key = (const char *const[]){"failregex", "ignoreregex", "prefregex", NULL}; *key; key++) {
        const struct ini_option *o = ini_option(ini_find(ini, STR("Definition")), str_of(*key));
        struct text own = {0};
        if (o)
            look_at_patterns(im, f, &o->value);
        if (f2b_option(im->f2b, j->name, *key, &v, &error) < 0)
            continue;
        if (text_add(&own, str_of(v.text), v.at) == 0)
            look_at_patterns(im, f, &own);
        text_clear(&own);
        free(v.text);
    }
}

// Loads NAME from fail2ban's folder, or the file made for the jail, as the service would.
static int try_load(struct import *im, struct import_filter *f, const struct config_param *params, size_t n,
                    struct filter **ret, struct filter_error *error)
{
    struct filter_param given[CONFIG_FILTER_PARAMS_MAX];
    char scratch[] = "/tmp/pptpban-import-XXXXXX";
    const char *dirs[3] = {im->filter_dir, NULL, NULL};

    for (size_t i = 0; i < n; i++)
        given[i] = (struct filter_param){params[i].name, params[i].value};
    struct filter_options options = {.dirs = dirs, .params = given, .n_params = n, .journal = f->journal};
    if (!f->text)
        return filter_load(f->name, &options, ret, error);
    // includes are looked for in fail2ban's folder by their names there
    char *text = f->renamed ? NULL : strdup(f->text);
    if (f->renamed) {
        const char *line = strstr(f->text, "before = ") + strlen("before = ");
        text = import_text(im, "%.*s%s", (int)(line - f->text), f->text, line + IMPORT_PREFIX_MAX);
    }
    if (!mkdtemp(scratch)) {
        free(text);
        snprintf(error->text, sizeof(error->text), "%s: %s", scratch, strerror(errno));
        return -EINVAL;
    }
    int r = text ? write_text(scratch, f->made_name, text) : -ENOMEM;
    dirs[1] = scratch;
    if (r == 0)
        r = filter_load(f->made_name, &options, ret, error);
    else
        snprintf(error->text, sizeof(error->text), "%s: %s", scratch, strerror(-r));
    // the file is known by its name alone later
    size_t length = strlen(scratch);
    for (char *p = strstr(error->text, scratch); p; p = strstr(p, scratch))
        memmove(p, p + length + (p[length] == '/'), strlen(p + length + (p[length] == '/')) + 1);
    forget_scratch(scratch, f->made_name);
    free(text);
    return r;
}

// Jails for knocking: what they find is let through a closed firewall.
static bool lets_in(const struct import *im, const struct import_jail *j)
{
    struct filter_error error;
    struct f2b_value v;

    if (f2b_option(im->f2b, j->name, "action", &v, &error) < 0)
        return false;
    bool yes = false;
    for (const char *p = v.text; (p = strstr(p, "blocktype=")); p++) {
        const char *to = p + strlen("blocktype=");
        to += *to == '"' || *to == '\'';
        yes = yes || strncmp(to, "RETURN", 6) == 0 || strncmp(to, "ACCEPT", 6) == 0;
    }
    free(v.text);
    return yes;
}

static void refuse(struct import *im, struct import_jail *j, char *why)
{
    j->broken = why;
    if (!why)
        im->out_of_memory = true;
}

// The jail is about a PPTP server: it becomes [pptpd], with what it says of counts and times.
static void advise(struct import *im, struct import_jail *j, struct filter *f)
{
    j->filter.pptp = judge(im, f, j->journal);
    j->advice = import_text(im, "%s", j->filter.pptp ? j->filter.pptp : "");
    j->own = import_text(im, "pptpd");
    snprintf(j->section, sizeof(j->section), "pptpd");
}

void import_filter(struct import *im, struct import_jail *j, const char *written)
{
    struct config_param params[CONFIG_FILTER_PARAMS_MAX];
    const char *const dirs[] = {im->filter_dir, NULL};
    struct import_filter *f = &j->filter;
    struct filter_error error = {{0}};
    struct filter *filter = NULL;
    struct ini ini = {0};
    struct str name;
    size_t n = 0;

    f->journal = j->journal;
    f->written = import_text(im, "%s", written);
    int r = config_filter_parse(str_of(written), &name, params, CONFIG_FILTER_PARAMS_MAX, &n);
    if (r < 0 || strlen(written) > 1024 || strstr(written, " ;")) {
        if (speaks_of_pptp(j->name)) {
            advise(im, j, NULL);
            return;
        }
        refuse(im, j, *written ? import_text(im, "filter = %.200s: no filter; NAME or NAME[PARAMETER=VALUE, ...] is wanted", written)
                               : import_text(im, "it names no filter"));
        return;
    }
    f->name = str_dup(name);
    f->params = strdup(strchr(written, '[') ? strchr(written, '[') : "");
    if (!f->name || !f->params) {
        im->out_of_memory = true;
        refuse(im, j, strdup("out of memory"));
        return;
    }
    r = ini_read(&ini, f->name, dirs, &error);
    f->renamed = shipped_has(im, f->name);
    f->here = import_text(im, "%s%s", f->renamed ? IMPORT_PREFIX : "", f->name);
    if (r == 0 && keep_files(f, &ini) < 0)
        im->out_of_memory = true;
    if (r == 0 && f->here) {
        f->text = made_text(im, j, &ini);
        f->made_name = f->text ? import_text(im, IMPORT_PREFIX "%s", j->name) : NULL;
        if (f->made_name && strcmp(f->made_name, f->here) == 0) { // a jail called as its filter, which is renamed
            free(f->made_name);
            f->made_name = import_text(im, IMPORT_PREFIX "jail-%s", j->name);
        }
        r = try_load(im, f, params, n, &filter, &error);
    }
    if (speaks_of_pptp(j->name) || speaks_of_pptp(f->name) || patterns_are_pptp(&ini) || jail_is_pptp(im, j)) {
        advise(im, j, filter);
        free(f->text);
        f->text = NULL;
    } else if (r < 0) {
        f->error = import_text(im, "%s", error.text[0] ? error.text : strerror(-r));
        refuse(im, j, import_text(im, "its filter does not load: %s", error.text[0] ? error.text : strerror(-r)));
        import_problem(im, "[%s]: %s", j->name, error.text);
    } else if (strcmp(f->name, "recidive") == 0 && f->renamed) {
        bool same = strcmp(j->section, "recidive") == 0;
        j->own_log = true;
        j->own = import_text(im, "recidive%s%s%s", same ? "" : "[jail=", same ? "" : j->section, same ? "" : "]");
        j->advice = import_text(im, "pptpban's own filter recidive is used instead: it reads what pptpband tells of bans; fail2ban's "
                                    "log is written no more");
        free(f->text);
        f->text = NULL;
    } else if (strcmp(f->name, "recidive") == 0) {
        refuse(im, j,
               import_text(im, "it reads fail2ban's own log, which nobody writes any more; bantime.increment in the other jails does "
                               "what it is for: who comes again is banned longer"));
    } else if (lets_in(im, j)) {
        refuse(im, j, import_text(im, "its action lets addresses in instead of banning them"));
    } else if (f->text && !im->write) {
        refuse(im, j, import_text(im, "it needs the filter file %s.conf, which --write makes", f->made_name));
    } else if (f->renamed && !im->write) {
        refuse(im, j, import_text(im, "pptpban has another filter %s of its own; --write copies this one under the name %s", f->name, f->here));
    }
    if (!j->broken && !j->advice)
        note_patterns(im, j, f, &ini);
    if (f->text && !j->broken && f->made_name) {
        free(f->here);
        f->here = strdup(f->made_name);
    }
    f->knows_journal = filter && *filter_journalmatch(filter);
    filter_free(filter);
    ini_free(&ini);
}
