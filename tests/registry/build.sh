#!/usr/bin/env bash
# Finds the registry that the tests run against, or unpacks Debian's, and prints its path.
# Usage: tests/registry/build.sh
#
# It needs apt-get where no `docker-registry` is on the PATH. Nothing is installed on the machine, and no service
# is started.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if registry=$(command -v docker-registry); then
    echo "$registry"
    exit
fi
folder=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/registry
registry=$folder/docker-registry
if [ ! -x "$registry" ]; then
    say() { echo "registry: $*" >&2; }
    say "unpacking Debian's docker-registry (it is not installed, and no service is started)"
    mkdir -p "$folder"
    package=$(mktemp -d)
    trap 'rm -rf "$package"' EXIT
    cd "$package"
    # A fresh container has no package lists yet.
    apt-get download -qq docker-registry 2>/dev/null || { apt-get update -qq && apt-get download -qq docker-registry; } || {
        say "cannot fetch a registry: install docker-registry 2.8 or newer so that it is on the PATH"
        exit 1
    }
    dpkg-deb --extract docker-registry_*.deb .
    mv usr/bin/docker-registry "$registry.$$"
    mv "$registry.$$" "$registry" # whole, also for whoever does the same at this moment
fi
echo "$registry"
