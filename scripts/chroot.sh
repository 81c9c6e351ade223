# shellcheck shell=bash
# ./dev COMMAND --in debian13: the same command inside another Debian, in a chroot. Sourced after
# build.sh.
#
# The chroot lies in the user's cache folder, beside ccache's: made once by debootstrap, then kept
# with its packages, its build folder and its own ccache, so that a second run costs little. To
# begin anew, remove that folder. The tree is copied as it stands, with changes that nobody has
# committed yet.
#
# The command runs in a mount and a process namespace of its own. Its mounts are never seen
# outside, and when it ends, however it ends, the kernel removes them with every process that is
# left.

# The Debians that `--in` knows, and the suite that debootstrap makes each from.
declare -rA chroot_suites=([debian13]=trixie)
readonly chroot_mirror=${SKALD_DEBIAN_MIRROR:-http://deb.debian.org/debian}
chroot_pid=

# run_in_chroot NAME COMMAND [ARGS…]
run_in_chroot() {
  local name=$1 folder
  shift
  folder="${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/skald/$name"
  [[ -n ${chroot_suites[$name]:-} ]] || refuse "--in takes one of: ${!chroot_suites[*]}"
  [[ $(id -u) -eq 0 ]] ||
    fail "--in $name needs root, for chroot and mount: run it as root, or with sudo -E"
  mkdir -p "${folder%/*}"
  # Everything in the namespace inherits the lock, so that it is free when nothing runs there.
  exec {chroot_lock}>"$folder.lock"
  flock --nonblock "$chroot_lock" ||
    fail "another run uses $folder: wait for it to end"
  make_chroot "${chroot_suites[$name]}" "$folder"
  configure_apt "$folder"
  copy_tree "$folder"
  step "in $name: ./dev $*"
  enter_chroot "$folder" "$@"
}

# make_chroot SUITE FOLDER: a folder under its final name is complete.
make_chroot() {
  local suite=$1 folder=$2 script=/usr/share/debootstrap/scripts
  [[ ! -d $folder ]] || return 0
  need_packages debootstrap debian-archive-keyring
  [[ -e $script/$suite ]] ||
    fail "this debootstrap does not know $suite: install a newer one"
  step "make the chroot $folder"
  rm -rf --one-file-system "$folder.new"
  # In a namespace, for what it mounts must not outlive it when it is killed.
  http_proxy=$(apt_proxy) logged "debootstrap-$suite" unshare --mount debootstrap \
    --variant=minbase --include=ca-certificates "$suite" "$folder.new" "$chroot_mirror"
  mv "$folder.new" "$folder"
}

# The proxy that apt uses here, for debootstrap, which reads only the environment.
apt_proxy() {
  local proxy=
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [[ $proxy == DIRECT ]] || echo "${proxy:-${http_proxy:-}}"
}

# configure_apt FOLDER: what this machine's apt needs to reach the archive, it needs in there, too;
# and names are looked up as they are here.
configure_apt() {
  local apt="$1/etc/apt/apt.conf.d/90skald"
  apt-config dump Acquire |
    grep -E '^Acquire::((http|https)(::|[^:])|Retries|Force|Check-)' >"$apt" || true
  echo 'APT::Install-Recommends "false";' >>"$apt"
  cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
}

# copy_tree FOLDER: everything but what is built and git's own. The times of files are kept, so
# that only what has changed is built again.
copy_tree() {
  local tree="$1/skald"
  step "copy the tree"
  mkdir -p "$tree"
  find "$tree" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  tar -C "$root" --exclude=./build --exclude=./.cache --exclude=./.git -cf - . |
    tar -C "$tree" --no-same-owner -xf - || fail "cannot copy the tree to $tree"
}

# enter_chroot FOLDER COMMAND [ARGS…]: runs it in the background, as only then a signal is heeded
# at once. `unshare` dies with this shell, and takes along every process in the namespace.
enter_chroot() {
  local folder=$1 status=0 name settings=()
  shift
  # What the outer ./dev has exported, as ccache's folder, means nothing in there.
  for name in TERM CI http_proxy https_proxy no_proxy SKALD_JOBS SKALD_SEED; do
    [[ ! -v $name ]] || settings+=("$name=${!name}")
  done
  trap 'status=$?; leave_chroot; finish $status' EXIT
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child -- \
    bash -c "$inside_the_namespace" inside "$folder" \
    env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    "${settings[@]}" /skald/dev "$@" </dev/null &
  chroot_pid=$!
  wait "$chroot_pid" || status=$?
  chroot_pid=
  [[ $status -eq 0 ]] || fail "inside the chroot, see above; its files are in $folder/skald"
}

leave_chroot() {
  [[ -z $chroot_pid ]] || kill -KILL "$chroot_pid" 2>/dev/null || true
}

# Runs as the first process of the namespace, with FOLDER COMMAND…. It stays, because the first
# process has to collect the children of others, as only init does elsewhere.
# shellcheck disable=SC2016  # Expanded by the shell that runs it.
readonly inside_the_namespace='
  set -e
  folder=$1
  shift
  mount -t proc proc "$folder/proc"
  mount --rbind /dev "$folder/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$folder/dev/shm"
  mount -t tmpfs -o mode=755 tmpfs "$folder/run"
  status=0
  chroot "$folder" "$@" || status=$?
  exit "$status"'
