#!/usr/bin/env bash
# Completion scripts: each shell reads its own without a complaint, and completes with it. Arguments:
# the skald program, and a folder to work in.
set -euo pipefail

skald=$1 work=$2
rm -rf "$work"
mkdir -p "$work/bin"
ln -s "$skald" "$work/bin/skald"
export PATH="$work/bin:$PATH" SKALD_STORE="$work/none.db"
cd "$work"
touch order.json

fail() {
  echo "completion_test: $*" >&2
  exit 1
}

for shell in bash zsh fish; do
  skald completion "$shell" >"skald.$shell"
  command -v "$shell" >/dev/null || fail "$shell is not installed; run ./dev setup"
  "$shell" -n "skald.$shell" || fail "$shell finds a syntax error"
done

# in_bash WORD…: what bash offers for the last word.
in_bash() {
  bash -c 'source skald.bash
    COMP_WORDS=(skald "$@")
    COMP_CWORD=$#
    _skald
    printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
# The bridge for completions of bash can be asked without a terminal.
in_zsh() {
  zsh -f -c 'source skald.zsh 2>/dev/null
    emulate -R ksh
    COMP_WORDS=(skald "$@")
    COMP_CWORD=$#
    _skald
    printf "%s\n" "${COMPREPLY[@]}"' zsh "$@"
}
in_fish() {
  local words="skald $*"
  fish --no-config -c "source skald.fish; complete -C '$words'" | cut -f1
}

# expect SHELL OFFER WORD…
expect() {
  local shell=$1 offer=$2 offers
  shift 2
  offers=$("in_$shell" "$@")
  grep -qxF -- "$offer" <<<"$offers" ||
    fail "$shell does not offer '$offer' for: skald $*; it offers: ${offers//$'\n'/ }"
}

for shell in bash zsh fish; do
  expect "$shell" timeline tim
  expect "$shell" compensate comp
  expect "$shell" lint definition li
  expect "$shell" --input-patch resume --input-p
  expect "$shell" --store show --st
  expect "$shell" never --color ne
  expect "$shell" jsonl participants -o jsonl
  expect "$shell" closed participants set bank --breaker cl
  expect "$shell" fish completion fi
  expect "$shell" order.json start ord
  [[ -z $("in_$shell" start --reason '') ]] || fail "$shell guesses a reason"
done

# Every verb and option that --help knows is offered, also those to come.
check_verb() {
  local option name
  for option in $(skald "$@" --help | sed '/^Example:/,$d' | grep -oE -- '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u); do
    expect bash "$option" "$@" "$option"
  done
  for name in $(skald "$@" --help | awk '/^Subcommands:/ { on = 1; next } /^$/ { on = 0 }
      on && /^  [a-z]/ { sub(/,.*/, "", $1); print $1 }'); do
    expect bash "$name" "$@" "$name"
    check_verb "$@" "$name"
  done
}
check_verb
echo "completion_test: bash, zsh and fish complete what --help knows"
