# Wrong: looks, then moves a file of its own over the lock's name, which never fails because somebody else's is there.
lock=$1
own=$lock.$$

if [ -e "$lock" ]; then
    echo busy
    exit
fi
if ! { echo $$ > "$own"; } 2> /dev/null; then
    echo "error cannot write $own"
    exit
fi
mv "$own" "$lock"
echo acquired
read -r line
rm -f "$lock"
echo released
