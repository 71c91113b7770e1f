"""Right: makes a file or fails, and tries again after a sleep, for ten seconds at most."""

import os
import sys
import time

lock = sys.argv[1]
deadline = time.monotonic() + 10
while True:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        if time.monotonic() > deadline:
            print("busy", flush=True)
            break
        time.sleep(0.05)
    except OSError as error:
        print(f"error {error}", flush=True)
        break
    else:
        print("acquired", flush=True)
        sys.stdin.readline()
        os.unlink(lock)
        print("released", flush=True)
        break
