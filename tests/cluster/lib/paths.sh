# What the scripts beside this folder agree on; sourced, with $here set to their folder.
#
# cluster_home     all that is built and run: $CLUSTER_HOME, or cluster/ in Cargo's target folder
# cluster_version  of Kubernetes, from go.mod, with cluster_major and cluster_minor
# cluster_bin      the programs; the name holds a hash of all that goes into them

cluster_home=${CLUSTER_HOME:-${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/cluster}
cluster_version=$(sed -n 's/^.*k8s\.io\/kubernetes \(v[0-9.]*\).*$/\1/p' "$here/go.mod")
IFS=. read -r cluster_major cluster_minor _ <<<"${cluster_version#v}"
cluster_key=$cluster_version-$(cat "$here"/go.{mod,sum} "$here"/kwok/go.{mod,sum} "$here/build.sh" | sha256sum | head -c 10)
cluster_bin=$cluster_home/bin/$cluster_key

# Is there a keeper of the cluster in folder $1? Its number may belong to another process by now.
running() {
    local keeper
    keeper=$(cat "$1/keeper.pid" 2>/dev/null) && [ "$(readlink "/proc/$keeper/cwd")" = "$(realpath "$1")" ]
}
