# Wrong: waits five seconds for the lock, and does not look whether it got it.
exec 9> "$1"
flock -w 5 9
echo acquired
read -r line
echo released
