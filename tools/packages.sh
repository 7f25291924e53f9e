# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages that building, running and testing need, and how they get here. Sourced.

# To build; pkg-config finds the rest.
build_packages="build-essential autoconf automake autoconf-archive pkg-config libpcre2-dev libsystemd-dev libipset-dev \
libmnl-dev libnftnl-dev libnftables-dev libmaxminddb-dev libsqlite3-dev libjansson-dev libarchive-dev libcurl4-gnutls-dev libncurses-dev libcap-ng-dev libseccomp-dev libcmocka-dev"

# To show and try it in a network namespace.
run_packages="iproute2 ipset nftables python3 xz-utils procps"

# What the tests judge with, and the peers they test with.
test_packages="valgrind mandoc jq systemd systemd-journal-remote iptables rsyslog fail2ban ppp pptpd kmod git netcat-openbsd \
zstd man-db util-linux libmaxmind-db-writer-perl python3-botocore libxml2-utils ufw firewalld dbus faketime bash-completion zsh fish tmux prometheus python3-prometheus-client clang libclang-rt-dev"

# What they use where Debian has it: Debian 12 only in its backports.
optional_packages="suricata"

# known_packages PACKAGE...: those that apt could install.
known_packages() {
	for p in "$@"; do
		apt-cache policy "$p" 2>/dev/null | grep -q '^  Candidate: [0-9]' && printf '%s ' "$p"
	done
}

missing_packages() {
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || printf '%s ' "$p"
	done
}

# install_missing PACKAGE...: by apt, without starting any service that comes with them, now or at the next boot.
install_missing() {
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	echo "== installing: $missing"
	if [ "$(id -u)" != 0 ]; then
		echo "Only root can install packages. Install these, or run this with sudo: $missing" >&2
		return 1
	fi
	policy=/usr/sbin/policy-rc.d
	made=''
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && made=1
	fi
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086
	if apt-get install -y --no-install-recommends $missing >"$log" 2>&1 ||
		{ apt-get update >>"$log" 2>&1 && apt-get install -y --no-install-recommends $missing >>"$log" 2>&1; }; then
		status=0
	else
		status=1
		tail -n 20 "$log" >&2
	fi
	rm -f "$log"
	[ -z "$made" ] || rm -f $policy
	for service in fail2ban rsyslog pptpd prometheus prometheus-node-exporter firewalld; do
		case " $missing " in
		*" $service "*) systemctl disable "$service.service" >/dev/null 2>&1 || : ;;
		esac
	done
	return $status
}

# as_owner COMMAND...: as the owner of the source tree, so that sudo leaves no files of root's in it.
as_owner() {
	owner=$(stat -c %U "$top")
	if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && [ "$owner" != UNKNOWN ]; then
		runuser -u "$owner" -- "$@"
	else
		"$@"
	fi
}
