# broken: BEGIN EXCLUSIVE of SQLite, without waiting. Both have a shared lock when one of them reserves: it then waits for the other's
# shared lock, and the other for its reservation, so both give up and nobody wins. Never do two.
import sqlite3, sys
try:
    c = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None); c.execute("BEGIN EXCLUSIVE")
except sqlite3.OperationalError: print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); c.execute("ROLLBACK"); print("released", flush=True)
