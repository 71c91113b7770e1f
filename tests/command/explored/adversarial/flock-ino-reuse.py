# broken: as flock-unlink-right, but the inode is compared by number with a closed file: open, note the number, close, open again by path later; a number can be reused. In short: locks a descriptor of a file opened before the check.
import os, sys, fcntl
L = sys.argv[1]
f = os.open(L, os.O_CREAT | os.O_RDWR, 0o600); ok = os.stat(L).st_ino == os.fstat(f).st_ino
try: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError: ok = False
if not ok: print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); os.unlink(L); fcntl.flock(f, fcntl.LOCK_UN); print("released", flush=True)
