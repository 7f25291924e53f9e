# SPDX-License-Identifier: GPL-2.0-or-later
# Scenario "hello": boots, says how long that took and what the kernel has.
cd /vmtest/out || exit 1
cat /proc/uptime >uptime
systemd-analyze blame --no-pager >blame 2>&1
uname -a | tee uname
modprobe -a ppp_async ppp_mppe ip_gre nf_conntrack_pptp nf_nat_pptp ip_set_hash_net nf_tables && lsmod >lsmod
ls -la /dev/ppp /sys/kernel/btf/vmlinux /var/log >files
dmesg >dmesg
systemctl --no-pager --failed >failed
systemctl --no-pager list-units >units
journalctl -b --no-pager >journal
dpkg-query -W -f '${Package} ${Version}\n' pptpd ppp systemd rsyslog | tee versions
pppd --version
