# broken: two spellings of one name (./x and x through a symbolic link of the folder) are locked by mkdir of a name made from a hash of the spelling, which comes from the parity of the pid's thousand... each process may use another spelling.
import os, sys, hashlib
L = sys.argv[1]; d, b = os.path.split(L)
if (os.getpid() // 10000) % 2: L = d + "/./" + b
n = L + "." + hashlib.md5(L.encode()).hexdigest()
try: os.mkdir(n)
except FileExistsError: print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); os.rmdir(n); print("released", flush=True)
