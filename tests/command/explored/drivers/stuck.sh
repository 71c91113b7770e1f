# Wrong: it lets one in, and never gives the lock back: its release ends by an error.
lock=$1

if ! mkdir "$lock" 2> /dev/null; then
    echo busy
    exit
fi
echo acquired
read -r line
echo "stuck.sh: error: the lock is stuck" >&2
exit 3
