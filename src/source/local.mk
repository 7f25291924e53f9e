# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libsource.a
libsource_a_SOURCES = \
	src/source/entry.c src/source/entry.h \
	src/source/feed.c src/source/feed.h \
	src/source/header.c src/source/header.h \
	src/source/impl.h \
	src/source/input.c src/source/input.h \
	src/source/journal.c \
	src/source/record.h \
	src/source/replay.c src/source/replay.h \
	src/source/source.h \
	src/source/stamp.c src/source/stamp.h \
	src/source/walk.c src/source/walk.h

check_PROGRAMS += test_header test_replay
test_header_SOURCES = tests/unit/test_header.c
test_header_LDADD = libsource.a libbase.a $(CMOCKA_LIBS)
test_replay_SOURCES = tests/unit/test_replay.c
test_replay_LDADD = libsource.a libbase.a $(ARCHIVE_LIBS) $(CMOCKA_LIBS)
