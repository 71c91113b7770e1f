# Speaks other words than were agreed.
lock=$1

if mkdir "$lock" 2> /dev/null; then echo "got it"; else echo "no luck"; fi
