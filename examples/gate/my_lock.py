"""An example lock as a driver for the gate: it tries once to acquire the lock at a path, prints the result, and releases it.

The output is that of each driver: `acquired` or `busy` (or `error TEXT`); after the line `release` on the input, `released`.
"""

import os
import sys


def acquire(path):
    """Return whether this process now holds the lock. One call checks and creates."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    return True


def release(path):
    os.unlink(path)


def say(line):
    print(line, flush=True)  # onewinner cannot read a line in a buffer.


if __name__ == "__main__":
    lock = sys.argv[1]
    if acquire(lock):
        say("acquired")
        sys.stdin.readline()  # `release`, or the end of the input.
        release(lock)
        say("released")
    else:
        say("busy")
