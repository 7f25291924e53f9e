# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for pptpban, written by tools/make-completions
_pptpban_files() { # -f or -d
	compopt -o filenames 2>/dev/null
	local IFS=$'\n'
	COMPREPLY+=($(compgen "$1" -- "$cur"))
}
_pptpban() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} cword=$COMP_CWORD
	local -a words=("${COMP_WORDS[@]}")
	# an IPv6 address is one word
	declare -F _get_comp_words_by_ref >/dev/null && _get_comp_words_by_ref -n : cur prev words cword
	local path=${words[1]} list= options=
	COMPREPLY=()
	if [ "$cword" = 1 ]; then
		COMPREPLY=($(compgen -W "list unban ban status top why action metrics stats sessions kick users reload replay report simulate test check audit doctor firewall compile-limits unhook import-fail2ban help version" -- "$cur"))
		return
	fi
	if [ "$path" = firewall ]; then
		if [ "$cword" = 2 ]; then
			COMPREPLY=($(compgen -W "plan check apply confirm rollback status override restore refresh remove show countries" -- "$cur"))
			return
		fi
		path="firewall ${words[2]}"
	fi
	case "$path $prev" in
	"metrics --format")
		COMPREPLY=($(compgen -W "openmetrics prometheus" -- "$cur"))
		return ;;
	"firewall show --format")
		COMPREPLY=($(compgen -W "nftables iptables pf pfsense opnsense aws-nacl aws-sg terraform-aws suricata" -- "$cur"))
		return ;;
	"list --config" | \
		"list --database" | \
		"unban --config" | \
		"ban --config" | \
		"status --config" | \
		"top --config" | \
		"why --config" | \
		"metrics --config" | \
		"metrics --output" | \
		"stats --config" | \
		"stats --database" | \
		"stats --journal" | \
		"sessions --config" | \
		"sessions --database" | \
		"kick --config" | \
		"users --config" | \
		"users --database" | \
		"reload --config" | \
		"replay --config" | \
		"replay --journal" | \
		"report --config" | \
		"report --database" | \
		"report --html" | \
		"report --journal" | \
		"simulate --config" | \
		"simulate --journal" | \
		"simulate --against" | \
		"test --config" | \
		"check --config" | \
		"audit --config" | \
		"doctor --config" | \
		"doctor --journal" | \
		"firewall plan --config" | \
		"firewall check --config" | \
		"firewall apply --config" | \
		"firewall confirm --config" | \
		"firewall rollback --config" | \
		"firewall status --config" | \
		"firewall override --config" | \
		"firewall restore --config" | \
		"firewall refresh --config" | \
		"firewall remove --config" | \
		"firewall show --config" | \
		"firewall countries --config" | \
		"firewall countries --database" | \
		"compile-limits --config" | \
		"compile-limits --output" | \
		"import-fail2ban --config" | \
		"import-fail2ban --database")
		_pptpban_files -f
		return ;;
	"list --runtime" | \
		"unban --runtime" | \
		"ban --runtime" | \
		"status --runtime" | \
		"top --runtime" | \
		"why --runtime" | \
		"action --actions" | \
		"metrics --runtime" | \
		"stats --runtime" | \
		"sessions --runtime" | \
		"kick --runtime" | \
		"users --runtime" | \
		"reload --runtime" | \
		"audit --root" | \
		"doctor --root" | \
		"doctor --runtime" | \
		"import-fail2ban --write" | \
		"import-fail2ban --runtime")
		_pptpban_files -d
		return ;;
	"unban --user" | \
		"compile-limits --user")
		COMPREPLY=($(compgen -u -- "$cur"))
		return ;;
	"list --jail" | \
		"list --since" | \
		"list --country" | \
		"list --sort" | \
		"ban --jail" | \
		"ban --for" | \
		"stats --jail" | \
		"stats --since" | \
		"stats --country" | \
		"stats --sort" | \
		"sessions --jail" | \
		"sessions --since" | \
		"sessions --country" | \
		"sessions --sort" | \
		"users --jail" | \
		"users --since" | \
		"users --country" | \
		"users --sort" | \
		"report --since" | \
		"simulate --since" | \
		"test --journalmatch" | \
		"test --datepattern" | \
		"test --timezone" | \
		"test --maxlines" | \
		"test --usedns" | \
		"test --out" | \
		"test --line" | \
		"test --color" | \
		"firewall apply --confirm" | \
		"firewall override --from")
		:
		return ;;
	esac
	case $path in
	list) options="--json --plain --jail --config --database --since --country --observed --sort --reverse --runtime --help" list="$(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	unban) options="--all --config --user --runtime --help" list="$(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	ban) options="--jail --for --config --runtime --help" ;;
	status) options="--json --config --runtime --help" ;;
	top) options="--config --runtime --help" ;;
	why) options="--json --config --runtime --help" list="$(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	action) options="--actions --help" list="list test" ;;
	metrics) options="--config --output --format --runtime --help" ;;
	stats) options="--json --jail --all --config --database --since --journal --country --sort --reverse --runtime --help" list="$(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	sessions) options="--json --plain --jail --config --database --since --country --sort --reverse --runtime --help" list="$(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	kick) options="--config --dry-run --runtime --help" ;;
	users) options="--json --plain --jail --config --database --since --country --sort --reverse --runtime --help" list="$(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	reload) options="--config --runtime --help" ;;
	replay) options="--config --journal --jsonl --no-gate" ;;
	report) options="--json --config --database --html --since --journal --help" ;;
	simulate) options="--json --config --since --journal --against --help" ;;
	test) options="--config --journal --journalmatch --datepattern --timezone --maxlines --usedns --out --json --explain --line --lint --expand --verbose --print-all-matched --print-all-missed --print-all-ignored --print-no-missed --print-no-ignored --no-gate --color --help" ;;
	check) options="--dump --config --help" ;;
	audit) options="--json --config --root --strict --help" ;;
	doctor) options="--json --config --force --root --journal --fix --runtime --help" ;;
	"firewall plan") options="--config --help" ;;
	"firewall check") options="--config --help" ;;
	"firewall apply") options="--config --force --confirm --no-confirm --no-wait --help" ;;
	"firewall confirm") options="--config --force --help" ;;
	"firewall rollback") options="--config --overdue --help" ;;
	"firewall status") options="--json --config --help" ;;
	"firewall override") options="--config --from --help" list="off" ;;
	"firewall restore") options="--config --help" ;;
	"firewall refresh") options="--config --force --help" ;;
	"firewall remove") options="--config --help" ;;
	"firewall show") options="--config --format --help" ;;
	"firewall countries") options="--json --all --config --database --help" ;;
	compile-limits) options="--config --output --user --help" ;;
	unhook) options="--help" ;;
	import-fail2ban) options="--json --all --config --report --write --force --bans --apply --database --runtime --help" ;;
	help) options="" list="list unban ban status top why action metrics stats sessions kick users reload replay report simulate test check audit doctor firewall compile-limits unhook import-fail2ban help version" ;;
	esac
	# options where nothing else can stand, and where one is begun
	[ -n "$list" ] && [ "${cur#-}" = "$cur" ] || list=$options
	COMPREPLY=($(compgen -W "$list" -- "$cur"))
	case $path:$cur in
	replay:[!-]* | replay: | report:[!-]* | report: | simulate:[!-]* | simulate: | test:[!-]* | test: | doctor:[!-]* | doctor:) _pptpban_files -f ;;
	import-fail2ban:[!-]* | import-fail2ban:) _pptpban_files -d ;;
	esac
	declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -F _pptpban pptpban
