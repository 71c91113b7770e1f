#!/bin/sh
# A driver to copy from: it gets the path of the lock, and speaks as src/backend/traced/answers.rs says.
# The lock is a directory: mkdir makes it or fails, in one system call.
lock=$1

if ! mkdir "$lock" 2>/dev/null; then
    # Only a lock that is there means busy; anything else is an error.
    if [ -d "$lock" ]; then echo busy; else echo "error mkdir failed"; fi
    exit
fi
echo acquired
read -r line # `release`, or the end of the input.
rmdir "$lock"
echo released
