# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libaudit.a
libaudit_a_SOURCES = \
	src/audit/accel.c src/audit/accel.h \
	src/audit/audit.c src/audit/audit.h \
	src/audit/beneath.c src/audit/beneath.h \
	src/audit/check_accel.c \
	src/audit/check_firewall.c \
	src/audit/check_logs.c \
	src/audit/check_machine.c \
	src/audit/check_pppd.c \
	src/audit/check_pptpd.c \
	src/audit/check_secrets.c \
	src/audit/check_versions.c \
	src/audit/checks.h \
	src/audit/facts.c src/audit/facts.h \
	src/audit/findings.c src/audit/findings.h \
	src/audit/journald.c \
	src/audit/kernel_rules.c src/audit/kernel_rules.h \
	src/audit/pppd.c src/audit/pppd.h \
	src/audit/pppd_names.c src/audit/pppd_names.h \
	src/audit/pptpd.c src/audit/pptpd.h \
	src/audit/reach.c src/audit/reach.h \
	src/audit/root.c \
	src/audit/ruleset.c src/audit/ruleset.h src/audit/ruleset_nft.c src/audit/ruleset_save.c \
	src/audit/secrets.c src/audit/secrets.h \
	src/audit/syslogd.c src/audit/syslogd.h \
	src/audit/versions.c src/audit/versions.h \
	src/audit/view.c src/audit/view.h \
	src/audit/words.c src/audit/words.h

check_PROGRAMS += test_audit
test_audit_SOURCES = tests/unit/test_audit.c tests/unit/audit/mutants.inc
test_audit_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit
test_audit_LDADD = libaudit.a libfirewall.a libhost.a libconfig.a libbase.a $(JANSSON_LIBS) $(NFTABLES_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/unit/audit

check_PROGRAMS += test_beneath
test_beneath_SOURCES = tests/unit/test_beneath.c
test_beneath_LDADD = libaudit.a libbase.a $(CMOCKA_LIBS)
