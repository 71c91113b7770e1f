# safe: as start-time.c, with the time of day when it began, as psutil computes it from /proc/stat; it lies before now.
import os, sys, time
def began():
    start = open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]
    boot = next(line.split()[1] for line in open("/proc/stat") if line.startswith("btime "))
    return int(boot) + int(start) / os.sysconf("SC_CLK_TCK")
me = os.getpid(), began()
try:
    os.close(os.open(sys.argv[1], os.O_CREAT | os.O_EXCL | os.O_WRONLY))
except FileExistsError:
    if me == (os.getpid(), began()) and 0 <= time.time() - me[1] < 60:
        print("busy", flush=True)
        sys.exit()
print("acquired", flush=True)
sys.stdin.readline()
try:
    os.unlink(sys.argv[1])
except OSError:
    pass
print("released", flush=True)
