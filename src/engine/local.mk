# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libengine.a
libengine_a_SOURCES = \
	src/engine/aggregate.c \
	src/engine/asked.c \
	src/engine/engine.c src/engine/engine.h \
	src/engine/evidence.c src/engine/evidence.h \
	src/engine/history.c src/engine/history.h \
	src/engine/judge.c src/engine/private.h \
	src/engine/procfs.c src/engine/procfs.h \
	src/engine/spray.c \
	src/engine/standing.c src/engine/standing.h \
	src/engine/units.c src/engine/units.h

check_PROGRAMS += test_engine
test_engine_SOURCES = tests/unit/test_engine.c
test_engine_LDADD = libengine.a libsession.a libpolicy.a libfilter.a libhost.a libconfig.a libbase.a \
	$(PCRE2_LIBS) $(MAXMINDDB_LIBS) $(CMOCKA_LIBS) -lm

check_PROGRAMS += test_spread
test_spread_SOURCES = tests/unit/test_spread.c
test_spread_LDADD = libengine.a libsession.a libpolicy.a libfilter.a libhost.a libconfig.a libbase.a \
	$(PCRE2_LIBS) $(MAXMINDDB_LIBS) $(CMOCKA_LIBS) -lm
