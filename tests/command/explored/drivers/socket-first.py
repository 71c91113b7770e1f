"""Right: makes a directory or fails. It has opened a pair of sockets, as an event loop does, and started a shell before."""

import os
import socket
import subprocess
import sys

lock = sys.argv[1]
pair = socket.socketpair()
subprocess.run(["sh", "-c", ":"], check=True)
try:
    os.mkdir(lock)
except FileExistsError:
    print("busy", flush=True)
    sys.exit()
print("acquired", flush=True)
sys.stdin.readline()
os.rmdir(lock)
print("released", flush=True)
