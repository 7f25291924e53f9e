# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed beside the programs: configuration, filters, units, users and directories.
pkgsysconfdir = $(sysconfdir)/pptpban
filtersdir = $(pkgdatadir)/filters
dist_filters_DATA = filters/accel-ppp.conf \
	filters/freeradius.conf \
	filters/mikrotik.conf \
	filters/mpd5.conf \
	filters/pptpban-firewall.conf \
	filters/pptpd.conf \
	filters/recidive.conf \
	filters/softether.conf \
	filters/suricata-eve.conf \
	filters/suricata-fast.conf \
	filters/xl2tpd.conf
actionsdir = $(pkgdatadir)/actions
dist_actions_DATA = actions/abuseipdb.conf actions/exec.conf actions/feed.conf actions/mail.conf actions/syslog.conf \
	actions/webhook.conf

made_units = etc/pptpban.service etc/pptpban-enforcer.service etc/pptpban-connguard.service \
	etc/pptpban-firewall.service etc/pptpban-firewall-refresh.service etc/pptpban-metrics.service \
	etc/pptpban-notify.service
plain_units = etc/pptpban-firewall.path etc/pptpban-firewall-refresh.timer etc/pptpban-metrics.timer \
	etc/pptpban-notify.socket
if INSTALL_UNITS
systemdsystemunit_DATA = $(made_units) $(plain_units)
endif
if INSTALL_SYSUSERS
sysusers_DATA = etc/sysusers.d/pptpban.conf
endif
if INSTALL_TMPFILES
tmpfiles_DATA = etc/tmpfiles.d/pptpban.conf
endif
if INSTALL_CATALOG
catalog_DATA = etc/pptpban.catalog
endif
EXTRA_DIST += etc/pptpban.catalog $(made_units:=.in) $(plain_units) etc/sysusers.d/pptpban.conf etc/tmpfiles.d/pptpban.conf
CLEANFILES += $(made_units)

SUFFIXES = .service.in .service
.service.in.service:
	$(AM_V_GEN)$(MKDIR_P) etc && $(SED) -e 's|@bindir[@]|$(bindir)|' -e 's|@sbindir[@]|$(sbindir)|' \
		-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' $< >$@.tmp && mv $@.tmp $@
$(made_units): Makefile
dist_pkgdata_DATA = etc/grafana-dashboard.json

# Written by tools/make-completions from what pptpban tells of itself; "make completions" writes them anew.
bashcompletiondir = $(datadir)/bash-completion/completions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = completions/_pptpban
dist_fishcompletion_DATA = completions/pptpban.fish
EXTRA_DIST += completions/pptpban.bash
completions: pptpban
	$(srcdir)/tools/make-completions ./pptpban $(srcdir)/completions
.PHONY: completions

EXTRA_DIST += docs/stacks.md etc/pptpban.conf etc/demo/attack.syslog

# The administrator's configuration is never overwritten, and removed only while it is as shipped.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) '$(srcdir)/completions/pptpban.bash' '$(DESTDIR)$(bashcompletiondir)/pptpban'
	$(MKDIR_P) '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf.d' '$(DESTDIR)$(pkgsysconfdir)/filters.d' \
		'$(DESTDIR)$(pkgsysconfdir)/actions.d'
	test -e '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf' || \
		$(INSTALL_DATA) '$(srcdir)/etc/pptpban.conf' '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf'

uninstall-local:
	rm -f '$(DESTDIR)$(bashcompletiondir)/pptpban'
	if cmp -s '$(srcdir)/etc/pptpban.conf' '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf'; then \
		rm -f '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf'; fi
	rmdir '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf.d' \
		'$(DESTDIR)$(pkgsysconfdir)/filters.d' '$(DESTDIR)$(pkgsysconfdir)/actions.d' '$(DESTDIR)$(pkgsysconfdir)' 2>/dev/null || :

# Our own directories go too; by then automake has taken out the files.
uninstall-hook:
	for dir in '$(filtersdir)' '$(actionsdir)' '$(pkgdatadir)' '$(pkglibexecdir)' '$(docdir)'; do \
		rmdir "$(DESTDIR)$$dir" 2>/dev/null || :; done

# What was installed runs from where it was installed: make installcheck, and part of make distcheck.
installcheck-local:
	bindir='$(DESTDIR)$(bindir)' sbindir='$(DESTDIR)$(sbindir)' pkglibexecdir='$(DESTDIR)$(pkglibexecdir)' \
		pkgdatadir='$(DESTDIR)$(pkgdatadir)' pkgsysconfdir='$(DESTDIR)$(pkgsysconfdir)' \
		'$(srcdir)/tests/installcheck' '$(srcdir)/etc/demo/attack.syslog'
EXTRA_DIST += tests/installcheck
