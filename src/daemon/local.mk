# SPDX-License-Identifier: GPL-2.0-or-later
# What reads the logs.
noinst_LIBRARIES += libdaemon.a
libdaemon_a_SOURCES = \
	src/daemon/aggregate.c src/daemon/aggregate.h \
	src/daemon/announce.c src/daemon/announce.h \
	src/daemon/answers.c src/daemon/answers.h src/daemon/answers_room.h \
	src/daemon/answers_ban.c src/daemon/answers_list.c src/daemon/answers_rows.c src/daemon/answers_sessions.c src/daemon/answers_status.c src/daemon/answers_why.c \
	src/daemon/channel.c src/daemon/channel.h \
	src/daemon/clock_watch.c src/daemon/clock_watch.h \
	src/daemon/control.c src/daemon/control.h \
	src/daemon/enact.c src/daemon/enact.h src/daemon/enact_room.h \
	src/daemon/enact_clock.c src/daemon/enact_enforcer.c \
	src/daemon/health.c src/daemon/health.h \
	src/daemon/inputs.c src/daemon/inputs.h \
	src/daemon/ledger.c src/daemon/ledger.h \
	src/daemon/limits_compile.c src/daemon/limits_compile.h \
	src/daemon/muting.c src/daemon/muting.h \
	src/daemon/options.c src/daemon/options.h \
	src/daemon/own.c src/daemon/own.h \
	src/daemon/privilege.c src/daemon/privilege.h \
	src/daemon/request.c src/daemon/request.h \
	src/daemon/say.c src/daemon/say.h \
	src/daemon/spare.c src/daemon/spare.h \
	src/daemon/state.c src/daemon/state.h \
	src/daemon/state_file.c src/daemon/state_file.h \
	src/daemon/state_known.c src/daemon/state_private.h \
	src/daemon/state_row.c src/daemon/state_row.h \
	src/daemon/state_sum.c src/daemon/state_sum.h \
	src/daemon/surges.c src/daemon/surges.h \
	src/daemon/tell.c src/daemon/tell.h \
	src/daemon/trim.c src/daemon/trim.h \
	src/daemon/users.c src/daemon/users.h \
	src/daemon/watcher.c src/daemon/watcher.h \
	src/daemon/service.h

sbin_PROGRAMS += pptpband
pptpband_SOURCES = src/daemon/main.c src/daemon/launcher.c src/daemon/launcher.h src/daemon/helper.c src/daemon/helper.h
pptpband_LDADD = libdaemon.a libenforce.a libbase.a

pkglibexec_PROGRAMS += pptpban-watcher
pptpban_watcher_SOURCES = src/daemon/watcher_main.c
pptpban_watcher_LDADD = libdaemon.a libenforce.a libengine.a libsession.a libpolicy.a libfilter.a libsource.a \
	libhost.a libconfig.a libbase.a $(PCRE2_LIBS) $(ARCHIVE_LIBS) $(SYSTEMD_LIBS) $(SQLITE_LIBS) $(JANSSON_LIBS) \
	$(CAPNG_LIBS) $(SECCOMP_LIBS) $(MAXMINDDB_LIBS) -lm

check_PROGRAMS += test_daemon test_request test_state
test_daemon_SOURCES = tests/unit/test_daemon.c
test_daemon_LDADD = libdaemon.a libenforce.a libconfig.a libpolicy.a libbase.a $(SYSTEMD_LIBS) $(JANSSON_LIBS) $(CAPNG_LIBS) $(SECCOMP_LIBS) $(CMOCKA_LIBS)
test_request_SOURCES = tests/unit/test_request.c
test_request_LDADD = libdaemon.a libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
test_state_SOURCES = tests/unit/test_state.c
test_state_LDADD = libdaemon.a libpolicy.a libbase.a $(SQLITE_LIBS) $(CMOCKA_LIBS)
