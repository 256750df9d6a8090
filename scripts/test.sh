#!/usr/bin/env bash
# Every test: Jest, then pytest with a container engine and a cluster where they can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

jlpm test

systems=$(bash scripts/test-systems.sh) || systems=
eval "$systems"
trap 'bash scripts/test-systems.sh down >/dev/null 2>&1 || true' EXIT
[ -n "$systems" ] || echo "no container engine and no cluster could be started: their tests say so and are skipped"
python -m pytest "$@"
