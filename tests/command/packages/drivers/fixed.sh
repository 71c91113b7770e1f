# `fixed.sh LOCK`: right, by mkdir at a place of its own.
if mkdir "$1" 2>/dev/null; then
    echo acquired
    read -r line
    rmdir "$1"
    echo released
else
    echo busy
fi
