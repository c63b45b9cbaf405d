#!/usr/bin/env bash
# Shows kusion's main job in a temporary folder, with a KUSION_HOME of its own: nothing of yours is touched.
# Usage: scripts/demo.sh KUSION
set -euo pipefail

kusion=$(realpath "$1")
example=$(realpath "$(dirname "$0")/../examples/shop")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export KUSION_HOME="$root/home"
cd "$root"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '\033[2m$ kusion %s\033[0m\n' "$*"; "$kusion" "$@"; }

say "A new project: no cluster, no network, one folder."
run init --target shop
cd shop/default

say "The developer describes the app: a service, its database, its network, its monitoring."
cp "$example/app.yaml" ../app.yaml
cat ../app.yaml

say "What would that make? WebAssembly modules answer, each in a sandbox of its own."
run preview

say "Make it."
run apply --yes

say "The manifests, ready to commit. The password is in none of them."
(cd .. && find manifests -type f | sort)

say "A new version, one more replica."
sed -i.bak -e 's/shop:1.4.2/shop:1.5.0/' ../app.yaml && rm ../app.yaml.bak
sed -i.bak -e 's/replicas: 2/replicas: 3/' app.yaml && rm app.yaml.bak
run preview

say "Apply again: only what changed is touched."
run apply --yes

say "Every apply is a release."
run release list

say "And away with it."
run destroy --yes
