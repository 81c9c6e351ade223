#!/bin/bash
# The skald program as a process: streams, signals, two of them on one store. Needs no broker, since an
# engine whose broker is away is an engine all the same.
#
#   process_test.sh SKALD DIR
set -u
skald=$1
dir=$2
rm -rf "$dir" && mkdir -p "$dir" && cd "$dir" || exit 1
export SKALD_STORE=$dir/orders.db SKALD_AMQP_URL=amqp://guest:geheim@127.0.0.1:1/

fail() { echo "process_test: $*" >&2; exit 1; }

# expect CODE COMMAND…: runs it, keeps its output in ./out and ./err, and checks the exit code.
expect() {
  local wanted=$1 code=0
  shift
  "$@" > out 2> err || code=$?
  [ "$code" = "$wanted" ] || fail "$*: exit code $code, not $wanted: $(cat out err)"
}

# Waits until the file $1 holds the text $2; the engine with the pid $engine must live meanwhile.
await() {
  until grep -q "$2" "$1"; do
    kill -0 "$engine" 2> /dev/null || fail "the engine ended: $(cat "$1" engine.err)"
    sleep 0.05
  done
}

cat > order.json << 'JSON'
{"saga": "order", "version": 1, "steps": [
  {"name": "reserve", "participant": "inventory", "action": "reserve", "compensation": "release"}]}
JSON

expect 0 "$skald" --version
expect 2 "$skald"
expect 3 "$skald" list

# A variable in the environment lets no delivered program die.
expect 0 env SKALD_CRASH_AT=store.locked "$skald" start order.json --input '{}' --key first
rm "$SKALD_STORE"*

# What is no UTF-8 is refused with or without an engine, and harms none that starts afterwards.
expect 0 "$skald" start order.json --input '{}' --key first
for option in --key --definition; do
  expect 2 "$skald" start order --input '{}' "$option" $'caf\xe9'
  grep -q -- "$option" err || fail "the option is not named: $(cat err)"
done
expect 2 "$skald" start order --input $'{"a":"\xe9"}'
expect 2 "$skald" $'\x1b[2J\xff'
grep -q $'\x1b' err && fail "an error repeats control characters"
expect 2 env SKALD_OPERATOR=$'\xff' "$skald" abandon --type order --yes
expect 0 "$skald" abandon --type order --yes --reason $'caf\xe9'
expect 0 "$skald" audit
rm "$SKALD_STORE"*

"$skald" run order.json > engine.out 2> engine.err &
engine=$!
await engine.out "^ready: pid $engine, store $SKALD_STORE, channel amqp "
# A process that is not dumpable belongs to root in /proc, which root itself cannot tell apart.
[ "$(id -u)" = 0 ] || [ "$(stat -c %u "/proc/$engine/environ")" = 0 ] || fail "it can be dumped"
grep -q geheim engine.out engine.err && fail "the password was shown"

expect 5 "$skald" run order.json
grep -q "$engine" err || fail "the owner's pid is not named: $(cat err)"
expect 124 "$skald" start order --input '{}' --wait --timeout 300ms
id=$(cat out)
expect 0 "$skald" store info
grep -q "pid $engine" out || fail "store info does not see the engine"
expect 0 "$skald" pause "$id"
expect 124 "$skald" wait "$id" --timeout 100ms

kill -TERM "$engine"
wait "$engine" || fail "the engine did not stop cleanly: $(cat engine.err)"
grep -q "^stopped: pid $engine" engine.out || fail "the engine did not say that it stopped"

expect 5 "$skald" wait "$id"
expect 0 "$skald" resume "$id"

# Streams that are closed become neither the store nor its lock.
"$skald" run <&- >&- 2>&- &
engine=$!
until "$skald" store info > out 2>&1 && grep -q "pid $engine" out; do
  kill -0 "$engine" || fail "the engine without streams ended"
  sleep 0.05
done
for stream in 0 1 2; do
  [ "$(readlink "/proc/$engine/fd/$stream")" = /dev/null ] || fail "stream $stream is a file"
done
kill -TERM "$engine"
wait "$engine" || fail "the engine without streams did not stop cleanly"

# Whoever reads the notices may go: the engine stays, and stops cleanly.
mkfifo notices
"$skald" run > notices 2>&1 &
engine=$!
head -c 1 notices > /dev/null
until "$skald" store info > out 2>&1 && grep -q "pid $engine" out; do
  kill -0 "$engine" 2> /dev/null || fail "the engine died when its reader went"
  sleep 0.05
done
kill -TERM "$engine"
wait "$engine" || fail "the engine without a reader did not stop cleanly"

"$skald" run > engine.out 2> engine.err &
engine=$!
await engine.out "^ready: "
kill -KILL "$engine"
wait "$engine" 2> /dev/null
expect 0 "$skald" abandon "$id" --reason "the engine was killed"
expect 12 "$skald" wait "$id"
expect 0 "$skald" audit
"$skald" list -o ids | "$skald" show "$(cat)" -o json > out || fail "pipes do not work"

# A reader that goes away early ends the writer quietly, and a full disk is not success.
expect 1 sh -c '"$0" list -o json > /dev/full' "$skald"
echo "the skald program behaves"
