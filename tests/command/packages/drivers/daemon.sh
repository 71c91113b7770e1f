# Right: the process that is started ends immediately; its child holds the lock and answers, as a daemon does.
exec 3<&0
(
    if mkdir "$1" 2>/dev/null; then
        echo acquired
        read -r line <&3
        rmdir "$1"
        echo released
    else
        echo busy
    fi
) &
