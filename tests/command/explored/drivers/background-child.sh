# Wrong: the holder leaves a child in the background, which has inherited the locked descriptor. The lock is freed when the child
# ends, and not when the holder says so.
lock=$1

exec 9> "$lock"
if ! flock -n 9; then
    echo busy
    exit
fi
sleep 1 &
echo acquired
read -r line
exec 9>&-
echo released
