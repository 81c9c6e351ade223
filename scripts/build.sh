# shellcheck shell=bash
# Configure, build, test: the three things that most commands of ./dev begin with.
# Sourced after steps.sh.

# Outside build/, so that `clean` and fresh clones stay cheap; relative paths make clones alike.
export CCACHE_DIR=${CCACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/ccache}
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root}

# A compiler needs up to a gigabyte: as many as there are processors and memory for.
parallel_jobs() {
  local processors gigabytes
  processors=$(nproc)
  gigabytes=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  echo "${SKALD_JOBS:-$((gigabytes < processors ? (gigabytes < 1 ? 1 : gigabytes) : processors))}"
}

# configure PRESET [ARGS…]
configure() {
  local preset=$1
  shift
  grep -q "\"configurePreset\": \"$preset\"" "$root/CMakePresets.json" ||
    refuse "there is no preset '$preset'"
  forget_moved_build "$preset"
  step "configure $preset"
  [[ $preset != release ]] || set -- "-DSKALD_WERROR=$(is_home && echo ON || echo OFF)" "$@"
  logged "configure-$preset" cmake --preset "$preset" "$@"
}

# Whether this is a system that Skald is developed or tested on. Elsewhere compilers and libraries
# warn of more, or of what is no longer recommended; a release build is not to fail for that.
is_home() { grep -Eqs '^VERSION_CODENAME=(bookworm|trixie)' /etc/os-release; }

# CMake refuses a build folder that was made for another path, as after a copy or a move.
forget_moved_build() {
  local cache="$root/build/$1/CMakeCache.txt" home
  [[ -f $cache ]] || return 0
  home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache")
  [[ $home == "$root" ]] || rm -rf "${root:?}/build/$1"
}

# build PRESET [TARGETS…]: shows every warning and error, and progress now and then.
build() {
  local preset=$1 log
  shift
  log=$(log_file "build-$preset")
  step "build $preset ($(parallel_jobs) jobs)"
  if ! cmake --build --preset "$preset" -j "$(parallel_jobs)" ${1:+--target "$@"} 2>&1 </dev/null |
    tee "$root/$log" | show_progress; then
    fail "see $log"
  fi
}

show_progress() {
  awk '/^\[[0-9]+\/[0-9]+\]/ { if (n++ % 40 == 0) { print "              " $1; fflush() } next }
       { print; fflush() }'
}

# run_ctest PRESET [ARGS…]
run_ctest() {
  local preset=$1 log
  shift
  log=$(log_file "test-$preset")
  step "test $preset"
  # Two at a time: the tests with brokers and kills need air to keep to their time limits.
  if ! ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error -j2 "$@" \
    2>&1 </dev/null | tee "$root/$log"; then
    fail "$(awk '/tests failed out of/ { print $4 " of " $9 " tests failed; " }' "$root/$log")see $log"
  fi
}
