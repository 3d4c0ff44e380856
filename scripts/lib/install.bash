# What the scripts need from the system; sourced by them.
# shellcheck shell=bash

# Debian's Python, because Debian's package of the Redis client is for it.
SYSTEM_PYTHON=/usr/bin/python3

# Prints what of the given things is missing, as names of Debian packages.
missing_packages() {
  local thing
  for thing in "$@"; do
    case "$thing" in
      rabbitmq)
        # Not /usr/sbin/rabbitmq-server: that is a wrapper which insists on the user rabbitmq.
        local folder found=
        for folder in /usr/lib/rabbitmq/bin /opt/rabbitmq/sbin /usr/local/lib/rabbitmq/bin /usr/local/sbin /opt/homebrew/sbin; do
          if [[ -x $folder/rabbitmq-server && -x $folder/rabbitmqctl ]]; then found=yes; fi
        done
        [[ $found ]] || echo rabbitmq-server
        ;;
      redis) command -v redis-server >/dev/null || echo redis-server ;;
      python-redis) "$SYSTEM_PYTHON" -c 'import redis' 2>/dev/null || echo python3-redis ;;
      browser)
        command -v chromium >/dev/null || echo chromium
        command -v chromedriver >/dev/null || echo chromium-driver
        ;;
      promtool) command -v promtool >/dev/null || echo prometheus ;;
      compiler) command -v cc >/dev/null || echo build-essential ;;
      *) command -v "$thing" >/dev/null || echo "$thing" ;;
    esac
  done
}

# Makes sure that the given things are there. Says what it installs, and leaves no service of it running or enabled.
ensure_installed() {
  # Where rustup puts it; a shell that has not logged in since does not know.
  if ! command -v cargo >/dev/null && [[ -x $HOME/.cargo/bin/cargo ]]; then export PATH=$HOME/.cargo/bin:$PATH; fi
  if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it from https://rustup.rs and run this again." >&2
    exit 1
  fi
  local packages
  mapfile -t packages < <(missing_packages "$@")
  if ((${#packages[@]} == 0)); then return; fi
  if ! command -v apt-get >/dev/null; then
    echo "Missing: ${packages[*]} (names of Debian packages). Install them with your system's package manager and run this again:" >&2
    echo "RabbitMQ 3.10 or later, Redis 7 or later; nothing of them has to run." >&2
    exit 1
  fi
  if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
    echo "Missing: ${packages[*]}. As root: apt-get install ${packages[*]}" >&2
    exit 1
  fi
  echo "Installing with apt-get: ${packages[*]} (their services stay off)."
  # A process of its own, so that its exit trap is its own too.
  (install_packages "${packages[@]}")
  mapfile -t packages < <(missing_packages "$@")
  if ((${#packages[@]} > 0)); then
    echo "Still missing after the installation: ${packages[*]}." >&2
    exit 1
  fi
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  set -euo pipefail
  # Which services are new is known before, and only those are touched afterwards.
  local service services=()
  for service in rabbitmq-server redis-server epmd prometheus; do
    if ! has_service "$service"; then services+=("$service"); fi
  done
  # Asked by Debian's packages before they start a service: 101 = do not. One that is there is somebody's decision.
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    # shellcheck disable=SC2064 # the path is the one of now
    trap "as_root rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  local mappers
  mappers=$(port_mappers)
  as_root apt-get update -q </dev/null || echo "apt-get update failed; trying with the package lists that are there." >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
  for service in "${services[@]}"; do
    if has_service "$service"; then switch_off "$service"; fi
  done
  # Debian's RabbitMQ starts Erlang's port mapper while it is set up, and leaves it running.
  local mapper
  for mapper in $(port_mappers); do
    if [[ " $mappers " != *" $mapper "* ]]; then as_root kill "$mapper" || true; fi
  done
}

# The processes of Erlang's port mapper that belong to Debian's RabbitMQ, in one line.
port_mappers() { { pgrep -x epmd -u rabbitmq 2>/dev/null || true; } | tr '\n' ' '; }

has_service() {
  [[ -e /etc/init.d/$1 || -e /lib/systemd/system/$1.service || -e /usr/lib/systemd/system/$1.service ]]
}

# Stops a service that this installation brought, should it run in spite of the policy, and keeps it from the next boot.
switch_off() {
  if [[ -d /run/systemd/system ]]; then
    as_root systemctl stop "$1.service" || true
    if [[ $1 == epmd ]]; then as_root systemctl stop epmd.socket || true; fi
  elif [[ -e /etc/init.d/$1 ]]; then
    as_root "/etc/init.d/$1" stop >/dev/null || true
  fi
  if command -v systemctl >/dev/null; then
    as_root systemctl --quiet disable "$1.service" || true
    if [[ $1 == epmd ]]; then as_root systemctl --quiet disable epmd.socket || true; fi
  fi
}
