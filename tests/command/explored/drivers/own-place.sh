# `own-place.sh HOW LOCK`: a lock in a place of the program's own. create-new, flock and link are right; look and rename first look,
# and then act; busy never gets it.
lock=$2

lose() {
    echo busy
    exit
}

[ -d "${lock%/*}" ] || mkdir -p "${lock%/*}"
case $1 in
busy)
    lose
    ;;
create-new)
    set -C
    true 2> /dev/null > "$lock" || lose
    ;;
flock)
    exec 9>> "$lock"
    flock -n 9 || lose
    ;;
link)
    mine=$(mktemp "$lock.XXXXXX")
    ln "$mine" "$lock" 2> /dev/null || { rm "$mine"; lose; }
    rm "$mine"
    ;;
look)
    [ -e "$lock" ] && lose
    : > "$lock"
    ;;
rename)
    mine=$(mktemp "$lock.XXXXXX")
    [ -e "$lock" ] && { rm "$mine"; lose; }
    mv "$mine" "$lock"
    ;;
esac
echo acquired
read -r line
case $1 in
flock) exec 9>&- ;;
*) rm "$lock" ;;
esac
echo released
