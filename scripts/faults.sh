# shellcheck shell=bash
# ./dev faults: the fault tests again and again, each time with another seed. Sourced after build.sh.

# A round is every test with the label `faults` (its name says which fault it is, as `F4`), told the
# seed by SKALD_SEED. A failed round prints the seed that brings it back. Before the rounds the
# simulator (F1) runs a hundred thousand schedules for each of the minutes, however long they take:
# it finds most. With ten minutes or more there is a soak of a million messages, too. At the end
# stands a table of what really fired, from what the harnesses enter in $SKALD_FAULT_LEDGER.
run_faults() {
  local minutes=5 seed=$RANDOM only='' until
  while [[ $# -gt 0 ]]; do
    [[ $# -ge 2 ]] || refuse "$1 needs a value"
    case "$1" in
      --minutes) minutes=$2 ;;
      --seed) seed=$2 ;;
      --only) only=$2 ;;
      *) refuse "faults has no option '$1'" ;;
    esac
    shift 2
  done
  [[ $minutes =~ ^[0-9]+$ ]] || refuse "--minutes takes a whole number, not '$minutes'"
  [[ $seed =~ ^[0-9]+$ ]] || refuse "--seed takes a whole number, not '$seed'"
  export SKALD_FAULT_LEDGER="$root/build/faults.tsv"
  : >"$SKALD_FAULT_LEDGER"
  until=$((SECONDS + minutes * 60))
  if chosen F1 "$only"; then
    simulate "$seed" "$minutes"
  fi
  if [[ -n $only ]] && chosen F2 "$only"; then
    step "the exhaustive model, in full"
    "$root/build/release/bin/skald_model" --full </dev/null || fail "in the exhaustive model"
  fi
  if chosen F21 "$only" && [[ -n $only || $minutes -ge 10 ]]; then soak; fi
  if [[ -n $only ]] && chosen F16 "$only"; then fuzz "$seed" "$minutes"; fi
  if [[ -n $only ]] && chosen F5 "$only" && ((minutes > 0)); then sweep_disk "$seed"; fi
  if [[ -n $only ]] && chosen F7 "$only" && ((minutes > 0)); then sweep_memory "$seed" "$minutes"; fi
  if chosen F23 "$only"; then try_hostile_data "$seed" "$minutes" "$only"; fi
  run_rounds "$seed" "$until" "$only"
  print_ledger
}

# chosen FAULT ONLY: whether --only leaves this fault in.
chosen() { [[ -z $2 || ,$2, == *,$1,* ]]; }

run_rounds() {
  local seed=$1 until=$2 only=$3 round=0 tests=(-L faults)
  [[ $only != F1 ]] || return 0
  [[ -z $only ]] || tests+=(-R "(^|[^A-Za-z0-9])(${only//,/|})([^0-9]|\$)")
  while ((round == 0 || SECONDS < until)); do
    round=$((round + 1))
    step "round $round, seed $seed"
    export SKALD_SEED=$seed
    ctest --test-dir "$root/build/release" --output-on-failure --no-tests=error "${tests[@]}" \
      </dev/null || fail "in round $round; again with: ./dev faults --seed $seed --minutes 0"
    seed=$((seed + 1))
  done
  note "$round rounds, none failed"
}

# Sums up by harness; a control is good when the rule that it broke was noticed.
print_ledger() {
  step "what really fired"
  sort "$SKALD_FAULT_LEDGER" | awk -F '\t' '
    { name = $1 ($7 == "control" ? " (control)" : "")
      if (!(name in runs)) order[++n] = name
      runs[name]++; fired[name] += $3; sagas[name] += $4; repeated[name] += $5; found[name] += $6
      if ($7 == "control") wanted[name] = 1
      if ($8 != "good") bad[name]++ }
    END { printf "  %-36s %6s %12s %12s %12s %11s\n", "fault", "runs", "fired", "sagas", "duplicates", "violations"
          for (i = 1; i <= n; i++) { k = order[i]
            printf "  %-36s %6d %12d %12d %12d %11d%s%s\n", k, runs[k], fired[k], sagas[k], repeated[k], found[k],
              (k in wanted ? "  caught" : ""), (k in bad ? "  FAILED " bad[k] : "") } }'
}

# try_hostile_data SEED MINUTES ONLY: stories from a multiple of SEED, for a tenth of the time, or for
# all of it when nothing else was asked for. The rounds have the short form and the mutants.
try_hostile_data() {
  local seed=$(($1 * 1000000)) minutes=$(($2 / 10))
  [[ -z $3 ]] || minutes=$2
  ((minutes > 0)) || return 0
  step "hostile data from seed $seed"
  TMPDIR=$(memory_folder) "$root/build/release/bin/skald_data_faults" --seed "$seed" \
    --minutes "$minutes" </dev/null || fail "with hostile data; it names the seeds"
}

# sweep_disk SEED: every operation of a life fails, once and for good, not a sample of them. It takes
# as long as it takes.
sweep_disk() {
  step "every operation of the disk"
  TMPDIR=$(memory_folder) "$root/build/release/bin/skald_store_faults" disk-operations --seed "$1" \
    --length 1000000 </dev/null || fail "in the sweep of disk operations"
}

# sweep_memory SEED MINUTES: allocations are too many to try each; a life takes some 50 ms.
sweep_memory() {
  step "allocations, in many lives"
  TMPDIR=$(memory_folder) "$root/build/release/bin/skald_memory_faults" --seed "$1" \
    --length "$(($2 * 500))" </dev/null || fail "in the sweep of allocations"
}

# Where files are quick to write; none of these tests is about the disk itself.
memory_folder() { if [[ -d /dev/shm ]]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi; }

# simulate SEED MINUTES: each schedule has a seed of its own, counted from a multiple of SEED. Then
# the mutants, to show that the checker can fail.
simulate() {
  local seed=$(($1 * 1000000)) minutes=$2 length=()
  length=(--schedules $((minutes * 100000)))
  ((minutes > 0)) || length=(--schedules 50000)
  step "simulation from seed $seed"
  "$root/build/release/bin/skald_simulation" --seed "$seed" "${length[@]}" </dev/null ||
    fail "in the simulation; it names the seeds that failed"
  step "mutants of the simulation"
  ctest --test-dir "$root/build/release" --output-on-failure --no-tests=error -j2 \
    -R 'simulation\.checker-catches' </dev/null | tail -n 3 || fail "a mutant was not caught"
}

# A million messages in-process and a million over RabbitMQ, with a broker of its own.
soak() {
  local soak="$root/build/release/bin/skald_soak" support="$root/tests/support/rabbitmq.sh" broker url
  step "a million messages in-process"
  "$soak" </dev/null || fail "in the soak"
  step "a million messages over RabbitMQ"
  broker=$(mktemp -d "${TMPDIR:-/tmp}/skald-soak-broker-XXXXXX")
  url=$("$support" start "$broker") || fail "no broker for the soak; see $broker/log"
  if ! "$soak" --rabbitmq "$url" </dev/null; then
    "$support" remove "$broker"
    fail "in the soak over RabbitMQ"
  fi
  "$support" remove "$broker"
}

# fuzz SEED MINUTES: libFuzzer on every parser, in turn, from the corpus that the tests use. What it
# finds stays in build/fuzz/findings.
fuzz() {
  local seed=$1 minutes=$2 targets name seconds log corpus
  need_packages clang-16 libclang-rt-16-dev
  configure fuzz
  targets=(json definition filter control policies address chaos reply command journal state
    definition_use reply_use pointer condition control_use)
  build fuzz "${targets[@]/#/skald_fuzz_}"
  seconds=$((minutes * 60 / ${#targets[@]} + 1))
  mkdir -p "$root/build/fuzz/findings"
  for name in "${targets[@]}"; do
    step "libFuzzer on $name for $seconds s"
    log=$(log_file "fuzz-$name")
    corpus=("$root/build/fuzz/corpus/$name")
    mkdir -p "${corpus[0]}"
    [[ ! -d $root/tests/fuzz/corpus/$name ]] || corpus+=("$root/tests/fuzz/corpus/$name")
    "$root/build/fuzz/bin/skald_fuzz_$name" -seed="$seed" -max_total_time="$seconds" -max_len=65536 \
      -print_final_stats=1 -artifact_prefix="$root/build/fuzz/findings/$name-" "${corpus[@]}" \
      </dev/null >"$root/$log" 2>&1 || fail "$name: see $log and build/fuzz/findings"
    note "$(awk '/number_of_executed_units/ { print $2 " inputs" }' "$root/$log")"
  done
}
