# shellcheck shell=bash
# The scenes, in order. Each tells what happens and checks that it did. Sourced by demo.sh.

# order ID CUSTOMER SKU QUANTITY CENTS [FAULTS]: an order in JSON.
order() {
  local faults=''
  [[ $# -lt 6 ]] || faults=",\"faults\":{$6}"
  printf '{"order_id":"%s","customer":"%s","sku":"%s","quantity":%d,"amount_cents":%d%s}' \
    "$1" "$2" "$3" "$4" "$5" "$faults"
}

# take_order EXIT ORDER: hands it to the service, which sees it through and exits with EXIT.
take_order() {
  local wanted=$1 status=0
  show skald-order-service "${service_place[@]}" --order "$2" || status=$?
  expect "the service's exit code" "$wanted" "$status"
}

# wait_for EXIT SAGA
wait_for() {
  local wanted=$1 status=0
  show skald wait "$2" --timeout 30s || status=$?
  expect "the exit code of 'skald wait'" "$wanted" "$status"
}

scene_completed() {
  scene "An order completes"
  tell "Ada orders two mugs. Six participants do their part."
  take_order 0 "$(order order-1 ada mug 2 2400)"
  local saga
  saga=$(saga_of order-1)
  expect_status "$saga" completed
  show skald timeline "$saga"
}

scene_compensated() {
  scene "An order is declined, and undone in reverse"
  tell "Bob's lamp is reserved, paid and booked; then the carrier refuses to go where he lives."
  take_order 0 "$(order order-2 bob lamp 1 8900 '"shipping":"reject"')"
  declined=$(saga_of order-2)
  expect_status "$declined" compensated
  expect "the order of undoing" "create-order charge-payment reserve-stock" "$(undone "$declined")"
  show skald timeline "$declined"
}

# The steps in the order in which they were undone, as the journal has it.
undone() {
  local rows
  rows=$(skald history "$1" -o json)
  sqlite3 :memory: "
    select group_concat(json_extract(event.value, '\$.step'), ' ')
    from json_each('${rows//\'/\'\'}') as row,
         json_each(row.value, '\$.events') as event
    where json_extract(event.value, '\$.event') = 'step.compensated'"
}

scene_stuck() {
  scene "An order gets stuck, is explained, mended and resumed"
  tell "The same with Cleo's chair, but the payment gateway refuses the refund."
  take_order 11 "$(order order-3 cleo chair 1 15900 \
    '"shipping":"reject","payment.refund":"reject-until:gateway-is-back"')"
  local saga
  saga=$(saga_of order-3)
  expect_status "$saga" stuck
  tell
  tell "Somebody is called. What is stuck, and why?"
  show skald list --status stuck
  show skald why "$saga"
  tell
  tell "The gateway is mended, the service runs again, and the operator lets the saga go on."
  touch gateway-is-back
  start_service
  show skald resume "$saga" --reason "the gateway takes refunds again"
  wait_for 10 "$saga"
  expect_status "$saga" compensated
  show skald timeline "$saga"
}

scene_killed() {
  scene "The service is killed with SIGKILL in mid-saga, and recovers"
  tell "Dan's order reaches the payment, which takes its time."
  show skald start place-order --key order-4 \
    --input "$(order order-4 dan mug 1 1200 '"payment":"hang-until:payment-answers"')"
  local saga
  saga=$(saga_of order-4)
  await "the charge is under way" step_is "$saga" 1 dispatched
  kill_hard service
  [[ -z $over_rabbitmq ]] || kill_hard payment
  expect "the status of the charge after the kill" dispatched "$(field "$saga" '$.steps[1].status')"
  tell "No engine runs now. The store still tells how things stand:"
  show skald why "$saga"
  tell
  tell "The service starts again, and nobody tells it what to do."
  touch payment-answers
  start_service
  [[ -z $over_rabbitmq ]] || start_participant payment
  wait_for 0 "$saga"
  expect_status "$saga" completed
  show skald timeline "$saga"
}

# kill_hard NAME: as the kernel does when memory runs out.
kill_hard() {
  printf '%s$ kill -9 %s%s   # %s\n' "$dim" "${pids[$1]}" "$plain" "$1"
  end "$1" KILL || true
}

scene_replayed() {
  scene "The declined order is run again with corrected input"
  tell "Bob names another address. A replay is a new saga that takes the order's key over."
  show skald replay "$declined" --input-patch '{"faults": null}'
  local saga
  saga=$(saga_of order-2)
  [[ $saga != "$declined" ]] || fail "the replay did not make a new saga"
  wait_for 0 "$saga"
  expect_status "$saga" completed
  expect "what the new saga replays" "$declined" "$(field "$saga" '$.replay_of')"
  show skald show "$saga"
}

scene_books() {
  scene "The books add up"
  end service || fail "the order service did not end cleanly"
  show skald list
  show skald audit || fail "the journal does not fold to what the store says"
  show skald-order-ledger --store orders.db --data data || fail "the books do not add up"
}
