# broken: looks, then creates. The record is the number and the start time of the process; it reads it back.
import os, sys
if os.path.exists(sys.argv[1]):
    print("busy", flush=True)
    sys.exit()
start = open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()} {start}\n")
open(sys.argv[1]).read()
print("acquired", flush=True)
sys.stdin.readline()
try:
    os.unlink(sys.argv[1])
except FileNotFoundError:
    pass
print("released", flush=True)
