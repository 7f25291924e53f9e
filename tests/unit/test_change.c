// SPDX-License-Identifier: GPL-2.0-or-later
// What surrounds a change of the ruleset: files that are cut off or altered, directories of others, differences, and
// what listings say. The change itself needs a kernel: tests/system/firewall-change.sh.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "firewall/difference.h"
#include "firewall/kernel.h"
#include "firewall/pending.h"
#include "firewall/script_nft.h"

struct place {
    char dir[64], run[96], state[96];
    struct config config;
    struct fw_places places;
};

static int place_new(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct fw_error error;

    strcpy(p->dir, "/tmp/pptpban-change-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->run, sizeof(p->run), "%s/run", p->dir);
    snprintf(p->state, sizeof(p->state), "%s/state", p->dir);
    p->config.runtime_dir = p->run;
    p->config.state_dir = p->state;
    *state = p;
    return fw_places_open(&p->config, false, &p->places, &error);
}

static int place_free(void **state)
{
    struct place *p = *state;
    char command[128];

    fw_places_close(&p->places);
    snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
    int r = system(command);
    free(p);
    return r;
}

static char text_sets[] = "create a hash:net\n", text_v4[] = "*filter\nCOMMIT\n", text_v6[] = "", text_nft[] = "add table inet x\n";

static void a_ruleset_is_read_as_it_was_written(void **state)
{
    struct place *p = *state;
    struct fw_ruleset written = {.tool = FW_TOOL_IPTABLES_NFT, .revision = "0123456789abcdef",
                                 .part = {[FW_PART_SETS] = text_sets, [FW_PART_V4] = text_v4, [FW_PART_V6] = text_v6}};
    struct fw_ruleset read;
    char path[FW_PATH_MAX], whole[1024];

    assert_int_equal(fw_ruleset_load(fw_place(&p->places, FW_LAST_GOOD, path), &read), -ENOENT);
    assert_int_equal(fw_ruleset_save(&written, path), 0);
    assert_int_equal(fw_ruleset_load(path, &read), 0);
    assert_int_equal(read.tool, written.tool);
    assert_string_equal(read.revision, written.revision);
    assert_null(read.part[FW_PART_NFT]);
    for (enum fw_part part = FW_PART_SETS; part < FW_PARTS; part++)
        assert_string_equal(read.part[part], written.part[part]);
    fw_ruleset_free(&read);

    FILE *f = fopen(path, "r");
    size_t n = fread(whole, 1, sizeof(whole), f);
    fclose(f);
    for (size_t i = 0; i < n; i++) { // cut off anywhere, or any byte altered
        f = fopen(path, "w");
        fwrite(whole, 1, i, f);
        fclose(f);
        assert_true(fw_ruleset_load(path, &read) < 0);
        f = fopen(path, "w");
        whole[i] ^= 1;
        fwrite(whole, 1, n, f);
        whole[i] ^= 1;
        fclose(f);
        int r = fw_ruleset_load(path, &read);
        if (r == 0 && strcmp(read.revision, written.revision) == 0)
            fail_msg("byte %zu may be altered", i);
        if (r == 0)
            fw_ruleset_free(&read);
    }
    assert_int_equal(fw_ruleset_save(&written, path), 0);
    assert_int_equal(chmod(path, 0620), 0); // root would run what a group may write
    assert_int_equal(fw_ruleset_load(path, &read), -EPERM);
}

static void a_change_waits(void **state)
{
    struct place *p = *state;
    struct fw_pending written = {.tool = FW_TOOL_NFT, .revision = "0123456789abcdef", .since = 1795305600, .deadline = 4711,
                                 .session = "198.51.100.7 50000 192.0.2.1 22"};
    struct fw_ruleset candidate = {.tool = FW_TOOL_NFT, .revision = "0123456789abcdef", .part = {text_nft}};
    struct fw_pending read;
    struct fw_before before = {.snapshot = text_v4}, found;
    char outcome[256];

    assert_int_equal(fw_pending_read(&p->places, &read), -ENOENT);
    assert_int_equal(fw_pending_write(&p->places, &written, &before, &candidate), 0);
    assert_int_equal(fw_pending_read(&p->places, &read), 0);
    assert_true(read.tool == written.tool && read.since == written.since && read.deadline == written.deadline);
    assert_string_equal(read.revision, written.revision);
    assert_string_equal(read.session, written.session);
    assert_int_equal(fw_pending_before(&p->places, &found), 0);
    assert_string_equal(found.snapshot, text_v4);
    fw_before_free(&found);
    fw_pending_clear(&p->places, "confirmed");
    before = (struct fw_before){.ruleset = candidate};
    assert_int_equal(fw_pending_write(&p->places, &written, &before, &candidate), 0);
    assert_int_equal(fw_pending_before(&p->places, &found), 0);
    assert_null(found.snapshot);
    assert_string_equal(found.ruleset.revision, candidate.revision);
    fw_before_free(&found);
    fw_pending_clear(&p->places, "confirmed");
    assert_int_equal(fw_pending_read(&p->places, &read), -ENOENT);
    fw_outcome(&p->places, outcome);
    assert_string_equal(outcome, "confirmed");
}

static void directories_of_others_are_refused(void **state)
{
    struct place *p = *state;
    struct fw_places places;
    struct fw_error error;

    assert_int_equal(chmod(p->places.run, 0770), 0);
    assert_int_equal(fw_places_open(&p->config, false, &places, &error), -EPERM);
    assert_non_null(strstr(error.text, p->places.run));
    assert_int_equal(rmdir(p->places.run), 0);
    assert_int_equal(symlink("/tmp", p->places.run), 0);
    assert_int_equal(fw_places_open(&p->config, false, &places, &error), -EPERM);
}

static void one_at_a_time(void **state)
{
    struct place *p = *state;
    struct fw_places first, second;
    struct fw_error error;

    assert_int_equal(fw_places_open(&p->config, true, &first, &error), 0);
    fw_places_close(&first);
    assert_int_equal(fw_places_open(&p->config, true, &second, &error), 0);
    fw_places_close(&second);
}

static void differences(void **state)
{
    static const struct {
        const char *old, *fresh, *out;
    } cases[] = {
        {"", "", ""},
        {"a\nb\n", "a\nb\n", ""},
        {"", "a\n", "+ a\n"},
        {"a\nb\nc\n", "a\nc\n", "- b\n"},
        {"a\nb\nc\n", "a\nx\nc\nd\n", "- b\n+ x\n+ d\n"},
        {"a\nb", "b\na", "- a\n+ a\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[256] = "";
        FILE *f = fmemopen(out, sizeof(out), "w");
        assert_int_equal(fw_difference(cases[i].old, cases[i].fresh, f), 0);
        fclose(f);
        assert_string_equal(out, cases[i].out);
    }
}

static void listings(void **state)
{
    static const char nft[] = "table inet pptpban_fw {\n\tchain input {\n"
                              "\t\tiif \"lo\" counter packets 3 bytes 200 accept comment \"loopback\"\n"
                              "\t\tcounter packets 1 bytes 60 drop comment \"gre-unsolicited\"\n\t}\n\tchain revision {\n"
                              "\t\tcounter packets 0 bytes 0 comment \"" FW_REVISION_COMMENT "0123456789abcdef\"\n\t}\n}\n";
    static const char ipt[] = "[5:500] -A PPTPBAN-IN -i lo -m comment --comment loopback -j ACCEPT\n"
                              "[7:70] -A PPTPBAN-IN -i lo -m comment --comment \"loopback\" -j ACCEPT\n";
    static char both[] = "comment \"loopback\"\ncomment \"gre-unsolicited\"\n";
    static char other[] = "comment \"loopback\"\ncomment \"control-new\"\n";
    struct fw_ruleset rs = {.part = {both}};
    struct fw_counter counters[8];
    char revision[FW_REVISION_LEN + 1], missing[64];

    (void)state;
    fw_revision_of(nft, revision);
    assert_string_equal(revision, "0123456789abcdef");
    fw_revision_of("", revision);
    assert_string_equal(revision, "");
    assert_int_equal(fw_counters_of(nft, counters, 8), 2); // the revision counts nothing
    assert_string_equal(counters[0].id, "loopback");
    assert_true(counters[0].packets == 3 && counters[0].bytes == 200 && counters[1].packets == 1);
    assert_int_equal(fw_counters_of(ipt, counters, 8), 1);
    assert_true(counters[0].packets == 12 && counters[0].bytes == 570);
    assert_int_equal(fw_counters_of(nft, counters, 1), 1);
    assert_true(fw_listing_complete(&rs, nft, missing));
    rs.part[FW_PART_NFT] = other;
    assert_false(fw_listing_complete(&rs, nft, missing));
    assert_string_equal(missing, "control-new");
}

static const char *const script =
    "#!/usr/sbin/nft -f\n"
    "add table inet pptpban_fw\n"
    "add set inet pptpban_fw admin4 { type ipv4_addr; size 513; flags interval,timeout; }\n"
    "add set inet pptpban_fw allow4 { type ipv4_addr; flags interval; }\n"
    "add set inet pptpban_fw rate4 { type ipv4_addr; size 65536; flags dynamic,timeout; }\n"
    "add set inet pptpban_fw allow6 { type ipv6_addr; flags interval; }\n"
    "add set inet pptpban_fw times { typeof meta time; flags interval; }\n"
    "flush set inet pptpban_fw allow4\n"
    "add element inet pptpban_fw allow4 {\n    192.0.2.0/24,\n    198.51.100.7\n}\n"
    "flush set inet pptpban_fw rate4\n"
    "flush set inet pptpban_fw allow6\n"
    "flush set inet pptpban_fw times\n"
    "add element inet pptpban_fw times {\n    1-2 # a day\n}\n";

static void a_script_is_taken_apart(void **state)
{
    struct fw_script s;
    char *rest, bad[2048];

    (void)state;
    assert_int_equal(fw_script_read(script, &s), 0);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.sets[0].name, "allow4");
    assert_true(s.sets[0].v4 && s.sets[0].networks.n == 2 && s.sets[0].networks.v[1].len == 128);
    assert_true(s.sets[0].lines == strstr(script, "flush set") && s.sets[0].lines[s.sets[0].size - 2] == '}');
    assert_true(!s.sets[1].v4 && s.sets[1].networks.n == 0);
    // what is left is the script without these lines
    assert_true((rest = strstr(s.rest, "flush set")) && strncmp(script, s.rest, (size_t)(rest - s.rest)) == 0);
    assert_string_equal(rest, "flush set inet pptpban_fw rate4\nflush set inet pptpban_fw times\n"
                              "add element inet pptpban_fw times {\n    1-2 # a day\n}\n");
    fw_script_free(&s);

    // cut off in the list, a network that is none, a set twice, a set that nothing is said of
    snprintf(bad, sizeof(bad), "%.*s", (int)(strstr(script, "    198") - script), script);
    assert_int_equal(fw_script_read(bad, &s), -EBADMSG);
    snprintf(bad, sizeof(bad), "%s", script);
    memcpy(strstr(bad, "198.51.100.7"), "198.51.100.x", 12);
    assert_int_equal(fw_script_read(bad, &s), -EBADMSG);
    snprintf(bad, sizeof(bad), "%sflush set inet pptpban_fw allow4\n", script);
    assert_int_equal(fw_script_read(bad, &s), -EBADMSG);
    snprintf(bad, sizeof(bad), "%.*s", (int)(strstr(script, "flush set") - script), script);
    assert_int_equal(fw_script_read(bad, &s), -EBADMSG);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_ruleset_is_read_as_it_was_written), IN_PLACE(a_change_waits),
        IN_PLACE(directories_of_others_are_refused),   IN_PLACE(one_at_a_time),
        cmocka_unit_test(differences),                 cmocka_unit_test(listings),
        cmocka_unit_test(a_script_is_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
