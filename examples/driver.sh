#!/bin/sh
# A driver to copy from: it gets the path of the lock, and speaks as src/backend/traced/answers.rs says.
# The lock is a directory: mkdir makes it or fails, in one system call.
lock=$1

if ! mkdir "$lock" 2>/dev/null; then
    # Busy, if it could be there at all. To ask whether it is there would be one call too late: it may have been freed meanwhile.
    if [ -w "${lock%/*}" ]; then echo busy; else echo "error mkdir failed"; fi
    exit
fi
echo acquired
read -r line # `release`, or the end of the input.
rmdir "$lock"
echo released
