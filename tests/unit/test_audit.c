// SPDX-License-Identifier: GPL-2.0-or-later
// The checklist on machines made of files: one as it should be, and one change of it for each thing that can be wrong.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "audit/secrets.h"
#include "audit/versions.h"
#include "audit/words.h"

enum { CHECKS_MAX = 64 };

// One change: in file, from becomes to. from NULL: the file is to, altogether; to NULL: it goes away. mode: that of the
// file afterwards, 0: as it was.
struct change {
    const char *file, *from, *to;
    unsigned mode;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" // most changes keep the mode, most mutants make one
static const struct mutant {
    const char *check;
    enum audit_verdict wanted; // the worst of this check
    const char *reason;        // part of it
    const char *remedy;        // part of it, or NULL
    struct change change[3];
} mutants[] = {
#include "audit/mutants.inc"
};
#pragma GCC diagnostic pop

enum { MUTANTS = sizeof(mutants) / sizeof(mutants[0]) };

static char tree[PATH_MAX];

static void run(const char *fmt, ...)
{
    char command[3 * PATH_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

static const char *path_of(const char *file)
{
    static char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", tree, file);
    return path;
}

static void write_bytes(const char *file, const char *p, size_t n)
{
    FILE *out = fopen(path_of(file), "w");

    assert_non_null(out);
    assert_int_equal(fwrite(p, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static char *read_file(const char *file)
{
    FILE *in = fopen(path_of(file), "r");
    char *text = calloc(1, 1 << 16);

    assert_non_null(in);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 16) - 1, in) > 0);
    fclose(in);
    return text;
}

static void apply(const struct change *c)
{
    if (!c->from && !c->to) {
        run("rm -rf '%s'", path_of(c->file));
    } else if (!c->from) {
        run("mkdir -p \"$(dirname '%s')\"", path_of(c->file));
        write_bytes(c->file, c->to, strlen(c->to));
    } else {
        char *text = read_file(c->file), *at = strstr(text, c->from);
        if (!at)
            fail_msg("%s does not hold \"%s\"", c->file, c->from);
        char *whole = NULL;
        assert_true(asprintf(&whole, "%.*s%s%s", (int)(at - text), text, c->to, at + strlen(c->from)) >= 0);
        write_bytes(c->file, whole, strlen(whole));
        free(whole);
        free(text);
    }
    if (c->mode)
        assert_int_equal(chmod(path_of(c->file), c->mode), 0);
}

static int fresh_tree(void **state)
{
    const char *srcdir = getenv("srcdir"), *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(tree, sizeof(tree), "%s/pptpban-audit-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(tree));
    run("cp -R '%s/tests/unit/audit/good/.' '%s/' && chmod -R u+w '%s' && chmod 0600 '%s'/etc/ppp/*-secrets",
        srcdir ? srcdir : ".", tree, tree, tree);
    return 0;
}

static int drop_tree(void **state)
{
    (void)state;
    run("rm -rf '%s'", tree);
    return 0;
}

static int hook_file(const char *file, char **ret)
{
    if (access(path_of(file), F_OK) < 0)
        return -ENOENT;
    char *text = read_file(file);
    if (strncmp(text, "EPERM", 5) == 0) {
        free(text);
        return -EPERM;
    }
    *ret = text;
    return 0;
}

static int hook_nft(void *userdata, char **ret)
{
    (void)userdata;
    return hook_file("kernel/nft.json", ret);
}

static int hook_iptables(void *userdata, enum view_tables which, char **ret)
{
    static const char *const files[] = {"kernel/nft-save4", "kernel/nft-save6", "kernel/legacy-save4", "kernel/legacy-save6"};
    int r = hook_file(files[which], ret);

    (void)userdata;
    if (r == -ENOENT)
        *ret = strdup("");
    return r == -ENOENT ? 0 : r;
}

static int hook_clock(void *userdata, bool *ret)
{
    char *text;
    int r = hook_file("kernel/clock", &text);

    (void)userdata;
    if (r < 0)
        return r;
    *ret = strncmp(text, "synchronised", 12) == 0;
    free(text);
    return 0;
}

static void audit_tree(struct audit_report *ret)
{
    struct config_report messages = {0};
    struct config *config = NULL;
    struct audit_root root;

    assert_int_equal(audit_root_open(tree, &root), 0);
    root.owner = geteuid();
    root.nft = hook_nft;
    root.iptables = hook_iptables;
    root.clock = hook_clock;
    if (config_load(path_of("etc/pptpban/pptpban.conf"), &config, &messages) < 0)
        config = NULL;
    assert_int_equal(audit_run(&root, config, ret), 0);
    config_free(config);
    config_report_free(&messages);
    audit_root_close(&root);
}

static enum audit_verdict worst(const struct audit_report *r, const char *check)
{
    enum audit_verdict v = AUDIT_NONE;

    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i].check->id, check) == 0 && r->v[i].verdict > v)
            v = r->v[i].verdict;
    return v;
}

static const struct audit_finding *find(const struct audit_report *r, const char *check, enum audit_verdict verdict,
                                        const char *reason)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i].check->id, check) == 0 && r->v[i].verdict == verdict && strstr(r->v[i].reason, reason))
            return &r->v[i];
    return NULL;
}

static void print(const struct audit_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        fprintf(stderr, "%-7s %s: %s [%s]\n", audit_verdict_names[r->v[i].verdict], r->v[i].check->id, r->v[i].reason,
                r->v[i].remedy);
}

static size_t index_of(const char *check)
{
    size_t i = 0;

    while (audit_checks[i].id && strcmp(audit_checks[i].id, check) != 0)
        i++;
    if (!audit_checks[i].id)
        fail_msg("there is no check %s", check);
    return i;
}

// Every check is seen to pass and to complain, and complains with a way to mend it.
static void each_check_passes_and_fails(void **state)
{
    bool passed[CHECKS_MAX] = {false}, complained[CHECKS_MAX] = {false};
    struct audit_report r;

    audit_tree(&r);
    for (size_t i = 0; audit_checks[i].id; i++) {
        assert_true(i < CHECKS_MAX);
        passed[i] = worst(&r, audit_checks[i].id) == AUDIT_PASS;
        complained[i] = audit_checks[i].lasting && worst(&r, audit_checks[i].id) == AUDIT_WARN;
        passed[i] |= complained[i];
        if (!passed[i] && strcmp(audit_checks[i].id, "second-factor") != 0) {
            print(&r);
            fail_msg("%s does not pass on the good machine", audit_checks[i].id);
        }
    }
    audit_report_free(&r);
    for (size_t m = 0; m < MUTANTS; m++) {
        const struct mutant *mutant = &mutants[m];
        size_t i = index_of(mutant->check);
        drop_tree(state);
        fresh_tree(state);
        for (size_t k = 0; k < 3 && mutant->change[k].file; k++)
            apply(&mutant->change[k]);
        audit_tree(&r);
        const struct audit_finding *f = find(&r, mutant->check, mutant->wanted, mutant->reason);
        if (worst(&r, mutant->check) != mutant->wanted || !f || (mutant->remedy && !strstr(f->remedy, mutant->remedy)) ||
            (mutant->wanted >= AUDIT_WARN && !*f->remedy)) {
            print(&r);
            fail_msg("change %zu: %s should be %s with \"%s\" and mend \"%s\"", m, mutant->check,
                     audit_verdict_names[mutant->wanted], mutant->reason, mutant->remedy ? mutant->remedy : "");
        }
        passed[i] |= mutant->wanted == AUDIT_PASS;
        complained[i] |= mutant->wanted > AUDIT_UNKNOWN;
        audit_report_free(&r);
    }
    for (size_t i = 0; audit_checks[i].id; i++)
        if (!passed[i] || !complained[i])
            fail_msg("%s is never seen to %s", audit_checks[i].id, passed[i] ? "complain" : "pass");
}

// Whatever is in the files of secrets, no output has a password in it: CANARY stands in each of them.
static void passwords_are_never_told(void **state)
{
    static const char *const files[] = {
        "alice pptpd CANARY *\nbob pptpd CANARY 10.0.0.1\n* * CANARY *\n",
        "alice CANARY\nbob * CANARYalice\ncarol pptpd \"CANARY\n",
        "\"alice pptpd CANARY *\nbob pptpd CANARY *\n",
        "alice\\ pptpd\\ CANARY pptpd x *\n'CANARY CANARY' pptpd x *\n",
        "alice pptpd @/CANARY *\nbob pptpd @/etc/ppp/indirect *\n",
    };
    struct audit_report r;

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        write_bytes("etc/ppp/chap-secrets", files[i], strlen(files[i]));
        write_bytes("etc/ppp/pap-secrets", files[i], strlen(files[i]));
        write_bytes("etc/ppp/indirect", "CANARY\n", 7);
        write_bytes("etc/ppp/pptpd-options", "require-pap\nrequire-mschap-v2\npassword CANARY\nuser x\n", 53);
        audit_tree(&r);
        assert_true(worst(&r, "secrets-passwords") > AUDIT_PASS || worst(&r, "secrets-clients") > AUDIT_PASS);
        for (size_t k = 0; k < r.n; k++)
            if (strstr(r.v[k].reason, "CANARY") || strstr(r.v[k].remedy, "CANARY"))
                fail_msg("file %zu: %s", i, r.v[k].reason);
        audit_report_free(&r);
    }
}

// Names of users are shown; what else a file holds cannot reach a terminal.
static void text_of_files_is_made_harmless(void **state)
{
    struct audit_report r;

    (void)state;
    write_bytes("etc/pptpd.conf", "option /etc/\033[31mred\n", 21);
    audit_tree(&r);
    assert_non_null(find(&r, "pptpd-conf", AUDIT_FAIL, "/etc/\\x1b[31mred"));
    audit_report_free(&r);
}

static void odd_files_are_told_and_survived(void **state)
{
    static char big[VIEW_FILE_MAX + 2];
    struct audit_report r;

    (void)state;
    memset(big, '\n', sizeof(big));
    write_bytes("etc/ppp/pptpd-options", big, sizeof(big));
    audit_tree(&r);
    assert_non_null(find(&r, "ppp-files", AUDIT_FAIL, "too large"));
    assert_non_null(find(&r, "ppp-auth", AUDIT_UNKNOWN, "too large"));
    assert_int_equal(worst(&r, "secrets-mode"), AUDIT_PASS);
    audit_report_free(&r);

    write_bytes("etc/ppp/pptpd-options", big, VIEW_FILE_MAX); // just fits
    audit_tree(&r);
    assert_int_equal(worst(&r, "ppp-files"), AUDIT_PASS);
    audit_report_free(&r);

    write_bytes("etc/ppp/pptpd-options", "require\0-mschap-v2", 18);
    audit_tree(&r);
    assert_non_null(find(&r, "ppp-files", AUDIT_FAIL, "is no text"));
    audit_report_free(&r);

    run("cd '%s/etc/ppp' && rm pptpd-options && ln -s pptpd-options2 pptpd-options && ln -s pptpd-options pptpd-options2", tree);
    audit_tree(&r);
    assert_non_null(find(&r, "ppp-files", AUDIT_FAIL, "in a circle"));
    audit_report_free(&r);

    run("cd '%s/etc/ppp' && rm chap-secrets pptpd-options && mkfifo chap-secrets && mkdir pptpd-options", tree);
    audit_tree(&r);
    assert_non_null(find(&r, "ppp-files", AUDIT_FAIL, "no regular file"));
    assert_non_null(find(&r, "secrets-mode", AUDIT_FAIL, "no regular file"));
    audit_report_free(&r);

    run("cd '%s/etc/ppp' && rmdir pptpd-options && ln -s /../../../../../../../etc/passwd pptpd-options", tree);
    audit_tree(&r); // not this machine's
    assert_non_null(find(&r, "ppp-files", AUDIT_FAIL, "is not there"));
    audit_report_free(&r);

    run("rm -rf '%s'/*", tree);
    audit_tree(&r); // an empty machine: no check falls over
    assert_int_equal(worst(&r, "ppp-auth"), AUDIT_NONE);
    for (size_t i = 0; audit_checks[i].id; i++)
        assert_non_null(find(&r, audit_checks[i].id, worst(&r, audit_checks[i].id), ""));
    audit_report_free(&r);
}

static void what_may_not_be_read_is_unknown(void **state)
{
    struct audit_report r;
    bool was_root = geteuid() == 0;

    (void)state;
    run("chmod 0755 '%s' && chmod 0000 '%s'/etc/ppp/chap-secrets '%s'/etc/pptpd.conf", tree, tree, tree);
    if (was_root)
        assert_int_equal(seteuid(65534), 0);
    audit_tree(&r);
    if (was_root)
        assert_int_equal(seteuid(0), 0);
    assert_non_null(find(&r, "secrets-mode", AUDIT_UNKNOWN, "may not be read"));
    assert_non_null(find(&r, "ppp-auth", AUDIT_UNKNOWN, "/etc/pptpd.conf may not be read"));
    assert_int_equal(worst(&r, "forwarding"), AUDIT_PASS);
    audit_report_free(&r);
}

static void findings_are_bounded(void **state)
{
    struct audit_report r;
    FILE *out = fopen(path_of("etc/ppp/chap-secrets"), "w");

    (void)state;
    for (int i = 0; i < 2 * AUDIT_FINDINGS_MAX; i++)
        fprintf(out, "* pptpd x%d *\n", i);
    fclose(out);
    audit_tree(&r);
    assert_int_equal(r.n, AUDIT_FINDINGS_MAX);
    assert_true(r.dropped > 0);
    assert_true(r.counts[AUDIT_FAIL] > 2 * AUDIT_FINDINGS_MAX - 1);
    audit_report_free(&r);
}

// Each as pppd's own lexer takes it apart.
static void words_are_pppds(void **state)
{
    static const struct {
        const char *text;
        const char *words; // joined by |, > before the first of a line
    } cases[] = {
        {"", ""},
        {"a b\nc", ">a|b|>c"},
        {"  # c\n a#c\nb", ">a|>b"},
        {"\"a b\" 'c \"d' e\\ f", ">a b|c \"d|e f"},
        {"a\\\nb c\\\n d", ">ab|c|d"},
        {"\\x41\\101\\t|\\s|\\q\n", ">AA\t|" " |q"},
        {"a\"b\"c \"\" d", ">abc||d"},
        {"\"a\nb\" c", ">a\nb|c"},
        {"\"open", ">open"},
        {"\\\n\\\n a", ">a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct words w = words_of(str_of(cases[i].text));
        struct word word;
        char got[2 * WORD_MAX] = "";
        while (words_next(&w, &word))
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s%.100s", *got ? "|" : "", word.first ? ">" : "", word.text);
        assert_string_equal(got, cases[i].words);
    }
    char longer[WORD_MAX + 3];
    struct word word;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    longer[WORD_MAX] = '\0'; // at the bound
    struct words w = words_of(str_of(longer));
    assert_true(words_next(&w, &word) && !word.cut && strlen(word.text) == WORD_MAX);
    longer[WORD_MAX] = 'x';
    w = words_of(str_of(longer));
    assert_true(words_next(&w, &word) && word.cut && strlen(word.text) == WORD_MAX);
}

static void passwords_are_judged(void **state)
{
    static const struct {
        const char *client, *password;
        unsigned flaws;
    } cases[] = {
        {"alice", "\"\"", SECRET_EMPTY},
        {"alice", "Kx7vQ2mTz9rW", 0},
        {"alice", "Kx7vQ2mTz9r", SECRET_SHORT},
        {"alice", "alice", SECRET_SHORT | SECRET_LIKE_NAME},
        {"alice", "ecila", SECRET_SHORT | SECRET_LIKE_NAME},
        {"alice", "xxALICE12345", SECRET_LIKE_NAME},
        {"alice", "alice-Kx7vQ2mTz9rW", 0},
        {"CORP\\\\alice", "1alice1", SECRET_SHORT | SECRET_LIKE_NAME},
        {"alice@example.org", "alice123", SECRET_SHORT | SECRET_LIKE_NAME},
        {"alice", "Password12345!", SECRET_COMMON},
        {"alice", "aaaaaaaaaaaaaaaa", SECRET_COMMON},
        {"alice", "1234567890123456", SECRET_COMMON},
        {"alice", "hunter2", SECRET_SHORT},
    };
    struct audit_root root;
    struct secrets s;

    (void)state;
    assert_int_equal(audit_root_open(tree, &root), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[256];
        int n = snprintf(line, sizeof(line), "%s pptpd %s *\n", cases[i].client, cases[i].password);
        write_bytes("etc/ppp/chap-secrets", line, (size_t)n);
        assert_int_equal(secrets_read(&root, "/etc/ppp/chap-secrets", &s), 0);
        assert_int_equal(s.n, 1);
        if (s.v[0].flaws != cases[i].flaws)
            fail_msg("%s %s: flaws %#x, not %#x", cases[i].client, cases[i].password, s.v[0].flaws, cases[i].flaws);
        secrets_free(&s);
    }
    audit_root_close(&root);
}

// Debian's own order, as deb-version(7) tells it.
static void versions_are_compared_as_dpkg_does(void **state)
{
    static const char *const rising[] = {"1.0~rc1", "1.0", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0-2", "1.0a", "1.0+x", "1.0.1",
                                         "1.9", "1.10", "1.010-1", "2.0~~", "2.0~", "2.0", "1:0.1"};

    (void)state;
    for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++) {
        assert_int_equal(version_compare(rising[i], rising[i]), 0);
        for (size_t k = i + 1; k < sizeof(rising) / sizeof(rising[0]); k++)
            if (version_compare(rising[i], rising[k]) >= 0 || version_compare(rising[k], rising[i]) <= 0)
                fail_msg("%s is not before %s", rising[i], rising[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_check_passes_and_fails, fresh_tree, drop_tree),
        cmocka_unit_test_setup_teardown(passwords_are_never_told, fresh_tree, drop_tree),
        cmocka_unit_test_setup_teardown(text_of_files_is_made_harmless, fresh_tree, drop_tree),
        cmocka_unit_test_setup_teardown(odd_files_are_told_and_survived, fresh_tree, drop_tree),
        cmocka_unit_test_setup_teardown(what_may_not_be_read_is_unknown, fresh_tree, drop_tree),
        cmocka_unit_test_setup_teardown(findings_are_bounded, fresh_tree, drop_tree),
        cmocka_unit_test(words_are_pppds),
        cmocka_unit_test(versions_are_compared_as_dpkg_does),
        cmocka_unit_test_setup_teardown(passwords_are_judged, fresh_tree, drop_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
