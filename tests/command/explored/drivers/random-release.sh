# Wrong: it looks, and then writes. What it does at its release is different each time: it depends on how long the machine is up,
# because the tracer draws random bytes itself.
lock=$1

if [ -e "$lock" ]; then
    echo busy
    exit
fi
: > "$lock"
echo acquired
read -r line
read -r up idle < /proc/uptime
rm -f "$lock" "$lock.$up.$idle"
echo released
