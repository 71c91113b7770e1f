#!/bin/sh
# A lock above its directory: what one execution leaves there is gone before the next.
# one, two safe: mkdir, one or two directories above; the last holder leaves it there.
# first broken: a process that finds no marker makes one, and takes the lock although it is taken.
dir=$(dirname "$2")
case $1 in
one | first) dir=$(dirname "$dir") ;;
two) dir=$(dirname "$(dirname "$dir")") ;;
esac
if mkdir "$dir/above.lock" 2>/dev/null; then
    echo acquired
    read -r _
    rmdir "$dir/above.lock"
    echo released
elif [ "$1" = first ] && [ ! -e "$dir/above.marker" ]; then
    : >"$dir/above.marker"
    echo acquired
    read -r _
    echo released
else
    echo busy
fi
