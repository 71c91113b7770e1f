"""A driver to copy: it takes the path of a lock, tries once to acquire it, and prints the result.

The lock is a file: O_CREAT | O_EXCL creates it or fails, in one system call.
"""

import errno
import os
import sys


def say(line):
    print(line, flush=True)  # onewinner cannot read a line in a buffer.


lock = sys.argv[1]
try:
    os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
except FileExistsError:
    say("busy")
except OSError as error:
    say(f"error {errno.errorcode[error.errno]}")
else:
    say("acquired")
    sys.stdin.readline()  # `release`, or the end of the input.
    try:
        os.unlink(lock)
        say("released")
    except OSError as error:
        say(f"error {errno.errorcode[error.errno]}")
