# `inherits.sh LOCK`: right, and an error where it finds a descriptor that its caller's caller has left open.
if { true <&9; } 2>/dev/null; then
    echo "error: descriptor 9 is open"
    exit 1
fi
if (set -C; : >"$1") 2>/dev/null; then
    echo acquired
    read -r _
    rm "$1"
    echo released
else
    echo busy
fi
