# SPDX-License-Identifier: GPL-2.0-or-later
# The guard of silent connections: base, the enforcer's helpers and this room only.
noinst_LIBRARIES += libconnguard.a
libconnguard_a_SOURCES = \
	src/connguard/report.c src/connguard/report.h \
	src/connguard/silent.c src/connguard/silent.h \
	src/connguard/tripwire.c src/connguard/tripwire.h

pkglibexec_PROGRAMS += pptpban-connguard
pptpban_connguard_SOURCES = src/connguard/connguard.c
pptpban_connguard_LDADD = libconnguard.a libenforcer.a libenforce.a libbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(CAPNG_LIBS) $(SECCOMP_LIBS)

check_PROGRAMS += test_connguard
test_connguard_SOURCES = tests/unit/test_connguard.c
test_connguard_LDADD = libconnguard.a libenforcer.a libenforce.a libbase.a $(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
