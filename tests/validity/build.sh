#!/usr/bin/env bash
# Fetches the definitions of the APIs that the modules' resources are of, and prints the folder in which they are.
# Usage: tests/validity/build.sh
#
# openapi/VERSION/*.json  the APIs of Kubernetes, in each version that go.sum lists
# crds/*.yaml             what others define
#
# It needs Go, and only to fetch: nothing is compiled. Everything comes from the modules in go.sum, and is what it says.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/definitions
folder=$home/$(cat "$here/go.sum" "$here/build.sh" | sha256sum | head -c 10)
if [ -d "$folder" ]; then
    echo "$folder"
    exit
fi

# Where a module lies, by `name@version`.
fetched() {
    (cd "$here" && go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

mkdir -p "$home"
unfinished=$(mktemp -d "$home/unfinished-XXXXXX")
trap 'rm -rf "$unfinished"' EXIT
chmod 755 "$unfinished"
mkdir "$unfinished/crds"
while read -r name version _; do
    case $version in */go.mod) continue ;; esac
    echo "definitions: $name $version" >&2
    module=$(fetched "$name@$version")
    case $name in
    k8s.io/kubernetes)
        mkdir -p "$unfinished/openapi/$version"
        install -m 644 "$module"/api/openapi-spec/v3/*.json "$unfinished/openapi/$version"
        ;;
    sigs.k8s.io/gateway-api) install -m 644 "$module"/config/crd/standard/*routes.yaml "$unfinished/crds" ;;
    github.com/prometheus-operator/*)
        install -m 644 "$module"/example/prometheus-operator-crd/*monitors.yaml "$unfinished/crds"
        ;;
    github.com/cert-manager/*) install -m 644 "$module"/deploy/crds/*issuers.yaml "$unfinished/crds" ;;
    esac
done <"$here/go.sum"
# Whole, also for whoever does the same at this moment.
mv -T "$unfinished" "$folder" 2>/dev/null || [ -d "$folder" ]
trap - EXIT
echo "$folder"
