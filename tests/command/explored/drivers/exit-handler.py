"""Wrong: the handler that removes the lock at the exit is installed before the lock is taken.

A loser that has answered `busy` removes the holder's lock when it exits, and the next one gets in.
"""

import atexit
import contextlib
import os
import sys

lock = sys.argv[1]


@atexit.register
def clean_up():
    with contextlib.suppress(OSError):
        os.unlink(lock)


try:
    os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
except FileExistsError:
    print("busy", flush=True)
except OSError as error:
    print(f"error {error}", flush=True)
else:
    print("acquired", flush=True)
    sys.stdin.readline()
    clean_up()
    print("released", flush=True)
