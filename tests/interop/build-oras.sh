#!/usr/bin/env bash
# Builds oras from its Go module, once, and prints its path. Minutes.
# Usage: tests/interop/build-oras.sh
set -euo pipefail

version=v1.3.6
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop
oras=$folder/oras-$version
if [ ! -x "$oras" ]; then
    command -v go >/dev/null || { echo "interop: oras needs Go on the PATH" >&2; exit 1; }
    echo "interop: building oras $version" >&2
    mkdir -p "$folder"
    CGO_ENABLED=0 GOFLAGS="-p=${INTEROP_BUILD_JOBS:-1}" GOBIN=$folder/bin nice -n 19 go install -trimpath \
        -ldflags="-s -w" "oras.land/oras/cmd/oras@$version"
    mv "$folder/bin/oras" "$oras"
fi
echo "$oras"
