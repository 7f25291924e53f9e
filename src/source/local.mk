# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libsource.a
libsource_a_SOURCES = \
	src/source/header.c src/source/header.h \
	src/source/record.h \
	src/source/replay.h \
	src/source/source.h \
	src/source/stamp.c src/source/stamp.h

check_PROGRAMS += test_header
test_header_SOURCES = tests/unit/test_header.c
test_header_LDADD = libsource.a libbase.a $(CMOCKA_LIBS)
