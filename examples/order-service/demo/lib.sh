# shellcheck shell=bash
# What the demo's scenes are told with: running and checking commands, waiting for a condition with a
# limit, and processes that are known by their pid and gone at the end. Sourced by demo.sh.

wait_limit_seconds=20

bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

scene() { printf '\n%s== %s ==%s\n' "$bold" "$*" "$plain"; }
tell() { printf '%s\n' "$*"; }

fail() {
  echo "demo: $*" >&2
  exit 1
}

# show COMMAND…: prints the command as one would type it, and runs it.
show() {
  local text='' word
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./:=,@-]+$ ]]; then text+=" $word"; else text+=" '$word'"; fi
  done
  printf '%s$%s%s\n' "$dim" "$text" "$plain"
  "$@"
}

# field SAGA PATH: the value at an SQLite JSON path of the saga's `show`, as of now; nothing when there
# is none.
field() {
  local document
  document=$(skald show "$1" -o json) || fail "skald show $1 failed"
  sqlite3 :memory: "select json_extract('${document//\'/\'\'}', '$2')"
}

# saga_of ORDER: the id of the newest saga with this business key.
saga_of() {
  local id
  id=$(skald --quiet list --key "$1" --limit 1 -o ids) || return
  [[ -n $id ]] && echo "$id"
}

expect() {
  local what=$1 wanted=$2 got=$3
  [[ $got == "$wanted" ]] || fail "$what should be '$wanted', but is '$got'"
}

expect_status() {
  expect "the status of saga $1" "$2" "$(field "$1" '$.status')"
}

# await WHAT COMMAND…: tries the command until it succeeds; gives up after the limit.
await() {
  local what=$1 deadline=$((SECONDS + wait_limit_seconds))
  shift
  until "$@" 2>/dev/null; do
    ((SECONDS < deadline)) || fail "waited ${wait_limit_seconds} s for this in vain: $what"
    sleep 0.05
  done
}

has_status() { [[ $(field "$1" '$.status') == "$2" ]]; }
step_is() { [[ $(field "$1" "\$.steps[$2].status") == "$3" ]]; }

# Processes, by the names the story gives them.
declare -A pids=()

# launch NAME COMMAND…: in the background, with its words in logs/NAME.log.
launch() {
  local name=$1
  shift
  "$@" >>"logs/$name.log" 2>&1 </dev/null &
  pids[$name]=$!
}

# end NAME [SIGNAL]: and waits until it is gone; one that does not go politely is killed. Answers its
# exit code.
end() {
  local pid=${pids[$1]:-} deadline=$((SECONDS + wait_limit_seconds))
  [[ -n $pid ]] || return 0
  unset "pids[$1]"
  # The shell would announce the death of a process it still knows.
  [[ ${2:-} != KILL ]] || disown "$pid"
  kill "-${2:-TERM}" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do
    ((SECONDS < deadline)) || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.05
  done
  wait "$pid" 2>/dev/null
}
