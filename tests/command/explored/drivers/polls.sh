# Right: makes a directory, and sleeps and tries again while it is there. It never answers `busy`.
lock=$1

until mkdir "$lock" 2> /dev/null; do
    if [ ! -d "${lock%/*}" ]; then
        echo "error no directory"
        exit
    fi
    sleep 0.05
done
echo acquired
read -r line
rmdir "$lock"
echo released
