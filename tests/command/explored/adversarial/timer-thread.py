# broken: a threading.Timer looks, then creates; the main thread only joins it.
# Broken: looks whether the lock is there, then makes it without O_EXCL. All in a threading.Timer.
import os,sys,threading
p=sys.argv[1]
got=False
def attempt():
    global got
    if not os.path.exists(p):
        open(p,"w").close()
        got=True
t=threading.Timer(0.01,attempt); t.start(); t.join()
if not got:
    print("busy",flush=True); sys.exit()
print("acquired",flush=True); sys.stdin.readline(); os.unlink(p); print("released",flush=True)
