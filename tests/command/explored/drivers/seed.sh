# `seed.sh create-new|stat-then-write LOCK`: the two locks that onewinner began with, in the shell.
# create-new is right: `noclobber` opens with O_CREAT | O_EXCL, if no file was seen. stat-then-write is wrong: two that look
# before either writes both find nothing.
name=$1 lock=$2

acquire() {
    case $name in
    create-new) (set -C && : > "$lock") 2> /dev/null ;;
    stat-then-write) [ ! -e "$lock" ] && echo locked 2> /dev/null > "$lock" ;;
    esac
}

if ! acquire; then
    # Not whether the lock is there: it may have been freed meanwhile.
    if [ -d "${lock%/*}" ]; then echo busy; else echo "error there is no directory"; fi
    exit
fi
echo acquired
read -r line
rm -f "$lock"
echo released
