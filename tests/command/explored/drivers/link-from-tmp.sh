# `link-from-tmp.sh LOCK`: right. It links a file of /tmp to the lock, which fails where these are two file systems.
mine=$(mktemp)
if ln "$mine" "$1" 2>/dev/null; then
    echo acquired
    read -r _
    rm "$1" "$mine"
    echo released
else
    rm "$mine"
    echo busy
fi
