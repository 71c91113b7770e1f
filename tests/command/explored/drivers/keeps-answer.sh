# Right, but its answer comes after the line that it waits for, as that of a program that does not flush its output.
mkdir "$1" 2> /dev/null || { echo busy; exit; }
read -r line
echo acquired
rmdir "$1"
echo released
