#!/usr/bin/env bash
# Stops what up.sh started, and waits until no process of it is left. Its logs stay.
# Usage: tests/cluster/down.sh [--run FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib/paths.sh"
run=$cluster_home/run/dev
case ${1-} in
    --run) run=$2 ;;
    '') ;;
    *) echo "cluster: unknown argument: $1" >&2; exit 64 ;;
esac

running "$run" || { echo "cluster: not running: $run" >&2; exit; }
keeper=$(cat "$run/keeper.pid")
kill "$keeper"
while [ -e "/proc/$keeper" ] && running "$run"; do sleep 0.05; done
echo "cluster: stopped" >&2
