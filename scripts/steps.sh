# shellcheck shell=bash
# How ./dev talks: steps with the time they began, and one closing line, whatever happens.
# Sourced; expects `root`.

started_at=$SECONDS
running_command=
failure=

# begin COMMAND: from here on the shell's exit prints the closing line.
begin() {
  running_command=$1
  trap 'finish $?' EXIT
  trap 'failure="interrupted"; exit 130' INT
  trap 'failure="terminated"; exit 143' TERM HUP
}

finish() {
  local status=$1
  trap - EXIT
  if [[ $status -eq 0 ]]; then
    echo "dev: $running_command passed in $(elapsed $((SECONDS - started_at)))"
  else
    echo "dev: $running_command FAILED: ${failure:-exit status $status}" >&2
  fi
  exit "$status"
}

# elapsed SECONDS: 4m12s
elapsed() {
  if (($1 >= 60)); then
    printf '%dm%02ds' $(($1 / 60)) $(($1 % 60))
  else
    printf '%ds' "$1"
  fi
}

# step WHAT: says what comes next.
step() {
  printf 'dev: [%6s] %s\n' "$(elapsed $((SECONDS - started_at)))" "$*"
}

# note TEXT: a remark inside a step.
note() {
  printf 'dev:          %s\n' "$*"
}

# fail WHY: ends the command.
fail() {
  failure=$*
  exit 1
}

# refuse WHY: a command line that cannot be meant.
refuse() {
  failure="$* (see ./dev help)"
  exit 2
}

# A log's path as the closing line shows it. Makes its folder.
log_file() {
  mkdir -p "$root/build/log"
  printf 'build/log/%s.log' "$1"
}

# logged NAME COMMAND…: runs it with everything in build/log/NAME.log, and shows the end of that
# only when it fails.
logged() {
  local name=$1 log
  shift
  log=$(log_file "$name")
  if ! "$@" >"$root/$log" 2>&1 </dev/null; then
    tail -n 40 "$root/$log" >&2
    fail "$name: see $log"
  fi
}
