#!/usr/bin/env bash
# Builds cosign from its Go module, once, and prints its path. An hour on one slow processor; 3 GB while it builds.
# Usage: tests/interop/build-cosign.sh
set -euo pipefail

version=v3.1.3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop
cosign=$folder/cosign-$version
if [ ! -x "$cosign" ]; then
    command -v go >/dev/null || { echo "interop: cosign needs Go 1.26 or newer on the PATH" >&2; exit 1; }
    echo "interop: building cosign $version" >&2
    mkdir -p "$folder"
    export GOPATH=$folder/go GOCACHE=$folder/gocache GOFLAGS="-modcacherw -p=${INTEROP_BUILD_JOBS:-1}" CGO_ENABLED=0
    GOBIN=$folder/bin nice -n 19 go install -trimpath -ldflags="-s -w" \
        "github.com/sigstore/cosign/v3/cmd/cosign@$version"
    mv "$folder/bin/cosign" "$cosign"
    rm -rf "$GOPATH" "$GOCACHE"
fi
echo "$cosign"
