# shellcheck shell=bash
# ./dev faults: the fault tests again and again, each time with another seed. Sourced after build.sh.

# A round is every test with the label `faults` (its name says which fault it is, as `F4`), told the
# seed by SKALD_SEED. A failed round prints the seed that brings it back.
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
