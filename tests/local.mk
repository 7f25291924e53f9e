# SPDX-License-Identifier: GPL-2.0-or-later
# Tests that are more than one room's units: the machine (tests/vm/run) and the benchmark (make bench).

# Built by make bench alone.
bench_tools = bench-bare-loop bench-flood bench-gate-literals bench-gen-log bench-kset-count bench-latency bench-memory-address
EXTRA_PROGRAMS = $(bench_tools)
CLEANFILES += $(bench_tools)

bench_bare_loop_SOURCES = tests/bench/bare-loop.c
bench_bare_loop_LDADD = $(PCRE2_LIBS)
bench_flood_SOURCES = tests/bench/flood.c
bench_gate_literals_SOURCES = tests/bench/gate-literals.c
bench_gate_literals_LDADD = libfilter.a libbase.a $(PCRE2_LIBS)
bench_gen_log_SOURCES = tests/bench/gen-log.c
bench_kset_count_SOURCES = tests/bench/kset-count.c tests/bench/kset.c tests/bench/kset.h
bench_kset_count_LDADD = $(MNL_LIBS)
bench_latency_SOURCES = tests/bench/latency.c tests/bench/kset.c tests/bench/kset.h
bench_latency_LDADD = $(MNL_LIBS)
bench_memory_address_SOURCES = tests/bench/memory.c
bench_memory_address_LDADD = libpolicy.a libbase.a -lm

# BENCH="replay restart" runs these alone; BENCH_JSON=FILE; the other knobs are in tests/bench/bench-*.
bench: all $(bench_tools)
	PB_BUILD='$(abs_builddir)' PB_SRC='$(abs_srcdir)' $(srcdir)/tests/bench/run $(BENCH)
.PHONY: bench

# The order of the rooms of src/; manual pages and completions against the programs.
unit_scripts = \
	tests/unit/colours.sh \
	tests/unit/completion.sh tests/unit/contributing.sh tests/unit/differences.sh \
	tests/unit/import.sh \
	tests/unit/layers.sh \
	tests/unit/lists.sh \
	tests/unit/replay-dates.sh \
	tests/unit/report.sh \
	tests/unit/simulate.sh \
	tests/unit/stats.sh \
	tests/unit/spread.sh \
	tests/unit/top.sh \
	tests/unit/threshold.sh \
	tests/unit/typo.sh \
	tests/unit/verbs.sh \
	tests/unit/walk.sh \
	tests/unit/workbench.sh
check_SCRIPTS += $(unit_scripts)
EXTRA_DIST += $(unit_scripts) tests/unit/countries.pl tests/unit/lists.py tests/unit/colours.py tests/unit/top.py tools/terminal-svg tools/pictures docs/demo.svg docs/top.svg tests/import tools/check-layers tools/check tools/packages.sh tools/run tools/make-completions tools/check-packaging tools/package .ci/run

# The programs as if an attacker ran his code in them, for tests/system/privilege.sh alone; never installed. The same
# objects, and one that obeys.
takeover_wraps = -Wl,--wrap=syscall,--wrap=prctl,--wrap=seccomp_load,--wrap=setgroups,--wrap=setresgid,--wrap=setresuid \
	-Wl,--wrap=setuid,--wrap=capng_apply,--wrap=capng_change_id,--wrap=state_open,--wrap=inputs_open,--wrap=channel_send
noinst_PROGRAMS += takeover-watcher takeover-enforcer takeover-hookguard takeover-connguard takeover-notify takeover-launcher
takeover_watcher_SOURCES = $(pptpban_watcher_SOURCES) tests/system/takeover.c
takeover_watcher_LDADD = $(pptpban_watcher_LDADD)
takeover_watcher_LDFLAGS = $(takeover_wraps)
takeover_enforcer_SOURCES = $(pptpban_enforcer_SOURCES) tests/system/takeover.c
takeover_enforcer_LDADD = $(pptpban_enforcer_LDADD)
takeover_enforcer_LDFLAGS = $(takeover_wraps)
takeover_hookguard_SOURCES = $(pptpban_hookguard_SOURCES) tests/system/takeover.c
takeover_hookguard_LDADD = $(pptpban_hookguard_LDADD)
takeover_hookguard_LDFLAGS = $(takeover_wraps)
takeover_notify_SOURCES = $(pptpban_notify_SOURCES) tests/system/takeover.c
takeover_notify_LDADD = $(pptpban_notify_LDADD)
takeover_notify_LDFLAGS = $(takeover_wraps)
takeover_connguard_SOURCES = $(pptpban_connguard_SOURCES) tests/system/takeover.c
takeover_connguard_LDADD = $(pptpban_connguard_LDADD)
takeover_connguard_LDFLAGS = $(takeover_wraps)
takeover_launcher_SOURCES = $(pptpband_SOURCES) tests/system/takeover.c
takeover_launcher_LDADD = $(pptpband_LDADD)
takeover_launcher_LDFLAGS = $(takeover_wraps)

# As root, against the real kernel: make check-system. tools/check does it all.
EXTRA_DIST += tests/skips tests/system tests/tools docs/sources.md
check-system: all
	PB_BUILD='$(abs_builddir)' PB_SRC='$(abs_srcdir)' '$(srcdir)/tests/system/run'
.PHONY: check-system

# clang's libFuzzer: FUZZ_SECONDS=60 of each of FUZZ_TARGETS (all), kept in FUZZ_DIR; tests/fuzz/README.md.
fuzz:
	PB_BUILD='$(abs_builddir)' FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_TARGETS='$(FUZZ_TARGETS)' FUZZ_DIR='$(FUZZ_DIR)' \
		'$(srcdir)/tests/fuzz/run'
.PHONY: fuzz

# Units and system tests with sanitizers, units and the service under valgrind; each says in its head what it takes.
sanitize:
	'$(srcdir)/tools/sanitize'
valgrind: all
	PB_BUILD='$(abs_builddir)' '$(srcdir)/tools/valgrind'
.PHONY: sanitize valgrind
EXTRA_DIST += tests/sanitize tools/sanitize tools/valgrind tools/valgrind.supp
# Hundreds of faults of each kind, half an hour; SEED=N repeats a run. A short part of it is in make check-system.
faults: all
	PB_BUILD='$(abs_builddir)' PB_SRC='$(abs_srcdir)' '$(srcdir)/tests/system/faults.sh' long $(SEED)
.PHONY: faults

EXTRA_DIST += tests/captures tests/fuzz tests/package tests/replay tests/vm debian packaging \
	tests/bench/README.md tests/bench/bench-bans tests/bench/bench-flood tests/bench/bench-foreign tests/bench/bench-latency tests/bench/bench-memory tests/bench/bench-peers \
	tests/bench/bench-replay tests/bench/bench-restart tests/bench/lib.sh tests/bench/run

# A directory in EXTRA_DIST is copied from the build tree too, with what was built and logged there.
dist-hook:
	find $(distdir)/tests \( -name '*.o' -o -name .dirstamp -o -name __pycache__ -o -name .deps -o -path '*/system/*.log' -o -path '*/system/*.line' -o -path '*/system/*.result' -o -name '*.trs' \) \
		-prune -exec rm -rf {} +
