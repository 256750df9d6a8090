#!/usr/bin/env bash
# Start the real systems that tests run images on, and print what to export:
#
#   eval "$(bash scripts/test-systems.sh)"    a container engine, a cluster and its registry
#   bash scripts/test-systems.sh down         stop what this script started
#
# Taken from ../shared beside this checkout (MODELPACK_TEST_SYSTEMS names another folder) as
# engine/engine and kube/cluster. What the environment names already, or is not there, is left alone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
systems=${MODELPACK_TEST_SYSTEMS:-$here/../shared}
started=${XDG_CACHE_HOME:-$HOME/.cache}/modelpack-test-systems

start() { # start NAME PROGRAM PROBE: prints exports; notes it for `down` unless it was up before
  local name=$1 program=$systems/$2 probe=$3 out running=no
  if [[ ! -x $program ]]; then
    echo "test systems: no $name at $program; tests that need one will say that they were skipped" >&2
    return 0
  fi
  if ("$program" env | grep '^export ' && echo "$probe") | bash >/dev/null 2>&1; then running=yes; fi
  if ! out=$("$program" up 2>&1); then
    echo "test systems: the $name did not start: ${out##*$'\n'}" >&2
    return 0
  fi
  if [[ $running = no ]]; then mkdir -p "$started" && touch "$started/$name"; fi
  grep '^export ' <<<"$out" || true
}

stop() { # stop NAME PROGRAM
  if [[ -e $started/$1 ]]; then
    "$systems/$2" down >&2 || true
    rm -f "$started/$1"
  fi
}

case ${1:-up} in
up)
  # one start at a time: two test runs may share this machine
  mkdir -p "$started"
  exec 9>"$started/lock"
  flock 9
  [[ -n ${DOCKER_HOST:-} ]] ||
    start engine engine/engine '[[ -S ${DOCKER_HOST#unix://} ]]' 9>&-
  [[ -n ${KUBECONFIG:-} ]] ||
    start cluster kube/cluster 'kubectl --request-timeout=3s get --raw /readyz' 9>&-
  ;;
down)
  stop engine engine/engine
  stop cluster kube/cluster
  ;;
*)
  sed -n '2,8p' "${BASH_SOURCE[0]}" >&2
  exit 2
  ;;
esac
