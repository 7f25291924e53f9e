# SPDX-License-Identifier: GPL-2.0-or-later
# The watcher's side; libseccomp for the sandbox, libsystemd for the line.
noinst_LIBRARIES += libenforce.a
libenforce_a_SOURCES = \
	src/enforce/protocol.h \
	src/enforce/link.c src/enforce/link.h \
	src/enforce/connstats.c src/enforce/connstats.h \
	src/enforce/limits.c src/enforce/limits.h src/enforce/limits_file.h src/enforce/limits_write.c \
	src/enforce/sandbox.c src/enforce/sandbox.h src/enforce/sandbox_watcher.c

# The enforcer: base and this room only.
noinst_LIBRARIES += libenforcer.a
libenforcer_a_SOURCES = \
	src/enforce/core.c src/enforce/core.h \
	src/enforce/judge.c src/enforce/judge.h \
	src/enforce/held.c src/enforce/held.h \
	src/enforce/own.c src/enforce/own.h \
	src/enforce/confine.c src/enforce/confine.h \
	src/enforce/sockets.c src/enforce/sockets.h \
	src/enforce/guard.c src/enforce/guard.h \
	src/enforce/hold.c src/enforce/hold.h \
	src/enforce/footprint.c src/enforce/footprint.h \
	src/enforce/ruleset_lost.c src/enforce/ruleset_lost.h \
	src/enforce/nfnl.c src/enforce/nfnl.h \
	src/enforce/backend.h src/enforce/ipset.c src/enforce/nftables.c src/enforce/none.c

pkglibexec_PROGRAMS += pptpban-enforcer
pptpban_enforcer_SOURCES = src/enforce/enforcer.c
pptpban_enforcer_LDADD = libenforcer.a libenforce.a libbase.a \
	$(IPSET_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(CAPNG_LIBS) $(SECCOMP_LIBS)

# For kernels without nf_tables; by hand.
dist_pkglibexec_SCRIPTS = etc/pptpban-legacy-hook

# tests/system drives the enforcer with this
noinst_PROGRAMS += enforce-drive
enforce_drive_SOURCES = tests/system/enforce-drive.c
enforce_drive_LDADD = libenforce.a libbase.a $(SYSTEMD_LIBS) $(SECCOMP_LIBS)

check_PROGRAMS += test_enforce
test_enforce_SOURCES = tests/unit/test_enforce.c
test_enforce_LDADD = libenforcer.a libenforce.a libbase.a $(IPSET_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_sandbox
test_sandbox_SOURCES = tests/unit/test_sandbox.c
test_sandbox_LDADD = libenforce.a libbase.a $(SECCOMP_LIBS) $(SQLITE_LIBS) $(CMOCKA_LIBS)
