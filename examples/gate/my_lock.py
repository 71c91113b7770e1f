"""A lock of one's own, as a driver for the gate: it gets a path, takes the lock there, says how that went, and releases it.

The words are those of `onewinner explore --driver`: `acquired` or `busy` (or `error TEXT`), and after a line `release`
on the input `released`.
"""

import os
import sys


def acquire(path):
    """Whether this process now holds the lock: one call both looks and creates."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    return True


def release(path):
    os.unlink(path)


def say(line):
    print(line, flush=True)  # A line in a buffer is no answer.


if __name__ == "__main__":
    lock = sys.argv[1]
    if acquire(lock):
        say("acquired")
        sys.stdin.readline()  # `release`, or the end of the input.
        release(lock)
        say("released")
    else:
        say("busy")
