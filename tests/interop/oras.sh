#!/usr/bin/env bash
# Lets oras fetch what kusion publishes, and kusion run what oras publishes, in a registry on this machine.
# Usage: tests/interop/oras.sh [--keep]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
oras=${ORAS:-$("$here/build-oras.sh")}
source "$here/lib.sh"

works "kusion publishes" "$kusion" mod push "$component" "oci://$address/ours"
works "oras fetches it" "$oras" pull --plain-http --output fetched "$address/ours/interop:1.2.0"
works "it is the same component" cmp fetched/interop.wasm "$component"
works "oras copies it" "$oras" cp --from-plain-http --to-plain-http "$address/ours/interop:1.2.0" "$address/copied/interop:1.2.0"
project copied "oci://$address/copied/interop"
works "kusion runs the copy" runs copied

cp "$component" component.wasm
echo '{}' >config.json
works "oras publishes in the layout of the CNCF" "$oras" push --plain-http "$address/theirs/interop:1.2.0" \
    --config config.json:application/vnd.wasm.config.v0+json component.wasm:application/wasm
project theirs "oci://$address/theirs/interop"
works "kusion runs it" runs theirs
works "oras publishes in the older layout" "$oras" push --plain-http "$address/older/interop:1.2.0" \
    --config config.json:application/vnd.wasm.config.v1+json \
    component.wasm:application/vnd.wasm.content.layer.v1+wasm
project older "oci://$address/older/interop"
works "kusion runs it" runs older
works "oras publishes what is no module" "$oras" push --plain-http "$address/file/interop:1.2.0" \
    component.wasm:application/octet-stream
project file "oci://$address/file/interop"
fails "kusion refuses it" runs file
keep_made theirs/interop 1.2.0
keep_made older/interop 1.2.0
finished
