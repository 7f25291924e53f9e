# SPDX-License-Identifier: GPL-2.0-or-later
pptpban_SOURCES += \
	src/import/import.h \
	src/import/apply.c \
	src/import/bans.c src/import/bans.h \
	src/import/fail2ban.c \
	src/import/filter.c \
	src/import/jails.c src/import/jails.h \
	src/import/longer.c \
	src/import/options.c src/import/options.h \
	src/import/plan.c \
	src/import/show.c \
	src/import/value.c src/import/value.h \
	src/import/write.c

check_PROGRAMS += test_import
test_import_SOURCES = tests/unit/test_import.c src/import/value.c
test_import_LDADD = libbase.a $(CMOCKA_LIBS) -lm
