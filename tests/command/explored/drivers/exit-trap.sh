# Wrong: the trap that removes the lock at the exit is set before the lock is taken. A loser that has answered `busy` removes
# the holder's lock when it exits, and the next one gets in.
lock=$1

trap 'rm -f "$lock"' EXIT
if ! (set -C && : > "$lock") 2> /dev/null; then
    # Not whether the lock is there: it may have been freed meanwhile.
    if [ -d "${lock%/*}" ]; then echo busy; else echo "error there is no directory"; fi
    exit
fi
echo acquired
read -r line
rm -f "$lock"
echo released
