#!/usr/bin/env bash
# Install what the tests use beside Python and Node: a browser and independent judges of images.
# Debian or Ubuntu as root; elsewhere the tests that need them say that they were skipped, and why.
set -euo pipefail
packages=(chromium fonts-dejavu-core skopeo umoci buildah bubblewrap strace docker-registry postgresql)
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "not Debian or not root: install ${packages[*]} yourself for the whole suite" >&2
  exit 0
fi
missing=()
for package in "${packages[@]}"; do
  dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if ((${#missing[@]})); then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
