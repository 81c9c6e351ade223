# shellcheck shell=bash
# Which Debian packages the commands of ./dev need, and how the missing ones are installed.
# Sourced after steps.sh.

readonly build_packages=(
  g++ cmake ninja-build ccache pkg-config sqlite3 libsqlite3-dev librabbitmq-dev
  nlohmann-json3-dev libcli11-dev libfmt-dev doctest-dev librapidcheck-dev libvalijson-dev
  libbenchmark-dev)
readonly broker_packages=(rabbitmq-server python3 python3-pika)
readonly shell_packages=(zsh fish)  # Their completion scripts are tried.
readonly clang_packages=(clang-16 libclang-rt-16-dev)
readonly lint_packages=(git clang-format clang-tidy-16)

installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# need_packages NAME…: installs what is missing; does nothing, and asks for no rights, when all is
# there.
need_packages() {
  step "check packages"
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    note "this is no Debian: make sure that the equivalents of these are installed: $*"
    return
  fi
  local missing=() name
  for name in "$@"; do
    installed "$name" || missing+=("$name")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  step "install ${missing[*]}"
  install_packages "${missing[@]}"
}

# as_root COMMAND…: with the proxy settings that sudo would drop.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  else
    sudo env "http_proxy=${http_proxy:-}" "https_proxy=${https_proxy:-}" \
      "no_proxy=${no_proxy:-}" "$@"
  fi
}

need_root_rights() {
  [[ $(id -u) -ne 0 ]] || return 0
  local by_hand="ask somebody who may to run: apt-get install $*"
  command -v sudo >/dev/null || fail "packages are missing, and you are neither root nor have sudo;" \
    "$by_hand"
  sudo -n true 2>/dev/null && return 0
  # A password can be asked for only where somebody can answer.
  [[ -t 0 && -z ${CI:-} ]] && sudo -v && return 0
  fail "packages are missing, and sudo does not let you install them; $by_hand"
}

install_packages() {
  need_root_rights "$@"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300)
  logged apt-update as_root "${apt[@]}" update
  forbid_services
  logged apt-install as_root "${apt[@]}" install --no-install-recommends "$@"
  allow_services
  # The tests start brokers of their own; the system's need not run, now or after a restart.
  if [[ " $* " == *" rabbitmq-server "* && -d /run/systemd/system ]]; then
    as_root systemctl disable rabbitmq-server >/dev/null 2>&1 || true
  fi
}

policy_file=/usr/sbin/policy-rc.d
policy_is_ours=

# Debian starts a service when its package is installed, unless this file says 101.
forbid_services() {
  [[ ! -e $policy_file ]] || return 0
  policy_is_ours=yes
  trap 'status=$?; allow_services; finish $status' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy_file" >/dev/null
  as_root chmod 755 "$policy_file"
}

allow_services() {
  [[ -n $policy_is_ours ]] || return 0
  policy_is_ours=
  as_root rm -f "$policy_file"
  trap 'finish $?' EXIT
}
