# Right, and fond of processes: a file of its own with its name in it, linked to the lock's name; whose link count is 2 has the lock.
# Almost every line starts a program, some of them several.
lock=$1
own=$lock.$$

if ! { echo "$$ $(hostname) $(date +%s)" > "$own"; } 2> /dev/null; then
    echo "error cannot write $own"
    exit
fi
ln "$own" "$lock" 2> /dev/null || true
if [ "$(stat -c %h "$own" | tr -d ' ')" != 2 ]; then
    rm "$own"
    echo busy
    exit
fi
rm "$own"
echo acquired
read -r line
cat "$lock" | cut -d ' ' -f 1 > /dev/null
rm "$lock"
echo released
