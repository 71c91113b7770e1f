# Right: flock waits a second, and its result is looked at.
exec 9>"$1"
if flock -w 1 9; then
    echo acquired
    read -r line
    exec 9>&-
    echo released
else
    echo busy
fi
