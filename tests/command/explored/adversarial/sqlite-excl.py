# safe: BEGIN EXCLUSIVE of SQLite, without waiting.
import sqlite3, sys
try:
    c = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None); c.execute("BEGIN EXCLUSIVE")
except sqlite3.OperationalError: print("busy", flush=True); sys.exit()
print("acquired", flush=True); sys.stdin.readline(); c.execute("ROLLBACK"); print("released", flush=True)
