#!/usr/bin/env bash
# Builds wkg from crates.io, once, and prints its path. A quarter of an hour on one slow processor.
# Usage: tests/interop/build-wkg.sh
set -euo pipefail

version=0.16.1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop
wkg=$folder/wkg-$version
if [ ! -x "$wkg" ]; then
    echo "interop: building wkg $version" >&2
    mkdir -p "$folder"
    # Outside this workspace, so that its settings do not count.
    (cd "$folder" && CARGO_TARGET_DIR=$folder/wkg-build CARGO_PROFILE_DEV_DEBUG=0 nice -n 19 cargo install wkg \
        --version "=$version" --locked --debug --root "$folder" --jobs "${INTEROP_BUILD_JOBS:-1}" >&2)
    mv "$folder/bin/wkg" "$wkg"
    rm -rf "$folder/wkg-build"
fi
echo "$wkg"
