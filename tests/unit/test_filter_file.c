// SPDX-License-Identifier: GPL-2.0-or-later
// filter files: line rules, includes, overrides, substitution; and for each mistake the exact words that name it.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "filter/expand.h"
#include "filter/filter.h"

static char dir[64];        // of this test
static const char *dirs[3]; // dir/a, dir/b

static void put(const char *name, const char *text)
{
    char path[512];
    FILE *f;

    for (const char *p = name; (p = strchr(p, '/')); p++) {
        snprintf(path, sizeof(path), "%s/%.*s", dir, (int)(p - name), name);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
    static char a[80], b[80];

    (void)state;
    strcpy(dir, "/tmp/pptpban-test.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(a, sizeof(a), "%s/a", dir);
    snprintf(b, sizeof(b), "%s/b", dir);
    dirs[0] = a;
    dirs[1] = b;
    dirs[2] = NULL;
    return mkdir(a, 0700) || mkdir(b, 0700);
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

// What KEY of filter "f" expands to; "" when it is not there; the error's text after "!" when it is wrong.
static const char *value(const char *key, const struct filter_param *params, size_t n)
{
    static char buf[4096];
    struct filter_error error = {""};
    struct ini ini;
    struct text text = {0};
    struct expander x = {.ini = &ini, .params = params, .n_params = n, .error = &error};

    int r = ini_read(&ini, "f", dirs, &error);
    if (r == 0)
        r = expand_option(&x, key, &text);
    snprintf(buf, sizeof(buf), "%s", r == 0 ? text.p : r == -ENOENT ? "" : "!");
    if (r == -EINVAL)
        snprintf(buf + 1, sizeof(buf) - 1, "%s", error.text);
    text_clear(&text);
    ini_free(&ini);
    return buf;
}

// The same with the directory's name taken out of the message.
static const char *without_dir(const char *s)
{
    static char buf[2048];
    size_t n = 0;

    while (*s && n < sizeof(buf) - 1) {
        if (strncmp(s, dir, strlen(dir)) == 0)
            s += strlen(dir) + 1;
        else
            buf[n++] = *s++;
    }
    buf[n] = '\0';
    return buf;
}

static void lines_are_read_as_python_reads_them(void **state)
{
    (void)state;
    put("a/f.conf", "# comment\n"
                    "; another\n"
                    "[Definition]\n"
                    "One = 1\n"
                    "two: 2 ; said aside\n"
                    "three = a;b # no comment\n"
                    "   many =   x = y : z  \n"
                    "four = first\n"
                    "       second\n"
                    "# a comment does not end a value\n"
                    "  ; nor this one\n"
                    "\n"
                    "    third\n"
                    "\n"
                    "five=\n"
                    " below\n"
                    "six =\n"
                    "[Init]\n"
                    "seven = 7\n");
    assert_string_equal(value("one", NULL, 0), "1");
    assert_string_equal(value("TWO", NULL, 0), "2");
    // 'many' is indented more than 'three': it goes on with it
    assert_string_equal(value("three", NULL, 0), "a;b # no comment\nmany =   x = y : z");
    assert_string_equal(value("many", NULL, 0), "");
    // a comment inside a value counts as an empty line, so that lines keep their numbers
    assert_string_equal(value("four", NULL, 0), "first\nsecond\n\n\n\nthird");
    assert_string_equal(value("five", NULL, 0), "\nbelow");
    assert_string_equal(value("six", NULL, 0), "");
    assert_string_equal(value("seven", NULL, 0), "7");
    assert_string_equal(value("eight", NULL, 0), "");
}

// A section with a condition is another section: a filter is read before there is an address to have a family.
static void conditional_sections_say_nothing(void **state)
{
    (void)state;
    put("a/f.conf", "[Definition]\nfailregex = <ADDR> on <port> <only>\n"
                    "[Init]\nport = 1\n"
                    "[Init?family=inet6]\nport = 2\nonly = 6\n"
                    "[Definition?family=inet4]\nfailregex = other\n");
    assert_string_equal(value("failregex", NULL, 0), "<ADDR> on 1 <only>");
    assert_string_equal(value("port?family=inet6", NULL, 0), "");
}

static void later_files_override(void **state)
{
    (void)state;
    put("a/f.conf", "[INCLUDES]\nbefore = common.conf\nafter = last.conf\n         missing.local\n"
                    "[Definition]\nx = conf\ny = conf\nz = conf %(known/z)s\nw = conf\n");
    put("a/common.conf", "[Definition]\nx = before\nz = before\nq = before\n[DEFAULT]\nd = default\n");
    put("a/common.local", "[Definition]\nq = local %(known/q)s\n");
    put("a/last.conf", "[Definition]\nw = after %(known/w)s\n");
    assert_string_equal(value("x", NULL, 0), "conf");
    assert_string_equal(value("z", NULL, 0), "conf before");
    assert_string_equal(value("q", NULL, 0), "local before");
    assert_string_equal(value("w", NULL, 0), "after conf");
    assert_string_equal(value("d", NULL, 0), "default");
    put("a/f.d/20.conf", "[Definition]\ny = 20\n");
    put("a/f.d/10.conf", "[Definition]\ny = 10\nx = 10\n");
    assert_string_equal(value("y", NULL, 0), "20");
    assert_string_equal(value("x", NULL, 0), "10");
    put("a/f.local", "[Definition]\nx = local+%(known/x)s\n");
    assert_string_equal(value("x", NULL, 0), "local+10");
    put("a/f.d/30.local", "[Definition]\nx = 30+%(known/x)s\n");
    assert_string_equal(value("x", NULL, 0), "30+local+10");
    // the administrator's directory comes behind the shipped one, and finds what that one has
    put("b/f.conf", "[INCLUDES]\nbefore = other.conf\n[Definition]\nx = b+%(known/x)s\n");
    put("a/other.conf", "[Definition]\nnew = yes\n");
    assert_string_equal(value("x", NULL, 0), "b+30+local+10");
    assert_string_equal(value("new", NULL, 0), "yes");
}

static void substitution(void **state)
{
    static const struct filter_param params[] = {{{"mode", 4}, {"loud", 4}}, {{"given", 5}, {"p-<mode>", 8}}};
    (void)state;
    put("a/f.conf", "[DEFAULT]\nbase = dflt\nwhere = in %(place)s\nplace = default\n"
                    "[Definition]\n"
                    "__x = inner\n"
                    "plain = 100%% of %(__x)s in %(__name__)s, %(Init/mode)s, %(default/base)s, %(base)s\n"
                    "tags = <mode> <Init/mode> <MODE> <nested-<mode>> <HOST> <unknown> (?P<mode>x) <known/mode>\n"
                    "nested-quiet = Q\nnested-loud = <deep>!\n"
                    "deep = D\n"
                    "given = no\n"
                    "place = definition\n"
                    "empty =\n"
                    "gone = a<empty>b\n"
                    "others = <other/where> %(other/place)s <where>\n"
                    "[other]\nplace = other\n"
                    "[Init]\nmode = quiet\n");
    assert_string_equal(value("plain", NULL, 0), "100% of inner in Definition, quiet, dflt, dflt");
    assert_string_equal(value("tags", NULL, 0), "quiet quiet quiet Q <HOST> <unknown> (?P<mode>x) quiet");
    assert_string_equal(value("tags", params, 2), "loud quiet loud D! <HOST> <unknown> (?P<mode>x) quiet");
    assert_string_equal(value("given", params, 2), "p-loud");
    assert_string_equal(value("gone", NULL, 0), "ab");
    // [DEFAULT] holds in every section, with what else is there
    assert_string_equal(value("others", NULL, 0), "in other other in definition");
}

static void wrong_substitution_is_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"x = %(y)s\n", "a/f.conf:2: %(y)s names no option of [Definition], [DEFAULT] or the section before its '/'; a "
                        "percent sign itself is %%"},
        {"x = a\n  b\n  %(known/x)s\n",
         "a/f.conf:4: %(known/x)s names no option of [Definition], [DEFAULT] or the section "
         "before its '/'; a percent sign itself is %%"},
        {"x = 100%\n", "a/f.conf:2: '%' in x: behind '%' only '%' or '(name)s' may stand"},
        {"x = %(y)d\ny = 1\n", "a/f.conf:2: '%(y)d\' in x: behind '%' only '%' or '(name)s' may stand"},
        {"x = %(y)s\ny = %(x)s\n", "a/f.conf:3: %(x)s is nested deeper than 25 values; does it contain itself?"},
        {"x = <x>\n", "a/f.conf:2: <x> stands in its own value"},
        {"x = <y>\ny = <z>\nz = <y>\n",
         "a/f.conf:3: x still has <tags> to fill in after 25 rounds; does one contain itself?"},
        {"x = <y><y>\ny = a<z><z>\nz = <y>\n", NULL},
        {"x = <y>\ny = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa<z><z><z><z><z><z><z>\nz = <u><u><u><u>\nu = <y>\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "[Definition]\n%s", cases[i].text);
        put("a/f.conf", text);
        const char *got = without_dir(value("x", NULL, 0));
        assert_int_equal(got[0], '!');
        if (cases[i].message)
            assert_string_equal(got + 1, cases[i].message);
    }
}

// Loads "f" and returns the message without the directory, "" when it loads.
static const char *load_error(const char *text)
{
    struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f = NULL;

    if (text)
        put("a/f.conf", text);
    int r = filter_load("f", &options, &f, &error);
    filter_free(f);
    if (r == 0)
        return "";
    assert_null(f);
    return without_dir(error.text);
}

// Which tags stand for themselves, and which are mistakes.
static void misspelt_tags(void **state)
{
    static const struct {
        const char *text, *meant; // NULL: nothing else
    } cases[] = {
        {"<HOTS>", "<HOST>"},   {"<HOS>", "<HOST>"},       {"<HOSST>", "<HOST>"},          {"<host>", "<HOST>"},
        {"<ADRR>", "<ADDR>"},   {"<SUBNETS>", "<SUBNET>"}, {"<SKIPLINE>", "<SKIPLINES>"}, {"<IPv4>", "<IP4>"},
        {"<ip>", "<ADDR>"},     {"<dns>", "<DNS>"},        {"<F-PORT>/<F-port/>", "<F-NAME>"}, {"</f-user>", "<F-NAME>"},
        {"<known/x>", "option"}, {"<POST>", NULL},         {"<ERROR>", NULL},              {"<word>", NULL},
        {"<W>", NULL},          {"<[^>]*>", NULL},         {"<\\d+>", NULL},               {"[<HOTS>]", NULL},
        {"\\<HOTS>", NULL},     {"<HO", NULL},             {"<>", NULL},                   {"<A>", NULL},
        {"<ID>", NULL},         {"<HOLD>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "[Definition]\nfailregex = x %s x <ADDR>\n", cases[i].text);
        const char *got = load_error(text);
        bool right = cases[i].meant ? strstr(got, " is no tag; ") && strstr(strstr(got, " is no tag; "), cases[i].meant) : !*got;
        if (!right)
            fail_msg("%s: %s", cases[i].text, got);
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"failregex = x\n",
         "a/f.conf:1: failregex stands before any [SECTION]"},
        {"[Definition\n", "a/f.conf:1: [Definition is no section; [NAME] would be accepted"},
        {"[Definition]\nfailregex\n",
         "a/f.conf:2: failregex is neither a section nor a key; [NAME] or KEY = VALUE would be accepted"},
        {"[Definition]\nfailregex = a <ADDR>\nb = 1\nFailRegex = b <ADDR>\n",
         "a/f.conf:4: failregex stands in [Definition] already, in line 2; once would be accepted"},
        {"[Definition]\nx = \xff\n", "a/f.conf:2: there is a byte that is not UTF-8 in column 5"},
        {"[INCLUDES]\nbefore = one.local\n\n         nowhere.conf\n[Definition]\nfailregex = <ADDR>\n",
         "a/f.conf:4: included file 'nowhere.conf' is not there; a file beside this one or in a filter directory is "
         "wanted "
         "(only .local files may be missing)"},
        {"", "a/f.conf:1: the filter has no pattern; failregex in [Definition] or a role in [Session] is wanted"},
        {"[Definition]\nfailregex = from <ADDR>\n            bad from (<ADDR>\n",
         "a/f.conf:3: 'bad from (<ADDR>' is no regular expression: *"},
        {"[Definition]\nfailregex = from <ADDR> [z-a] x\n",
         "a/f.conf:2: 'from <ADDR> [z-a] x' is no regular expression: *"},
        {"[Definition]\nfailregex = <F-USER>.*</F-USER> <ADDR> <F-USER>.*</F-USER>\n",
         "a/f.conf:2: '<F-USER>.*</F-USER> <ADDR> <F-USER>.*</F-USER>' is no regular expression: *"},
        {"[Definition]\nfailregex = (*UTF)from <ADDR>\n",
         "a/f.conf:2: '(*UTF)from <ADDR>' is no regular expression: *"},
        {"[Definition]\nfailregex = login failed\n", "a/f.conf:2: the pattern captures no address; <HOST>, <ADDR>, "
                                                     "<IP4>, <IP6>, <SUBNET>, <F-ID> or <F-MLFID> is wanted, "
                                                     "or a [Session] that says where the address comes from"},
        {"[Definition]\nfailregex = login failed from <HOTS>\n",
         "a/f.conf:2: '<HOTS>' is no tag; <HOST> would be accepted, or \\< for a '<' that stands for itself"},
        {"[Definition]\nfailregex = login failed from <WHO>\n",
         "a/f.conf:2: the pattern captures no address (<WHO> is no tag); <HOST>, <ADDR>, <IP4>, <IP6>, <SUBNET>, "
         "<F-ID> or "
         "<F-MLFID> is wanted, or a [Session] that says where the address comes from"},
        {"[Definition]\nfailregex = of <F-user>x</F-USER> <ADDR>\n",
         "a/f.conf:2: '<F-user>' is no tag; <F-NAME>...</F-NAME>, the name in capitals would be accepted, or \\< for a "
         "'<' that stands for itself"},
        {"[Definition]\nfailregex = from <__host> <ADDR>\n",
         "a/f.conf:2: '<__host>' is no tag; the name of an option of this filter would be accepted, or \\< for a '<' "
         "that stands for itself"},
        {"[Definition]\nfailregex = a <ADDR>\njournalmatch = A=b +\n",
         "a/f.conf:3: journalmatch ends with '+'; FIELD=value is wanted behind it"},
        {"[Definition]\nfailregex = a <ADDR>\njournalmatch = A=b\n  _c=d\n",
         "a/f.conf:4: '_c=d' in journalmatch; FIELD=value is wanted, in capitals and without blanks or quotes, several "
         "with a blank (and) or ' + ' (or) between them"},
        {"[Definition]\nfailregex = ^<@pppd>x <ADDR>\n",
         "a/f.conf:2: '<@pppd>x <ADDR>': <@IDENT> belongs at the very beginning of a pattern"},
        {"[Session]\nlink = child <LINK>\n",
         "a/f.conf:2: '<LINK>': <LINK IDENT> is wanted, IDENT being the name that the linked program logs as"},
        {"[Definition]\nfailregex = <@my prog>^x <ADDR>\n",
         "a/f.conf:2: '<@my prog>^x <ADDR>': <@IDENT> is wanted, IDENT being the name that the program logs as"},
        {"[Definition]\nfailregex = <@>^x <ADDR>\n",
         "a/f.conf:2: '<@>^x <ADDR>': <@IDENT> is wanted, IDENT being the name that the program logs as"},
        {"[Definition]\nfailregex = <ADDR> <LINK pppd>\n[Session]\n",
         "a/f.conf:2: <LINK pppd> has no meaning in failregex; it belongs into link, next or other"},
        {"[Session]\nlink = Reaping child\n",
         "a/f.conf:2: a pattern of link must contain <LINK IDENT>, which captures the pid of the linked process"},
        {"[Session]\nlink = child <LINK >\n",
         "a/f.conf:2: '<LINK >': <LINK IDENT> is wanted, IDENT being the name that the linked program logs as"},
        {"[Session]\nlink = <LINK a> <LINK b>\n", "a/f.conf:2: a second <LINK ...> in one pattern; one is wanted"},
        {"[Session]\nsuccess = child <LINK pppd>\n",
         "a/f.conf:2: <LINK pppd> has no meaning in success; it belongs into link, next or other"},
        {"[Session]\naddress = remotenumber\n",
         "a/f.conf:2: a pattern of address must capture an address; <ADDR> is wanted"},
        {"[Session]\ncmdline = remotenumber\n",
         "a/f.conf:2: a pattern of cmdline must capture an address; <ADDR> is wanted"},
        {"[Session]\nkey = ^<F-MLFID>ppp\\d+</F-MLFID>:\n",
         "a/f.conf:2: a pattern of key must begin with <@IDENT>, the program whose lines it tells apart"},
        {"[Session]\nkey = <@accel-pppd>^ppp\\d+:\n",
         "a/f.conf:2: a pattern of key must contain <F-MLFID>...</F-MLFID>, which captures what names the life"},
        {"[Session]\nkey = <@x>^<F-MLFID>a</F-MLFID> <LINK y>\n",
         "a/f.conf:2: a pattern of key must contain <F-MLFID>...</F-MLFID>, which captures what names the life, and no "
         "<LINK>"},
        {"[Session]\nkey = <@x>^<F-MLFID>a(</F-MLFID>\n", "a/f.conf:2: *"},
        {"[Session]\nfailre = x\n", "a/f.conf:2: 'failre' is no key of [Session]; accepted: other, begin, call, next, "
                                    "address, link, fault, attempt, failure, "
                                    "success, end, clear, distrust, tells, cmdline, key, and failure.CLASS, attempt.CLASS with CLASS one of "
                                    "auth, refused, probe, fault"},
        {"[Session]\nfailure.much = x\n", "a/f.conf:2: 'failure.much' is no key of [Session]; accepted: other, begin, "
                                          "call, next, address, link, fault, attempt, failure, "
                                          "success, end, clear, distrust, tells, cmdline, key, and failure.CLASS, attempt.CLASS with CLASS "
                                          "one of auth, refused, probe, fault"},
        {"[Session]\ntells = <@p>^I am here$\n", "a/f.conf:2: a pattern of tells must contain <F-INTERFACE>...</F-INTERFACE> or "
                                                 "<F-INNER>...</F-INNER>"},
        {"[Session]\nend.auth = x\n", "a/f.conf:2: 'end.auth' is no key of [Session]; accepted: other, begin, call, next, "
                                      "address, link, fault, attempt, failure, "
                                      "success, end, clear, distrust, tells, cmdline, key, and failure.CLASS, attempt.CLASS with CLASS one "
                                      "of auth, refused, probe, fault"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char got[1024];
        size_t n = strlen(cases[i].message) - 1;
        snprintf(got, sizeof(got), "%s", load_error(cases[i].text));
        if (cases[i].message[n] == '*' && strlen(got) > n) // behind it, PCRE2's own words, which change
            strcpy(got + n, "*");
        assert_string_equal(got, cases[i].message);
    }
}

static void what_is_not_there(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const bad_names[] = {"", ".", "../f", "a/b", "a b", ".hidden"};
    struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f = NULL;

    (void)state;
    assert_int_equal(filter_load("f", &options, &f, &error), -ENOENT);
    assert_string_equal(without_dir(error.text), "filter 'f': no file f.conf in a or b");
    options.dirs = none;
    assert_int_equal(filter_load("f", &options, &f, &error), -ENOENT);
    assert_string_equal(error.text, "filter 'f': no file f.conf in any directory");
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        assert_int_equal(filter_load(bad_names[i], &options, &f, &error), -EINVAL);
        assert_non_null(strstr(error.text, "a name of letters, digits, '.', '_' and '-' is wanted"));
    }
    mkdir(dirs[0], 0700);
    put("a/f.conf/x", "");
    assert_string_equal(load_error(NULL), "a/f.conf: not a regular file");
    assert_null(f);
}

static void bounds_of_files(void **state)
{
    static char big[(16 << 20) + 2];
    char text[128];

    (void)state;
    // one file
    memset(big, '#', sizeof(big) - 1);
    for (size_t i = 99; i < sizeof(big); i += 100)
        big[i] = '\n';
    big[sizeof(big) - 1] = '\0';
    assert_string_equal(load_error(big), "a/f.conf: the file is longer than 16777216 bytes");
    strcpy(big + (16 << 20) - 40, "\n[Definition]\nfailregex = from <ADDR>\n#");
    assert_string_equal(load_error(big), "");
    // includes: a loop is cut, a chain that is too deep is told
    assert_string_equal(load_error("[INCLUDES]\nbefore = f.conf\n[Definition]\nfailregex = from <ADDR>\n"), "");
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof(name), "a/i%d.conf", i);
        snprintf(text, sizeof(text), "[INCLUDES]\nbefore = i%d.conf\n", i + 1);
        put(name, text);
    }
    assert_string_equal(load_error("[INCLUDES]\nbefore = i0.conf\n[Definition]\nfailregex = from <ADDR>\n"),
                        "a/i9.conf:2: includes are nested deeper than 10 files; does a file include itself?");
    // one pattern
    strcpy(big, "[Definition]\nfailregex = <ADDR> ");
    size_t n = strlen(big);
    memset(big + n, 'x', 20000);
    strcpy(big + n + 20000, "\n");
    assert_non_null(strstr(load_error(big), "bytes with all its tags filled in; at most 16384 are allowed"));
    // nested groups, groups
    strcpy(big, "[Definition]\nfailregex = <ADDR> ");
    n = strlen(big);
    memset(big + n, '(', 60);
    memset(big + n + 60, ')', 60);
    strcpy(big + n + 120, "\n");
    assert_non_null(strstr(load_error(big), "parentheses are too deeply nested"));
    strcpy(big, "[Definition]\nfailregex = <ADDR> ");
    for (int i = 0; i < 63; i++)
        strcat(big, "()");
    strcat(big, "\n");
    assert_string_equal(load_error(big),
                        "a/f.conf:2: the pattern has 65 groups; at most 64 are allowed, (?:...) does not count");
    // patterns
    strcpy(big, "[Definition]\nfailregex = ");
    for (int i = 0; i < 250; i++)
        strcat(big, " <ADDR>\n");
    assert_string_equal(load_error(big), "");
    strcat(big, " <ADDR>\n");
    assert_string_equal(load_error(big), "a/f.conf:252: more than 250 patterns; a filter may have as many");
    // programs
    strcpy(big, "[Session]\nfailure = ");
    for (int i = 0; i < 15; i++)
        sprintf(big + strlen(big), " <@p%d><ADDR>\n", i);
    assert_string_equal(load_error(big), "");
    strcat(big, " <@p15><ADDR>\n");
    assert_string_equal(load_error(big), "a/f.conf:17: more than 15 programs named by <@IDENT> in one filter");
}

// What names a life, where it is not the pid.
static void names_of_lives(void **state)
{
    static const struct {
        const char *ident, *message, *key;
        unsigned kind;
        bool alone;
    } lines[] = {
        {"d", "L1: begin", "1", 1, false},
        {"d", "c22 begin", "22", 2, false},
        {"d", "L: begin", "", 0, true},        // captures nothing
        {"d", "other: begin", "", 0, true},    // no name
        {"d", "restart begin", "", 0, false},  // clear concerns all
        {"e", "L1: begin", "", 0, false},      // another program: the pid
    };
    struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f;

    (void)state;
    put("a/named.conf", "[Session]\n"
                        "key = <@d>^L<F-MLFID>\\d*</F-MLFID>:\n"
                        "      <@d>^c<F-MLFID>\\d+</F-MLFID> \n"
                        "begin = <@d>^(?!restart).* begin$\n"
                        "        <@e> begin$\n"
                        "clear = <@d>^restart begin$\n");
    assert_int_equal(filter_load("named", &options, &f, &error), 0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct record r = {.ident = str_of(lines[i].ident), .message = str_of(lines[i].message)};
        struct event e;
        r.line = r.message;
        assert_true(filter_match(f, &r, &e));
        assert_int_equal(e.alone, lines[i].alone);
        assert_int_equal(e.key_kind, lines[i].kind);
        assert_true(str_eq(e.key, str_of(lines[i].key)));
    }
    filter_free(f);
}

// The worked example of pptpban-filters(5).
static void the_manual_does_not_lie(void **state)
{
    static const struct {
        const char *ident, *message;
        enum role role;
    } lines[] = {
        {"tunneld", "connection from 203.0.113.5", ROLE_BEGIN},
        {"tunneld", "worker 815 started", ROLE_LINK},
        {"tunneld-worker", "user 'bob': wrong secret", ROLE_FAILURE},
        {"tunneld-worker", "user ''x': wrong secret': wrong secret", ROLE_FAILURE},
        {"tunneld-worker", "bye", ROLE_END},
        {"tunneld", "connection closed", ROLE_END},
        {"tunneld", "user 'bob': wrong secret", ROLE_MAX},
        {"tunnel-guard", "203.0.113.5 says nothing", ROLE_FAILURE},
        {"tunneld", "203.0.113.5 says nothing", ROLE_FAILURE},
    };
    struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f;

    (void)state;
    put("b/tunneld.conf", "[Definition]\n"
                          "failregex = <@tunneld-worker>^user '<F-USER>.*</F-USER>': wrong secret$\n"
                          "journalmatch = SYSLOG_IDENTIFIER=tunneld + SYSLOG_IDENTIFIER=tunneld-worker\n"
                          "\n"
                          "[Session]\n"
                          "begin = <@tunneld>^connection from <ADDR>$\n"
                          "link = <@tunneld>^worker <LINK tunneld-worker> started$\n"
                          "failure.probe = <@tunnel-guard>^<ADDR> says nothing$\n"
                          "                <@tunneld>^<ADDR> says nothing$\n"
                          "end = <@tunneld>^connection closed$\n"
                          "      <@tunneld-worker>^bye$\n");
    assert_int_equal(filter_load("tunneld", &options, &f, &error), 0);
    assert_string_equal(filter_name(f), "tunneld");
    assert_string_equal(filter_journalmatch(f), "SYSLOG_IDENTIFIER=tunneld + SYSLOG_IDENTIFIER=tunneld-worker");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct record r = {.ident = str_of(lines[i].ident), .message = str_of(lines[i].message)};
        struct event e = {.role = ROLE_MAX};
        filter_match(f, &r, &e);
        assert_int_equal(e.role, lines[i].role);
        // a program that no line begins tells all in one
        assert_int_equal(e.alone, strcmp(lines[i].ident, "tunnel-guard") == 0);
    }
    filter_free(f);
}

static void keep_told(void *userdata, const char *text)
{
    char *told = userdata;

    snprintf(told + strlen(told), 4096 - strlen(told), "%s\n", without_dir(text));
}

// Files that are only looked at: each mistake is told, and what could be read is there.
static void told_and_gone_on(void **state)
{
    static char told[4096];
    struct filter_error error = {""};
    struct ini ini;
    struct text text = {0};
    struct expander x = {.ini = &ini, .error = &error};

    (void)state;
    told[0] = '\0';
    put("a/f.conf", "[INCLUDES]\nbefore = g.conf\n         absent.conf\n[Definition]\none = 1\none = 2\nno line\ntwo = %(one)s<ip>\n");
    put("a/g.conf", "[INCLUDES]\nafter = f.conf\n[Definition]\nthree = 3\n");
    put("a/f.d/x.conf", "[Definition]\nfour = 4\n\xff\n");
    assert_int_equal(ini_read_all(&ini, "f", dirs, keep_told, told), 0);
    assert_string_equal(told, "a/f.conf:6: one stands in [Definition] already, in line 5; once would be accepted\n"
                              "a/f.conf:7: no line is neither a section nor a key; [NAME] or KEY = VALUE would be accepted\n"
                              "a/g.conf:2: 'f.conf' includes itself, here or by way of others; it is read once\n"
                              "a/f.conf:3: included file 'absent.conf' is not there; a file beside this one or in a filter "
                              "directory is wanted (only .local files may be missing)\n"
                              "a/f.d/x.conf:3: there is a byte that is not UTF-8 in column 1\n");
    const struct ini_section *s = ini_find(&ini, STR("Definition"));
    assert_non_null(ini_option(s, STR("three")));
    assert_non_null(ini_option(s, STR("four")));
    // names are filled in, tags are left alone
    assert_int_equal(expand_names(&x, s, ini_option(s, STR("two")), &text), 0);
    assert_string_equal(text.p, "1<ip>");
    text_clear(&text);
    ini_free(&ini);
    assert_int_equal(ini_read_all(&ini, "nothing", dirs, keep_told, told), -ENOENT);
    ini_free(&ini);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_read_as_python_reads_them, setup, teardown),
        cmocka_unit_test_setup_teardown(later_files_override, setup, teardown),
        cmocka_unit_test_setup_teardown(substitution, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_substitution_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(conditional_sections_say_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(misspelt_tags, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_of_files, setup, teardown),
        cmocka_unit_test_setup_teardown(told_and_gone_on, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_lives, setup, teardown),
        cmocka_unit_test_setup_teardown(the_manual_does_not_lie, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
