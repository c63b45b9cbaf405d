#!/usr/bin/env bash
# Builds the control plane that the tests run against, once per version, and prints the folder of its programs.
# Usage: tests/cluster/build.sh
#
# CLUSTER_HOME        where everything is kept (default: cluster/ in Cargo's target folder)
# CLUSTER_BUILD_JOBS  packages that Go compiles at once (default: one per processor)
#
# It needs Go and, where no etcd is on the PATH, apt-get to fetch Debian's. Nothing is installed on the machine.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib/paths.sh"

# The fast path, taken by every `make test`: what the folder is named after is all that goes into the programs.
if [ -x "$cluster_bin/complete" ]; then
    echo "$cluster_bin"
    exit
fi

say() { echo "cluster: $*" >&2; }
command -v go >/dev/null || {
    say "building Kubernetes needs Go 1.26 or newer on the PATH (https://go.dev/dl)"
    exit 1
}

mkdir -p "$cluster_home/bin"
exec 9>"$cluster_home/bin/.lock"
flock 9 # a second build waits for the first one and then finds it complete
[ -x "$cluster_bin/complete" ] && { echo "$cluster_bin"; exit; }

unfinished=$cluster_home/bin/.unfinished-$cluster_key
mkdir -p "$unfinished"
began=$SECONDS

# Without these the server calls itself v0.0.0, and clients misjudge what it can do.
version=k8s.io/component-base/version
client=k8s.io/client-go/pkg/version
flags="-s -w"
for package in $version $client; do
    flags+=" -X $package.gitVersion=$cluster_version -X $package.gitTreeState=clean"
    flags+=" -X $package.gitMajor=$cluster_major -X $package.gitMinor=$cluster_minor"
done

build() { # folder of the go.mod, package
    [ -x "$unfinished/${2##*/}" ] && return
    say "building ${2##*/} (minutes the first time)"
    (
        cd "$1"
        exec 9>&-
        CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly nice -n 19 \
            go build -p "${CLUSTER_BUILD_JOBS:-$(nproc)}" -trimpath -buildvcs=false -ldflags "$flags" \
            -o "$unfinished/" "$2"
    )
}
for program in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
    build "$here" k8s.io/kubernetes/cmd/$program
done
build "$here/kwok" sigs.k8s.io/kwok/cmd/kwok

if [ ! -x "$unfinished/etcd" ]; then
    if etcd=$(command -v etcd); then
        ln -sf "$etcd" "$unfinished/etcd"
    else
        say "unpacking Debian's etcd-server (it is not installed, and no service is started)"
        package=$(mktemp -d)
        trap 'rm -rf "$package"' EXIT
        cd "$package"
        # A fresh container has no package lists yet.
        apt-get download -qq etcd-server 2>/dev/null || { apt-get update -qq && apt-get download -qq etcd-server; } || {
            say "cannot fetch etcd: install etcd 3.4 or newer so that it is on the PATH"
            exit 1
        }
        dpkg-deb --extract etcd-server_*.deb .
        mv usr/bin/etcd "$unfinished/etcd"
    fi
fi

printf '#!/bin/sh\n# Marks that all programs are here.\n' >"$unfinished/complete"
chmod +x "$unfinished/complete"
mv "$unfinished" "$cluster_bin"
say "built Kubernetes $cluster_version in $(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s," \
    "$(du -sm "$cluster_bin" | cut -f1) MB"
echo "$cluster_bin"
