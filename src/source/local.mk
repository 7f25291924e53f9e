# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libsource.a
libsource_a_SOURCES = \
	src/source/entry.c src/source/entry.h \
	src/source/feed.c src/source/feed.h \
	src/source/header.c src/source/header.h \
	src/source/impl.h \
	src/source/input.c src/source/input.h \
	src/source/journal.c \
	src/source/lane.c src/source/lane.h src/source/lane_room.h \
	src/source/lane_missed.c src/source/lane_tails.c \
	src/source/logfile.c \
	src/source/mark.c src/source/mark.h \
	src/source/record.h \
	src/source/replay.c src/source/replay.h \
	src/source/rotation.c src/source/rotation.h \
	src/source/source.c src/source/source.h \
	src/source/stamp.c src/source/stamp.h \
	src/source/tail.c src/source/tail.h \
	src/source/walk.c src/source/walk.h \
	src/source/watch.c src/source/watch.h

check_PROGRAMS += test_header test_lane test_replay
test_header_SOURCES = tests/unit/test_header.c
test_header_LDADD = libsource.a libbase.a $(CMOCKA_LIBS)
test_lane_SOURCES = tests/unit/test_lane.c
test_lane_LDADD = libsource.a libbase.a $(ARCHIVE_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
test_replay_SOURCES = tests/unit/test_replay.c
# their allocations can be made to fail
test_replay_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
test_replay_LDADD = libsource.a libbase.a $(ARCHIVE_LIBS) $(CMOCKA_LIBS)

# for system tests
noinst_PROGRAMS += source-dump
source_dump_SOURCES = tests/system/source-dump.c
source_dump_LDADD = libsource.a libbase.a $(SYSTEMD_LIBS) $(ARCHIVE_LIBS)
