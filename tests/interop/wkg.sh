#!/usr/bin/env bash
# Lets wkg fetch what kusion publishes, and kusion run what wkg publishes, in a registry on this machine.
# Usage: tests/interop/wkg.sh [--keep]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wkg=${WKG:-$("$here/build-wkg.sh")}
source "$here/lib.sh"

works "kusion publishes" "$kusion" mod push "$component" "oci://$address/ours"
works "wkg fetches it" "$wkg" oci pull --insecure "$address" --output fetched.wasm "$address/ours/interop:1.2.0"
works "it is the same component" cmp fetched.wasm "$component"
works "wkg publishes" "$wkg" oci push --insecure "$address" "$address/theirs/interop:1.2.0" "$component"
project theirs "oci://$address/theirs/interop"
works "kusion runs it" runs theirs
works "kusion shows it" "$kusion" mod inspect "oci://$address/theirs/interop:1.2.0"
keep_made theirs/interop 1.2.0
finished
