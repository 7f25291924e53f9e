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

dist_sysusers_DATA = etc/sysusers.d/pptpban.conf
dist_tmpfiles_DATA = etc/tmpfiles.d/pptpban.conf
nodist_systemdsystemunit_DATA = etc/pptpban.service etc/pptpban-enforcer.service etc/pptpban-connguard.service \
	etc/pptpban-firewall.service etc/pptpban-firewall-refresh.service etc/pptpban-metrics.service
dist_systemdsystemunit_DATA = etc/pptpban-firewall.path etc/pptpban-firewall-refresh.timer etc/pptpban-metrics.timer
dist_pkgdata_DATA = etc/grafana-dashboard.json

# Written by tools/make-completions from what pptpban tells of itself; "make completions" writes them anew.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/vendor-completions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = completions/_pptpban
dist_fishcompletion_DATA = completions/pptpban.fish
EXTRA_DIST += completions/pptpban.bash
completions: pptpban
	$(srcdir)/tools/make-completions ./pptpban $(srcdir)/completions
.PHONY: completions

EXTRA_DIST += docs/stacks.md etc/pptpban.conf etc/demo/attack.syslog etc/pptpban.service.in etc/pptpban-enforcer.service.in \
	etc/pptpban-connguard.service.in etc/pptpban-firewall.service.in etc/pptpban-firewall-refresh.service.in \
	etc/pptpban-metrics.service.in
CLEANFILES += $(nodist_systemdsystemunit_DATA)

make_unit = $(AM_V_GEN)$(MKDIR_P) etc && $(SED) -e 's|@bindir[@]|$(bindir)|' -e 's|@sbindir[@]|$(sbindir)|' \
	-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|'
etc/pptpban.service: $(srcdir)/etc/pptpban.service.in Makefile
	$(make_unit) $(srcdir)/etc/pptpban.service.in >$@.tmp && mv $@.tmp $@
etc/pptpban-enforcer.service: $(srcdir)/etc/pptpban-enforcer.service.in Makefile
	$(make_unit) $(srcdir)/etc/pptpban-enforcer.service.in >$@.tmp && mv $@.tmp $@

etc/pptpban-connguard.service: $(srcdir)/etc/pptpban-connguard.service.in Makefile
	$(make_unit) $(srcdir)/etc/pptpban-connguard.service.in >$@.tmp && mv $@.tmp $@

etc/pptpban-firewall.service: $(srcdir)/etc/pptpban-firewall.service.in Makefile
	$(make_unit) $(srcdir)/etc/pptpban-firewall.service.in >$@.tmp && mv $@.tmp $@

etc/pptpban-firewall-refresh.service: $(srcdir)/etc/pptpban-firewall-refresh.service.in Makefile
	$(make_unit) $(srcdir)/etc/pptpban-firewall-refresh.service.in >$@.tmp && mv $@.tmp $@

etc/pptpban-metrics.service: $(srcdir)/etc/pptpban-metrics.service.in Makefile
	$(make_unit) $(srcdir)/etc/pptpban-metrics.service.in >$@.tmp && mv $@.tmp $@

# The administrator's configuration is never overwritten, and removed only while it is as shipped.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) '$(srcdir)/completions/pptpban.bash' '$(DESTDIR)$(bashcompletiondir)/pptpban'
	$(MKDIR_P) '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf.d' '$(DESTDIR)$(pkgsysconfdir)/filters.d'
	test -e '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf' || \
		$(INSTALL_DATA) '$(srcdir)/etc/pptpban.conf' '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf'

uninstall-local:
	rm -f '$(DESTDIR)$(bashcompletiondir)/pptpban'
	if cmp -s '$(srcdir)/etc/pptpban.conf' '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf'; then \
		rm -f '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf'; fi
	rmdir '$(DESTDIR)$(pkgsysconfdir)/pptpban.conf.d' \
		'$(DESTDIR)$(pkgsysconfdir)/filters.d' '$(DESTDIR)$(pkgsysconfdir)' 2>/dev/null || :
