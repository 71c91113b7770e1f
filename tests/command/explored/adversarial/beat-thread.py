# broken: a thread touches the lock every second; one that finds it 10 s old takes it: a thread that is late by 10 s suffices.
import os, sys, threading, time
L = sys.argv[1]; stop = False
def beat():
    while not stop:
        try: os.utime(L)
        except FileNotFoundError: return
        time.sleep(1)
try: os.close(os.open(L, os.O_CREAT | os.O_EXCL, 0o600))
except FileExistsError:
    time.sleep(11)
    try: old = time.time() - os.stat(L).st_mtime
    except FileNotFoundError: old = 0
    if old < 10: print("busy", flush=True); sys.exit()
    os.utime(L)
t = threading.Thread(target=beat, daemon=True); t.start()
print("acquired", flush=True); sys.stdin.readline(); stop = True
try: os.unlink(L)
except FileNotFoundError: pass
print("released", flush=True)
