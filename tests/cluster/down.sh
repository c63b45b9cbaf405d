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

# A number is used only if it is still the process that wrote it.
keeper=$(cat "$run/keeper.pid" 2>/dev/null) || { echo "cluster: not running: $run" >&2; exit; }
if [ "$(readlink "/proc/$keeper/cwd" 2>/dev/null)" = "$(cd "$run" && pwd -P)" ]; then
    kill "$keeper" 2>/dev/null || true
    for _ in $(seq 200); do
        [ -e "/proc/$keeper" ] || break
        sleep 0.05
    done
fi
rm -f "$run/keeper.pid"
echo "cluster: stopped" >&2
