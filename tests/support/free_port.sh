# shellcheck shell=bash
# Sourced by the scripts that start brokers.

# A port of the loopback that nobody listens on at the moment.
free_port() {
  local port
  while :; do
    port=$((10000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}
