# `guard-own-file.sh LOCK`: wrong. It looks at the lock under a flock of the script itself, and acts after it has given that back.
exec 9<"$0"
flock 9
[ -e "$1" ] && held=1
flock -u 9
[ "$held" ] && { echo busy; exit; }
: >"$1"
echo acquired
read -r _
rm "$1"
echo released
