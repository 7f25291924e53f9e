# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libaction.a
libaction_a_SOURCES = \
	src/action/action.c src/action/action.h \
	src/action/deliver.c src/action/deliver.h src/action/deliver_curl.c \
	src/action/event.c src/action/event.h \
	src/action/feed.c src/action/feed.h \
	src/action/message.c src/action/message.h \
	src/action/queue.c src/action/queue.h
libaction_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS)

pkglibexec_PROGRAMS += pptpban-notify
pptpban_notify_SOURCES = src/action/notify.c
pptpban_notify_LDADD = libaction.a libpolicy.a libbase.a $(JANSSON_LIBS) $(CURL_LIBS) $(SYSTEMD_LIBS)

check_PROGRAMS += test_action
test_action_SOURCES = tests/unit/test_action.c
test_action_LDADD = libaction.a libpolicy.a libbase.a $(JANSSON_LIBS) $(CURL_LIBS) $(CMOCKA_LIBS)
