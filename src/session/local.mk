# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libsession.a
libsession_a_SOURCES = \
	src/session/bind.c src/session/bind.h \
	src/session/lives.c src/session/lives.h \
	src/session/session.c src/session/session.h \
	src/session/settle.c src/session/settle.h

check_PROGRAMS += test_session
test_session_SOURCES = tests/unit/test_session.c
test_session_LDADD = libsession.a libbase.a $(CMOCKA_LIBS)
