# shellcheck shell=bash
# ./dev faults: the fault tests again and again, each time with another seed. Sourced after build.sh.

# A round is every test with the label `faults` (its name says which fault it is, as `F4`), told the
# seed by SKALD_SEED. A failed round prints the seed that brings it back. Before the rounds the
# simulator (F1) has half of the time: it finds most, the more schedules the better.
run_faults() {
  local minutes=5 seed=$RANDOM only='' round=0
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
  local chosen=(-L faults)
  [[ -z $only ]] || chosen+=(-R "(^|[^A-Za-z0-9])(${only//,/|})([^0-9]|\$)")
  local until=$((SECONDS + minutes * 60))
  if [[ -z $only || ,$only, == *,F1,* ]]; then
    simulate "$seed" "$([[ -n $only ]] && echo "$minutes" || echo $((minutes / 2)))"
    [[ $only != F1 ]] || return 0
  fi
  if [[ ,$only, == *,F16,* ]]; then
    fuzz "$seed" "$minutes"
    [[ $only != F16 ]] || return 0
  fi
  if [[ ,$only, == *,F2,* ]]; then
    step "the exhaustive model, in full"
    "$root/build/release/bin/skald_model" --full </dev/null || fail "in the exhaustive model"
  fi
  while ((round == 0 || SECONDS < until)); do
    round=$((round + 1))
    step "round $round, seed $seed"
    export SKALD_SEED=$seed
    ctest --test-dir "$root/build/release" --output-on-failure --no-tests=error "${chosen[@]}" \
      </dev/null || fail "in round $round; again with: ./dev faults --seed $seed --minutes 0"
    seed=$((seed + 1))
  done
  note "$round rounds, none failed"
}

# simulate SEED MINUTES: each schedule has a seed of its own, counted from a multiple of SEED.
simulate() {
  local seed=$(($1 * 1000000)) minutes=$2 length=()
  length=(--minutes "$minutes")
  ((minutes > 0)) || length=(--schedules 50000)
  step "simulation from seed $seed"
  "$root/build/release/bin/skald_simulation" --seed "$seed" "${length[@]}" </dev/null ||
    fail "in the simulation; it names the seeds that failed"
}

# fuzz SEED MINUTES: libFuzzer on every parser, in turn, from the corpus that the tests use. What it
# finds stays in build/fuzz/findings.
fuzz() {
  local seed=$1 minutes=$2 programs program name seconds
  need_packages clang-16 libclang-rt-16-dev
  configure fuzz
  programs=(json definition filter control policies address chaos reply command journal state)
  build fuzz "${programs[@]/#/skald_fuzz_}"
  seconds=$((minutes * 60 / ${#programs[@]} + 1))
  mkdir -p "$root/build/fuzz/findings"
  for name in "${programs[@]}"; do
    step "libFuzzer on $name for ${seconds} s"
    program=$root/build/fuzz/bin/skald_fuzz_$name
    mkdir -p "$root/build/fuzz/corpus/$name"
    "$program" -seed="$seed" -max_total_time="$seconds" -max_len=65536 -verbosity=0 -print_final_stats=1 \
      -artifact_prefix="$root/build/fuzz/findings/$name-" "$root/build/fuzz/corpus/$name" \
      $(corpus_folder "$name") </dev/null 2>&1 | grep -E "VIOLATION|ERROR|SUMMARY|executed_units|new_units" ||
      true
    [[ ${PIPESTATUS[0]} -eq 0 ]] || fail "$name: see build/fuzz/findings"
  done
}

corpus_folder() {
  local folder="$root/tests/fuzz/corpus/$1"
  [[ ! -d $folder ]] || echo "$folder"
}
