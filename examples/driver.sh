#!/bin/sh
# A driver to copy: it takes the path of a lock, tries once to acquire it, and prints the result.
# The lock is a directory: mkdir creates it or fails, in one system call.
lock=$1

if ! why=$(LC_ALL=C mkdir "$lock" 2>&1); then
    # Only an existing lock means busy. A second look may come too late, so read why mkdir failed.
    case $why in
        *'File exists'*) echo busy ;;
        *) echo "error $why" ;;
    esac
    exit
fi
echo acquired
read -r line # `release`, or the end of the input.
if why=$(rmdir "$lock" 2>&1); then echo released; else echo "error $why"; fi
