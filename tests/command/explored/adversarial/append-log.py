# safe: all append "A pid" to one log with O_APPEND and read it; the holder is the first A without its R. Appending is atomic, so all agree on the order.
import os, sys
L = sys.argv[1]; me = str(os.getpid()).encode()
f = os.open(L, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
os.write(f, b"A " + me + b"\n")
log = os.pread(f, 1 << 16, 0).splitlines()
gone = [l[2:] for l in log if l[:1] == b"R"]; on = [l[2:] for l in log if l[:1] == b"A" and l[2:] not in gone]
if on[0] != me:
    os.write(f, b"R " + me + b"\n"); print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); os.write(f, b"R " + me + b"\n"); print("released", flush=True)
