#!/usr/bin/env bash
# Lets cosign verify what kusion signs, and kusion what cosign signs, in a registry on this machine.
# Usage: tests/interop/cosign.sh [--keep]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cosign=${COSIGN:-$("$here/build-cosign.sh")}
source "$here/lib.sh"
export COSIGN_PASSWORD=geheim

# The transparency log is out of reach here, and a key needs none.
sign=(--tlog-upload=false --use-signing-config=false --yes)
verify=(--insecure-ignore-tlog=true)
old=--new-bundle-format=false

works "kusion makes keys" "$kusion" mod keygen ours
works "cosign makes keys" "$cosign" generate-key-pair --output-key-prefix theirs

for space in ours mixed theirs bundle; do
    "$kusion" mod push "$component" "oci://$address/$space" >"$space.ref" 2>/dev/null
done
digest=$(sed 's/.*@//' ours.ref)
image() { echo "$address/$1/interop@$digest"; }
module() { echo "oci://$address/$1/interop:1.2.0"; }

works "kusion signs" "$kusion" mod push "$component" "oci://$address/ours" --sign ours.key
works "cosign verifies what kusion signed" "$cosign" verify --key ours.pub "${verify[@]}" $old "$(image ours)"
fails "cosign refuses it for another key" "$cosign" verify --key theirs.pub "${verify[@]}" $old "$(image ours)"
works "kusion signs with a key of cosign" "$kusion" mod push "$component" "oci://$address/mixed" --sign theirs.key
works "cosign verifies that" "$cosign" verify --key theirs.pub "${verify[@]}" $old "$(image mixed)"
works "cosign signs with a key of kusion, beside it" \
    "$cosign" sign --key ours.key "${sign[@]}" $old "$(image mixed)"
works "kusion verifies both" anew "$kusion" mod verify --key ours.pub --key theirs.pub "$(module mixed)"
works "cosign signs in its older form" "$cosign" sign --key theirs.key "${sign[@]}" $old "$(image theirs)"
works "kusion verifies that" anew "$kusion" mod verify --key theirs.pub "$(module theirs)"
fails "kusion refuses it for another key" anew "$kusion" mod verify --key ours.pub "$(module theirs)"
works "kusion signs beside it" "$kusion" mod push "$component" "oci://$address/theirs" --sign ours.key
works "cosign verifies both" "$cosign" verify --key ours.pub "${verify[@]}" $old "$(image theirs)"
works "cosign verifies both" "$cosign" verify --key theirs.pub "${verify[@]}" $old "$(image theirs)"
works "cosign signs in its newer form" "$cosign" sign --key theirs.key "${sign[@]}" "$(image bundle)"
works "kusion verifies that" anew "$kusion" mod verify --key theirs.pub "$(module bundle)"
fails "kusion refuses it for another key" anew "$kusion" mod verify --key ours.pub "$(module bundle)"

# Once more without anything of kusion beside it.
"$kusion" mod push "$component" "oci://$address/simple" >/dev/null 2>&1
works "cosign signs what nobody has signed" "$cosign" sign --key theirs.key "${sign[@]}" $old "$(image simple)"
keep_made simple/interop 1.2.0 "sha256-${digest#sha256:}.sig"
keep_made bundle/interop 1.2.0 "sha256-${digest#sha256:}"
[ -z "$keep" ] || cp theirs.pub theirs.key "$keep"
finished
