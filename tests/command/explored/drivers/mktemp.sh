# Right: a file under a name drawn at random, linked to the lock's name. Its name is another one in each execution.
lock=$1

if ! own=$(mktemp "$lock.XXXXXX" 2> /dev/null); then
    echo "error cannot make a file"
    exit
fi
trap 'rm -f "$own"' EXIT
if ! ln "$own" "$lock" 2> /dev/null; then
    echo busy
    exit
fi
echo acquired
read -r line
rm -f "$lock"
echo released
