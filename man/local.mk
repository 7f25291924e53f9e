# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS = man/pptpban-filters.5 man/pptpban-connguard.8 man/pptpban-enforcer.8 man/pptpban-notify.8 man/pptpban.conf.5 man/pptpban.8 man/pptpband.8
