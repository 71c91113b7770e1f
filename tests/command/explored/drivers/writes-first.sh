# Right: each contender adds a line to the file before it locks, so it changes what the holder wrote. The kernel lock decides.
lock=$1

echo asked >> "$lock"
exec 9< "$lock"
if ! flock -n 9; then
    echo busy
    exit
fi
echo acquired
read -r line
exec 9<&-
echo released
