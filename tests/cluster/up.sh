#!/usr/bin/env bash
# Starts a Kubernetes control plane on loopback, empty, and waits until pods become ready in it.
# Usage: tests/cluster/up.sh [--run FOLDER] [--while-locked FILE]
#
# --run FOLDER         where it keeps all its files (default: run/dev in the home of clusters, see build.sh);
#                      the last part of the path is the name of cluster and context
# --while-locked FILE  stop by itself as soon as no process holds a lock (flock) on FILE any more
#
# Several run side by side. Stop one with down.sh and the same --run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib/paths.sh"
. "$here/lib/pki.sh"

run=$cluster_home/run/dev lock=
while [ $# -gt 0 ]; do
    case $1 in
        --run) run=$2; shift 2 ;;
        --while-locked) lock=$(realpath "$2"); shift 2 ;;
        *) echo "cluster: unknown argument: $1" >&2; exit 64 ;;
    esac
done
[ -x "$cluster_bin/complete" ] || { echo "cluster: no programs yet; run: make cluster" >&2; exit 1; }

use() {
    echo "cluster: Kubernetes $cluster_version is up, as context \`${run##*/}\`" >&2
    echo "export KUBECONFIG=$run/kubeconfig"
    echo "export PATH=$cluster_bin:\$PATH"
}
mkdir -p "$run"
run=$(cd "$run" && pwd)
cd "$run"
started() { # returns once the cluster is up, or cannot come up any more
    until [ -e ready ] || [ -e failed ] || ! running .; do sleep 0.05; done
    [ -e ready ] && running .
}
if running .; then
    started || { echo "cluster: cannot start Kubernetes: $run" >&2; exit 1; }
    use
    exit
fi

free_port() { # outside of the range from which the kernel gives ports to clients
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null || break
    done
    echo $port
}

# Another cluster can take a port between choosing and using it.
for _ in 1 2 3; do
    find . -mindepth 1 -delete
    chmod 700 .
    make_pki
    port=$(free_port) node_port=$(free_port)
    certificate="\"client-certificate-data\": \"$(base64 -w0 pki/admin.crt)\", \"client-key-data\": \"$(base64 -w0 pki/admin.key)\""
    kubeconfig kubeconfig "${run##*/}" "$port" "$certificate"
    kubeconfig kubeconfig.token "${run##*/}" "$port" '"token": "admin-token"'
    kubeconfig kubeconfig.developer "${run##*/}" "$port" '"token": "developer-token"'
    kubeconfig kubeconfig.nobody "${run##*/}" "$port" '"token": "nobody-token"'
    echo "$port" >port
    ln -s "$cluster_bin" bin

    # Nothing of the user reaches the cluster: neither a proxy's address nor settings in the home folder.
    env -i PATH="$PATH" HOME="$run" setsid bash "$here/lib/keeper.sh" "$here/lib" "$port" "$node_port" "$lock" \
        </dev/null >keeper.log 2>&1 &
    echo $! >keeper.pid
    started && { use; exit; }
    grep -qs 'address already in use' ./*.log || break
done
echo "cluster: cannot start Kubernetes; the last lines of its logs:" >&2
tail -n 4 ./*.log >&2
exit 1
