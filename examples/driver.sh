#!/bin/sh
# A driver to copy from: it gets the path of the lock, and speaks as src/backend/traced/answers.rs says.
# The lock is a directory: mkdir makes it or fails, in one system call.
lock=$1

# What mkdir says decides: to look afterwards whether the directory is there would be another call, and it may be gone by then.
if ! why=$(LC_ALL=C mkdir "$lock" 2>&1); then
    case $why in
    *"File exists"*) echo busy ;;
    *) echo "error $why" ;;
    esac
    exit
fi
echo acquired
read -r line # `release`, or the end of the input.
rmdir "$lock"
echo released
