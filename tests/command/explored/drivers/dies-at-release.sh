# Wrong: it looks, and then writes. The second of two holders finds nothing to remove, and ends by an error.
lock=$1

if [ -e "$lock" ]; then
    echo busy
    exit
fi
: > "$lock"
echo acquired
read -r line
rm "$lock" || exit 1
echo released
