# Right: its lock is a directory with a name of its own, beside the path that it gets. Many libraries do so.
lock=$1.lck

if ! mkdir "$lock" 2> /dev/null; then
    echo busy
    exit
fi
echo acquired
read -r line
rmdir "$lock"
echo released
