# SPDX-License-Identifier: GPL-2.0-or-later
# Installs pptpban in the test machine, as an administrator does after `make install`, with a jail for the scenarios.
# Sourced by scenarios; product_start SOURCE (auto, journal or a file).

BANS_AT=3 # failures until banned

product_install() {
	tar -C / -xf /vmtest/product.tar --keep-directory-symlink
	systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload
}

product_configure() {
	mkdir -p /etc/pptpban/pptpban.conf.d
	printf '[pptpd]\nenabled = yes\nfilter = pptpd\nsource = %s\nmaxretry = %s\nfindtime = 10m\nbantime = 1h\n' \
		"$1" $BANS_AT >/etc/pptpban/pptpban.conf.d/vmtest.conf
}

product_logs() {
	journalctl -b -u pptpban.service -u pptpban-enforcer.service -o short-precise
}
