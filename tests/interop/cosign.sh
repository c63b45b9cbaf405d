#!/usr/bin/env bash
# Lets cosign verify what kusion signs, and kusion what cosign signs, in a registry on this machine.
# Usage: tests/interop/cosign.sh [--fixtures FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
fixtures=
[ "${1:-}" = --fixtures ] && fixtures=$(mkdir -p "$2" && cd "$2" && pwd)
cosign=${COSIGN:-$("$here/build-cosign.sh")}
kusion=$target/debug/kusion
component=$target/debug/catalog/network.wasm
registry=$("$root/tests/registry/build.sh")
work=$(mktemp -d)
running=
trap '[ -z "$running" ] || kill "$running"; rm -rf "$work"' EXIT
cd "$work"
export KUSION_HOME=$work/home COSIGN_PASSWORD=geheim HOME=$work DOCKER_CONFIG=$work

port=$((20000 + RANDOM % 20000))
address=127.0.0.1:$port
cat >config.yml <<CONFIG
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $work/storage}}
http: {addr: "$address"}
CONFIG
"$registry" serve config.yml 2>log &
running=$!
for _ in $(seq 300); do
    curl --silent --fail "http://$address/v2/" >/dev/null && break
    sleep 0.1
done

passed=0
works() { # what is shown, command
    local what=$1
    shift
    "$@" >out 2>&1 || { echo "interop: FAILED: $what: $*"; cat out; exit 1; }
    echo "interop: $what"
    passed=$((passed + 1))
}
fails() { # what is shown, command
    local what=$1
    shift
    if "$@" >out 2>&1; then echo "interop: FAILED: $what: $* succeeded"; cat out; exit 1; fi
    echo "interop: $what"
    passed=$((passed + 1))
}
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
image() { echo "$address/$1/network@$digest"; }
module() { echo "oci://$address/$1/network:0.1.0"; }

works "kusion signs" "$kusion" mod push "$component" "oci://$address/ours" --sign ours.key
works "cosign verifies what kusion signed" "$cosign" verify --key ours.pub "${verify[@]}" $old "$(image ours)"
fails "cosign refuses it for another key" "$cosign" verify --key theirs.pub "${verify[@]}" $old "$(image ours)"
works "kusion signs with a key of cosign" "$kusion" mod push "$component" "oci://$address/mixed" --sign theirs.key
works "cosign verifies that" "$cosign" verify --key theirs.pub "${verify[@]}" $old "$(image mixed)"
works "cosign signs with a key of kusion, beside it" \
    "$cosign" sign --key ours.key "${sign[@]}" $old "$(image mixed)"
works "kusion verifies both" "$kusion" mod verify --key ours.pub --key theirs.pub "$(module mixed)"
works "cosign signs in its older form" "$cosign" sign --key theirs.key "${sign[@]}" $old "$(image theirs)"
works "kusion verifies that" "$kusion" mod verify --key theirs.pub "$(module theirs)"
fails "kusion refuses it for another key" "$kusion" mod verify --key ours.pub "$(module theirs)"
works "kusion signs beside it" "$kusion" mod push "$component" "oci://$address/theirs" --sign ours.key
works "cosign verifies both" "$cosign" verify --key ours.pub "${verify[@]}" $old "$(image theirs)"
works "cosign verifies both" "$cosign" verify --key theirs.pub "${verify[@]}" $old "$(image theirs)"
works "cosign signs in its newer form" "$cosign" sign --key theirs.key "${sign[@]}" "$(image bundle)"
works "kusion verifies that" "$kusion" mod verify --key theirs.pub "$(module bundle)"
fails "kusion refuses it for another key" "$kusion" mod verify --key ours.pub "$(module bundle)"

if [ -n "$fixtures" ]; then
    get() { curl --silent --fail --location --header "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json" "http://$address/v2/$1"; }
    first() { grep -o 'sha256:[0-9a-f]*' | sed -n "$1p"; }
    hex=${digest#sha256:}
    cp theirs.pub "$fixtures/cosign.pub"
    cp theirs.key "$fixtures/cosign.key"
    get "ours/network/manifests/0.1.0" >"$fixtures/module.json"
    # Made once more, so that nothing of kusion is in it.
    "$kusion" mod push "$component" "oci://$address/alone" >/dev/null 2>&1
    "$cosign" sign --key theirs.key "${sign[@]}" $old "$(image alone)" >/dev/null 2>&1
    get "alone/network/manifests/sha256-$hex.sig" >"$fixtures/simple.json"
    get "alone/network/blobs/$(sed 's/.*"layers"//' "$fixtures/simple.json" | first 1)" >"$fixtures/simple-payload.json"
    get "bundle/network/manifests/sha256-$hex" >"$fixtures/referrers.json"
    get "bundle/network/manifests/$(first 1 <"$fixtures/referrers.json")" >"$fixtures/referrer.json"
    get "bundle/network/blobs/$(sed 's/.*"layers"//' "$fixtures/referrer.json" | first 1)" >"$fixtures/bundle.json"
fi
echo "interop: cosign: $passed checks passed"
