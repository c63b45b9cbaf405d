# What the scripts of this folder share: a registry on this machine, kusion, a module, and how a check is told.
# Source it after setting `here`; it makes a temporary folder, goes there and cleans up at the end.

root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
tools=$target/interop
kusion=$target/debug/kusion
tool=$(basename "$0" .sh)
keep=
[ "${1:-}" != --keep ] || keep=$here/made/$tool
mkdir -p "$tools"
(cd "$root" && cargo run --quiet --package kusion-tests --example interop-component -- "$tools/interop.wasm")
component=$tools/interop.wasm

work=$(mktemp -d)
running=
trap '[ -z "$running" ] || kill "$running"; rm -rf "$work"' EXIT
cd "$work"
export KUSION_HOME=$work/home HOME=$work DOCKER_CONFIG=$work

registry=$("$root/tests/registry/build.sh")
address=127.0.0.1:$((20000 + RANDOM % 20000))
cat >config.yml <<CONFIG
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/storage}}
http: {addr: "$address"}
CONFIG
"$registry" serve config.yml 2>log &
running=$!
for _ in $(seq 300); do
    curl --silent --fail "http://$address/v2/" >/dev/null && break
    sleep 0.1
done

# Runs a command in an empty KUSION_HOME: nothing that was fetched or verified before is there.
anew() {
    rm -rf "$work/anew"
    KUSION_HOME=$work/anew "$@"
}

passed=0
works() { # what is shown, command
    local what=$1
    shift
    "$@" >out 2>&1 || { echo "interop: $tool: FAILED: $what: $*"; cat out; exit 1; }
    echo "interop: $tool: $what"
    passed=$((passed + 1))
}
fails() { # what is shown, command
    local what=$1
    shift
    if "$@" >out 2>&1; then echo "interop: $tool: FAILED: $what: $* succeeded"; cat out; exit 1; fi
    echo "interop: $tool: $what"
    passed=$((passed + 1))
}
finished() {
    echo "interop: $tool: $passed checks passed"
}

# Makes a project in the folder $1 whose module `interop` comes from $2.
project() {
    mkdir -p "$1/dev"
    echo "name: shop" >"$1/project.yaml"
    printf 'name: dev\nworkspace: %s\n' "$1" >"$1/dev/stack.yaml"
    cat >"$1/app.yaml" <<APP
workload:
  module: service
  containers: {main: {image: "shop:1"}}
accessories:
  interop: {}
APP
    cat >"$1/workspace.yaml" <<WORKSPACE
modules:
  interop: {path: "$2", version: "1.2.0"}
  service: {path: $target/debug/catalog/service.wasm}
targets:
  kubernetes: {directory: manifests}
WORKSPACE
    "$kusion" workspace create "$1" -f "$1/workspace.yaml" >/dev/null
}
# Shows that the module of a project runs: its label is on the pods.
runs() {
    (cd "$1/dev" && "$kusion" generate) | grep -q 'made-by: text'
}

get() { # kind, repository, name
    curl --silent --fail --header "Accept: application/vnd.oci.image.manifest.v1+json" \
        --header "Accept: application/vnd.oci.image.index.v1+json" "http://$address/v2/$2/$1/$3"
}
# Keeps what lies under the tags of a repository, without the component: `keep_made REPOSITORY TAG…`
keep_made() {
    [ -n "$keep" ] || return 0
    local repository=$1 folder=$keep/$1 tag digest
    shift
    rm -rf "$folder"
    mkdir -p "$folder"
    for tag in "$@"; do
        get manifests "$repository" "$tag" >manifest
        digest=$(sha256sum manifest | cut -d' ' -f1)
        echo "$tag sha256:$digest" >>"$folder/tags"
        keep_one "$repository" "$digest"
    done
}
keep_one() { # repository, digest without its algorithm
    local file=$keep/$1/$2 inner
    [ ! -e "$file" ] || return 0
    get manifests "$1" "sha256:$2" >"$file" || get blobs "$1" "sha256:$2" >"$file"
    if cmp --silent "$file" "$component"; then
        rm "$file"
        return 0
    fi
    for inner in $(grep --only-matching --extended-regexp '"digest": *"sha256:[0-9a-f]{64}' "$file" | grep --only-matching '[0-9a-f]\{64\}'); do
        # What a signature is about lies elsewhere, or is kept already.
        get manifests "$1" "sha256:$inner" >/dev/null || get blobs "$1" "sha256:$inner" >/dev/null || continue
        keep_one "$1" "$inner"
    done
}
