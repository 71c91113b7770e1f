# broken: as now-of.c, and now is the time of a temporary file by its descriptor, as flufl.lock does.
import os, sys, tempfile, time
lock = sys.argv[1]
try:
    os.mkdir(lock)
except FileExistsError:
    time.sleep(8)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
        file.flush()
        now = os.fstat(file.fileno()).st_mtime
    try:
        was = os.stat(lock).st_mtime
    except FileNotFoundError:
        was = now
    if now - was <= 5:
        print("busy", flush=True)
        sys.exit()
print("acquired", flush=True)
sys.stdin.readline()
try:
    os.rmdir(lock)
except FileNotFoundError:
    pass
print("released", flush=True)
