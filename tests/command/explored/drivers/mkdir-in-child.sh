# `mkdir-in-child.sh LOCK`: right. A child of a child of the shell makes the lock.
if ! why=$(LC_ALL=C mkdir "$1" 2>&1); then
    case $why in
    *'File exists'*) echo busy ;;
    *) echo "error: $why" ;;
    esac
    exit
fi
echo acquired
read -r _
rmdir "$1"
echo released
