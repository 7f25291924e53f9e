# SPDX-License-Identifier: GPL-2.0-or-later
# The watcher's side; libseccomp for the sandbox, libsystemd for the line.
noinst_LIBRARIES += libenforce.a
libenforce_a_SOURCES = \
	src/enforce/protocol.h \
	src/enforce/link.c src/enforce/link.h \
	src/enforce/connstats.c src/enforce/connstats.h \
	src/enforce/limits.c src/enforce/limits.h src/enforce/limits_file.h src/enforce/limits_write.c \
	src/enforce/sandbox.c src/enforce/sandbox.h src/enforce/sandbox_files.c src/enforce/sandbox_watcher.c

# The enforcer and its guard: base and this room only. What the enforcer itself may link is counted (enforcer-size.sh).
noinst_LIBRARIES += libenforcer.a
libenforcer_a_SOURCES = \
	src/enforce/core.c src/enforce/core.h \
	src/enforce/pair.h \
	src/enforce/judge.c src/enforce/judge.h \
	src/enforce/held.c src/enforce/held.h \
	src/enforce/sets.c src/enforce/sets.h src/enforce/sets_ipset.c src/enforce/sets_nft.c \
	src/enforce/confine.c src/enforce/confine.h \
	src/enforce/nfnl.c src/enforce/nfnl.h src/enforce/nfnl_rule.c \
	src/enforce/keeper.c src/enforce/keeper.h \
	src/enforce/hook.h src/enforce/hook_ipset.c src/enforce/hook_nft.c src/enforce/hook_none.c \
	src/enforce/list.c src/enforce/list.h src/enforce/list_ipset.c src/enforce/list_nft.c \
	src/enforce/footprint.c src/enforce/footprint.h \
	src/enforce/guard.c src/enforce/guard.h \
	src/enforce/hold.c src/enforce/hold.h \
	src/enforce/legacy.c src/enforce/legacy.h \
	src/enforce/own.c src/enforce/own.h \
	src/enforce/cut.c src/enforce/cut.h \
	src/enforce/sockets.c src/enforce/sockets.h \
	src/enforce/ruleset_lost.c src/enforce/ruleset_lost.h \
	src/enforce/start.c src/enforce/start.h

pkglibexec_PROGRAMS += pptpban-enforcer pptpban-hookguard
pptpban_enforcer_SOURCES = src/enforce/enforcer.c
pptpban_enforcer_LDFLAGS = $(AM_LDFLAGS) -Wl,-Map=pptpban-enforcer.map
CLEANFILES += pptpban-enforcer.map
check_SCRIPTS += tests/unit/enforcer-size.sh
EXTRA_DIST += tests/unit/enforcer-size.sh
pptpban_enforcer_LDADD = libenforcer.a libenforce.a libbase.a $(MNL_LIBS) $(SECCOMP_LIBS)
pptpban_hookguard_SOURCES = src/enforce/hookguard.c
pptpban_hookguard_LDADD = libenforcer.a libenforce.a libbase.a \
	$(IPSET_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(CAPNG_LIBS) $(SECCOMP_LIBS)

# For kernels without nf_tables; by hand.
dist_pkglibexec_SCRIPTS = etc/pptpban-legacy-hook

# tests/system drives the enforcer with this
noinst_PROGRAMS += enforce-drive
enforce_drive_SOURCES = tests/system/enforce-drive.c
enforce_drive_LDADD = libenforce.a libbase.a $(SYSTEMD_LIBS) $(SECCOMP_LIBS)

check_PROGRAMS += test_enforce test_hookguard
test_enforce_SOURCES = tests/unit/test_enforce.c
test_enforce_LDADD = libenforcer.a libenforce.a libbase.a $(MNL_LIBS) $(CMOCKA_LIBS)
test_hookguard_SOURCES = tests/unit/test_hookguard.c
test_hookguard_LDADD = libenforcer.a libenforce.a libbase.a $(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_sandbox
test_sandbox_SOURCES = tests/unit/test_sandbox.c
test_sandbox_LDADD = libenforce.a libbase.a $(SECCOMP_LIBS) $(SQLITE_LIBS) $(CMOCKA_LIBS)
