# Wrong: it looks, and then writes. What it does at its release is different each time.
lock=$1

if [ -e "$lock" ]; then
    echo busy
    exit
fi
: > "$lock"
echo acquired
read -r line
rm -f "$lock" "$lock.$$.$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')"
echo released
