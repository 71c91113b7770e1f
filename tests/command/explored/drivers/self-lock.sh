# `self-lock.sh LOCK`: right. It takes a flock of the script itself, which it has opened before its first controlled call.
exec 9<"$0"
flock -n 9 || { echo busy; exit; }
echo acquired
read -r _
exec 9<&-
echo released
