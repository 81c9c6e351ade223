#!/bin/bash
# I17: secrets are planted where operators put them, and looked for where they must not show up: in
# what skald writes, in argument lists of processes, in listings. Needs the broker of
# $SKALD_TEST_BROKER.
#
#   secrets.sh SKALD DIR [--control]
#
# With --control they are put where they do show up, as a business key and as an argument: then they
# must be found, or nothing would ever be.
set -u
skald=$1
dir=$2
control=${3:-}
/usr/bin/python3 -c 'import pika' 2>/dev/null || {
  echo "skipped: python3-pika is not installed"
  exit 77
}
broker_url=$(cat "$SKALD_TEST_BROKER/url") || exit 1
rm -rf "$dir" && mkdir -p "$dir" && cd "$dir" || exit 1
export SKALD_STORE=$dir/orders.db

salt=$RANDOM$RANDOM
password=pw-$salt-geheim
key_text=key-$salt-privat
payload=card-$salt-4711
readonly salt password key_text payload

looked=0
found=0
engine=

fail() { echo "secrets: $*" >&2; cleanup; exit 1; }
cleanup() { [ -z "$engine" ] || { kill -TERM "$engine" && wait "$engine"; } 2>/dev/null; engine=; }
trap cleanup EXIT

# look PLACE FILE…: none of the secrets, as they are or percent-encoded, may stand in the files.
look() {
  local place=$1 secret
  shift
  for secret in "$password" "${password//-/%2D}" "${password//-/%2d}" "$key_text" "$payload"; do
    looked=$((looked + 1))
    if cat "$@" | grep -qF -- "$secret"; then
      found=$((found + 1))
      echo "I17: $secret shows up in $place"
    fi
  done
}

# say PLACE COMMAND…: what a command writes, whatever comes of it, and its own argument list. An
# answer that is empty would prove nothing.
say() {
  local place=$1
  shift
  "$@" >out 2>err </dev/null
  cat out err >both
  [ -s both ] || fail "$place says nothing"
  look "$place" both
}

# A command that is still at work, as other users see it.
look_at_process() {
  tr '\0' ' ' <"/proc/$2/cmdline" >arguments
  grep -q skald arguments || fail "$1: the process has ended already"
  look "$1" arguments
}

await() {
  local tries=0
  until grep -q "$2" "$1" 2>/dev/null; do
    kill -0 "$engine" 2>/dev/null || fail "the engine ended: $(cat "$1" engine.err)"
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "waited in vain for '$2'"
    sleep 0.1
  done
}

run_engine() {
  "$skald" run order.json "$@" >engine.out 2>engine.err &
  engine=$!
  await engine.out '^ready: '
}

stop_engine() {
  kill -TERM "$engine" && wait "$engine"
  engine=
  look "the engine's words ($1)" engine.out engine.err
}

cat >order.json <<'JSON'
{"saga": "order", "version": 1, "secrets": ["/input/card"], "steps": [
  {"name": "reserve", "participant": "nobody", "action": "reserve", "compensation": "release",
   "timeout": "1s", "retry": {"max_attempts": 2, "initial_delay": "1m"}}]}
JSON
printf -- '-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n' "$key_text" >key.pem
printf -- '-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n' "$key_text" >cert.pem
chmod 600 key.pem cert.pem
input="{\"card\": \"$payload\"}"
address=${broker_url#amqp://guest:guest@}
address=${address%/}

# Addresses that cannot be used, by every way in which they can be given.
refuse_addresses() {
  local url number=0
  for url in "amqp://skald:$password@127.0.0.1:99999/" "amqp://skald:$password@:1/" \
    "amqp://skald:$password@h:1/?bogus=1" "amqp://skald:$password%zz@h:1/" \
    "http://skald:$password@h/" \
    "skald:$password@h" "amqp://skald:$password@h:1/v?heartbeat=x" \
    "amqp://skald:1?$password@h:1/" "amqp://skald:1/$password@h:1/" "amqp://skald:1?$password" \
    "amqps://skald:$password@$address/?keyfile=$dir/key.pem&certfile=$dir/cert.pem" \
    "amqps://skald:$password@$address/?keyfile=$dir/none.pem&certfile=$dir/cert.pem"; do
    number=$((number + 1))
    SKALD_AMQP_URL=$url say "a refused address, number $number" timeout 5 "$skald" run order.json
    printf '{"amqp": {"url": "%s"}}' "$url" >config.json
    chmod 600 config.json
    say "a refused configuration, number $number" \
      timeout 5 "$skald" run order.json --config config.json
    printf '%s\n' "$url" >broker.url
    chmod 644 broker.url
    SKALD_AMQP_URL_FILE=$dir/broker.url say "a file that others may read" \
      timeout 5 "$skald" run order.json
  done
  printf '{"amqp": {"url": "amqp://skald:%s@h:1/"},, }' "$password" >config.json
  say "a configuration that is no JSON" "$skald" run order.json --config config.json
  printf '{"amqp": {"url": "amqp://h:1/", "password": "%s"}}' "$password" >config.json
  say "a configuration with an unknown key" "$skald" run order.json --config config.json
}

# What is refused is described, not repeated.
refuse_payloads() {
  printf '{"card": "%s"' "$payload" >broken.json
  say "an input that is no JSON" "$skald" start order --input @broken.json
  printf '["%s"' "$payload" | "$skald" start order --input - >out 2>err
  look "an input that is no JSON, from a pipe" out err
}

# An engine that reaches nobody, and one that the broker refuses.
run_in_vain() {
  export SKALD_AMQP_URL="amqp://skald:$password@127.0.0.1:1/"
  run_engine
  await engine.err 'cannot\|refused\|connect'
  look_at_process "an engine's arguments" "$engine"
  printf '%s' "$input" >input.json
  id=$("$skald" start order --input @input.json) || fail "a start was refused"
  stop_engine "the broker is away"
  export SKALD_AMQP_URL="amqp://guest:$password@$address/"
  "$skald" run order.json >engine.out 2>engine.err
  look "the engine's words (login refused)" engine.out engine.err
  grep -qi 'refuse\|login\|access' engine.err || fail "the login was not refused: $(cat engine.err)"
}

# One that works: with sagas, a signal, and a message that ends in quarantine.
run_well() {
  export SKALD_AMQP_URL=$broker_url
  run_engine
  local key=order-1 arguments=(--input @input.json)
  [ -z "$control" ] || { key=$payload; arguments=(--input "$input"); }
  "$skald" start order "${arguments[@]}" --key "$key" \
    --wait --timeout 5s >wait.out 2>wait.err &
  local waiter=$!
  # Before that it is the shell's own argument list.
  until grep -q -- --wait "/proc/$waiter/cmdline"; do
    kill -0 "$waiter" || fail "no start waits"
  done
  look_at_process "a start's arguments" "$waiter"
  wait "$waiter"
  look "a start that is waited for" wait.out wait.err
  engine_id=$("$skald" store info -o json |
    sed -n 's/.*"engine_id":[ ]*"\([^"]*\)".*/\1/p')
  /usr/bin/python3 - "$broker_url" "skald.reply.$engine_id" "$payload" <<'PYTHON' || fail "cannot publish"
import sys
import pika
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
channel.confirm_delivery()
channel.basic_publish("", sys.argv[2], ('{"card": "%s"' % sys.argv[3]).encode(), mandatory=True)
connection.close()
PYTHON
  local tries=0
  until [ "$("$skald" quarantine list -o ids | wc -l)" -gt 0 ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "the poisoned reply never came to quarantine"
    sleep 0.1
  done
  local verb
  for verb in list count participants "list -o json" "list -o jsonl" "definition list" audit \
    "store info" "store check" "store info -o json" "quarantine list" "participants -o json" \
    "why $id" "timeline $id" "show $id" "show $id -o wide" "show $id -o json" "history $id" \
    "history $id -o json" "cancel $id --dry-run" "abandon $id --dry-run -o json" \
    "quarantine show 1" "quarantine show 1 -o json" "quarantine list -o json" "definition show order"; do
    # Unquoted: they are verbs with options.
    # shellcheck disable=SC2086
    say "skald $verb" "$skald" $verb
  done
  say "a requeue that is refused" "$skald" quarantine requeue 1
  say "a signal that nobody waits for" "$skald" signal "$id" go --data @input.json
  stop_engine "at work"
}

refuse_addresses
refuse_payloads
run_in_vain
run_well

good=good
kind=run
[ -z "$control" ] || kind=control
[ "$looked" -gt 0 ] || good=FAILED
if [ $kind = control ]; then
  [ "$found" -gt 1 ] || good=FAILED
else
  [ "$found" = 0 ] || good=FAILED
fi
echo "I17: secrets looked for: $looked times; found: $found; $kind, $good"
if [ -n "${SKALD_FAULT_LEDGER:-}" ]; then
  printf 'I17-secrets\t-\t%s\t0\t0\t%s\t%s\t%s\n' "$looked" "$found" $kind $good \
    >>"$SKALD_FAULT_LEDGER"
fi
[ $good = good ]
