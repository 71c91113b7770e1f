# Right: mktemp makes a file of its own, then a link to it, which is the lock.
own=$(mktemp "$1.XXXXXX")
if ln "$own" "$1" 2>/dev/null; then
    rm "$own"
    echo acquired
    read -r line
    rm "$1"
    echo released
else
    rm "$own"
    echo busy
fi
