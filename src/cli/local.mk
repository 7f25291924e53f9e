# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += pptpban
pptpban_SOURCES = \
	src/cli/main.c \
	src/cli/args.c src/cli/args.h \
	src/cli/action.c \
	src/cli/audit.c \
	src/cli/ban.c \
	src/cli/check.c \
	src/cli/clean.c src/cli/clean.h \
	src/cli/client.c src/cli/client.h \
	src/cli/compile_limits.c \
	src/cli/connected.c src/cli/connected.h src/cli/connected_look.c \
	src/cli/doctor.c src/cli/doctor.h src/cli/doctor_fix.c \
	src/cli/exit.h \
	src/cli/figures.c src/cli/figures.h \
	src/cli/firewall.c src/cli/firewall.h \
	src/cli/firewall_change.c \
	src/cli/firewall_keep.c \
	src/cli/firewall_countries.c \
	src/cli/firewall_show.c \
	src/cli/firewall_status.c \
	src/cli/help.c \
	src/cli/list.c \
	src/cli/listing.c src/cli/listing.h \
	src/cli/output.c src/cli/output.h \
	src/cli/kick.c \
	src/cli/jsonl.c src/cli/jsonl.h \
	src/cli/logs.c src/cli/logs.h \
	src/cli/metrics.c \
	src/cli/metrics_text.c src/cli/metrics_text.h \
	src/cli/reload.c \
	src/cli/replay.c \
	src/cli/report.c \
	src/cli/sessions.c \
	src/cli/simulate.c \
	src/cli/stats.c \
	src/cli/status.c \
	src/cli/unban.c \
	src/cli/unhook.c \
	src/cli/users.c \
	src/cli/verbs.c src/cli/verbs.h \
	src/cli/why.c src/cli/why.h
pptpban_LDADD = libreport.a libaudit.a libfirewall.a libenforcer.a libdaemon.a libenforce.a libengine.a libsession.a libpolicy.a libfilter.a libsource.a libhost.a libconfig.a libbase.a \
	$(PCRE2_LIBS) $(ARCHIVE_LIBS) $(SYSTEMD_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) \
	$(NFTABLES_LIBS) $(IPSET_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(MAXMINDDB_LIBS) $(NCURSES_LIBS) -lm

check_PROGRAMS += test_output
test_output_SOURCES = tests/unit/test_output.c src/cli/args.c src/cli/jsonl.c src/cli/output.c
test_output_LDADD = libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += test_connected
test_connected_SOURCES = tests/unit/test_connected.c src/cli/connected.c src/cli/listing.c
test_connected_LDADD = libconfig.a libhost.a libbase.a $(JANSSON_LIBS) $(MAXMINDDB_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS) -lm
