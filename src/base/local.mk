# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/addr.c src/base/addr.h src/base/prefix.c \
	src/base/class.c src/base/class.h \
	src/base/clock.c src/base/clock.h \
	src/base/country.h \
	src/base/file.c src/base/file.h \
	src/base/hash.c src/base/hash.h \
	src/base/inifile.c src/base/inifile.h \
	src/base/journal.c src/base/journal.h \
	src/base/literals.c src/base/literals.h \
	src/base/log.c src/base/log.h \
	src/base/paths.h \
	src/base/nearest.c src/base/nearest.h \
	src/base/news.c src/base/news.h \
	src/base/notify.c src/base/notify.h \
	src/base/process.c src/base/process.h \
	src/base/str.c src/base/str.h \
	src/base/text.c src/base/text.h \
	src/base/week.c src/base/week.h

check_PROGRAMS += test_base
test_base_SOURCES = tests/unit/test_base.c
test_base_LDADD = libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += test_literals
test_literals_SOURCES = tests/unit/test_literals.c
test_literals_LDADD = libbase.a $(CMOCKA_LIBS)
