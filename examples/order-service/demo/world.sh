# shellcheck shell=bash
# Where the story takes place: a temporary folder with the store and the participants' databases; and
# with --rabbitmq a private broker and six participants as processes. Sourced by demo.sh.

readonly participants=(inventory payment orders shipping notification loyalty)

# The part of the service's command line that says where things are.
service_place=()

open_world() {
  mkdir data logs
  export SKALD_STORE=orders.db
  service_place=(--store orders.db --data data)
  [[ -z $over_rabbitmq ]] || open_broker
}

open_broker() {
  tell "starting a private RabbitMQ and six participants, each a process with its own database …"
  SKALD_AMQP_URL=$("$broker_script" start "$PWD/broker") || fail "RabbitMQ did not start"
  export SKALD_AMQP_URL
  service_place=(--store orders.db --rabbitmq)
  local name
  for name in "${participants[@]}"; do start_participant "$name"; done
  await "six participants at their queues" six_consume
}

start_participant() {
  launch "$1" "skald-example-$1" --database "data/$1.db"
}

six_consume() {
  local queues
  queues=$("$broker_script" ctl "$PWD/broker" -q list_queues --no-table-headers name consumers)
  [[ $(grep -cE '^skald\.cmd\.[a-z]+[[:space:]]+1$' <<<"$queues") -eq ${#participants[@]} ]]
}

# The service in the background, taking what operators and `skald start` ask of it.
start_service() {
  : >logs/service.log
  launch service skald-order-service "${service_place[@]}" --serve
  await "the order service serves" grep -q '^serving' logs/service.log
}

# Leaves nothing behind, whatever happened. A story that went wrong shows what the processes said.
close_world() {
  local status=$1 name
  for name in "${!pids[@]}"; do end "$name" || true; done
  [[ ! -d broker ]] || "$broker_script" remove "$PWD/broker" || true
  if [[ $status -ne 0 ]]; then
    tail -n 20 logs/*.log >&2 2>/dev/null || true
  fi
}
