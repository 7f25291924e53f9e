# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libpolicy.a
libpolicy_a_SOURCES = \
	src/policy/accounts.c src/policy/accounts.h \
	src/policy/bans.c src/policy/bans.h \
	src/policy/guests.c src/policy/guests.h \
	src/policy/jail.c src/policy/jail.h \
	src/policy/logins.c src/policy/logins.h \
	src/policy/networks.c src/policy/networks.h \
	src/policy/surge.c src/policy/surge.h \
	src/policy/spray.c src/policy/spray.h \
	src/policy/tally.c src/policy/tally.h \
	src/policy/threshold.c src/policy/threshold.h

check_PROGRAMS += test_accounts
test_accounts_SOURCES = tests/unit/test_accounts.c
test_accounts_LDADD = libpolicy.a libbase.a $(CMOCKA_LIBS) -lm

check_PROGRAMS += test_policy
test_policy_SOURCES = tests/unit/test_policy.c
test_policy_LDADD = libpolicy.a libbase.a $(CMOCKA_LIBS) -lm

check_PROGRAMS += test_networks
test_networks_SOURCES = tests/unit/test_networks.c
test_networks_LDADD = libpolicy.a libbase.a $(CMOCKA_LIBS) -lm

check_PROGRAMS += test_threshold
test_threshold_SOURCES = tests/unit/test_threshold.c
test_threshold_LDADD = libpolicy.a libbase.a $(CMOCKA_LIBS) -lm

check_PROGRAMS += test_surge
test_surge_SOURCES = tests/unit/test_surge.c
test_surge_LDADD = libpolicy.a libbase.a $(CMOCKA_LIBS) -lm

check_PROGRAMS += test_spray
test_spray_SOURCES = tests/unit/test_spray.c
test_spray_LDADD = libpolicy.a libbase.a $(CMOCKA_LIBS) -lm
