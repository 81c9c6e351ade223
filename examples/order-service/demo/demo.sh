#!/usr/bin/env bash
# The order service's story, told by running it.
#
#   demo.sh              participants inside the service, no broker
#   demo.sh --rabbitmq   a private RabbitMQ, and the participants as six processes
#
# Every scene checks its own outcome; the first that is not as told ends the demo with exit code 1.
# Nothing but a temporary folder is written, and no process stays behind. SKALD_BIN is the folder of
# the programs; by default that of the release build.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
readonly here
readonly broker_script=$here/../../../tests/support/rabbitmq.sh
# shellcheck source=lib.sh
source "$here/lib.sh"
# shellcheck source=world.sh
source "$here/world.sh"
# shellcheck source=scenes.sh
source "$here/scenes.sh"

over_rabbitmq=
case "$#:${1:-}" in
  0:) ;;
  1:--rabbitmq) over_rabbitmq=yes ;;
  *)
    echo "usage: demo.sh [--rabbitmq]" >&2
    exit 2
    ;;
esac

SKALD_BIN=$(readlink -f "${SKALD_BIN:-$here/../../../build/release/bin}")
[[ -x $SKALD_BIN/skald && -x $SKALD_BIN/skald-order-service ]] ||
  fail "there are no programs in $SKALD_BIN; build them with: ./dev build"
export PATH=$SKALD_BIN:$PATH
unset SKALD_EXAMPLE_FAULTS

demo_dir=$(mktemp -d "${TMPDIR:-/tmp}/skald-demo.XXXXXX")
cd "$demo_dir"
leave() {
  local status=$1
  trap '' INT TERM HUP
  close_world "$status"
  cd / && rm -rf "$demo_dir"
  exit "$status"
}
trap 'leave $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

open_world
tell "export SKALD_STORE=$SKALD_STORE   # in $demo_dir"
scene_completed
scene_compensated
scene_stuck
scene_killed
scene_replayed
scene_books

printf '\n'
tell "demo: as told: one completed, one compensated, one stuck and resumed, one killed and recovered," \
  "one replayed, and the books add up (${SECONDS} s)"
