#!/usr/bin/env bash
# Shows kusion's main job in a temporary folder, with a KUSION_HOME of its own: nothing of yours is touched.
# Usage: scripts/demo.sh KUSION
set -euo pipefail

kusion=$(realpath "$1")
example=$(realpath "$(dirname "$0")/../examples/shop")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export KUSION_HOME="$root/home"
cp -r "$example" "$root/shop"
rm -rf "$root/shop/manifests" "$root/shop/kusion.lock" # of somebody who tried the example where it is
cd "$root/shop/dev"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '\033[2m$ kusion %s\033[0m\n' "$*"; "$kusion" "$@"; }

say "The platform team says which modules there are, and where resources go. No cluster, no network, one folder."
cat ../workspace.yaml
run workspace create shop -f ../workspace.yaml

say "The developer describes the app: a service, its databases, its network, its monitoring, its load."
cat ../app.yaml

say "What would that make? WebAssembly modules answer, each in a sandbox of its own."
run preview

say "Make it."
run apply --yes

say "The manifests, ready to commit. The passwords are in none of them."
(cd .. && find manifests -type f | sort)

say "A new version, and more pods if it needs them."
sed -i.bak -e 's/podinfo:6.5.0/podinfo:6.6.0/' -e 's/maxReplicas: 6/maxReplicas: 10/' ../app.yaml && rm ../app.yaml.bak
run preview

say "Apply again: only what changed is touched."
run apply --yes

say "Every apply is a release."
run release list

say "And away with it."
run destroy --yes
