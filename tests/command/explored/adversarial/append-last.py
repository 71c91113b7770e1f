# broken: the same log, but the holder is the process that reads its own line last; two that append, then both read after their own... each reads before the other appends.
import os, sys
L = sys.argv[1]; me = str(os.getpid()).encode()
f = os.open(L, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
if os.pread(f, 99, 0): print("busy", flush=True); sys.exit()
os.write(f, me + b"\n")
if os.pread(f, 99, 0).splitlines()[-1] != me: print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); os.ftruncate(f, 0); print("released", flush=True)
