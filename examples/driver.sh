#!/bin/sh
# A driver to copy from: it gets the path of the lock, and speaks as src/backend/traced/answers.rs says.
# The lock is a directory: mkdir makes it or fails, in one system call.
lock=$1

if ! why=$(LC_ALL=C mkdir "$lock" 2>&1); then
    # Only a lock that is there means busy, and a second look may come too late to see it: mkdir has said why it failed.
    case $why in
        *'File exists'*) echo busy ;;
        *) echo "error $why" ;;
    esac
    exit
fi
echo acquired
read -r line # `release`, or the end of the input.
if why=$(rmdir "$lock" 2>&1); then echo released; else echo "error $why"; fi
