# Right: lockfile of procmail, without waiting.
if lockfile -r 0 "$1" 2>/dev/null; then
    echo acquired
    read -r line
    rm -f "$1"
    echo released
else
    echo busy
fi
