# broken: as filelock with a time-out of 10 s and a pause of 50 ms whose error is caught and ignored.
import os, sys, time
L = sys.argv[1]; start = time.monotonic(); mine = False
while time.monotonic() - start < 10:
    try: os.close(os.open(L, os.O_CREAT | os.O_EXCL)); mine = True; break
    except FileExistsError: time.sleep(0.05)
print("acquired", flush=True); sys.stdin.readline()
if mine: os.unlink(L)
print("released", flush=True)
