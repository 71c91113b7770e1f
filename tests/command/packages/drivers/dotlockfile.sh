# Right: dotlockfile of liblockfile, without waiting.
if dotlockfile -r 0 "$1"; then
    echo acquired
    read -r line
    dotlockfile -u "$1"
    echo released
else
    echo busy
fi
