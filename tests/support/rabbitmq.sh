#!/bin/bash
# A private RabbitMQ for tests, benchmarks and the demo.
#
#   rabbitmq.sh start DIR    starts a broker whose files all lie in DIR and waits until it answers;
#                            started again on the same DIR, it keeps its data and its port
#   rabbitmq.sh fresh DIR    the same, after removing what an earlier one left
#   rabbitmq.sh stop DIR     stops it politely; its data stay in DIR
#   rabbitmq.sh kill DIR     kills it as a power cut would
#   rabbitmq.sh pause DIR    stops it from running, connections stay open; `continue` lets it go on
#   rabbitmq.sh remove DIR   stops it and deletes DIR
#   rabbitmq.sh ctl DIR …    runs rabbitmqctl on it
#
# Lines of DIR/extra.conf, if it is there, go into the broker's configuration.
# `start` prints the broker's URL and leaves it in DIR/url. It listens on 127.0.0.1 at random free
# ports, with a node name, Erlang cookie and epmd of its own, so any number may run beside each
# other and beside an installed one. Every process is known by its pid; nothing is found by name.
set -u

. "$(dirname "$0")/free_port.sh"

rabbit_bin=/usr/lib/rabbitmq/bin
start_limit_seconds=120
stop_limit_seconds=30

fail() { echo "rabbitmq.sh: $*" >&2; exit 1; }

# The ports are drawn once per DIR and kept, so that a broker that comes back is found again.
load_settings() {
  [ -f "$dir/settings" ] || return 1
  . "$dir/settings"
  export ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1 HOME="$dir/home"
  export RABBITMQ_NODENAME="$node"
}

draw_settings() {
  cat >"$dir/settings" <<SETTINGS
amqp_port=$(free_port)
dist_port=$(free_port)
epmd_port=$(free_port)
node=skald$$-$RANDOM@localhost
SETTINGS
}

write_configuration() {
  mkdir -p "$dir/home" "$dir/data" "$dir/log" || fail "cannot write to $dir"
  echo '[].' >"$dir/enabled_plugins"
  cat >"$dir/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp_port
disk_free_limit.absolute = 64MB
log.file.level = warning
raft.wal_max_size_bytes = 67108864
CONF
  [ ! -f "$dir/extra.conf" ] || cat "$dir/extra.conf" >>"$dir/rabbitmq.conf"
}

alive() { [ -n "${1:-}" ] && kill -0 "$1" 2>/dev/null; }

pid_of() { cat "$dir/$1.pid" 2>/dev/null; }

# Waits until the broker's output has ended, which is when all of its processes are gone.
await_end() {
  local state=
  while [ "$state" != ended ]; do
    read -r -t "$stop_limit_seconds" -u 4 state || return 1
  done
}

start_epmd() {
  alive "$(pid_of epmd)" && return
  setsid epmd </dev/null >/dev/null 2>&1 4>&- &
  echo $! >"$dir/epmd.pid"
}

# Copies the broker's own words to a file and says `ready` or `ended` into the pipe as they tell.
# The pipe is opened for both directions, because nobody may be listening any more.
follow() {
  local line
  while IFS= read -r line; do
    echo "$line" >>"$dir/log/console"
    case $line in *"completed with"*) echo ready 1<>"$dir/state" ;; esac
  done
  echo ended 1<>"$dir/state"
}

launch() {
  env RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$amqp_port" \
      RABBITMQ_DIST_PORT="$dist_port" RABBITMQ_MNESIA_BASE="$dir/data" \
      RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" \
      RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" \
      ERL_CRASH_DUMP="$dir/log/crash_dump" RUNNING_UNDER_SYSTEMD=1 \
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none" \
      setsid "$rabbit_bin/rabbitmq-server" </dev/null \
      > >(trap '' INT HUP; exec >/dev/null 2>&1; follow) 2>&1 4>&- &
  echo $! >"$dir/broker.pid"
  disown
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$amqp_port") 2>/dev/null; }

start() {
  [ -x "$rabbit_bin/rabbitmq-server" ] || fail "rabbitmq-server is not installed"
  mkdir -p "$dir" && chmod 700 "$dir" || fail "cannot make $dir"
  load_settings || { draw_settings; load_settings; }
  alive "$(pid_of broker)" && fail "already runs in $dir as pid $(pid_of broker)"
  write_configuration
  rm -f "$dir/state" && mkfifo -m 600 "$dir/state" || fail "cannot make $dir/state"
  exec 4<>"$dir/state"
  start_epmd
  launch
  local state=late
  read -r -t "$start_limit_seconds" -u 4 state
  if [ "$state" != ready ] || ! answers; then
    tail -n 20 "$dir/log/console" >&2
    stop_with KILL
    stop_epmd
    fail "the broker did not start ($state); its logs are in $dir/log"
  fi
  echo "amqp://guest:guest@127.0.0.1:$amqp_port/" | tee "$dir/url"
}

stop_with() {
  local pid
  pid=$(pid_of broker)
  if alive "$pid"; then
    exec 4<>"$dir/state"
    kill -CONT "$pid"
    kill -"$1" "$pid"
    await_end || kill -KILL "$pid"
  fi
  rm -f "$dir/broker.pid"
}

stop_epmd() {
  local pid
  pid=$(pid_of epmd)
  alive "$pid" && kill -TERM "$pid"
  rm -f "$dir/epmd.pid"
}

remove() {
  load_settings && { stop_with TERM; stop_epmd; }
  rm -rf "$dir"
}

verb=${1:-}
dir=${2:-}
[ -n "$dir" ] || fail "usage: rabbitmq.sh start|fresh|stop|kill|pause|continue|remove|ctl DIR"
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac

case $verb in
  start) start ;;
  stop) load_settings || exit 0; stop_with TERM; stop_epmd ;;
  kill) load_settings || fail "no broker in $dir"; stop_with KILL ;;
  pause) kill -STOP "$(pid_of broker)" ;;
  continue) kill -CONT "$(pid_of broker)" ;;
  remove) remove ;;
  fresh) remove; start ;;
  ctl) load_settings || fail "no broker in $dir"; shift 2; exec "$rabbit_bin/rabbitmqctl" "$@" ;;
  *) fail "unknown verb '$verb'" ;;
esac
