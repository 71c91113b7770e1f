# broken only in a second round: the release of the first leaves a mark, and one that finds its own old mark takes the lock for its own.
import os, sys, errno
L = sys.argv[1]; d = L + ".d"
try: os.mkdir(d)
except FileExistsError:
    if not os.path.exists(L + ".used"): print("busy", flush=True); sys.exit()
    os.unlink(L + ".used")
print("acquired", flush=True); sys.stdin.readline()
open(L + ".used", "w").close()
if os.path.exists(L + ".used"):
    try: os.rmdir(d)
    except FileNotFoundError: pass
print("released", flush=True)
