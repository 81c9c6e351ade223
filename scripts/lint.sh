# shellcheck shell=bash
# ./dev lint: what the compiler does not check. Sourced after build.sh.

readonly line_limit=100 file_limit=300 function_limit=70

run_lint() {
  local all=
  case "$#:${1:-}" in
    0:) ;;
    1:--all) all=yes ;;
    *) refuse "lint takes --all or nothing" ;;
  esac
  local sources=() chosen=() headers=() units=() file problems=()
  mapfile -t sources < <(list_sources)
  mapfile -t chosen < <(if [[ $all ]]; then list_sources; else list_changed; fi)
  for file in "${chosen[@]}"; do
    case "$file" in
      *.hpp) headers+=("$file") ;;
      *.cpp) units+=("$file") ;;
    esac
  done

  step "format of ${#sources[@]} files"
  check_format "${sources[@]}" || problems+=("format")
  step "lengths"
  check_lengths "${sources[@]}" || problems+=("lines over $line_limit columns")
  step "the rooms of the engine"
  check_rooms "${sources[@]}" || problems+=("includes that run back up")
  step "calls that throw for what data holds"
  check_outside_data "${sources[@]}" || problems+=("calls that throw for what data holds")
  step "what examples and documents teach"
  check_taught || problems+=("examples that end the process")
  if [[ ${#chosen[@]} -gt 0 ]]; then
    configure tidy -DCMAKE_CXX_CLANG_TIDY= -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DSKALD_BENCH=ON \
      -DSKALD_WERROR=OFF
    step "${#headers[@]} headers compile by themselves"
    check_headers "${headers[@]}" || problems+=("headers")
    step "clang-tidy of ${#units[@]} files"
    check_tidy "${units[@]}" || problems+=("clang-tidy")
  fi
  [[ ${#problems[@]} -eq 0 ]] || fail "$(join_words "${problems[@]}"); see above"
}

join_words() {
  local text=$1
  shift
  [[ $# -eq 0 ]] || text+=$(printf ', %s' "$@")
  echo "$text"
}

list_sources() {
  git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' | existing
}

# What differs from the branch this one will go to, committed or not; without one, from the last
# commit.
list_changed() {
  local base
  base=$(git merge-base HEAD '@{upstream}' 2>/dev/null || git rev-parse HEAD)
  {
    git diff --name-only "$base" -- '*.cpp' '*.hpp'
    git ls-files --others --exclude-standard -- '*.cpp' '*.hpp'
  } | sort -u | existing
}

existing() {
  while IFS= read -r file; do
    [[ ! -f $file ]] || printf '%s\n' "$file"
  done
}

check_format() {
  [[ $# -eq 0 ]] || printf '%s\0' "$@" | xargs -0 clang-format --dry-run -Werror
}

# Long files and functions are worth a thought, not a failure; a long line is one.
check_lengths() {
  [[ $# -gt 0 ]] || return 0
  warn_of_lengths "$@"
  ! LC_ALL=C.UTF-8 grep -nE "^.{$((line_limit + 1)),}" "$@"
}

warn_of_lengths() {
  awk -v lines="$file_limit" -v body="$function_limit" '
    function close_file() { if (count > lines) print name ": warning: " count " lines" }
    FNR == 1 { close_file(); name = FILENAME; start = 0 }
    { count = FNR }
    # A function at namespace level: an unindented line that opens a brace and is no type.
    /^[A-Za-z].*\{$/ && !/^(namespace|class|struct|enum|extern|union)/ { start = FNR }
    /^\}/ && start {
      if (FNR - start > body) print FILENAME ":" start ": warning: function of " FNR - start " lines"
      start = 0
    }
    END { close_file() }' "$@"
}

# Examples are copied, so what must not be done must not stand there.
check_taught() {
  local found
  found=$(git grep -nE '(input|output|data)\(\)\[' -- examples docs README.md) || return 0
  echo "$found"
  echo "    use .at(): [] on a value that cannot change ends the process when the member is missing"
  return 1
}

# Includes of the engine run down the list of rooms in engine/rooms.txt and never back up; a header
# belongs to one room.
check_rooms() {
  local files=() file
  for file in "$@"; do
    [[ $file != engine/* ]] || files+=("$file")
  done
  awk '
    function refuse(why) {
      print FILENAME ":" FNR ": " $0 "\n    " why
      refused = 1
    }
    FILENAME ~ /rooms\.txt$/ {
      if ($0 ~ /^#/ || NF == 0) next
      level[$1] = ++rooms
      split($1, path, "/")
      room_named[path[2]] = $1
      for (i = 2; i <= NF; ++i) room_of["skald/" $i ".hpp"] = $1
      next
    }
    FNR == 1 {
      split(FILENAME, path, "/")
      own = path[2] "/" path[3]
      if (path[2] == "include") own = room_of["skald/" path[4]]
      if (!(own in level)) {
        print FILENAME ": stands in no room of engine/rooms.txt"
        refused = 1
      }
    }
    /^#include "/ {
      split($0, quoted, "\"")
      split(quoted[2], path, "/")
      other = path[1] == "skald" ? room_of[quoted[2]] : room_named[path[1]]
      if (other == "") refuse("is in no room of engine/rooms.txt; write room/file.hpp")
      else if (level[other] > level[own]) refuse(own " must not include from " other)
    }
    END { exit refused }' engine/rooms.txt "${files[@]}"
}

# What throws, or ends the process, for what a payload, a name or a file may hold has no place in the
# product; neither has a catch-all that does not say why it hides no error.
check_outside_data() {
  local files=() file
  for file in "$@"; do
    case "$file" in
      engine/*/text.cpp | engine/*/json.cpp) ;;  # They are what the others are to use.
      engine/* | storage/* | steps/* | cli/*) files+=("$file") ;;
    esac
  done
  [[ ${#files[@]} -gt 0 ]] || return 0
  awk '
    function refuse(instead) {
      print FILENAME ":" FNR ": " $0 "\n    " instead
      refused = 1
    }
    FNR == 1 { before = "" }
    {
      code = $0
      sub(/\/\/.*/, "", code)
    }
    code ~ /(::|[^"_a-z\/])json_pointer[^.]/ {
      refuse("use split_pointer() and value_at() of engine/core/json/pointer.hpp: a pointer of " \
             "nlohmann throws for an empty token or a long number on a list")
    }
    code ~ /(\.|->)dump\(/ && code !~ /error_handler_t::replace/ {
      refuse("use dump_json() of skald/text.hpp: dump() throws for invalid UTF-8")
    }
    code ~ /catch \(\.\.\.\)/ && $0 !~ /\/\// && before !~ /\/\// {
      refuse("catch what you expect, or say in a comment on this line or the one before why no " \
             "error is hidden")
    }
    { before = $0 }
    END { exit refused }' "${files[@]}"
}

# Compiles one header with the include folders that its own folder's targets use.
check_headers() {
  [[ $# -gt 0 ]] || return 0
  local includes=() folder
  for folder in engine storage steps cli; do
    includes+=("-I$root/$folder/include" "-I$root/$folder/src")
  done
  includes+=("-I$root/engine/core" "-I$root/engine/runtime")
  includes+=("-I$root/tests/support" "-I$root/examples/order-service"
    "-I$root/examples/order-service/participants")
  printf '%s\0' "$@" | xargs -0 -P "$(parallel_jobs)" -I{} \
    g++ -std=c++20 -fsyntax-only -Wall -Wextra "${includes[@]}" -x c++ -include {} /dev/null
}

check_tidy() {
  [[ $# -gt 0 ]] || return 0
  printf '%s\0' "$@" | xargs -0 -n 1 -P "$(parallel_jobs)" \
    clang-tidy-16 -p build/tidy --quiet --warnings-as-errors='*' \
    --extra-arg=-Wno-unused-command-line-argument 2> >(grep -v 'warnings generated' >&2)
}
