# Keeps one program of a cluster running. Usage: component.sh NAME PROGRAM [ARGUMENT...]; in the cluster's folder.
#
# While NAME.stop exists the program is not started again; a test that ends it makes that file first. A program that
# ends by itself leaves a line in `died`, and is started again as a kubelet would.
set -u
name=$1
shift
# Waiting without a child, which would stay for a moment when this script is killed: nothing is ever written here.
exec 8<> <(:)
pause() { read -r -t "$1" -u 8; }
while :; do
    while [ -e "$name.stop" ]; do pause 0.05; done
    setpriv --pdeathsig KILL "$@" >>"$name.log" 2>&1 </dev/null 8<&- &
    echo $! >"$name.pid.new"
    mv "$name.pid.new" "$name.pid"
    wait $!
    code=$?
    rm -f "$name.pid"
    [ -e "$name.stop" ] || { echo "$name ended with $code" >>died; pause 0.5; }
done
