#!/bin/bash
# A private RabbitMQ cluster of three nodes for tests.
#
#   rabbitmq_cluster.sh start DIR     starts three nodes, joins them, and waits until all answer
#   rabbitmq_cluster.sh kill DIR N    kills node N (1 to 3) as a power cut would
#   rabbitmq_cluster.sh again DIR N   starts node N again
#   rabbitmq_cluster.sh ctl DIR N …   runs rabbitmqctl on node N
#   rabbitmq_cluster.sh remove DIR    kills all of it and deletes DIR
#
# Each node lies in DIR/N and is run by rabbitmq.sh; the three share an epmd and a cookie. `start`
# leaves the nodes' addresses in DIR/1/url to DIR/3/url.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
node_script=$here/rabbitmq.sh
. "$here/free_port.sh"
nodes="1 2 3"

fail() { echo "rabbitmq_cluster.sh: $*" >&2; exit 1; }

# What rabbitmq.sh would draw for a broker that stands alone.
prepare() {
  local n epmd_port=$1 name=skald$$-$RANDOM
  mkdir -p "$dir/home" && chmod 700 "$dir" || fail "cannot make $dir"
  for n in $nodes; do
    mkdir -p "$dir/$n" && ln -s "$dir/home" "$dir/$n/home" || fail "cannot make $dir/$n"
    cat >"$dir/$n/settings" <<SETTINGS
amqp_port=$(free_port)
dist_port=$(free_port)
epmd_port=$epmd_port
node=$name-$n@localhost
SETTINGS
    {
      echo "cluster_formation.peer_discovery_backend = classic_config"
      echo "cluster_formation.discovery_retry_limit = 1"
      for peer in $nodes; do
        echo "cluster_formation.classic_config.nodes.$peer = $name-$peer@localhost"
      done
    } >"$dir/$n/extra.conf"
  done
}

start_node() { "$node_script" start "$dir/$1" >/dev/null; }

start() {
  [ ! -e "$dir/1" ] || fail "there is a cluster in $dir already"
  prepare "$(free_port)"
  # The first makes the cookie and runs the epmd of all.
  start_node 1 || fail "node 1 did not start"
  local n pid pids=
  for n in 2 3; do
    cp "$dir/1/epmd.pid" "$dir/$n/epmd.pid"
    start_node "$n" &
    pids="$pids $!"
  done
  for pid in $pids; do wait "$pid" || fail "a node did not start"; done
  "$node_script" ctl "$dir/1" -q await_online_nodes 3 || fail "the nodes did not join"
}

remove() {
  local n
  for n in 3 2 1; do
    [ -f "$dir/$n/broker.pid" ] && "$node_script" kill "$dir/$n"
  done
  [ -d "$dir/1" ] && "$node_script" remove "$dir/1"
  rm -rf "$dir"
}

verb=${1:-}
dir=${2:-}
node=${3:-}
[ -n "$dir" ] || fail "usage: rabbitmq_cluster.sh start|kill|again|ctl|remove DIR [N …]"
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
case $verb-$node in
  start-* | remove-*) ;;
  *-[123]) [ -f "$dir/$node/settings" ] || fail "no node $node in $dir" ;;
  *) fail "which node, 1 to 3?" ;;
esac

case $verb in
  start) start ;;
  kill) "$node_script" kill "$dir/$node" ;;
  again) start_node "$node" ;;
  ctl) shift 3; exec "$node_script" ctl "$dir/$node" "$@" ;;
  remove) remove ;;
  *) fail "unknown verb '$verb'" ;;
esac
