#!/usr/bin/env bash
# Writes docs/cluster-tour.md: what kusion says on a cluster, as it says it, with neutral addresses and times.
# Usage: make catalog cluster-up && scripts/cluster-tour.sh target/debug/kusion >docs/cluster-tour.md
#
# It uses the cluster of `make cluster-up` only, and makes and deletes the namespace `shop` there.
set -euo pipefail

kusion=$(realpath "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
eval "$("$here/tests/cluster/up.sh" 2>/dev/null)"
server=$(kubectl config view --minify --output jsonpath='{.clusters[0].cluster.server}')
context=$(kubectl config current-context)
if kubectl get namespace shop >/dev/null 2>&1; then
    echo "there is a namespace \`shop\` in the cluster already" >&2
    exit 1
fi
root=$(mktemp -d)
trap 'rm -rf "$root"; kubectl delete namespace shop --ignore-not-found --wait=false >/dev/null' EXIT
export KUSION_HOME="$root/home" NO_COLOR=1
mkdir -p "$root/shop/dev"
cd "$root/shop"

neutral() {
    sed -E -e "s#$server#https://127.0.0.1:6443#g; s#context \`$context\`#context \`local\`#g; s#$root#/home/ada#g" \
        -e 's#[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z#2026-11-23T09:00:00Z#g' \
        -e 's# \(([0-9]+m )?[0-9.]+ ?(ms|s)\)$##' \
        -e 's#(-[0-9a-f]{8,10}-[a-z0-9]{5})\b#-5d8f7c9b6d-x2x4z#g' \
        -e "s#${USER:-root}@$(hostname)#ada@laptop#g; s#unknown@$(hostname)#ada@laptop#g"
}
# Runs a command and shows what it says. A number before it is the exit code that it must end with.
run() {
    local expected=0 code folder=.
    if [[ $1 =~ ^[0-9]+$ ]]; then expected=$1; shift; fi
    printf '\n```console\n$ %s\n' "$*"
    local program=$1
    if [ "$1" = kusion ]; then program=$kusion folder=dev; fi
    set +e
    (cd "$folder" && exec "$program" "${@:2}") 2>&1 | neutral
    code=${PIPESTATUS[0]}
    set -e
    printf '```\n'
    if [ "$code" != "$expected" ]; then
        echo "\`$*\` ended with $code instead of $expected" >&2
        exit 1
    fi
}
show() { printf '\n```%s\n' "$1"; cat "$2"; printf '```\n'; }
edit() { sed -i -e "$1" app.yaml; }

cat >project.yaml <<'YAML'
name: shop
YAML
cat >dev/stack.yaml <<'YAML'
name: dev
YAML
cat >app.yaml <<'YAML'
workload:
  module: service
  replicas: 2
  containers:
    main:
      image: ghcr.io/acme/shop:1.4.2
accessories:
  network: {ports: [{port: 8080}]}
YAML
cat >workspace.yaml <<YAML
modules:
  network: {}
  service: {}
targets:
  kubernetes: {kubeconfig: $KUBECONFIG, context: $(kubectl config current-context)}
YAML
(cd dev && "$kusion" workspace create default -f ../workspace.yaml >/dev/null)

cat <<'MD'
# A tour of a cluster

What kusion says on a real cluster, from the first preview to the end. `scripts/cluster-tour.sh` makes this page anew on
the cluster of `make cluster-up`; addresses and times are replaced, and durations left out. [cluster.md](cluster.md) explains the rules.

The app is a service with two replicas and a port:
MD
show yaml app.yaml

cat <<'MD'

## Preview

The first lines name the cluster that would be changed. Nothing is changed.
MD
run kusion preview

cat <<'MD'

## Apply

Everything is sent to the server as soon as what it needs is there. Then kusion waits until the pods run, and says what it
waits for.
MD
run kusion apply --yes
printf '\nA second apply finds nothing to do.\n'
run kusion apply --yes

cat <<'MD'

## A rollout that fails

Somebody releases an image that cannot be pulled. The cluster of the tests runs no containers, so an annotation makes the
stand-in for its kubelet say so. The server accepts the change, the new pods do not start, and the old ones go on running.
MD
edit 's#shop:1.4.2#shop:1.5.0#; s#^  replicas: 2#&\n  annotations: {kusion.test/pod: image}#'
run kusion preview
run 3 kusion apply --yes --timeout 20s
printf '\nThe release counts as failed. Going back replays what was applied before:\n'
run kusion release rollback 1 --yes
edit 's#shop:1.5.0#shop:1.4.2#; /kusion.test/d'

cat <<'MD'

## A conflict

An autoscaler takes over the number of replicas:
MD
cat >scaler.yaml <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-dev-shop, namespace: shop}
spec: {replicas: 5}
YAML
run kubectl apply --server-side --force-conflicts --field-manager=autoscaler --filename scaler.yaml
printf '\nkusion shows it in the preview, and does not take the field back unasked:\n'
run 1 kusion preview
run 1 kusion apply --yes
printf '\nWhoever means it says so:\n'
run kusion apply --yes --force-conflicts

cat <<'MD'

## Drift

Somebody changes the image by hand:
MD
run kubectl set image deployment/shop-dev-shop main=ghcr.io/acme/shop:debug --namespace shop
printf '\nThe preview tells it from a change of the configuration, with who did it. An apply puts it right.\n'
run kusion preview
run kusion apply --yes

cat <<'MD'

## The end

What kusion made goes, and the namespace with it, because nothing else is left in it.
MD
run kusion destroy --yes
