#!/bin/sh
# A driver of a broken lock: it checks whether the file exists, then writes it.
lock=$1

if [ -e "$lock" ]; then
    echo busy
    exit
fi
echo locked >"$lock"
echo acquired
read -r line # `release`, or the end of the input.
rm -f "$lock"
echo released
