# Wrong: a pause, then it looks whether the file is there and makes it.
lock=$1

sleep 0.3
if [ -e "$lock" ]; then
    echo busy
    exit
fi
echo $$ > "$lock"
echo acquired
read -r line
rm -f "$lock"
echo released
