# Right: a file with the process number in its name, then a link to it, which is the lock.
echo "$$" >"$1.$$"
if ln "$1.$$" "$1" 2>/dev/null; then
    rm "$1.$$"
    echo acquired
    read -r line
    rm "$1"
    echo released
else
    rm "$1.$$"
    echo busy
fi
