# broken: every loser also removes the lock in its atexit handler.
import atexit, os, sys
L = sys.argv[1]
def rm():
    try: os.rmdir(L)
    except OSError: pass
atexit.register(rm)
try: os.mkdir(L)
except FileExistsError: print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); print("released", flush=True)
