# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libdaemon.a
libdaemon_a_SOURCES = \
	src/daemon/muting.c src/daemon/muting.h \
	src/daemon/request.c src/daemon/request.h \
	src/daemon/state.c src/daemon/state.h \
	src/daemon/state_file.c src/daemon/state_file.h \
	src/daemon/text.c src/daemon/text.h

check_PROGRAMS += test_request test_state
test_request_SOURCES = tests/unit/test_request.c
test_request_LDADD = libdaemon.a libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
test_state_SOURCES = tests/unit/test_state.c
test_state_LDADD = libdaemon.a libbase.a $(SQLITE_LIBS) $(CMOCKA_LIBS)
