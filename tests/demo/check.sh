# shellcheck shell=bash
# What the scripts beside this one check with. Sourced.

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# fresh_folder DIR: and goes there.
fresh_folder() {
  rm -rf "$1" && mkdir -p "$1" && cd "$1" || fail "cannot make $1"
}

# expect_output WANTED COMMAND…: exactly this on stdout, and success.
expect_output() {
  local wanted=$1 got
  shift
  got=$("$@") || fail "$* ended with exit code $?, and said: $got"
  [[ $got == "$wanted" ]] || fail "$* should say
$wanted
but says
$got"
}

# expect_refusal CODE TEXT COMMAND…: exit code CODE, TEXT in what it says, at most a few lines of it.
expect_refusal() {
  local code=$1 text=$2 got status=0
  shift 2
  got=$("$@" 2>&1) || status=$?
  [[ $status -eq $code ]] || fail "$* should end with exit code $code, not $status: $got"
  [[ $got == *"$text"* ]] || fail "$* should speak of '$text', but says: $got"
  [[ $(wc -l <<<"$got") -le 3 ]] || fail "$* should say it in a sentence, but says: $got"
}
