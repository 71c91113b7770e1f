"""`seed.py create-new|stat-then-write LOCK`: the two locks that onewinner began with, in Python.

create-new is right: one system call makes the file or fails. stat-then-write is wrong: two that look before either writes
both find nothing.
"""

import contextlib
import os
import sys


def say(line):
    print(line, flush=True)


def acquire(name, lock):
    if name == "create-new":
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        return
    if os.path.exists(lock):
        raise FileExistsError(lock)
    with open(lock, "w") as file:
        file.write("locked\n")


name, lock = sys.argv[1:]
try:
    acquire(name, lock)
except FileExistsError:
    say("busy")
except OSError as error:
    say(f"error {error}")
else:
    say("acquired")
    sys.stdin.readline()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(lock)
    say("released")
