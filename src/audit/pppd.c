// SPDX-License-Identifier: GPL-2.0-or-later
// Reads pppd's options files into one list and works out what clients are asked for.
#include "audit/pppd.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/pppd_names.h"
#include "audit/words.h"

static int read_file(const struct audit_root *root, struct pppd *p, const char *path, bool optional, int from,
                     unsigned from_line, unsigned depth);

static int add_option(struct pppd *p, const char *name, const char *value, int file, unsigned line)
{
    if (p->n_options == PPPD_OPTIONS_MAX) {
        p->too_much = true;
        return 0;
    }
    char *copy = value ? strdup(value) : NULL;
    if (value && !copy)
        return -ENOMEM;
    p->options[p->n_options++] = (struct pppd_option){name, copy, file, line};
    return 0;
}

static int include(const struct audit_root *root, struct pppd *p, const char *option, const char *value, int from,
                   unsigned line, unsigned depth)
{
    char path[2048];

    snprintf(path, sizeof(path), "%s%s%s", strcmp(option, "call") == 0 ? "/etc/ppp/peers" : "",
             value[0] == '/' ? "" : "/", value);
    return read_file(root, p, path, false, from, line, depth + 1);
}

// An address pair, a speed or a device: words that are options by what they look like.
static bool is_wild(const char *word)
{
    return strchr(word, ':') || word[0] == '/' || strspn(word, "0123456789") == strlen(word);
}

static int read_words(const struct audit_root *root, struct pppd *p, struct str text, int file, unsigned depth)
{
    struct words w = words_of(text);
    struct word word, value;
    bool unknown = false; // the rest of this line belongs to a plugin's option
    int r = 0;

    while (r == 0 && words_next(&w, &word)) {
        bool takes;
        unknown &= !word.first;
        p->broken |= word.unended;
        if (unknown)
            continue;
        const char *name = pppd_name(word.text, &takes);
        if (!name) {
            unknown = !is_wild(word.text);
            continue;
        }
        if (takes && !words_next(&w, &value))
            break;
        if (takes)
            p->broken |= value.unended;
        if (takes && (strcmp(name, "file") == 0 || strcmp(name, "call") == 0))
            r = include(root, p, name, value.text, file, word.line, depth);
        else
            r = add_option(p, name, takes ? value.text : NULL, file, word.line);
    }
    explicit_bzero(&value, sizeof(value)); // "password" takes one
    return r;
}

static bool is_open(const struct pppd *p, const char *path, int from)
{
    for (; from >= 0; from = p->files[from].from)
        if (strcmp(p->files[from].path, path) == 0)
            return true;
    return false;
}

static int read_file(const struct audit_root *root, struct pppd *p, const char *path, bool optional, int from,
                     unsigned from_line, unsigned depth)
{
    struct text t = {0};

    if (is_open(p, path, from)) {
        p->circle = from;
        return 0;
    }
    if (p->n_files == PPPD_FILES_MAX || depth > PPPD_DEPTH_MAX) {
        p->too_much = true;
        return 0;
    }
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    int file = (int)p->n_files++, r = view_read(root, path, VIEW_FILE_MAX, &t);
    p->files[file] = (struct pppd_file){copy, r, optional, from_line, from};
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    r = read_words(root, p, (struct str){t.p, t.n}, file, depth);
    view_free(&t);
    return r;
}

const struct pppd_option *pppd_last(const struct pppd *p, const char *name)
{
    for (size_t i = p->n_options; i > 0; i--)
        if (strcmp(p->options[i - 1].name, name) == 0)
            return &p->options[i - 1];
    return NULL;
}

bool pppd_flag(const struct pppd *p, const char *yes, const char *no)
{
    const struct pppd_option *y = pppd_last(p, yes), *n = no ? pppd_last(p, no) : NULL;

    return y && (!n || y > n);
}

static void ask_all(struct pppd *p)
{
    p->pap = p->eap = true;
    p->chap = CHAP_MD5 | CHAP_MS1 | CHAP_MS2;
}

// Both spellings of pppd: require-X and +X.
static bool asks(const char *name, const char *what)
{
    return (strncmp(name, "require-", 8) == 0 && strcmp(name + 8, what) == 0) ||
           (name[0] == '+' && strcmp(name + 1, what) == 0);
}

static bool denies(const char *name, const char *what)
{
    return (strncmp(name, "no", 2) == 0 && strcmp(name + 2, what) == 0) ||
           (name[0] == '-' && strcmp(name + 1, what) == 0);
}

static void apply(struct pppd *p, const char *name)
{
    static const struct {
        const char *name;
        unsigned bit;
    } chap[] = {{"chap", CHAP_MD5}, {"mschap", CHAP_MS1}, {"mschap-v2", CHAP_MS2}};

    for (size_t i = 0; i < 3; i++)
        if (asks(name, chap[i].name)) {
            p->auth = true;
            p->chap |= chap[i].bit;
        }
    if (asks(name, "pap"))
        p->auth = p->pap = true;
    else if (asks(name, "eap"))
        p->auth = p->eap = true;
    else if (strcmp(name, "auth") == 0)
        p->auth = true;
    else if (strcmp(name, "noauth") == 0)
        p->auth = false;
    else if (asks(name, "mppe"))
        p->mppe = MPPE_40 | MPPE_128;
    else if (asks(name, "mppe-40"))
        p->mppe |= MPPE_40;
    else if (asks(name, "mppe-128"))
        p->mppe |= MPPE_128;
    else if (denies(name, "mppe"))
        p->mppe = 0;
    else if (denies(name, "mppe-40"))
        p->mppe &= ~(unsigned)MPPE_40;
    else if (denies(name, "mppe-128"))
        p->mppe &= ~(unsigned)MPPE_128;
}

static void conclude(struct pppd *p)
{
    for (size_t i = 0; i < p->n_options; i++)
        apply(p, p->options[i].name);
    if (!p->auth) {
        p->pap = p->eap = false;
        p->chap = 0;
    } else if (!p->pap && !p->eap && !p->chap) {
        ask_all(p); // "auth" alone: whatever the client likes
    }
    p->mppe_stateful = pppd_flag(p, "mppe-stateful", "nomppe-stateful");
}

int pppd_read(const struct audit_root *root, const char *first, struct pppd **ret)
{
    struct pppd *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->circle = -1;
    int r = read_file(root, p, "/etc/ppp/options", true, -1, 0, 0);
    if (r == 0)
        r = read_file(root, p, "/root/.ppprc", true, -1, 0, 0);
    if (r == 0 && first)
        r = read_file(root, p, first, false, -1, 0, 0);
    if (r < 0) {
        pppd_free(p);
        return r;
    }
    conclude(p);
    *ret = p;
    return 0;
}

void pppd_free(struct pppd *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_files; i++)
        free(p->files[i].path);
    for (size_t i = 0; i < p->n_options; i++) {
        if (p->options[i].value)
            explicit_bzero(p->options[i].value, strlen(p->options[i].value));
        free(p->options[i].value);
    }
    free(p);
}

const char *pppd_plugin(const struct pppd *p, size_t n)
{
    for (size_t i = 0; i < p->n_options; i++)
        if (strcmp(p->options[i].name, "plugin") == 0 && n-- == 0)
            return p->options[i].value;
    return NULL;
}

bool pppd_has_plugin(const struct pppd *p, const char *name)
{
    const char *plugin;
    size_t length = strlen(name);

    for (size_t i = 0; (plugin = pppd_plugin(p, i)); i++) {
        const char *base = strrchr(plugin, '/');
        base = base ? base + 1 : plugin;
        if (strncmp(base, name, length) == 0 && (!base[length] || strcmp(base + length, ".so") == 0))
            return true;
    }
    return false;
}

const char *pppd_main_file(const struct pppd *p)
{
    const char *path = "/etc/ppp/options";

    for (size_t i = 0; i < p->n_files; i++)
        if (p->files[i].from < 0 && !p->files[i].optional)
            path = p->files[i].path;
    return path;
}
