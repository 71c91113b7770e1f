# broken: a lease of 10 s in the file, checked by the clock; a holder that is slow is overtaken, and two that find it run out both rewrite it.
import os, sys, time
L = sys.argv[1]
try: f = os.open(L, os.O_CREAT | os.O_EXCL | os.O_RDWR)
except FileExistsError:
    f = os.open(L, os.O_RDWR); t = os.read(f, 40)
    if not t or float(t) > time.time(): print("busy", flush=True); sys.exit()
os.pwrite(f, b"%.6f" % (time.time() + 10), 0)
print("acquired", flush=True); sys.stdin.readline(); os.pwrite(f, b"0.0000000000000000", 0); print("released", flush=True)
