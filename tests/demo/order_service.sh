#!/usr/bin/env bash
# The order service refuses what it cannot use, in a sentence, and starts nothing then; an order that
# is handed in twice is carried out once; and the ledger check notices books that were tampered with.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
fresh_folder "$1"

service() { "$SKALD_BIN/skald-order-service" --store orders.db --data data "$@"; }
ledger() { "$SKALD_BIN/skald-order-ledger" --store orders.db --data data; }

mug='{"order_id":"o-1","customer":"ada","sku":"mug","quantity":1,"amount_cents":1200}'

expect_refusal 2 "--order" service
expect_refusal 2 "must be a duration" service --order "$mug" --wait soon
expect_refusal 1 "--order: " service --order '{"order_id":'
expect_refusal 1 "order_id" service --order '{"customer":"ada"}'
expect_refusal 1 "cannot read orders" service --orders missing.jsonl
printf '%s\n\n%s\n' "$mug" 'no order' >orders.jsonl
expect_refusal 1 "orders.jsonl:3" service --orders orders.jsonl
expect_refusal 1 "SKALD_AMQP_URL" env -u SKALD_AMQP_URL -u SKALD_AMQP_URL_FILE \
  "$SKALD_BIN/skald-order-service" --store other.db --rabbitmq --order "$mug"
[[ ! -e orders.db ]] || [[ $("$SKALD_BIN/skald" --store orders.db count) == 0 ]] ||
  fail "a saga was started by an order that was refused"

first=$(service --order "$mug")
[[ $first == *"o-1: accepted as saga "*"o-1: completed"* ]] || fail "the order should complete: $first"
again=$(service --order "$mug")
[[ $again == "o-1: is known as saga "*", which is completed" ]] || fail "it is another order: $again"
expect_refusal 4 "o-1: refused" service --order "${mug/1200/1300}"
printf '%s\n%s\n' "${mug/o-1/o-2}" "${mug/o-1/o-3}" | service --orders - >/dev/null ||
  fail "two orders from standard input should complete"

# A bad order is rejected by the participants: nothing is left of it.
bad=$(service --order '{"order_id":"o-4","customer":"ada","sku":"mug","quantity":0,"amount_cents":1}')
[[ $bad == *"o-4: compensated"* ]] || fail "an order of no mugs should be turned back: $bad"

ledger >/dev/null || fail "the books should add up: $(ledger)"
sqlite3 data/payment.db "update accounts set balance = balance + 1"
status=0
ledger >/dev/null || status=$?
[[ $status -eq 1 ]] || fail "a cent too many should be noticed with exit code 1"
