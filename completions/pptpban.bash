# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for pptpban, written by tools/make-completions
_pptpban() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words= verb=${COMP_WORDS[1]}
	if [ "$COMP_CWORD" = 1 ]; then
		COMPREPLY=($(compgen -W "list unban ban status why action metrics reload replay report simulate test check audit doctor firewall compile-limits unhook import-fail2ban help version" -- "$cur"))
		return
	fi
	case $prev in
	--config | --output | --journal | --runtime | --write | --database)
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	esac
	case $verb in
	list) words="--json --plain --jail --config --runtime --help" ;;
	unban) words="--all --config --runtime --help $(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	ban) words="--jail --for --config --runtime --help" ;;
	status) words="--json --config --runtime --help" ;;
	why) words="--json --config --runtime --help $(pptpban list --plain 2>/dev/null | cut -f 1)" ;;
	action) words="--actions --help" ;;
	metrics) words="--config --output --format --runtime --help" ;;
	reload) words="--config --runtime --help" ;;
	replay) words="--config --journal --jsonl --no-gate" ;;
	report) words="--json --config --database --html --since --journal --help" ;;
	simulate) words="--json --config --since --journal --against --help" ;;
	test) words="--config --journal --journalmatch --datepattern --timezone --maxlines --usedns --out --json --explain --line --lint --expand --verbose --print-all-matched --print-all-missed --print-all-ignored --print-no-missed --print-no-ignored --no-gate --color --help" ;;
	check) words="--dump --config --help" ;;
	audit) words="--json --config --root --strict --help" ;;
	doctor) words="--json --config --force --root --journal --fix --runtime --help" ;;
	firewall) words="plan --config --help check apply --force --confirm --no-confirm --no-wait confirm rollback --overdue status --json override --from restore refresh remove show --format countries --all --database" ;;
	compile-limits) words="--config --output --user --help" ;;
	unhook) words="--help" ;;
	import-fail2ban) words="--json --all --config --report --write --force --bans --apply --database --runtime --help" ;;
	help) words="list unban ban status why action metrics reload replay report simulate test check audit doctor firewall compile-limits unhook import-fail2ban help version" ;;
	version) words="" ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
	if [[ $verb == replay || $verb == test || $verb == import-fail2ban ]] && [ "${cur#-}" = "$cur" ]; then
		compopt -o filenames 2>/dev/null
		COMPREPLY+=($(compgen -f -- "$cur"))
	fi
}
complete -F _pptpban pptpban
