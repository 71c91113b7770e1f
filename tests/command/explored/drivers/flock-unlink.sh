# Wrong: a kernel lock on a file that the holder removes. Who opened the file before it was removed locks what no name leads to,
# and the next one makes a new file: two hold. It takes three processes, or two with two rounds.
lock=$1

exec 9> "$lock"
if ! flock -n 9; then
    echo busy
    exit
fi
echo acquired
read -r line
rm -f "$lock"
exec 9>&-
echo released
