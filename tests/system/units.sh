#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd units: correct to systemd's own judgement, exposed no more than they were, and what they and the manual
# pages they name start or show is there.
. "$(dirname "$0")/lib.sh"
need_commands systemd-analyze systemd-sysusers systemd-tmpfiles

exposure() { # UNIT: ten times the figure that systemd-analyze prints
	systemd-analyze security --offline=true --no-pager "$1" | awk '/Overall exposure level/ {
		for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]$/) print $i * 10 }'
}

make -s -C "$PB_BUILD" install DESTDIR="$T/root" >"$T/install.log" 2>&1 || sed 's/^/# /' "$T/install.log"
cp "$(find "$T/root" -name pptpban-notify.socket)" "$T/" # its service names it
# As they are (systemd 252): lower one when it gets better, never raise one without a reason in the commit. Those of the
# firewall are root's, for a moment; the enforcer needs AF_INET.
most() {
	case $1 in
	pptpban-firewall.service) echo 22 ;;
	pptpban-firewall-refresh.service) echo 21 ;;
	pptpban-enforcer.service) echo 15 ;;
	pptpban-metrics.service) echo 7 ;;
	*) echo 11 ;;
	esac
}
for unit in pptpban.service pptpban-enforcer.service pptpban-connguard.service pptpban-firewall.service \
	pptpban-firewall-refresh.service pptpban-metrics.service pptpban-notify.service; do
	file=$(find "$T/root" -name "$unit")
	is "$unit is installed" 1 "$(printf '%s\n' "$file" | grep -c .)"
	level=$(exposure "$file")
	is "exposure of $unit is $level tenths: at most $(most $unit)" yes "$([ "$level" -le "$(most $unit)" ] && echo yes || echo no)"
	is "$unit bounds memory and tasks" 2 "$(grep -cE '^(MemoryMax=[0-9]+M|TasksMax=[0-9]+)$' "$file")"
	# verify looks for the programs where the unit names them
	sed "s|\(Exec[A-Za-z]*=+\{0,1\}\)/\([^ ]*pptpban\)|\1$T/root/\2|" "$file" >"$T/$unit"
	is "systemd-analyze verify has nothing to say about $unit" '' \
		"$(SYSTEMD_UNIT_PATH=$T: systemd-analyze verify --man=no "$T/$unit" 2>&1 | grep -F "pptpban")"
	for page in $(sed -n 's/^Documentation=//p' "$file"); do
		page=${page#man:} name=${page%(*} section=${page#*(}
		is "$unit names the manual page $page" 1 "$(find "$T/root" -name "$name.${section%)}" | wc -l)"
	done
done

for unit in pptpban-firewall.path pptpban-firewall-refresh.timer pptpban-metrics.timer pptpban-notify.socket; do
	cp "$(find "$T/root" -name "$unit")" "$T/$unit"
	is "systemd-analyze verify has nothing to say about $unit" '' \
		"$(SYSTEMD_UNIT_PATH=$T: systemd-analyze verify --man=no "$T/$unit" 2>&1 | grep -F "pptpban")"
done
is "what the enforcer writes is what the path unit waits for" 1 \
	"$(strings -a "$T/root"/usr/*/libexec/pptpban/pptpban-hookguard "$T/root"/usr/libexec/pptpban/pptpban-hookguard 2>/dev/null | grep -c '^%s/lost$')"

# The sandbox of the unit that restores keeps iptables-legacy from loading its modules.
mkdir "$T/bin"
printf '#!/bin/sh\necho "$@" >>%s/modprobe\n' "$T" >"$T/bin/modprobe"
chmod 0755 "$T/bin/modprobe"
for tool in nftables iptables-nft iptables-legacy; do
	printf 'pptpban-ruleset 1 %s 0 0\n' $tool >"$T/last-good"
	PATH=$T/bin:$PATH sh "$PB_SRC/etc/pptpban-legacy-hook" modules "$T/last-good"
done
is "modules are loaded for a ruleset of iptables-legacy, and for no other" "-qa ip_tables ip6_tables" "$(cat "$T/modprobe")"
ok "nothing was confirmed: nothing is loaded" sh "$PB_SRC/etc/pptpban-legacy-hook" modules "$T/no-such-file"

# A mutant must be seen: without its sandbox the unit is exposed.
for unit in pptpban pptpban-enforcer pptpban-connguard pptpban-notify; do
	for line in ProtectSystem ProtectKernelModules RestrictNamespaces PrivateDevices; do
		grep -v "^$line=" "$T/$unit.service" >"$T/$unit-less.service"
		is "$unit.service without $line is not accepted" yes \
			"$([ "$(exposure "$T/$unit-less.service")" -gt "$(most $unit.service)" ] && echo yes || echo no)"
	done
done
is "nothing that obeys others is installed" "" "$(find "$T/root" -name '*takeover*'; grep -rl PB_TAKEOVER "$T/root")"
grep -v -e '^Protect' -e '^Restrict' -e '^SystemCall' -e '^Private' "$T/pptpban.service" >"$T/pptpban-bare.service"
is "a unit without its sandbox is not accepted" yes \
	"$([ "$(exposure "$T/pptpban-bare.service")" -gt 15 ] && echo yes || echo no)"

mkdir -p "$T/root/etc"
echo 'root:x:0:0:root:/root:/bin/sh' >"$T/root/etc/passwd"
printf 'root:x:0:\nadm:x:4:\nsystemd-journal:x:101:\n' >"$T/root/etc/group"
systemd-sysusers --root="$T/root" "$(find "$T/root" -path '*sysusers.d/pptpban.conf')" >"$T/sysusers.log" 2>&1 ||
	sed 's/^/# /' "$T/sysusers.log"
is "sysusers makes all three users" "pptpban pptpban-enforcer pptpban-notify" \
	"$(cut -d: -f1 "$T/root/etc/passwd" | grep pptpban | sort | tr '\n' ' ' | sed 's/ $//')"
is "pptpban reads logs: adm and systemd-journal" "adm systemd-journal" \
	"$(grep -E ':(.*,)?pptpban(,.*)?$' "$T/root/etc/group" | cut -d: -f1 | sort | tr '\n' ' ' | sed 's/ $//')"
if [ "$(id -u)" = 0 ]; then
	ok "tmpfiles makes the directories" systemd-tmpfiles --create --root="$T/root" \
		"$(find "$T/root" -path '*tmpfiles.d/pptpban.conf')"
	is "the enforcer's directory is not the watcher's" "750 755" \
		"$(stat -c %a "$T/root/run/pptpban" "$T/root/run/pptpban-enforcer" | tr '\n' ' ' | sed 's/ $//')"
fi
