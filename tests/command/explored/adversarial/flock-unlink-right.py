# safe: flock, then compare the inode of the descriptor with that of the path; a holder unlinks the file before it unlocks.
import os, sys, fcntl
L = sys.argv[1]
for _ in range(4):
    f = os.open(L, os.O_CREAT | os.O_RDWR, 0o600)
    try: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError: print("busy", flush=True); sys.exit()
    try:
        if os.stat(L).st_ino == os.fstat(f).st_ino: break
    except FileNotFoundError: pass
    os.close(f)
else: print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); os.unlink(L); fcntl.flock(f, fcntl.LOCK_UN); print("released", flush=True)
