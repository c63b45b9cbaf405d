# The parent of all processes of one cluster: starts them in order, tells when they are ready, stops them.
# Usage: keeper.sh SCRIPTS PORT NODE_PORT [LOCK]; the current folder is the cluster's.
#
# It ends by SIGTERM, or when nobody holds LOCK any more. If it is killed itself, the kernel kills the others.
set -u
scripts=$1 port=$2 node_port=$3 lock=$4

children=()
stop() {
    trap '' TERM INT HUP
    # The state is thrown away, so nobody needs time to write it. Parents stay until they have buried their children.
    local file
    for file in *.pid; do
        [ "$file" = keeper.pid ] && continue
        touch "${file%.pid}.stop"
        kill -KILL "$(cat "$file")"
    done 2>/dev/null
    for _ in {1..250}; do
        [ "$(echo *.pid)" = keeper.pid ] && break
        sleep 0.02
    done
    [ ${#children[@]} = 0 ] || kill -KILL "${children[@]}" 2>/dev/null
    wait 2>/dev/null
    rm -rf etcd pki kubeconfig* ready
    # Of a test's cluster only the logs of one with trouble are kept.
    if [ -n "$lock" ] && ! [ -e died ] && ! [ -e failed ]; then
        find . -mindepth 1 -delete
        rmdir "$PWD"
    fi
    rm -f keeper.pid ${lock:+"$lock"}
}
trap stop EXIT
trap 'exit 0' TERM INT HUP

component() { # name, program, arguments
    setpriv --pdeathsig KILL bash "$scripts/component.sh" "$@" &
    children+=($!)
}
ask() { # path, further arguments of curl
    local path=$1
    shift
    curl --silent --fail --max-time 5 --cacert pki/ca.crt --header 'Authorization: Bearer admin-token' "$@" \
        "https://127.0.0.1:$port$path"
}
until_done() { # what, seconds, command
    local what=$1 end=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ -e died ] || [ $SECONDS -ge $end ]; then
            echo "$what is not ready"
            touch failed
            exit 1
        fi
        sleep 0.05
    done
}

# etcd listens on sockets in this folder, which is closed to other users. An address must look like host and port.
mkdir -m 700 etcd
component etcd bin/etcd --name=kusion --data-dir=etcd --unsafe-no-fsync --snapshot-count=10000 \
    --listen-client-urls=unix://etcd:1 --advertise-client-urls=unix://etcd:1 \
    --listen-peer-urls=unix://etcd:2 --initial-advertise-peer-urls=http://etcd:2 --initial-cluster=kusion=http://etcd:2

# Watch lists need etcd 3.4.31 or 3.5.13. With an older one the server refuses even plain watches from version 0 that
# ask for bookmarks, so the feature is off.
# Nodes keep no `not-ready` taint, because the controller that takes it away is off (see below).
until_done etcd 300 test -S etcd:1
component kube-apiserver bin/kube-apiserver --etcd-servers=unix://etcd:1 \
    --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$port" --endpoint-reconciler-type=none \
    --service-cluster-ip-range=10.96.0.0/12 --authorization-mode=RBAC --anonymous-auth=false --allow-privileged=true \
    --disable-admission-plugins=TaintNodesByCondition --feature-gates=WatchList=false --kubelet-preferred-address-types=InternalIP \
    --client-ca-file=pki/ca.crt --tls-cert-file=pki/server.crt --tls-private-key-file=pki/server.key \
    --token-auth-file=pki/tokens.csv --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file=pki/service-accounts.pub --service-account-signing-key-file=pki/service-accounts.key
until_done kube-apiserver 600 ask /readyz

# The node controllers are off: they would move pods away while a test has the API server stopped.
component kube-controller-manager bin/kube-controller-manager --kubeconfig=kubeconfig --secure-port=0 \
    --leader-elect=false --controllers='*,-node-ipam-controller,-node-lifecycle-controller' \
    --service-account-private-key-file=pki/service-accounts.key --root-ca-file=pki/ca.crt \
    --kube-api-qps=500 --kube-api-burst=1000
component kube-scheduler bin/kube-scheduler --kubeconfig=kubeconfig --secure-port=0 --leader-elect=false \
    --kube-api-qps=500 --kube-api-burst=1000
ask /api/v1/nodes --header 'Content-Type: application/yaml' --data-binary "@$scripts/node.yaml" >/dev/null
ask /apis/storage.k8s.io/v1/storageclasses --header 'Content-Type: application/yaml' \
    --data-binary "@$scripts/storage-class.yaml" >/dev/null
component kwok bin/kwok --kubeconfig=kubeconfig --config="$scripts/stages.yaml" --manage-all-nodes=true \
    --cidr=10.244.0.0/16 --node-ip=127.0.0.1 --node-port="$node_port" \
    --server-address="127.0.0.1:$node_port" --tls-cert-file=pki/server.crt --tls-private-key-file=pki/server.key
node_is_ready() { ask /api/v1/nodes/node | grep -q '"reason": "KubeletReady"'; }
until_done 'the default service account' 300 ask /api/v1/namespaces/default/serviceaccounts/default
until_done kwok 300 node_is_ready
touch ready

# Waiting is left to a child, so that signals are seen at once. Descriptor 9 is shared with it, and so is the lock:
# from here on nobody can join.
if [ -n "$lock" ]; then
    exec 9<"$lock"
    setpriv --pdeathsig KILL flock --exclusive 9 &
else
    setpriv --pdeathsig KILL sleep infinity &
fi
children+=($!)
wait $!
